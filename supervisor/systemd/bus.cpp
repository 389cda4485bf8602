#include "systemd/bus.hpp"

#include <array>
#include <string_view>
#include <utility>

namespace vectis::systemd::bus {

namespace {

// Version 2 has the header; version 1.2 tells its version nowhere.
#if __has_include(<sdbus-c++/VTableItems.h>)
using ServiceName = sdbus::ServiceName;
using InterfaceName = sdbus::InterfaceName;
using MethodName = sdbus::MethodName;

bool process_one(sdbus::IConnection& connection) {
    return connection.processPendingEvent();
}

sdbus::Slot add_match(sdbus::IConnection& connection, const std::string& rule, Handler handler) {
    return connection.addMatch(
        rule, [handler = std::move(handler)](sdbus::Message message) { handler(message); }, sdbus::return_slot);
}

void add_methods(sdbus::IObject& object, const std::string& interface, const std::vector<Method>& methods) {
    std::vector<sdbus::VTableItem> items;
    for (const auto& method : methods)
        items.emplace_back(sdbus::MethodVTableItem{sdbus::MethodName(method.name),
                                                   sdbus::Signature(method.in),
                                                   {},
                                                   sdbus::Signature(method.out),
                                                   {},
                                                   method.handler,
                                                   {}});
    object.addVTable(sdbus::InterfaceName(interface), std::move(items));
}

sdbus::Error make_error(const std::string& name, const std::string& message) {
    return {sdbus::Error::Name(name), message};
}
#else
using ServiceName = std::string;
using InterfaceName = std::string;
using MethodName = std::string;

bool process_one(sdbus::IConnection& connection) {
    return connection.processPendingRequest();
}

sdbus::Slot add_match(sdbus::IConnection& connection, const std::string& rule, Handler handler) {
    return connection.addMatch(rule, std::move(handler));
}

void add_methods(sdbus::IObject& object, const std::string& interface, const std::vector<Method>& methods) {
    for (const auto& method : methods)
        object.registerMethod(interface, method.name, method.in, method.out, method.handler);
    object.finishRegistration();
}

sdbus::Error make_error(const std::string& name, const std::string& message) {
    return {name, message};
}
#endif

bool starts_with(std::string_view text, std::string_view start) {
    return text.substr(0, start.size()) == start;
}

} // namespace

bool Failure::disconnected() const {
    static constexpr std::array names{"System.Error.ECONNRESET",
                                      "System.Error.ENOTCONN",
                                      "System.Error.EPIPE",
                                      "System.Error.ESHUTDOWN",
                                      "System.Error.ECONNREFUSED",
                                      "System.Error.EBADF",
                                      "System.Error.ECHILD",
                                      "System.Error.ESTALE",
                                      "org.freedesktop.DBus.Error.Disconnected",
                                      "org.freedesktop.DBus.Error.NoServer"};
    for (const char* each : names)
        if (name_ == each)
            return true;
    return false;
}

bool Failure::passing() const {
    static constexpr std::array names{
        "org.freedesktop.DBus.Error.NoReply",        "org.freedesktop.DBus.Error.Timeout",
        "org.freedesktop.DBus.Error.TimedOut",       "System.Error.ETIMEDOUT",
        "org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner",
        "org.freedesktop.systemd1.ShuttingDown"};
    for (const char* each : names)
        if (name_ == each)
            return true;
    return disconnected() || starts_with(name_, "org.freedesktop.DBus.Error.Spawn.");
}

Error Failure::error(const std::string& what) const {
    if (passing())
        return {Code::unavailable, what + ": " + this->what(), "systemctl status dbus"};
    if (name_ == "org.freedesktop.DBus.Error.AccessDenied" ||
        name_ == "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired")
        return {Code::denied, what + ": " + this->what(), "run it as root"};
    if (name_ == "org.freedesktop.DBus.Error.InvalidArgs")
        return {Code::invalid_input, what + ": " + this->what()};
    return {Code::system, what + ": " + this->what()};
}

void translate(const std::function<void()>& use) {
    try {
        use();
    } catch (const sdbus::Error& error) {
        throw Failure(std::string(error.getName()), error.getMessage());
    }
}

Connection::Connection() {
    // Whatever keeps us from connecting (no socket, refused, in the middle of a restart), there is no bus now.
    try {
        connection_ = sdbus::createSystemBusConnection();
    } catch (const sdbus::Error& error) {
        throw Failure("org.freedesktop.DBus.Error.NoServer", error.getMessage());
    }
}

sdbus::MethodReply Connection::call(const Target& target, const std::string& method, const Fill& fill,
                                    std::chrono::milliseconds limit) {
    sdbus::MethodReply reply;
    translate([&] {
        const auto proxy =
            sdbus::createProxy(*connection_, ServiceName(target.destination), sdbus::ObjectPath(target.path));
        auto message = proxy->createMethodCall(InterfaceName(target.interface), MethodName(method));
        if (fill)
            fill(message);
        reply = proxy->callMethod(message, limit);
    });
    return reply;
}

sdbus::Slot Connection::match(const std::string& rule, Handler handler) {
    // libsystemd's C code is between us and the handler: nothing may be thrown through it. What cannot be read is no
    // signal of ours.
    const auto guarded = [handler = std::move(handler)](sdbus::Message& message) {
        try {
            handler(message);
        } catch (const sdbus::Error&) {
            return;
        }
    };
    sdbus::Slot slot;
    translate([&] { slot = add_match(*connection_, rule, guarded); });
    return slot;
}

void Connection::request_name(const std::string& name) {
    translate([&] { connection_->requestName(ServiceName(name)); });
}

std::unique_ptr<sdbus::IObject> Connection::serve(const std::string& path, const std::string& interface,
                                                  const std::vector<Method>& methods) {
    std::unique_ptr<sdbus::IObject> object;
    translate([&] {
        object = sdbus::createObject(*connection_, sdbus::ObjectPath(path));
        add_methods(*object, interface, methods);
    });
    return object;
}

bool Connection::process() {
    bool any = false;
    translate([&] { any = process_one(*connection_); });
    return any;
}

pollfd Connection::descriptor() const {
    pollfd wait{-1, 0, 0};
    translate([&] {
        const auto data = connection_->getEventLoopPollData();
        wait = {data.fd, data.events, 0};
    });
    return wait;
}

std::optional<std::chrono::milliseconds> Connection::patience() const {
    int milliseconds = -1;
    translate([&] { milliseconds = connection_->getEventLoopPollData().getPollTimeout(); });
    if (milliseconds < 0)
        return std::nullopt;
    return std::chrono::milliseconds(milliseconds);
}

void reply_error(const sdbus::MethodCall& call, const std::string& name, const std::string& message) {
    translate([&] { call.createErrorReply(make_error(name, message)).send(); });
}

} // namespace vectis::systemd::bus
