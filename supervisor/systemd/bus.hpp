// The seam to sdbus-c++: 1.2 and 2.1 differ in names and types; what differs is here and in
// bus.cpp, and nowhere else. Included by the .cpp files of this folder only.
//
// A Connection has no thread of its own: its owner calls process() when its descriptor is ready, so that every handler
// runs on the owner's thread. Handlers must not throw; they may make calls.
#pragma once

#include "base/error.hpp"

#include <sdbus-c++/sdbus-c++.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <vector>

namespace vectis::systemd::bus {

/// What the bus answered instead of a result.
class Failure : public std::runtime_error {
  public:
    Failure(std::string name, const std::string& message) : std::runtime_error(message), name_(std::move(name)) {}

    /// D-Bus error name; errno values that have none of their own are System.Error.ENAME.
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    /// The connection itself is of no use any more.
    [[nodiscard]] bool disconnected() const;
    /// The peer left or restarts: the same question may get an answer later.
    [[nodiscard]] bool passing() const;
    /// As an Error for people: "WHAT: cause".
    [[nodiscard]] Error error(const std::string& what) const;

  private:
    std::string name_;
};

struct Target {
    std::string destination;
    std::string path;
    std::string interface;
};

using Fill = std::function<void(sdbus::Message&)>;
using Handler = std::function<void(sdbus::Message&)>;
using CallHandler = std::function<void(sdbus::MethodCall)>;
using Properties = std::vector<sdbus::Struct<std::string, sdbus::Variant>>;

struct Method {
    std::string name;
    std::string in; // signatures
    std::string out;
    CallHandler handler;
};

class Connection {
  public:
    /// Opens the system bus; throws Failure.
    Connection();

    /// Calls and waits for the reply; throws Failure.
    sdbus::MethodReply call(const Target& target, const std::string& method, const Fill& fill = {},
                            std::chrono::milliseconds limit = std::chrono::seconds(25));
    /// Takes messages that match `rule` while the slot lives.
    [[nodiscard]] sdbus::Slot match(const std::string& rule, Handler handler);
    /// Takes a well-known name; throws Failure if another has it.
    void request_name(const std::string& name);
    /// Serves `methods` at `path` while the object lives.
    [[nodiscard]] std::unique_ptr<sdbus::IObject> serve(const std::string& path, const std::string& interface,
                                                        const std::vector<Method>& methods);

    /// Handles one waiting message; false if there was none. Throws Failure when the connection has broken.
    bool process();
    [[nodiscard]] pollfd descriptor() const;
    /// How long poll may wait, by libsystemd's own timers.
    [[nodiscard]] std::optional<std::chrono::milliseconds> patience() const;

  private:
    std::unique_ptr<sdbus::IConnection> connection_;
};

/// Answers a call with an error.
void reply_error(const sdbus::MethodCall& call, const std::string& name, const std::string& message);
/// Runs `use`, turning the library's exceptions into Failure.
void translate(const std::function<void()>& use);

} // namespace vectis::systemd::bus
