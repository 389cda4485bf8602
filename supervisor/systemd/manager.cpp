#include "systemd/manager.hpp"

#include "base/text.hpp"
#include "systemd/journal.hpp"
#include "systemd/session.hpp"
#include "systemd/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace vectis::systemd {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

/// How long systemd may be away (daemon-reexec takes about a second) before a question is given up.
constexpr seconds patience{30};
/// What a start whose Type= proves nothing is watched for.
constexpr milliseconds settling{300};

const char* method_of(Action action) {
    switch (action) {
    case Action::start:
        return "StartUnit";
    case Action::stop:
        return "StopUnit";
    case Action::restart:
        return "RestartUnit";
    case Action::reload:
        return "ReloadUnit";
    }
    return "";
}

bool starts(Action action) {
    return action == Action::start || action == Action::restart;
}

/// A oneshot that did its work and has gone is as good as an active unit.
bool ran(const UnitState& state) {
    return state.type == "oneshot" && state.active_state == "inactive" && state.result == "success";
}

/// Whether the state shows that the action was carried out, whatever became of its job.
bool reached(Action action, const UnitState& before, const UnitState& now) {
    switch (action) {
    case Action::start:
        return now.active();
    case Action::stop:
        return now.active_state == "inactive" || now.failed();
    case Action::restart:
        return now.active() && now.invocation_id != before.invocation_id;
    case Action::reload:
        return false; // leaves no trace; reloading twice does no harm
    }
    return false;
}

[[noreturn]] void fail(const std::string& name, Action action, const std::string& cause, Time since) {
    std::vector<Problem> lines;
    try {
        for (const auto& entry : tail({name}, 10, since - milliseconds(1)))
            lines.push_back({{}, {}, entry.text(), {}});
    } catch (const Error& error) {
        lines.push_back({{}, {}, error.what(), {}});
    }
    throw Error(Code::unit_failed, fmt::format("cannot {} unit '{}': {}", text(action), name, cause),
                "journalctl -u " + name, std::move(lines));
}

} // namespace

std::string_view text(Action action) {
    switch (action) {
    case Action::start:
        return "start";
    case Action::stop:
        return "stop";
    case Action::restart:
        return "restart";
    case Action::reload:
        return "reload";
    }
    return "";
}

bool UnitState::dummy() const {
    return type == "oneshot" && !exec_start.empty() &&
           (exec_start.front() == "/bin/true" || exec_start.front() == "/usr/bin/true");
}

std::string UnitState::why() const {
    if (load_state != "loaded")
        return load_state;
    if (result == "exit-code")
        return fmt::format("exit-code (status {})", exec_status);
    if (result == "signal" || result == "core-dump")
        return fmt::format("{} ({})", result, exec_status);
    if (!result.empty() && result != "success")
        return result;
    return fmt::format("{} ({})", active_state, sub_state);
}

Manager::Manager() : session_(std::make_unique<Session>()) {}
Manager::~Manager() = default;
Manager::Manager(Manager&&) noexcept = default;
Manager& Manager::operator=(Manager&&) noexcept = default;

UnitState Manager::state(const std::string& name) {
    return session_->state(name, in(patience));
}

void Manager::act(const std::string& name, Action action, seconds limit) {
    session_->act(name, action, limit);
}

Finished Manager::run_transient(const Transient& transient) {
    return session_->run_transient(transient);
}

void Manager::daemon_reload() {
    session_->ask("cannot make systemd read its units again", in(patience),
                  [](bus::Connection& bus) { bus.call(manager_object(), "Reload", {}, seconds(90)); });
}

void Manager::reset_failed(const std::string& name) {
    session_->ask(fmt::format("cannot reset unit '{}'", name), in(patience), [&](bus::Connection& bus) {
        try {
            bus.call(manager_object(), "ResetFailedUnit", [&](sdbus::Message& message) { message << name; });
        } catch (const bus::Failure& failure) {
            if (failure.name() != "org.freedesktop.systemd1.NoSuchUnit")
                throw;
        }
    });
}

void Manager::enable(const std::vector<std::string>& names) {
    session_->ask(fmt::format("cannot enable {}", join(names, ", ")), in(patience), [&](bus::Connection& bus) {
        bus.call(manager_object(), "EnableUnitFiles",
                 [&](sdbus::Message& message) { message << names << false /*runtime*/ << false /*force*/; });
    });
    daemon_reload();
}

void Manager::disable(const std::vector<std::string>& names) {
    session_->ask(fmt::format("cannot disable {}", join(names, ", ")), in(patience), [&](bus::Connection& bus) {
        bus.call(manager_object(), "DisableUnitFiles",
                 [&](sdbus::Message& message) { message << names << false /*runtime*/; });
    });
    daemon_reload();
}

void Manager::Session::act(const std::string& name, Action action, seconds limit) {
    const auto deadline = in(limit);
    const Time since = now();
    const UnitState before = state(name, deadline);
    if (before.load_state == "not-found")
        throw Error(Code::not_found, fmt::format("cannot {} unit '{}': systemd knows no such unit", text(action), name),
                    "is its package installed? after adding a unit file: systemctl daemon-reload");

    const std::string result = perform(name, action, before, deadline);
    UnitState after = state(name, in(patience));
    if (result != "done" && !(result == "skipped" && reached(action, before, after)))
        fail(name, action, after.failed() ? after.why() : fmt::format("{}, job {}", after.why(), result), since);
    if (starts(action))
        after = settle(name, after, deadline);
    const bool there =
        action == Action::stop ? reached(action, before, after) : after.active() || (starts(action) && ran(after));
    if (!there)
        fail(name, action, after.why(), since);
}

/// Gets a job done and returns its result; asks anew when systemd went away and the state does not show the outcome.
std::string Manager::Session::perform(const std::string& name, Action action, const UnitState& before,
                                      Deadline deadline) {
    const auto late = [&] {
        return Error(Code::unit_failed, fmt::format("cannot {} unit '{}': not done in time", text(action), name),
                     fmt::format("systemctl list-jobs; journalctl -u {}", name));
    };
    finished_jobs_.clear();
    std::string job; // the one to wait for; empty: none yet
    for (;;) {
        try {
            systemd_changed_ = false;
            if (job.empty()) {
                auto reply = bus().call(manager_object(), method_of(action),
                                        [&](sdbus::Message& message) { message << name << std::string("replace"); });
                sdbus::ObjectPath path;
                bus::translate([&] { reply >> path; });
                job = path;
            }
            if (const auto result = wait_for_job(job, deadline))
                return *result;
        } catch (const bus::Failure& failure) {
            if (!failure.passing())
                throw Error(Code::unit_failed,
                            fmt::format("cannot {} unit '{}': {}", text(action), name, failure.what()),
                            "systemctl status " + name);
            if (failure.disconnected())
                drop();
        }
        if (steady_clock::now() >= deadline)
            throw late();
        recover(deadline);

        // The signal may have been lost with the connection: the job's absence and the unit's state decide.
        job = ask("cannot ask systemd for its jobs", deadline, [&](bus::Connection&) { return job_of(name); });
        if (!job.empty())
            continue;
        const UnitState current = state(name, deadline);
        if (reached(action, before, current))
            return "done";
        if (current.failed() && current.invocation_id != before.invocation_id)
            return "failed";
    }
}

/// The state after `settling` without bad news, or as soon as there is some.
UnitState Manager::Session::settle(const std::string& name, UnitState after, Deadline deadline) {
    static constexpr std::array unproven{"simple", "exec", "forking", "idle"};
    const bool proven = std::none_of(unproven.begin(), unproven.end(), [&](auto* type) { return after.type == type; });
    if (proven || !after.active())
        return after;
    bool changed = false;
    const auto until = in(settling);
    try {
        const auto slot = bus().match(unit_changed_rule(name), [&](sdbus::Message&) { changed = true; });
        for (;;) {
            UnitState current = read_state(bus(), name);
            if (!current.active() || current.invocation_id != after.invocation_id) {
                after = current;
                // It died and systemd has already put another in its place: that is no proof that it stays.
                if (after.active())
                    after.active_state = "failed";
                return after;
            }
            changed = false;
            if (!wait(until, [&] { return changed; }))
                return current;
        }
    } catch (const bus::Failure& failure) {
        if (!failure.passing())
            throw failure.error(fmt::format("cannot ask systemd for unit '{}'", name));
        if (failure.disconnected())
            drop();
        recover(deadline);
    }
    return state(name, deadline);
}

} // namespace vectis::systemd
