// systemd's manager over D-Bus: what units are doing, and making them do something else. Job results are awaited as
// signals; nothing here sleeps or asks again and again. When systemd re-executes itself or the bus goes away in the
// middle of an action, the manager connects again, asks how the unit is now and carries on until the deadline.
//
// A Manager owns one bus connection, opened at first use. One thread uses it at a time; threads make their own.
#pragma once

#include "base/clock.hpp"
#include "base/subprocess.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace vectis::systemd {

/// A unit as systemd sees it now. Words are systemd's own (org.freedesktop.systemd1(5)).
struct UnitState {
    std::string name;
    std::string load_state;              // "loaded", "not-found", "masked", "bad-setting", "error"
    std::string active_state;            // "active", "reloading", "inactive", "failed", "activating", "deactivating"
    std::string sub_state;               // "running", "dead", "auto-restart", ...
    std::string result;                  // "success", "exit-code", "signal", "timeout", ...; empty unless a service
    std::string unit_file_state;         // "enabled", "disabled", "static", ...; empty if there is no file
    std::string invocation_id;           // 32 hex digits, new at each start; empty if it never ran
    std::string type;                    // "simple", "notify", "forking", "oneshot", ...; empty unless a service
    std::vector<std::string> exec_start; // argument list of the first ExecStart=
    std::uint32_t main_pid = 0;
    std::uint32_t n_restarts = 0; // automatic restarts by systemd since the unit was last started by a job
    std::int32_t exec_status = 0; // exit status or signal of the main process, if it has ended
    std::optional<Time> active_since;
    std::optional<std::uint64_t> memory; // bytes, where the memory controller counts them

    [[nodiscard]] bool loaded() const { return load_state == "loaded"; }
    [[nodiscard]] bool active() const { return active_state == "active" || active_state == "reloading"; }
    [[nodiscard]] bool failed() const { return active_state == "failed"; }
    /// A oneshot which runs nothing of its own (`/bin/true`), as postfix.service is where an instance runs Postfix.
    [[nodiscard]] bool dummy() const;
    /// "exit-code (status 1)", "signal (9)", "timeout": why it is not running, in a few words.
    [[nodiscard]] std::string why() const;

    bool operator==(const UnitState&) const = default;
};

enum class Action : std::uint8_t { start, stop, restart, reload };
[[nodiscard]] std::string_view text(Action action);

/// A file or folder shown at another place inside the unit's own mount namespace.
struct Bind {
    std::filesystem::path source;
    std::filesystem::path destination;
};

/// A program that runs once as a sandboxed unit of its own, with an argument list and never through a shell. Without
/// further words it sees the file system read-only, a private /tmp, no devices, no home folders, and may gain nothing.
struct Transient {
    std::string name;                   // short word for the unit's name: vectis-run-NAME-RANDOM.service
    std::vector<std::string> arguments; // the program's absolute path comes first
    std::string input;                  // what it reads on stdin; empty: /dev/null
    std::chrono::seconds limit{60};     // then it is killed and run_transient() throws
    std::string user;                   // empty: root
    std::string group;
    std::vector<std::string> groups; // supplementary
    bool dynamic_user = false;       // a user that exists only while the program runs; `user` is then its name
    std::vector<Bind> read_only_binds;
    std::vector<Bind> binds;
    std::vector<std::string> writable;     // paths it may write to all the same
    std::vector<std::string> inaccessible; // paths it may not see; a missing one is ignored
    std::vector<std::string> temporary;    // folders replaced by an empty tmpfs
    std::string network_namespace;         // path like /run/netns/NAME; empty: the host's
    bool private_network = false;          // only a loopback of its own
    std::map<std::string, std::string> environment;
    std::map<std::string, std::string> credentials; // files in $CREDENTIALS_DIRECTORY, never in the environment
    std::string working_directory;
};

class Manager {
  public:
    Manager();
    ~Manager();
    Manager(Manager&&) noexcept;
    Manager& operator=(Manager&&) noexcept;

    /// How `name` is now. A unit that systemd does not know has load_state "not-found".
    [[nodiscard]] UnitState state(const std::string& name);

    /// Does `action` and returns once the unit is there. Throws Error(not_found) for an unknown unit,
    /// Error(unit_failed) with the unit's last journal lines as problems when the job fails, the unit ends in another
    /// state, or dies within 300 ms of a start whose Type= proves nothing by itself (simple, exec, forking): a unit
    /// that says READY=1 is believed at once. `limit` bounds the whole, with every new connection.
    void act(const std::string& name, Action action, std::chrono::seconds limit);

    /// Reads all unit files again.
    void daemon_reload();
    /// Forgets a failure and the start-limit counter. An unknown unit is nothing to do.
    void reset_failed(const std::string& name);
    /// `systemctl enable` / `disable`, without starting or stopping anything; ends with a daemon_reload().
    void enable(const std::vector<std::string>& names);
    void disable(const std::vector<std::string>& names);

    /// Runs a program as a unit of its own and waits for its end. `status` is its exit status, or 128 + signal. Throws
    /// Error(not_found) if the program does not exist, Error(system) if its sandbox cannot be set up or it outlives
    /// its limit, Error(unavailable) if systemd re-executed itself just as the program began or ended and forgot it.
    /// The program never runs twice. Output above 16 MiB is cut.
    [[nodiscard]] Finished run_transient(const Transient& transient);

  private:
    class Session;
    std::unique_ptr<Session> session_;
};

} // namespace vectis::systemd
