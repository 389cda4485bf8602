#include "systemd/service.hpp"

#include "base/file.hpp"
#include "base/guarded.hpp"
#include "base/text.hpp"
#include "surface/services.hpp"
#include "systemd/bus.hpp"
#include "systemd/wire.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <map>
#include <pwd.h>
#include <thread>
#include <utility>
#include <variant>

namespace vectis::systemd {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t most_calls = 8;
constexpr std::uint32_t most_log_lines = 1000;
constexpr std::int64_t latest_time = 253402300799999; // the year 9999, in milliseconds
constexpr std::chrono::minutes short_limit{5};
constexpr std::chrono::minutes long_limit{60};
constexpr milliseconds retry{1000};

/// What a call comes to: nothing, a text, a descriptor, or an Error for its caller.
using Answer = std::variant<std::monostate, std::string, UniqueFd, Error>;

/// The writing end of a pipe of events. A reader that leaves, or lets a megabyte pile up, loses the rest; the work
/// goes on (SIGPIPE must be ignored).
class Events {
  public:
    explicit Events(UniqueFd write) : write_(std::move(write)) {}

    void put(const Json& event) {
        const std::string line = to_text(event) + "\n";
        write_.with([&](UniqueFd& fd) {
            if (fd && ::write(fd.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size()))
                fd.reset();
        });
    }

  private:
    Guarded<UniqueFd> write_;
};

struct Pipe {
    UniqueFd read;
    UniqueFd write;
};

Pipe event_pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0)
        throw system_error(errno, "cannot make a pipe");
    Pipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
    fcntl(pipe.write.get(), F_SETFL, O_NONBLOCK);
    fcntl(pipe.write.get(), F_SETPIPE_SZ, 1 << 20);
    return pipe;
}

bool is_id(const std::string& text) {
    return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
}

/// The name as it stands in the table of services; a unit or anything else is none.
std::string service_named(const std::string& text) {
    if (const auto* row = surface::find_service(text); row != nullptr)
        return std::string(row->name);
    std::vector<std::string_view> names;
    for (const auto& row : surface::services())
        names.push_back(row.name);
    const auto near = nearest(text, names);
    throw Error(Code::not_found, fmt::format("cannot find service '{}'", printable(text)),
                near ? fmt::format("did you mean '{}'?", *near) : "'vectis status' lists the services");
}

/// What accounts::hash_password() makes, in its characters (RFC 4648 section 4, and those of the PHC string format).
void expect_hash(const std::string& text) {
    constexpr std::string_view start = "{ARGON2ID}$argon2id$";
    constexpr std::size_t longest = 256;
    const bool good =
        text.starts_with(start) && text.size() <= longest && std::all_of(text.begin(), text.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   std::string_view("{}$=,+/").find(c) != std::string_view::npos;
        });
    if (!good)
        throw Error(Code::invalid_input, "cannot set the password: this is no argon2id hash");
}

/// As directory.db has it. One with other characters is nobody's, and stays out of messages.
std::string address_given(const std::string& text) {
    constexpr std::size_t longest = 320; // RFC 3696 section 3
    if (text.size() > longest || !is_utf8(text) || has_control(text))
        throw Error(Code::invalid_input, "cannot find the mailbox: this is no address");
    return lower_ascii(text);
}

constexpr std::size_t most_script = 256U << 10U;

/// RFC 5804 section 1.6; a slash would be a path.
std::string script_name(const std::string& text) {
    constexpr std::size_t longest = 200;
    if (text.empty() || text.size() > longest || !is_utf8(text) || has_control(text) ||
        text.find('/') != std::string::npos)
        throw Error(Code::invalid_input, "cannot find the script: this is no name of one");
    return text;
}

constexpr std::array<std::string_view, 3> sieve_actions{"activate", "deactivate", "remove"};

SieveAction sieve_action(const std::string& name) {
    const auto* found = std::find(sieve_actions.begin(), sieve_actions.end(), name);
    if (found == sieve_actions.end())
        throw Error(Code::invalid_input, "cannot do this to a script: it is none of activate, deactivate, remove");
    return static_cast<SieveAction>(found - sieve_actions.begin());
}

constexpr std::array<std::string_view, 4> queue_actions{"flush", "hold", "release", "remove"};

QueueAction queue_action(const std::string& name) {
    const auto* found = std::find(queue_actions.begin(), queue_actions.end(), name);
    if (found == queue_actions.end())
        throw Error(Code::invalid_input, "cannot do this to a message: it is none of flush, hold, release, remove");
    return static_cast<QueueAction>(found - queue_actions.begin());
}

/// Postfix's short and long ids. "ALL" means every message to postsuper, and is too short to be one.
std::string queue_id(const std::string& text) {
    constexpr std::size_t shortest = 6;
    constexpr std::size_t longest = 40;
    const bool good =
        text.size() >= shortest && text.size() <= longest && std::all_of(text.begin(), text.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        });
    if (!good)
        throw Error(Code::invalid_input, "cannot find the message: this is no id of Postfix's queue");
    return text;
}

HealthSet health_set(const std::string& text) {
    if (text == "quick")
        return HealthSet::quick;
    if (text == "all")
        return HealthSet::all;
    throw Error(Code::invalid_input, "cannot run these probes: the set is neither 'quick' nor 'all'");
}

/// Runs work at the edge of the program: whatever is thrown becomes an Error for the caller.
template<typename Work>
std::optional<Error> guarded(Work&& work) {
    try {
        work();
        return std::nullopt;
    } catch (const Error& error) {
        return error;
    } catch (const std::exception& error) {
        return Error(Code::internal, error.what(), "this is a bug; journalctl -u vectis-supervisor has more");
    }
}

} // namespace

class SupervisorService::Session {
  public:
    explicit Session(SupervisorMethods& methods) : methods_(methods), wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        if (!wake_)
            throw system_error(errno, "cannot make an event");
        try {
            connect();
        } catch (const bus::Failure& failure) {
            if (failure.disconnected())
                throw Error(Code::unavailable, fmt::format("cannot reach the bus: {}", failure.what()),
                            "systemctl status dbus");
            throw Error(Code::conflict,
                        fmt::format("cannot take the bus name '{}': {}", supervisor_name, failure.what()),
                        "is another supervisor running? systemctl status vectis-supervisor");
        }
    }

    ~Session() {
        refusing_ = true;
        calls_.clear(); // joins
        callers_.clear();
    }

    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    std::vector<pollfd> descriptors() {
        std::vector<pollfd> waits{{wake_.get(), POLLIN, 0}};
        if (bus_)
            waits.push_back(bus_->descriptor());
        return waits;
    }

    std::optional<milliseconds> patience() {
        if (!bus_)
            return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(retry_at_ - steady_clock::now()));
        return bus_->patience();
    }

    void dispatch() {
        eventfd_t count = 0;
        eventfd_read(wake_.get(), &count);
        finish_calls();
        try {
            if (!bus_ && steady_clock::now() >= retry_at_)
                connect();
            while (bus_ && bus_->process()) {
            }
        } catch (const bus::Failure&) {
            drop();
        }
    }

    void refuse() { refusing_ = true; }
    [[nodiscard]] std::size_t running() const { return calls_.size(); }
    [[nodiscard]] bool changing() const {
        return std::any_of(calls_.begin(), calls_.end(), [](const auto& each) { return each.second.changes; });
    }
    [[nodiscard]] bool healthy() const {
        const auto time = steady_clock::now();
        return std::none_of(calls_.begin(), calls_.end(), [&](const auto& each) { return each.second.limit < time; });
    }

  private:
    struct Call {
        steady_clock::time_point limit;
        bool changes = false;
        std::jthread thread;
    };

    struct Finished {
        std::uint64_t id;
        Answer answer;
    };

    void connect() {
        retry_at_ = steady_clock::now() + retry;
        auto fresh = std::make_unique<bus::Connection>();
        auto object = fresh->serve(std::string(supervisor_path), std::string(supervisor_name), table(*fresh));
        fresh->request_name(std::string(supervisor_name));
        bus_ = std::move(fresh);
        object_ = std::move(object);
    }

    void drop() {
        callers_.clear(); // their connection is gone, and they with it
        object_.reset();
        bus_.reset();
        retry_at_ = steady_clock::now() + retry;
    }

    /// A method whose work ends with its reply. `read` takes the arguments on the loop's thread.
    bus::Method method(bus::Connection& bus, const char* name, const char* in, const char* out,
                       std::function<std::function<Answer()>(sdbus::MethodCall&)> read) {
        return {name, in, out, [this, &bus, name, read = std::move(read)](sdbus::MethodCall call) {
                    take(bus, call, [&] {
                        start(call, read(call),
                              std::string_view(name) == "Restart" || std::string_view(name) == "DeployCertificates");
                    });
                }};
    }

    /// A method which answers with a pipe at once and works on.
    bus::Method stream(bus::Connection& bus, const char* name, const char* in,
                       std::function<std::function<Json(const Progress&)>(sdbus::MethodCall&)> read) {
        return {name, in, "h", [this, &bus, name, read = std::move(read)](sdbus::MethodCall call) {
                    take(bus, call, [&] {
                        auto work = read(call);
                        Pipe pipe = event_pipe();
                        auto events = std::make_shared<Events>(std::move(pipe.write));
                        check_room();
                        reply(call, Answer(std::move(pipe.read)));
                        const bool changes = std::string_view(name) != "Health";
                        launch(std::nullopt, long_limit, changes, [work = std::move(work), events]() -> Answer {
                            Json end = Json::object();
                            const auto progress = [&](const Json& event) { events->put(event); };
                            if (const auto error = guarded([&] { end = work(progress); })) {
                                events->put(to_event(*error));
                                return {};
                            }
                            Json done = Json::object();
                            done["event"] = "done";
                            if (end.is_object())
                                done.update(end);
                            events->put(done);
                            return {};
                        });
                    });
                }};
    }

    static std::string text_argument(sdbus::MethodCall& call) {
        std::string text;
        call >> text;
        return text;
    }

    /// A long answer, as a sealed file in memory.
    template<typename Work>
    static std::function<Answer()> file(const char* name, Work work) {
        return [name, work]() -> Answer { return memory_file(name, work()); };
    }

    std::vector<bus::Method> table(bus::Connection& bus) {
        auto& m = methods_;
        return {
            method(bus, "Plan", "", "h", [&m](auto&) { return file("plan", [&m] { return m.plan(); }); }),
            method(bus, "Status", "", "h", [&m](auto&) { return file("status", [&m] { return m.status(); }); }),
            method(bus, "Figures", "", "h", [&m](auto&) { return file("figures", [&m] { return m.figures(); }); }),
            method(bus, "Generations", "", "h",
                   [&m](auto&) { return file("generations", [&m] { return m.generations(); }); }),
            method(bus, "DeployCertificates", "", "h",
                   [&m](auto&) { return file("certificates", [&m] { return m.deploy_certificates(); }); }),
            method(bus, "Export", "", "h", [&m](auto&) { return file("export", [&m] { return m.export_yaml(); }); }),
            method(bus, "Version", "", "s",
                   [&m](auto&) -> std::function<Answer()> { return [&m]() -> Answer { return m.version(); }; }),
            method(bus, "Restart", "s", "",
                   [&m](sdbus::MethodCall& call) -> std::function<Answer()> {
                       const std::string name = service_named(text_argument(call));
                       return [&m, name]() -> Answer {
                           m.restart(name);
                           return {};
                       };
                   }),
            method(bus, "Queue", "", "h", [&m](auto&) { return file("queue", [&m] { return m.queue(); }); }),
            method(bus, "Logs", "sxu", "h",
                   [&m](sdbus::MethodCall& call) -> std::function<Answer()> {
                       const std::string service = text_argument(call);
                       std::int64_t since = 0;
                       std::uint32_t most = 0;
                       call >> since >> most;
                       if (since < 0 || since > latest_time || most > most_log_lines)
                           throw Error(Code::invalid_input, "cannot show logs: the time or the number is out of range");
                       return file("logs", [&m, service, since, most] {
                           return m.logs(service, Time(std::chrono::milliseconds(since)), most);
                       });
                   }),
            method(bus, "ActOnQueue", "ss", "",
                   [&m](sdbus::MethodCall& call) -> std::function<Answer()> {
                       const std::string id = queue_id(text_argument(call));
                       const QueueAction action = queue_action(text_argument(call));
                       return [&m, id, action]() -> Answer {
                           m.act_on_queue(id, action);
                           return {};
                       };
                   }),
            method(bus, "MailboxUse", "s", "s",
                   [&m](sdbus::MethodCall& call) -> std::function<Answer()> {
                       const std::string address = address_given(text_argument(call));
                       return [&m, address]() -> Answer { return m.mailbox_use(address); };
                   }),
            method(bus, "SieveScripts", "s", "h",
                   [&m](sdbus::MethodCall& call) -> std::function<Answer()> {
                       const std::string address = address_given(text_argument(call));
                       return file("scripts", [&m, address] { return m.sieve_scripts(address); });
                   }),
            method(bus, "SieveScript", "ss", "h",
                   [&m](sdbus::MethodCall& call) -> std::function<Answer()> {
                       const std::string address = address_given(text_argument(call));
                       const std::string name = script_name(text_argument(call));
                       return file("script", [&m, address, name] { return m.sieve_script(address, name); });
                   }),
            method(bus, "PutSieveScript", "sss", "",
                   [&m](sdbus::MethodCall& call) -> std::function<Answer()> {
                       const std::string address = address_given(text_argument(call));
                       const std::string name = script_name(text_argument(call));
                       const std::string script = text_argument(call);
                       if (script.empty() || script.size() > most_script || script.find('\0') != std::string::npos)
                           throw Error(Code::invalid_input,
                                       fmt::format("a Sieve script has 1 to {} bytes", most_script));
                       return [&m, address, name, script]() -> Answer {
                           m.put_sieve_script(address, name, script);
                           return {};
                       };
                   }),
            method(bus, "ActOnSieveScript", "sss", "",
                   [&m](sdbus::MethodCall& call) -> std::function<Answer()> {
                       const std::string address = address_given(text_argument(call));
                       const std::string name = script_name(text_argument(call));
                       const SieveAction action = sieve_action(text_argument(call));
                       return [&m, address, name, action]() -> Answer {
                           m.act_on_sieve_script(address, name, action);
                           return {};
                       };
                   }),
            method(bus, "SetPassword", "ss", "",
                   [&m](sdbus::MethodCall& call) -> std::function<Answer()> {
                       const std::string address = address_given(text_argument(call));
                       const std::string hash = text_argument(call);
                       expect_hash(hash);
                       return [&m, address, hash]() -> Answer {
                           m.set_password(address, hash);
                           return {};
                       };
                   }),
            method(bus, "ChangeAccount", "ss", "s",
                   [&m](sdbus::MethodCall& call) -> std::function<Answer()> {
                       const std::string id = text_argument(call);
                       if (!is_id(id))
                           throw Error(Code::invalid_input, "cannot change an account: this is no id of a change");
                       const std::string change = text_argument(call);
                       return [&m, id, change]() -> Answer { return m.change_account(id, change); };
                   }),
            method(bus, "DnsRecords", "sas", "s",
                   [&m](sdbus::MethodCall& call) -> std::function<Answer()> {
                       const std::string domain = text_argument(call);
                       std::vector<std::string> published;
                       call >> published;
                       return [&m, domain, published]() -> Answer { return m.dns_records(domain, published); };
                   }),
            stream(bus, "Apply", "s",
                   [&m](sdbus::MethodCall& call) -> std::function<Json(const Progress&)> {
                       const std::string id = text_argument(call);
                       if (!is_id(id))
                           throw Error(Code::invalid_input, "cannot apply: this is not the id of a plan",
                                       "vectis plan shows it");
                       return [&m, id](const Progress& progress) { return m.apply(id, progress); };
                   }),
            stream(bus, "Rollback", "u",
                   [&m](sdbus::MethodCall& call) -> std::function<Json(const Progress&)> {
                       std::uint32_t generation = 0;
                       call >> generation;
                       return [&m, generation](const Progress& progress) { return m.rollback(generation, progress); };
                   }),
            stream(bus, "Health", "s",
                   [&m](sdbus::MethodCall& call) -> std::function<Json(const Progress&)> {
                       const HealthSet set = health_set(text_argument(call));
                       return [&m, set](const Progress& progress) { return m.health(set, progress); };
                   }),
        };
    }

    /// The edge: authorises, runs `use`, answers its errors.
    void take(bus::Connection& bus, const sdbus::MethodCall& call, const std::function<void()>& use) {
        std::optional<Error> error;
        try {
            error = guarded([&] {
                authorise(bus, call);
                if (refusing_)
                    throw Error(Code::unavailable, "cannot take the call: the supervisor is stopping");
                use();
            });
            if (error)
                reply(call, Answer(std::move(*error)));
        } catch (const std::exception&) {
            // The caller has gone, or the connection: the loop notices the latter itself.
        }
    }

    /// root and the user `vectis`, by the uid that the bus itself vouches for. No names, groups or polkit.
    static void authorise(bus::Connection& bus, const sdbus::MethodCall& call) {
        const bus::Target daemon{"org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus"};
        const std::string sender = call.getSender();
        auto answer = bus.call(daemon, "GetConnectionUnixUser", [&](sdbus::Message& message) { message << sender; });
        std::uint32_t uid = 0;
        answer >> uid;
        if (uid == 0)
            return;
        passwd entry{};
        passwd* found = nullptr;
        std::array<char, 4096> text{};
        if (getpwnam_r("vectis", &entry, text.data(), text.size(), &found) == 0 && found != nullptr &&
            uid == found->pw_uid)
            return;
        throw Error(Code::denied, fmt::format("cannot let user {} drive the supervisor", uid), "run it as root");
    }

    void check_room() const {
        if (calls_.size() >= most_calls)
            throw Error(Code::busy, fmt::format("cannot take more than {} calls at once", most_calls),
                        "wait for those that are running");
    }

    void start(const sdbus::MethodCall& call, std::function<Answer()> work, bool changes) {
        check_room();
        launch(call, short_limit, changes, [work = std::move(work)]() -> Answer {
            Answer answer;
            if (auto error = guarded([&] { answer = work(); }))
                answer = std::move(*error);
            return answer;
        });
    }

    void launch(std::optional<sdbus::MethodCall> caller, milliseconds limit, bool changes,
                std::function<Answer()> work) {
        const std::uint64_t id = next_++;
        if (caller)
            callers_.emplace(id, std::move(*caller));
        calls_.emplace(id,
                       Call{steady_clock::now() + limit, changes, std::jthread([this, id, work = std::move(work)] {
                                Answer answer = work();
                                finished_.with([&](auto& list) { list.push_back(Finished{id, std::move(answer)}); });
                                eventfd_write(wake_.get(), 1);
                            })});
    }

    void finish_calls() {
        std::vector<Finished> done;
        finished_.with([&](auto& list) { done.swap(list); });
        for (auto& each : done) {
            calls_.erase(each.id); // joins a thread that has nothing left to do
            const auto caller = callers_.find(each.id);
            if (caller == callers_.end())
                continue;
            try {
                reply(caller->second, std::move(each.answer));
            } catch (const std::exception&) {
                // Gone; see take().
            }
            callers_.erase(caller);
        }
    }

    static void reply(const sdbus::MethodCall& call, Answer answer) {
        if (const auto* error = std::get_if<Error>(&answer)) {
            const auto wire = to_wire(*error);
            bus::reply_error(call, wire.name, wire.message);
            return;
        }
        bus::translate([&] {
            auto message = call.createReply();
            if (const auto* text = std::get_if<std::string>(&answer))
                message << *text;
            if (const auto* fd = std::get_if<UniqueFd>(&answer))
                message << sdbus::UnixFd(fd->get());
            message.send();
        });
    }

    SupervisorMethods& methods_;
    UniqueFd wake_;
    bool refusing_ = false;
    std::uint64_t next_ = 1;
    Guarded<std::vector<Finished>> finished_;
    steady_clock::time_point retry_at_;
    std::unique_ptr<bus::Connection> bus_;
    std::unique_ptr<sdbus::IObject> object_;
    std::map<std::uint64_t, sdbus::MethodCall> callers_; // after bus_: a message must not outlive its connection
    std::map<std::uint64_t, Call> calls_;                // last: its threads use the rest
};

std::string_view text(QueueAction action) {
    return queue_actions.at(static_cast<std::size_t>(action));
}

std::string_view text(SieveAction action) {
    return sieve_actions.at(static_cast<std::size_t>(action));
}

SupervisorService::SupervisorService(SupervisorMethods& methods) : session_(std::make_unique<Session>(methods)) {}
SupervisorService::~SupervisorService() = default;

std::vector<pollfd> SupervisorService::descriptors() {
    return session_->descriptors();
}
std::optional<milliseconds> SupervisorService::patience() {
    return session_->patience();
}
void SupervisorService::dispatch() {
    session_->dispatch();
}
void SupervisorService::refuse() {
    session_->refuse();
}
std::size_t SupervisorService::running() const {
    return session_->running();
}
bool SupervisorService::changing() const {
    return session_->changing();
}
bool SupervisorService::healthy() const {
    return session_->healthy();
}

} // namespace vectis::systemd
