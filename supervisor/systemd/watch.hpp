// Follows a set of units: each change systemd signals is told at once, with the state before and after.
// Lives in a poll loop; survives a re-executed systemd and a restarted bus by connecting and looking again.
#pragma once

#include "systemd/manager.hpp"
#include "systemd/pollable.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace vectis::systemd {

class UnitWatch : public Pollable {
  public:
    /// `before` is empty when a unit is seen for the first time. Called on the loop's thread; must not throw.
    using Changed = std::function<void(const std::optional<UnitState>& before, const UnitState& after)>;

    UnitWatch(std::vector<std::string> names, Changed changed);
    ~UnitWatch() override;

    [[nodiscard]] std::vector<pollfd> descriptors() override;
    [[nodiscard]] std::optional<std::chrono::milliseconds> patience() override;
    void dispatch() override;

    /// Asks systemd to (re)start a unit without waiting: what comes of it is told as changes. The failure and the
    /// start-limit counter are forgotten first. False if the bus is away.
    bool start(const std::string& name);

  private:
    class Session;
    std::unique_ptr<Session> session_;
};

} // namespace vectis::systemd
