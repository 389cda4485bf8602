#include "courier/courier.hpp"

#include "base/error.hpp"
#include "base/guarded.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "net/dns.hpp"
#include "systemd/journal.hpp"
#include "systemd/listen.hpp"
#include "systemd/notify.hpp"
#include "web/client.hpp"
#include "webhooks/wire.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <poll.h>
#include <set>
#include <thread>

namespace vectis::courier {

namespace {

/// Of an answer's body: enough to recognize an error by.
constexpr std::size_t longest_detail = 500;

std::vector<IpNetwork> allowed_networks(const fs::path& file) {
    const auto text = read_file(file);
    if (!text)
        throw Error(Code::not_found, fmt::format("cannot read '{}': it does not exist", file.string()), "vectis apply");
    std::vector<IpNetwork> networks;
    for (const auto& each : split(parse_json(*text).at("allow_networks").get<std::string>(), ' ')) {
        const auto network = parse_ip_network(each);
        if (each.empty())
            continue;
        if (!network)
            throw Error(Code::invalid_input, fmt::format("'{}' names a network that is none", file.string()));
        networks.push_back(*network);
    }
    return networks;
}

webhooks::Outcome outcome_of(const web::WebAnswer& answer) {
    webhooks::Outcome outcome{.code = answer.status,
                              .fault = std::string(web::fault_name(answer.fault)),
                              .detail = answer.detail,
                              .retry_after = std::nullopt,
                              .took = answer.took};
    if (!answer.answered()) {
        outcome.code = 0; // what came was no whole answer
        return outcome;
    }
    outcome.detail = printable(answer.body.substr(0, longest_detail));
    if (const auto found = answer.headers.find("retry-after"); found != answer.headers.end())
        outcome.retry_after = printable(found->second);
    return outcome;
}

/// A thread for each connection of `vectis serve`, which has as many as it posts at once.
class Connections {
  public:
    explicit Connections(web::WebClient& client) : client_(client) {}
    /// Each ends after the answer that is under way.
    ~Connections() {
        open_.with([](const std::set<int>& all) {
            for (const int fd : all)
                shutdown(fd, SHUT_RD);
        });
        threads_.clear(); // waits for them
    }
    Connections(const Connections&) = delete;
    Connections& operator=(const Connections&) = delete;

    void serve(UniqueFd fd) {
        std::erase_if(threads_, [](const auto& each) { return each.second->load(); });
        const int number = fd.get();
        open_.with([&](std::set<int>& all) { all.insert(number); });
        auto ended = std::make_shared<std::atomic<bool>>(false);
        threads_.emplace_back(std::jthread([this, ended, number, own = std::move(fd)]() mutable {
                                  try {
                                      answer(webhooks::Lines(std::move(own)), number);
                                  } catch (const std::exception& fault) {
                                      systemd::log(systemd::Priority::error, as_error(fault).text());
                                  }
                                  ended->store(true);
                              }),
                              ended);
    }

  private:
    void answer(webhooks::Lines lines, int fd) {
        // Forgotten before it is closed: then the number may be another's.
        const std::unique_ptr<void, std::function<void(void*)>> open(
            this, [this, fd](void*) { open_.with([&](std::set<int>& all) { all.erase(fd); }); });
        while (const auto line = lines.read()) {
            const auto post = webhooks::read_post(*line);
            if (!lines.write(to_line(outcome_of(client_.post(post.url, post.headers, post.body)))))
                break;
        }
    }

    web::WebClient& client_;
    Guarded<std::set<int>> open_;
    std::list<std::pair<std::jthread, std::shared_ptr<std::atomic<bool>>>> threads_;
};

/// By the resolver of this host, which validates; the library validates once more. It is set up for each lookup, which
/// takes longer than the lookup: what a receiver of hundreds of posts a second is called is good for a moment. Each
/// address is judged when it is connected all the same.
class Lookups {
  public:
    /// The questions are about one host, and always the same.
    std::vector<net::Answer> operator()(const std::vector<net::Question>& questions) {
        const auto now = steady_clock::now();
        const auto known = known_.with([&](std::map<std::string, Known>& all) -> std::optional<Known> {
            std::erase_if(all, [&](const auto& each) { return now - each.second.at > good_for; });
            const auto found = all.find(questions.front().name);
            return found == all.end() ? std::nullopt : std::optional(found->second);
        });
        if (known)
            return known->answers;
        auto answers = net::Resolver({.servers = {"127.0.0.1"}}).lookup_all(questions);
        if (std::any_of(answers.begin(), answers.end(), [](const net::Answer& each) { return each.found(); }))
            known_.with([&](std::map<std::string, Known>& all) {
                all.insert_or_assign(questions.front().name, Known{steady_clock::now(), answers});
            });
        return answers;
    }

  private:
    using steady_clock = std::chrono::steady_clock;
    static constexpr std::chrono::milliseconds good_for{500};
    struct Known {
        steady_clock::time_point at;
        std::vector<net::Answer> answers;
    };

    Guarded<std::map<std::string, Known>> known_;
};

/// Accepts until one of the signals of `ends` comes.
void accept_until(int ends, int listening, Connections& connections) {
    for (;;) {
        std::array<pollfd, 2> waiting{pollfd{ends, POLLIN, 0}, pollfd{listening, POLLIN, 0}};
        if (poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR)
            throw system_error(errno, "cannot wait for a connection");
        if (waiting.front().revents != 0)
            return;
        if (waiting.back().revents == 0)
            continue;
        UniqueFd fd(accept4(listening, nullptr, nullptr, SOCK_CLOEXEC));
        if (fd)
            connections.serve(std::move(fd));
        else if (errno != EINTR && errno != ECONNABORTED && errno != EAGAIN)
            throw system_error(errno, "cannot accept a connection");
    }
}

} // namespace

void run(const fs::path& networks) {
    // Before there is a thread: each inherits it.
    sigset_t signals{};
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    const UniqueFd ends(signalfd(-1, &signals, SFD_CLOEXEC));
    if (!ends)
        throw system_error(errno, "cannot wait for signals");

    const auto sockets = systemd::take_listening_sockets();
    if (sockets.size() != 1)
        throw Error(Code::invalid_input, "cannot deliver: there is no socket",
                    "systemctl start vectis-webhooks.socket");
    web::WebOptions options;
    options.allow_networks = allowed_networks(networks);
    Lookups lookups;
    web::WebClient client([&lookups](const std::vector<net::Question>& questions) { return lookups(questions); },
                          std::move(options));
    Connections connections(client);
    systemd::notify_ready();
    accept_until(ends.get(), sockets.front().fd.get(), connections);
    systemd::notify_stopping();
}

} // namespace vectis::courier
