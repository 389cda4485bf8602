#include "base/file.hpp"
#include "base/random.hpp"
#include "systemd/journal.hpp"
#include "systemd/session.hpp"
#include "systemd/units.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <fcntl.h>
#include <utility>

namespace vectis::systemd {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Strings = std::vector<std::string>;

constexpr std::size_t output_limit = 16U << 20U;

/// A file in memory rather than a pipe: nobody has to empty it while the program runs, and the program may open it
/// again as /dev/stdout whatever its user is.
UniqueFd output_file(const char* name) {
    UniqueFd fd(memfd_create(name, MFD_CLOEXEC));
    if (!fd || fcntl(fd.get(), F_SETFL, O_APPEND) != 0)
        throw system_error(errno, "cannot make a file in memory");
    return fd;
}

std::string contents(const UniqueFd& fd) {
    struct stat status {};
    if (fstat(fd.get(), &status) != 0)
        throw system_error(errno, "cannot read what a program wrote");
    std::string text;
    text.resize(std::min(output_limit, static_cast<std::size_t>(status.st_size)));
    std::size_t size = 0;
    while (size < text.size()) {
        const ssize_t count = pread(fd.get(), text.data() + size, text.size() - size, static_cast<off_t>(size));
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            break;
        size += static_cast<std::size_t>(count);
    }
    text.resize(size);
    return text;
}

std::vector<std::uint8_t> bytes(const std::string& text) {
    return {text.begin(), text.end()};
}

std::uint64_t usec(seconds time) {
    return static_cast<std::uint64_t>(microseconds(time).count());
}

class Builder {
  public:
    template<typename T>
    Builder& set(const char* name, const T& value) {
        properties_.emplace_back(std::string(name), sdbus::Variant(value));
        return *this;
    }
    Builder& set(const char* name, const char* value) { return set(name, std::string(value)); }
    [[nodiscard]] const bus::Properties& properties() const { return properties_; }

  private:
    bus::Properties properties_;
};

std::vector<sdbus::Struct<std::string, std::string, bool, std::uint64_t>> bind_list(const std::vector<Bind>& binds) {
    constexpr std::uint64_t recursive = 1U << 14U; // MS_REC
    std::vector<sdbus::Struct<std::string, std::string, bool, std::uint64_t>> list;
    for (const auto& bind : binds)
        list.emplace_back(bind.source.string(), bind.destination.string(), false, recursive);
    return list;
}

void add_sandbox(Builder& unit, const Transient& transient) {
    unit.set("ProtectSystem", "strict").set("ProtectHome", "yes").set("PrivateTmp", true);
    unit.set("PrivateDevices", true).set("ProtectClock", true).set("ProtectHostname", true);
    unit.set("ProtectKernelLogs", true).set("ProtectKernelModules", true).set("ProtectKernelTunables", true);
    unit.set("ProtectControlGroups", true).set("LockPersonality", true).set("RestrictRealtime", true);
    unit.set("RestrictNamespaces", std::uint64_t{0}).set("UMask", std::uint32_t{0077});
    unit.set("SystemCallArchitectures", Strings{"native"});
    unit.set("NoNewPrivileges", true).set("RestrictSUIDSGID", true);
    if (!transient.user.empty() || transient.dynamic_user)
        unit.set("CapabilityBoundingSet", std::uint64_t{0});
}

void add_place(Builder& unit, const Transient& transient) {
    if (!transient.read_only_binds.empty())
        unit.set("BindReadOnlyPaths", bind_list(transient.read_only_binds));
    if (!transient.binds.empty())
        unit.set("BindPaths", bind_list(transient.binds));
    if (!transient.writable.empty())
        unit.set("ReadWritePaths", transient.writable);
    if (!transient.inaccessible.empty()) {
        Strings paths;
        for (const auto& path : transient.inaccessible)
            paths.push_back("-" + path);
        unit.set("InaccessiblePaths", paths);
    }
    if (!transient.temporary.empty()) {
        std::vector<sdbus::Struct<std::string, std::string>> folders;
        for (const auto& path : transient.temporary)
            folders.emplace_back(path, "mode=0755");
        unit.set("TemporaryFileSystem", folders);
    }
    if (!transient.network_namespace.empty())
        unit.set("NetworkNamespacePath", transient.network_namespace);
    if (transient.private_network)
        unit.set("PrivateNetwork", true);
    if (!transient.working_directory.empty())
        unit.set("WorkingDirectory", transient.working_directory);
}

void add_identity(Builder& unit, const Transient& transient) {
    if (transient.dynamic_user)
        unit.set("DynamicUser", true);
    if (!transient.user.empty())
        unit.set("User", transient.user);
    if (!transient.group.empty())
        unit.set("Group", transient.group);
    if (!transient.groups.empty())
        unit.set("SupplementaryGroups", transient.groups);
    Strings environment{"LANG=C.UTF-8", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};
    for (const auto& [name, value] : transient.environment)
        environment.push_back(fmt::format("{}={}", name, value));
    unit.set("Environment", environment);
    if (!transient.credentials.empty()) {
        std::vector<sdbus::Struct<std::string, std::vector<std::uint8_t>>> credentials;
        for (const auto& [name, value] : transient.credentials)
            credentials.emplace_back(name, bytes(value));
        unit.set("SetCredential", credentials);
    }
}

/// Type=exec: the start job ends when the program is running, and fails if its sandbox or the exec does.
Builder describe(const Transient& transient, const UniqueFd& in, const UniqueFd& out, const UniqueFd& err) {
    Builder unit;
    unit.set("Description", fmt::format("Vectis: run {}", transient.name));
    unit.set("Type", "exec").set("CollectMode", "inactive-or-failed").set("AddRef", true);
    // Plain ExecStart= would replace $WORD within the arguments.
    std::vector<sdbus::Struct<std::string, Strings, Strings>> start;
    start.emplace_back(transient.arguments.front(), transient.arguments, Strings{"no-env-expand"});
    unit.set("ExecStartEx", start);
    unit.set("RuntimeMaxUSec", usec(transient.limit)).set("TimeoutStopUSec", usec(seconds(2)));
    unit.set("LimitCORE", std::uint64_t{0});
    if (in)
        unit.set("StandardInputFileDescriptor", sdbus::UnixFd(in.get()));
    unit.set("StandardOutputFileDescriptor", sdbus::UnixFd(out.get()));
    unit.set("StandardErrorFileDescriptor", sdbus::UnixFd(err.get()));
    add_identity(unit, transient);
    add_place(unit, transient);
    add_sandbox(unit, transient);
    return unit;
}

std::vector<Problem> journal_lines(const std::string& unit, Time since) {
    std::vector<Problem> lines;
    try {
        for (const auto& entry : tail({unit}, 5, since - milliseconds(1)))
            lines.push_back({{}, {}, entry.text(), {}});
    } catch (const Error&) {
        // The journal only adds detail to an error that is told anyway.
    }
    return lines;
}

} // namespace

UnitState Manager::Session::wait_for_end(const std::string& name, Deadline deadline) {
    const auto ended = [](const UnitState& state) { return state.active_state == "inactive" || state.failed(); };
    const std::string what = fmt::format("cannot follow unit '{}'", name);
    return ask(what, deadline, [&](bus::Connection& connection) {
        bool changed = false;
        const auto slot = connection.match(unit_changed_rule(name), [&](sdbus::Message&) { changed = true; });
        for (;;) {
            UnitState current = read_state(connection, name);
            if (ended(current) || std::chrono::steady_clock::now() >= deadline)
                return current;
            changed = false;
            systemd_changed_ = false;
            wait(deadline, [&] { return changed || systemd_changed_; });
            if (systemd_changed_)
                subscribe(connection);
        }
    });
}

/// systemd may go away before it answers. A program must not run twice: the unit's name is its own, and we hold it, so
/// that the unit is there if the call has arrived.
std::string Manager::Session::start_transient(const std::string& unit, const bus::Properties& properties,
                                              const std::string& what, Deadline deadline) {
    finished_jobs_.clear();
    return ask(what, deadline, [&, again = false](bus::Connection& connection) mutable -> std::string {
        systemd_changed_ = false;
        if (std::exchange(again, true) && read_state(connection, unit).load_state != "not-found")
            return job_of(unit);
        auto reply = connection.call(manager_object(), "StartTransientUnit", [&](sdbus::Message& message) {
            message << unit << std::string("fail") << properties
                    << std::vector<sdbus::Struct<std::string, bus::Properties>>{};
        });
        sdbus::ObjectPath job;
        bus::translate([&] { reply >> job; });
        return job;
    });
}

Finished Manager::Session::run_transient(const Transient& transient) {
    if (transient.arguments.empty() || transient.arguments.front().substr(0, 1) != "/")
        throw Error(Code::internal, fmt::format("cannot run '{}': the program needs an absolute path", transient.name));
    const std::string& program = transient.arguments.front();
    const std::string unit = fmt::format("vectis-run-{}-{}.service", transient.name, random_hex(4));
    const UniqueFd in = transient.input.empty() ? UniqueFd() : memory_file("input", transient.input);
    const UniqueFd out = output_file("output");
    const UniqueFd err = output_file("errors");
    const Time since = now();
    // systemd enforces the limit; this one is for a systemd that does not answer.
    const auto deadline = std::chrono::steady_clock::now() + transient.limit + seconds(15);

    const std::string what = fmt::format("cannot run '{}'", program);
    const std::string job = start_transient(unit, describe(transient, in, out, err).properties(), what, deadline);
    std::optional<std::string> result;
    try {
        while (!job.empty() && !(result = wait_for_job(job, deadline)) && systemd_changed_) {
            recover(deadline);
            if (ask(what, deadline, [&](bus::Connection&) { return job_of(unit); }).empty())
                break;
        }
    } catch (const bus::Failure& failure) {
        throw failure.error(what);
    }

    const UnitState end = wait_for_end(unit, deadline);
    Finished finished{0, contents(out), contents(err)};
    const auto release = [&] {
        try {
            if (!end.failed() && end.active_state != "inactive")
                bus().call(manager_object(), "StopUnit",
                           [&](sdbus::Message& message) { message << unit << std::string("replace"); });
            bus().call(unit_object(unit, "Unit"), "Unref");
        } catch (const bus::Failure&) {
            // The reference ends with our connection anyway.
        }
    };
    release();
    // A unit made just before loses its descriptors over a re-execution and is then never started; one that ends just
    // then may be forgotten. Both look the same: no invocation.
    if (end.invocation_id.empty())
        throw Error(Code::unavailable,
                    fmt::format("cannot learn what became of '{}': systemd re-executed itself at that moment", program),
                    "try again");
    // systemd.exec(5), "Process Exit Codes": what systemd itself exits with when it cannot set the program up. A job
    // can fail after that, too, when systemd re-executed itself meanwhile: then the status is the program's own.
    constexpr int setup_failed = 200;
    constexpr int exec_failed = 203;
    const bool ran = end.result == "success" || end.result == "signal" || end.result == "core-dump" ||
                     end.result == "timeout" || (end.result == "exit-code" && end.exec_status < setup_failed);
    if (result && *result != "done" && !ran) {
        if (end.exec_status == exec_failed)
            throw Error(Code::not_found, fmt::format("cannot run '{}': there is no such program", program), {},
                        journal_lines(unit, since));
        throw Error(Code::system, fmt::format("cannot run '{}' in its sandbox: {}", program, end.why()),
                    "journalctl -u " + unit, journal_lines(unit, since));
    }
    if (end.result == "timeout" || !(end.failed() || end.active_state == "inactive"))
        throw Error(Code::system,
                    fmt::format("cannot wait longer than {} s for '{}'", transient.limit.count(), program));
    if (end.result == "exec-condition" || end.result == "resources" || end.result == "protocol")
        throw Error(Code::system, fmt::format("cannot run '{}': {}", program, end.why()), "journalctl -u " + unit);
    finished.status = end.result == "signal" || end.result == "core-dump" ? 128 + end.exec_status : end.exec_status;
    return finished;
}

} // namespace vectis::systemd
