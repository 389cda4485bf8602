// serve: the process of the REST API (vectis-api.service).
#include "api/dispatch.hpp"
#include "api/server.hpp"
#include "base/guarded.hpp"
#include "cli/invocation.hpp"
#include "net/dns.hpp"
#include "store/directory.hpp"
#include "store/vectis.hpp"
#include "systemd/client.hpp"
#include "systemd/journal.hpp"
#include "systemd/listen.hpp"
#include "systemd/notify.hpp"

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <thread>

namespace vectis::cli {

namespace {

using Checks = std::vector<std::pair<std::string, bool>>;

api::Door door_of(const std::string& name) {
    if (name == "admin")
        return api::Door::admin;
    if (name == "proxy")
        return api::Door::proxy;
    if (name == "local")
        return api::Door::local;
    throw Error(Code::invalid_input, fmt::format("cannot serve a socket named '{}'", name),
                "FileDescriptorName= of its unit is admin, proxy or local");
}

bool well(const std::function<void()>& ask) {
    try {
        ask();
        return true;
    } catch (const Error&) {
        return false; // that is the answer
    }
}

/// Everybody may ask for the health, and asking takes a while: one answer serves a second, and while a new one is being
/// made the last one serves.
class Health {
  public:
    explicit Health(const state::Paths& paths) : paths_(paths) {}

    Checks operator()() {
        const Answer last = this->last();
        if (last.fresh())
            return last.checks;
        std::unique_lock asking(asking_, std::try_to_lock);
        if (!asking && !last.checks.empty())
            return last.checks;
        if (!asking)
            asking.lock();
        if (const Answer made = this->last(); made.fresh())
            return made.checks;
        Checks checks = ask();
        last_.with([&](Answer& kept) { kept = {std::chrono::steady_clock::now(), checks}; });
        return checks;
    }

  private:
    struct Answer {
        std::chrono::steady_clock::time_point at;
        Checks checks;

        [[nodiscard]] bool fresh() const {
            return !checks.empty() && std::chrono::steady_clock::now() - at <= std::chrono::seconds(1);
        }
    };

    Answer last() {
        return last_.with([](const Answer& kept) { return kept; });
    }

    [[nodiscard]] Checks ask() const {
        return {
            {"directory", well([this] { static_cast<void>(store::read_directory_generation(paths_.directory())); })},
            {"supervisor", well([] { static_cast<void>(systemd::SupervisorClient().version()); })},
        };
    }

    state::Paths paths_;
    std::mutex asking_;
    Guarded<Answer> last_;
};

std::string hostname() {
    const Json status = parse_json(systemd::SupervisorClient().status());
    return status.value("hostname", "Vectis");
}

/// By the resolver of this host, which validates; the library validates once more.
std::vector<net::Answer> lookup(const std::vector<net::Question>& questions) {
    return net::Resolver({.servers = {"127.0.0.1"}}).lookup_all(questions);
}

/// What was left unfinished when the process was killed, or when there was no supervisor.
void finish_errands(accounts::Errands& errands, const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    while (!stop.stop_requested()) {
        try {
            errands.finish_left();
        } catch (const std::exception& fault) {
            systemd::log(systemd::Priority::error, as_error(fault).text());
        }
        wake.wait_for(lock, stop, std::chrono::seconds(5), [] { return false; });
    }
}

} // namespace

int run_serve(const Invocation& invocation) {
    // Before there is a thread: each inherits it, and one waits for the signals.
    sigset_t ends{};
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, nullptr);

    std::vector<api::Listener> listeners;
    for (auto& socket : systemd::take_listening_sockets())
        listeners.push_back({std::move(socket.fd), door_of(socket.name)});
    if (listeners.empty())
        throw Error(Code::invalid_input, "cannot serve: there is no socket", "systemctl start vectis-api.service");

    store::Vectis database(invocation.paths.api_db(), invocation.paths.migrations() / "vectis", "");
    accounts::Ledger ledger(database);
    Health health(invocation.paths);
    accounts::Throttle throttle;
    store::DirectoryReader directory(invocation.paths.directory());
    accounts::Errands errands(
        database, ledger,
        [](const std::string& id, const std::string& change) {
            return systemd::SupervisorClient().change_account(id, change);
        },
        api::errand_answer, [](const std::string& line) { systemd::log(systemd::Priority::notice, line); });
    const std::jthread finishing([&](const std::stop_token& stop) { finish_errands(errands, stop); });
    api::Dispatch dispatch({.ledger = ledger,
                            .throttle = throttle,
                            .errands = errands,
                            .directory = directory,
                            .hostname = hostname,
                            .dns_records =
                                [](const std::string& domain, const std::vector<std::string>& published) {
                                    return systemd::SupervisorClient().dns_records(domain, published);
                                },
                            .lookup = lookup,
                            .health = [&health] { return health(); },
                            .log = [](const std::string& line) { systemd::log(systemd::Priority::error, line); }});
    api::Server server(std::move(listeners), [&](api::Request& request) { return dispatch(request); });
    const std::jthread serving([&](const std::stop_token& stop) { server.run(stop); });
    systemd::notify_ready();
    int signal = 0;
    sigwait(&ends, &signal);
    systemd::notify_stopping();
    return 0;
}

} // namespace vectis::cli
