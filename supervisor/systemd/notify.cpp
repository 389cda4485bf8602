#include "systemd/notify.hpp"

#include "base/text.hpp"

#include <systemd/sd-daemon.h>

#include <cstdint>

namespace vectis::systemd {

void notify_ready() {
    sd_notify(0, "READY=1");
}
void notify_stopping() {
    sd_notify(0, "STOPPING=1");
}
void notify_status(const std::string& text) {
    sd_notify(0, ("STATUS=" + printable(text)).c_str());
}
void notify_watchdog() {
    sd_notify(0, "WATCHDOG=1");
}

std::optional<std::chrono::milliseconds> watchdog_interval() {
    std::uint64_t microseconds = 0;
    if (sd_watchdog_enabled(0, &microseconds) <= 0)
        return std::nullopt;
    return std::chrono::milliseconds(microseconds / 2000);
}

} // namespace vectis::systemd
