// The connection behind a Manager: opened at first use, opened again when it breaks, and the waiting for signals.
#pragma once

#include "systemd/bus.hpp"
#include "systemd/manager.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace vectis::systemd {

using Deadline = std::chrono::steady_clock::time_point;

class Manager::Session {
  public:
    /// The connection, open. Throws bus::Failure.
    bus::Connection& open();
    /// The connection, subscribed to systemd's signals. Throws bus::Failure.
    bus::Connection& bus();

    /// Runs `ask(bus)`; asks again when systemd or the bus goes away meanwhile, until `deadline`. `what` begins the
    /// message of the Error thrown in the end.
    template<typename Question>
    auto ask(const std::string& what, Deadline deadline, Question&& question) {
        for (;;) {
            try {
                return question(bus());
            } catch (const bus::Failure& failure) {
                if (!failure.passing() || !had_bus_ || std::chrono::steady_clock::now() >= deadline)
                    throw failure.error(what);
                if (failure.disconnected())
                    drop();
            }
            recover(deadline);
        }
    }

    /// Handles messages until `ready()`; false at the deadline. Throws bus::Failure when the connection breaks.
    bool wait(Deadline deadline, const std::function<bool()>& ready);
    /// Waits for a sign that asking again is worth while; the connection may be a new one afterwards.
    void recover(Deadline deadline);
    /// Forgets the connection; the next bus() opens another.
    void drop();

    /// Waits for the end of a job. "done", "failed", ...; nothing if systemd went away (ask for the state) or the
    /// deadline has come.
    std::optional<std::string> wait_for_job(const std::string& job, Deadline deadline);
    /// The path of the unit's queued or running job, or an empty text.
    std::string job_of(const std::string& name);

    UnitState state(const std::string& name, Deadline deadline);
    void act(const std::string& name, Action action, std::chrono::seconds limit);
    Finished run_transient(const Transient& transient);

  private:
    std::string perform(const std::string& name, Action action, const UnitState& before, Deadline deadline);
    UnitState settle(const std::string& name, UnitState after, Deadline deadline);
    /// Starts the unit; its job, or nothing if that has ended already.
    std::string start_transient(const std::string& unit, const bus::Properties& properties, const std::string& what,
                                Deadline deadline);
    UnitState wait_for_end(const std::string& name, Deadline deadline);

    std::unique_ptr<bus::Connection> bus_;
    // After bus_, so that they go first.
    sdbus::Slot jobs_slot_;
    sdbus::Slot owner_slot_;
    std::map<std::string, std::string> finished_jobs_;
    bool subscribed_ = false;
    bool systemd_changed_ = false; // systemd left the bus or came back since this was last cleared
    bool had_bus_ = false;         // once there was a bus, one that has gone is worth waiting for
};

/// Short for the loops above.
[[nodiscard]] inline Deadline in(std::chrono::milliseconds time) {
    return std::chrono::steady_clock::now() + time;
}

} // namespace vectis::systemd
