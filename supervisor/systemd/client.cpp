#include "systemd/client.hpp"

#include "base/file.hpp"
#include "systemd/bus.hpp"
#include "systemd/wire.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cerrno>
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
    explicit Lines(int fd) : fd_(fd) {}

    /// The next line without its end; nothing when the writer has gone.
    std::optional<std::string> next() {
        for (;;) {
            if (const auto end = buffer_.find('\n'); end != std::string::npos) {
                std::string line = buffer_.substr(0, end);
                buffer_.erase(0, end + 1);
                return line;
            }
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
    int fd_;
    std::string buffer_;
};

Json follow(const UniqueFd& pipe, const Progress& progress) {
    Lines lines(pipe.get());
    while (const auto line = lines.next()) {
        Json event = parse_json(*line);
        const auto name = event.is_object() ? event.value("event", std::string()) : std::string();
        if (name == "failed")
            throw from_event(event);
        progress(event);
        if (name == "done")
            return event;
    }
    throw Error(Code::unavailable, "cannot follow the supervisor any further: it went away before it had finished",
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

void SupervisorClient::set_password(const std::string& address, const std::string& hash) {
    session_->call("SetPassword", [&](sdbus::Message& message) { message << address << hash; });
}

std::string SupervisorClient::change_account(const std::string& id, const std::string& change) {
    return session_->text("ChangeAccount", [&](sdbus::Message& message) { message << id << change; });
}

std::string SupervisorClient::dns_records(const std::string& domain, const std::vector<std::string>& published) {
    return session_->text("DnsRecords", [&](sdbus::Message& message) { message << domain << published; });
}

Json SupervisorClient::apply(const std::string& plan_id, const Progress& progress) {
    return follow(session_->descriptor("Apply", [&](sdbus::Message& message) { message << plan_id; }), progress);
}

Json SupervisorClient::rollback(std::uint32_t generation, const Progress& progress) {
    return follow(session_->descriptor("Rollback", [&](sdbus::Message& message) { message << generation; }), progress);
}

Json SupervisorClient::health(HealthSet set, const Progress& progress) {
    const std::string word = set == HealthSet::quick ? "quick" : "all";
    return follow(session_->descriptor("Health", [&](sdbus::Message& message) { message << word; }), progress);
}

} // namespace vectis::systemd
