// Something that waits in a poll(2) loop: the bus service and the unit watch. All on the loop's thread.
#pragma once

#include <chrono>
#include <optional>
#include <poll.h>
#include <vector>

namespace vectis::systemd {

class Pollable {
  public:
    virtual ~Pollable() = default;
    /// The descriptors to wait for; may change after each dispatch().
    [[nodiscard]] virtual std::vector<pollfd> descriptors() = 0;
    /// How long to wait at most; nothing means without end.
    [[nodiscard]] virtual std::optional<std::chrono::milliseconds> patience() = 0;
    /// Does what is due; called after each wait, whatever ended it. Never throws for a lost bus: it connects again.
    virtual void dispatch() = 0;
};

} // namespace vectis::systemd
