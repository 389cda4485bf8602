// What a service tells systemd about itself (sd_notify(3)). Outside a unit all of it does nothing.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace vectis::systemd {

void notify_ready();
void notify_stopping();
/// One line that `systemctl status` shows.
void notify_status(const std::string& text);
/// Proves that we are alive.
void notify_watchdog();
/// How often to prove it at least: half of WatchdogSec=; nothing if the unit has none.
[[nodiscard]] std::optional<std::chrono::milliseconds> watchdog_interval();

} // namespace vectis::systemd
