#include "serve/serve.hpp"

#include "accounts/dovecot_login.hpp"
#include "api/dispatch.hpp"
#include "api/rotation.hpp"
#include "api/server.hpp"
#include "base/guarded.hpp"
#include "base/random.hpp"
#include "mail/abuse.hpp"
#include "mail/bounces.hpp"
#include "mail/holds.hpp"
#include "mail/inbound.hpp"
#include "mail/lmtp_server.hpp"
#include "mail/reconciler.hpp"
#include "mail/retention.hpp"
#include "mail/submitter.hpp"
#include "mail/token.hpp"
#include "mail/tracker.hpp"
#include "net/dns.hpp"
#include "store/directory.hpp"
#include "store/vectis.hpp"
#include "systemd/client.hpp"
#include "systemd/journal.hpp"
#include "systemd/listen.hpp"
#include "systemd/notify.hpp"
#include "webhooks/deliverer.hpp"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <thread>

namespace vectis::serve {

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

/// The pages of one list are asked for one after the other.
class Queue {
  public:
    std::string operator()(bool same) {
        constexpr std::chrono::seconds good_for{30};
        return last_.with([&](Last& last) {
            const auto now = std::chrono::steady_clock::now();
            if (!same || last.text.empty() || now - last.at > good_for)
                last = {now, systemd::SupervisorClient().queue()};
            return last.text;
        });
    }

  private:
    struct Last {
        std::chrono::steady_clock::time_point at;
        std::string text;
    };
    Guarded<Last> last_;
};

/// What Dovecot says of a mailbox's password. Whoever asks has shown no credential yet: the journal gets the cause.
std::optional<std::string> judged(const std::string& user, const std::string& password) {
    constexpr std::chrono::seconds limit{10};
    try {
        return accounts::dovecot_login(accounts::dovecot_password_socket, user, password, limit);
    } catch (const Error& error) {
        systemd::log(systemd::Priority::error, error.text());
        throw Error(Code::unavailable, "passwords cannot be judged now", "try again in a moment");
    }
}

/// What the server is called. Messages are accepted, with links to it, while the supervisor is away: then it is called
/// what it was called last.
class Hostname {
  public:
    std::string operator()() {
        constexpr std::chrono::minutes good_for{1};
        return last_.with([&](Last& last) {
            const auto now = std::chrono::steady_clock::now();
            if (!last.name.empty() && now - last.at < good_for)
                return last.name;
            try {
                const Json status = parse_json(systemd::SupervisorClient().status());
                // Not there: Postfix's settings cannot be read at the moment.
                if (std::string name = status.value("hostname", ""); !name.empty())
                    last = {now, std::move(name)};
            } catch (const Error& error) {
                if (last.name.empty())
                    throw Error(Code::unavailable,
                                fmt::format("the name of this server is not known: {}", error.what()),
                                "ask again in a moment");
            }
            if (last.name.empty())
                throw Error(Code::unavailable, "the name of this server is not known",
                            "vectis status says what is wrong with Postfix's settings");
            return last.name;
        });
    }

  private:
    struct Last {
        std::chrono::steady_clock::time_point at;
        std::string name;
    };
    Guarded<Last> last_;
};

/// By the resolver of this host, which validates; the library validates once more.
std::vector<net::Answer> lookup(const std::vector<net::Question>& questions) {
    return net::Resolver({.servers = {"127.0.0.1"}}).lookup_all(questions);
}

/// Does `work` now and then; what it throws is logged once, but for a supervisor that is not there, which
/// `vectis status` says.
void again_and_again(std::chrono::seconds pause, const std::function<void()>& work, const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    std::string said;
    while (!stop.stop_requested()) {
        try {
            work();
            said.clear();
        } catch (const std::exception& fault) {
            const Error error = as_error(fault);
            if (error.code() != Code::unavailable && std::exchange(said, error.text()) != error.text())
                systemd::log(systemd::Priority::error, error.text());
        }
        wake.wait_for(lock, stop, pause, [] { return false; });
    }
}

constexpr std::size_t token_key_bytes = 32;
constexpr std::size_t connections_from_postfix = 8;
/// Most of the time each waits for a disk: Postfix's queue file, then what became of it here.
constexpr std::size_t connections_to_postfix = 16;
constexpr std::size_t webhooks_at_once = 48;

/// Reads Postfix's log as it grows, until asked to stop. `up_to_date`: it was read to its end, and is followed since.
void track(mail::Tracker& tracker, mail::Submitter& submitter, std::atomic<bool>& up_to_date,
           const std::stop_token& stop) {
    up_to_date = false;
    // Whichever of them runs Postfix on this release.
    const std::vector<std::string> units{"postfix@-.service", "postfix.service"};
    // The supervisor and administrators call it. Once it has begun it is Postfix's user.
    const std::vector<systemd::Writer> writers{{"postfix", "postfix/postsuper"}};
    systemd::follow(
        units, writers, tracker.cursor().value_or(""), stop,
        [&](const std::vector<systemd::Entry>& entries, const std::string& cursor) {
            std::vector<mail::LogLine> lines;
            for (const auto& each : entries)
                lines.push_back({each.time, each.identifier, each.message});
            tracker.take(lines, cursor);
        },
        [&] {
            submitter.begin();
            up_to_date = true;
        });
}

/// Whoever Postfix has forgotten without a word waits no longer, and whom it has without a word does not go twice.
void reconcile(mail::Reconciler& reconciler, mail::Submitter& submitter, const std::atomic<bool>& log_is_read) {
    // What is not read yet may say what became of them.
    if (!log_is_read)
        return;
    if (submitter.is_in_doubt())
        reconciler.adopt();
    if (const std::size_t count = reconciler.look(); count > 0)
        systemd::log(systemd::Priority::warning,
                     fmt::format("messages to {} recipients are no longer in Postfix's queue, and its log does not say "
                                 "what became of them: their status is 'unknown'",
                                 count));
}

/// Who sends as a stolen password or key does is held.
void look_for_abuse(store::Vectis& database, const fs::path& current, mail::Submitter& submitter) {
    const auto lines = mail::look_for_abuse(database, mail::abuse_rules(current / "api/abuse.json"));
    for (const auto& line : lines)
        systemd::log(systemd::Priority::warning, line);
    if (!lines.empty())
        submitter.wake(); // people are told
}

mail::InboundSettings inbound_settings(const fs::path& current) {
    const fs::path file = current / "postfix/inbound.json";
    const auto text = read_file(file);
    if (!text)
        throw Error(Code::unavailable, fmt::format("cannot read '{}': it does not exist", file.string()),
                    "'vectis apply' makes it");
    return mail::inbound_settings(*text);
}

/// What comes back to the API's own senders is theirs; everything else that Postfix hands over has a route.
mail::LmtpServer::Receive sorted(mail::LmtpServer::Receive bounces, mail::LmtpServer::Receive inbound) {
    return {
        .recipient =
            [bounces, inbound](const std::string& recipient) {
                return (mail::is_bounce_address(recipient) ? bounces : inbound).recipient(recipient);
            },
        .message =
            [bounces, inbound](const std::string& sender, const std::string& recipient, const std::string& message) {
                return (mail::is_bounce_address(recipient) ? bounces : inbound).message(sender, recipient, message);
            }};
}

Json have_done(const store::Operation& operation, const api::Operations::Progress& progress,
               const std::stop_token& stop) {
    systemd::SupervisorClient client;
    if (operation.kind == "apply")
        return client.apply(operation.argument, progress, stop);
    if (operation.kind == "rollback")
        return client.rollback(static_cast<std::uint32_t>(std::stoul(operation.argument)), progress, stop);
    Json probes = Json::array();
    const auto set = operation.argument == "all" ? systemd::HealthSet::all : systemd::HealthSet::quick;
    Json result = client.health(
        set,
        [&](const Json& event) {
            progress(event);
            if (event.value("event", "") == "probe")
                probes.push_back({{"probe", event.at("probe")},
                                  {"passed", event.at("passed")},
                                  {"detail", event.at("detail")},
                                  {"milliseconds", event.at("milliseconds")}});
        },
        stop);
    result["probes"] = std::move(probes);
    return result;
}

/// Has the supervisor do what takes long, and follows it.
Json work(const store::Operation& operation, const api::Operations::Progress& progress, const std::stop_token& stop) {
    try {
        return have_done(operation, progress, stop);
    } catch (const systemd::Unheard& error) {
        throw api::Operations::Unheard(error);
    }
}

} // namespace

void run(const state::Paths& paths) {
    // Before there is a thread: each inherits it, and one waits for the signals.
    sigset_t ends{};
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, nullptr);

    std::vector<api::Listener> listeners;
    UniqueFd from_postfix;
    UniqueFd asked_by_postfix;
    for (auto& socket : systemd::take_listening_sockets()) {
        if (socket.name == "lmtp")
            from_postfix = std::move(socket.fd);
        else if (socket.name == "policy")
            asked_by_postfix = std::move(socket.fd);
        else
            listeners.push_back({std::move(socket.fd), door_of(socket.name)});
    }
    if (listeners.empty())
        throw Error(Code::invalid_input, "cannot serve: there is no socket", "systemctl start vectis-api.service");

    const auto log_error = [](const std::string& line) { systemd::log(systemd::Priority::error, line); };
    store::Vectis database(paths.api_db(), paths.migrations() / "vectis", "");
    // Before whatever changes the database, and so after it at the end: each change wakes it.
    webhooks::Deliverer deliverer(database, "/run/vectis-webhooks.sock", webhooks_at_once, log_error);
    database.when_changed([&deliverer] { deliverer.wake(); });
    accounts::Ledger ledger(database);
    Health health(paths);
    accounts::Throttle throttle;
    store::DirectoryReader directory(paths.directory());
    // Dovecot puts a refusal off for 2 seconds (auth_failure_delay) and what is left of a half.
    constexpr std::chrono::seconds refusal{3};
    accounts::MailboxOwners owners(
        directory, judged,
        [](const std::string& address, const std::string& hash) {
            systemd::SupervisorClient().set_password(address, hash);
        },
        refusal);
    accounts::Errands errands(
        database, ledger,
        [](const std::string& id, const std::string& change) {
            return systemd::SupervisorClient().change_account(id, change);
        },
        api::errand_answer, [](const std::string& line) { systemd::log(systemd::Priority::notice, line); });
    Queue queue;
    Hostname hostname;
    api::Operations operations(ledger, work, log_error);
    const std::string token_key = database.write(
        [](store::Database& own) { return store::Messages(own).own_secret("bounce", random_hex(token_key_bytes)); });
    const std::string unsubscribe_key = database.write([](store::Database& own) {
        return store::Messages(own).own_secret("unsubscribe", random_hex(token_key_bytes));
    });
    const std::string tracking_key = database.write(
        [](store::Database& own) { return store::Messages(own).own_secret("tracking", random_hex(token_key_bytes)); });
    mail::Submitter submitter(database,
                              {.socket = "/var/spool/postfix/public/vectis-submit",
                               .token_key = token_key,
                               .unsubscribe_key = unsubscribe_key,
                               .tracking_key = tracking_key},
                              log_error);
    mail::Tracker tracker(database, token_key, [&directory](const std::string& domain) {
        const auto row =
            directory.read([&](store::Database& own) { return store::Accounts(own).domain_named(domain); });
        return row && row->managed_by != "system";
    });
    mail::Bounces bounces(database, token_key);
    const std::string link_key = database.write([](store::Database& own) {
        return store::Messages(own).own_secret("inbound_links", random_hex(token_key_bytes));
    });
    const auto settings = [&paths] { return inbound_settings(paths.current()); };
    mail::Inbound inbound(database, directory, settings, link_key);
    mail::LimitsInForce limits(paths.current() / "api/limits.json");
    mail::Reconciler reconciler(database,
                                {.token_key = token_key, .list = [] { return systemd::SupervisorClient().queue(); }});
    const api::Services services{
        .ledger = ledger,
        .throttle = throttle,
        .owners = owners,
        .errands = errands,
        .directory = directory,
        .hostname = [&hostname] { return hostname(); },
        .try_import =
            [](const std::string& change) { return systemd::SupervisorClient().change_account(uuid7(), change); },
        .dns_records =
            [](const std::string& domain, const std::vector<std::string>& published) {
                return systemd::SupervisorClient().dns_records(domain, published);
            },
        .plan = [] { return systemd::SupervisorClient().plan(); },
        .status = [] { return systemd::SupervisorClient().status(); },
        .figures = [] { return systemd::SupervisorClient().figures(); },
        .generations = [] { return systemd::SupervisorClient().generations(); },
        .logs = [](const std::string& service, Time since,
                   std::uint32_t most) { return systemd::SupervisorClient().logs(service, since, most); },
        .restart = [](const std::string& name) { systemd::SupervisorClient().restart(name); },
        .queue = [&queue](bool same) { return queue(same); },
        .act_on_queue = [](const std::string& id,
                           const std::string& action) { systemd::SupervisorClient().act_on_queue(id, action); },
        .mailbox_use = [](const std::string& address) { return systemd::SupervisorClient().mailbox_use(address); },
        .sieve_scripts = [](const std::string& address) { return systemd::SupervisorClient().sieve_scripts(address); },
        .sieve_script = [](const std::string& address,
                           const std::string& name) { return systemd::SupervisorClient().sieve_script(address, name); },
        .put_sieve_script =
            [](const std::string& address, const std::string& name, const std::string& script) {
                systemd::SupervisorClient().put_sieve_script(address, name, script);
            },
        .act_on_sieve_script =
            [](const std::string& address, const std::string& name, const std::string& action) {
                systemd::SupervisorClient().act_on_sieve_script(address, name, action);
            },
        .operations = operations,
        .wake_sender = [&submitter] { submitter.wake(); },
        .is_being_sent = [&submitter](std::int64_t recipient) { return submitter.is_handing_over(recipient); },
        .config = [&paths] { return state::read_config(paths.config()); },
        .lookup = lookup,
        .health = [&health] { return health(); },
        .log = log_error,
        .unsubscribe_key = unsubscribe_key,
        .limits = [&limits] { return limits(); },
        .tracking_key = tracking_key,
        .inbound_settings = settings,
        .link_key = link_key};
    // What was left unfinished when the process was killed, or when there was no supervisor.
    const std::jthread finishing([&](const std::stop_token& stop) {
        again_and_again(
            std::chrono::seconds(5), [&] { errands.finish_left(); }, stop);
    });
    const std::jthread rotating([&](const std::stop_token& stop) {
        api::Rotation rotation(services);
        again_and_again(
            std::chrono::minutes(1), [&] { rotation.look(stop); }, stop);
    });
    // What was handed over when the process before this one ended is in Postfix's log; only then is more handed over.
    std::atomic<bool> log_is_read{false};
    const std::jthread tracking([&](const std::stop_token& stop) {
        again_and_again(
            std::chrono::seconds(5), [&] { track(tracker, submitter, log_is_read, stop); }, stop);
    });
    const std::jthread reconciling([&](const std::stop_token& stop) {
        again_and_again(
            std::chrono::seconds(8), [&] { reconcile(reconciler, submitter, log_is_read); }, stop);
    });
    mail::Holder holder(
        database,
        {.token_key = token_key,
         .list = [] { return systemd::SupervisorClient().queue(); },
         .act = [](const std::string& id,
                   const std::string& action) { systemd::SupervisorClient().act_on_queue(id, action); },
         .is_being_sent = [&submitter](std::int64_t recipient) { return submitter.is_handing_over(recipient); },
         .wake_sender = [&submitter] { submitter.wake(); }});
    const std::jthread holding([&](const std::stop_token& stop) {
        again_and_again(
            std::chrono::seconds(5),
            [&] {
                if (log_is_read)
                    holder.look(stop);
            },
            stop);
    });
    const std::jthread watching([&](const std::stop_token& stop) {
        again_and_again(
            std::chrono::seconds(15), [&] { look_for_abuse(database, paths.current(), submitter); }, stop);
    });
    const std::jthread forgetting([&](const std::stop_token& stop) {
        again_and_again(
            std::chrono::hours(1),
            [&] { mail::forget_old(database, mail::keep_in(paths.current() / "api/retention.json"), now(), stop); },
            stop);
    });
    std::vector<std::jthread> sending;
    for (std::size_t i = 0; i < connections_to_postfix; ++i)
        sending.emplace_back([&](const std::stop_token& stop) { submitter.run(stop); });
    std::vector<std::jthread> delivering;
    for (std::size_t i = 0; i < webhooks_at_once; ++i)
        delivering.emplace_back([&](const std::stop_token& stop) { deliverer.run(stop); });
    mail::LmtpServer lmtp(std::move(from_postfix), sorted(bounces.receive(), inbound.receive()));
    std::vector<std::jthread> receiving;
    for (std::size_t i = 0; i < connections_from_postfix; ++i)
        receiving.emplace_back([&](const std::stop_token& stop) {
            again_and_again(
                std::chrono::seconds(5), [&] { lmtp.run(stop); }, stop);
        });
    mail::PolicyServer policy(std::move(asked_by_postfix), {.action =
                                                                [&](const mail::PolicyServer::Attributes& asked) {
                                                                    return mail::submission_action(database, limits(),
                                                                                                   asked, now());
                                                                },
                                                            .log = log_error});
    const std::jthread deciding([&](const std::stop_token& stop) {
        again_and_again(
            std::chrono::seconds(5), [&] { policy.run(stop); }, stop);
    });
    api::Dispatch dispatch(services);
    api::Server server(std::move(listeners), [&](api::Request& request) { return dispatch(request); });
    const std::jthread serving([&](const std::stop_token& stop) { server.run(stop); });
    systemd::notify_ready();
    int signal = 0;
    sigwait(&ends, &signal);
    systemd::notify_stopping();
}

} // namespace vectis::serve
