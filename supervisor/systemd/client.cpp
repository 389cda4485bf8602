#include "systemd/client.hpp"

#include "base/file.hpp"
#include "systemd/bus.hpp"
#include "systemd/wire.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cerrno>
#include <poll.h>
#include <utility>

namespace vectis::systemd {

namespace {

/// A little more than the supervisor allows itself for a call.
constexpr std::chrono::minutes call_limit{6};

Error unreachable(const std::string& cause) {
    return {Code::unavailable, "cannot reach the supervisor: " + cause, "systemctl status dbus vectis-supervisor"};
}

Error as_error(const bus::Failure& failure) {
    if (failure.name().substr(0, error_prefix.size()) == error_prefix)
        return from_wire({failure.name(), failure.what()});
    if (failure.name() == "org.freedesktop.DBus.Error.AccessDenied")
        return {Code::denied, "cannot call the supervisor: only root and the user vectis may", "run it as root"};
    if (failure.name() == "org.freedesktop.DBus.Error.UnknownMethod")
        return {Code::not_supported, "cannot call the supervisor: it runs another version",
                "systemctl restart vectis-supervisor"};
    return unreachable(failure.what());
}

/// Takes lines from a pipe until the final event.
class Lines {
  public:
    Lines(int fd, const std::stop_token& stop) : fd_(fd), stop_(stop) {}

    /// The next line without its end; nothing when the writer has gone, or nobody wants any more.
    std::optional<std::string> next() {
        for (;;) {
            if (const auto end = buffer_.find('\n'); end != std::string::npos) {
                std::string line = buffer_.substr(0, end);
                buffer_.erase(0, end + 1);
                return line;
            }
            if (!await())
                return std::nullopt;
            std::array<char, 16384> chunk{};
            const ssize_t count = ::read(fd_, chunk.data(), chunk.size());
            if (count < 0 && errno == EINTR)
                continue;
            if (count <= 0)
                return std::nullopt;
            buffer_.append(chunk.data(), static_cast<std::size_t>(count));
        }
    }

  private:
    /// Until there is something to read; false if nobody wants it.
    [[nodiscard]] bool await() const {
        constexpr int between_looks = 500; // milliseconds
        for (;;) {
            if (stop_.stop_requested())
                return false;
            pollfd wait{fd_, POLLIN, 0};
            if (poll(&wait, 1, stop_.stop_possible() ? between_looks : -1) != 0)
                return true;
        }
    }

    int fd_;
    const std::stop_token& stop_;
    std::string buffer_;
};

Json follow(const UniqueFd& pipe, const Progress& progress, const std::stop_token& stop) {
    Lines lines(pipe.get(), stop);
    while (const auto line = lines.next()) {
        Json event = parse_json(*line);
        const auto name = event.is_object() ? event.value("event", std::string()) : std::string();
        if (name == "failed")
            throw from_event(event);
        progress(event);
        if (name == "done")
            return event;
    }
    if (stop.stop_requested())
        throw Unheard(Code::unavailable, "the supervisor is not followed any further");
    throw Unheard(Code::unavailable, "cannot follow the supervisor any further: it went away before it had finished",
                  "vectis status shows what is in force; journalctl -u vectis-supervisor says why");
}

} // namespace

class SupervisorClient::Session {
  public:
    sdbus::MethodReply call(const std::string& method, const bus::Fill& fill = {},
                            std::chrono::milliseconds wait = call_limit) {
        try {
            if (!bus_)
                bus_ = std::make_unique<bus::Connection>();
            return bus_->call(
                {std::string(supervisor_name), std::string(supervisor_path), std::string(supervisor_name)}, method,
                fill, wait);
        } catch (const bus::Failure& failure) {
            if (failure.disconnected())
                bus_.reset();
            throw as_error(failure);
        }
    }

    UniqueFd descriptor(const std::string& method, const bus::Fill& fill = {}) {
        auto reply = call(method, fill);
        sdbus::UnixFd fd;
        bus::translate([&] { reply >> fd; });
        return UniqueFd(fd.release());
    }

    std::string text(const std::string& method, const bus::Fill& fill = {},
                     std::chrono::milliseconds wait = call_limit) {
        auto reply = call(method, fill, wait);
        std::string text;
        bus::translate([&] { reply >> text; });
        return text;
    }

    std::string file(const std::string& method) { return read_all(descriptor(method).get()); }

  private:
    std::unique_ptr<bus::Connection> bus_;
};

SupervisorClient::SupervisorClient() : session_(std::make_unique<Session>()) {}
SupervisorClient::~SupervisorClient() = default;

std::string SupervisorClient::plan() {
    return session_->file("Plan");
}
std::string SupervisorClient::generations() {
    return session_->file("Generations");
}
std::string SupervisorClient::status() {
    return session_->file("Status");
}
std::string SupervisorClient::figures() {
    return session_->file("Figures");
}
std::string SupervisorClient::deploy_certificates() {
    return session_->file("DeployCertificates");
}
std::string SupervisorClient::export_yaml() {
    return session_->file("Export");
}
std::string SupervisorClient::version() {
    return session_->text("Version", {}, std::chrono::seconds(2));
}

void SupervisorClient::restart(const std::string& service) {
    session_->call("Restart", [&](sdbus::Message& message) { message << service; });
}

std::string SupervisorClient::queue() {
    return session_->file("Queue");
}

void SupervisorClient::act_on_queue(const std::string& id, const std::string& action) {
    session_->call("ActOnQueue", [&](sdbus::Message& message) { message << id << action; });
}

std::string SupervisorClient::mailbox_use(const std::string& address) {
    return session_->text("MailboxUse", [&](sdbus::Message& message) { message << address; });
}

std::string SupervisorClient::sieve_scripts(const std::string& address) {
    return read_all(session_->descriptor("SieveScripts", [&](sdbus::Message& message) { message << address; }).get());
}

std::string SupervisorClient::sieve_script(const std::string& address, const std::string& name) {
    return read_all(
        session_->descriptor("SieveScript", [&](sdbus::Message& message) { message << address << name; }).get());
}

void SupervisorClient::put_sieve_script(const std::string& address, const std::string& name,
                                        const std::string& script) {
    session_->call("PutSieveScript", [&](sdbus::Message& message) { message << address << name << script; });
}

void SupervisorClient::act_on_sieve_script(const std::string& address, const std::string& name,
                                           const std::string& action) {
    session_->call("ActOnSieveScript", [&](sdbus::Message& message) { message << address << name << action; });
}

void SupervisorClient::set_password(const std::string& address, const std::string& hash) {
    session_->call("SetPassword", [&](sdbus::Message& message) { message << address << hash; });
}

std::string SupervisorClient::change_account(const std::string& id, const std::string& change) {
    return session_->text("ChangeAccount", [&](sdbus::Message& message) { message << id << change; });
}

std::string SupervisorClient::dns_records(const std::string& domain, const std::vector<std::string>& published) {
    return session_->text("DnsRecords", [&](sdbus::Message& message) { message << domain << published; });
}

std::string SupervisorClient::logs(const std::string& service, Time since, std::uint32_t most) {
    const std::int64_t instant =
        std::chrono::duration_cast<std::chrono::milliseconds>(since.time_since_epoch()).count();
    return read_all(
        session_->descriptor("Logs", [&](sdbus::Message& message) { message << service << instant << most; }).get());
}

Json SupervisorClient::apply(const std::string& plan_id, const Progress& progress, const std::stop_token& stop) {
    return follow(session_->descriptor("Apply", [&](sdbus::Message& message) { message << plan_id; }), progress, stop);
}

Json SupervisorClient::rollback(std::uint32_t generation, const Progress& progress, const std::stop_token& stop) {
    return follow(session_->descriptor("Rollback", [&](sdbus::Message& message) { message << generation; }), progress,
                  stop);
}

Json SupervisorClient::health(HealthSet set, const Progress& progress, const std::stop_token& stop) {
    const std::string word = set == HealthSet::quick ? "quick" : "all";
    return follow(session_->descriptor("Health", [&](sdbus::Message& message) { message << word; }), progress, stop);
}

} // namespace vectis::systemd
