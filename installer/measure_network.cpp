#include "base/error.hpp"
#include "base/text.hpp"
#include "installer/preflight.hpp"
#include "net/addresses.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>

namespace vectis::installer {

namespace {

using net::Answer;
using net::Question;
using net::RecordType;
using std::chrono::steady_clock;

/// Large receivers, to see whether port 25 is open outwards. One that answers is enough.
constexpr std::array reachable{"gmail.com", "outlook.com", "yahoo.com", "icloud.com"};
/// Lists that receivers commonly use and that may be asked without registration.
constexpr std::array blocklist_zones{"zen.spamhaus.org", "bl.spamcop.net", "b.barracudacentral.org",
                                     "psbl.surriel.com"};
constexpr std::chrono::seconds reach_limit{6};

UniqueFd start_connection(const std::string& address) {
    sockaddr_in four{};
    sockaddr_in6 six{};
    const bool ipv6 = net::is_ipv6(address);
    UniqueFd fd(socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd)
        throw system_error(errno, "cannot make a socket");
    constexpr std::uint16_t smtp = 25;
    int result = 0;
    if (ipv6) {
        six.sin6_family = AF_INET6;
        six.sin6_port = htons(smtp);
        inet_pton(AF_INET6, address.c_str(), &six.sin6_addr);
        result = connect(fd.get(), reinterpret_cast<const sockaddr*>(&six), sizeof six);
    } else {
        four.sin_family = AF_INET;
        four.sin_port = htons(smtp);
        inet_pton(AF_INET, address.c_str(), &four.sin_addr);
        result = connect(fd.get(), reinterpret_cast<const sockaddr*>(&four), sizeof four);
    }
    if (result != 0 && errno != EINPROGRESS)
        throw system_error(errno, "cannot connect");
    return fd;
}

/// What a socket that poll() called ready says: the first line of a greeting (220, RFC 5321 section 3.1), or why there
/// is none.
void hear(ReachFacts& reach, UniqueFd& fd) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    std::array<char, 512> bytes{};
    const ssize_t count = error == 0 ? recv(fd.get(), bytes.data(), bytes.size(), 0) : -1;
    if (count < 0 && error == 0 && (errno == EAGAIN || errno == EINTR))
        return;
    const std::string_view greeting(bytes.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
    reach.reached = greeting.starts_with("220");
    if (error != 0 || count < 0)
        reach.found = std::strerror(error != 0 ? error : errno);
    else if (greeting.empty())
        reach.found = "closed the connection without a greeting";
    else
        reach.found = printable(trim(greeting.substr(0, greeting.find('\n')))).substr(0, 120);
    fd.reset();
}

/// Connects to all addresses at once (`addresses` is beside `reached`) and stops at the first greeting.
void try_port_25(std::vector<ReachFacts>& reached, const std::vector<std::string>& addresses) {
    std::vector<UniqueFd> sockets(reached.size());
    for (std::size_t i = 0; i < reached.size(); ++i) {
        if (addresses[i].empty())
            continue;
        try {
            sockets[i] = start_connection(addresses[i]);
            reached[i].found = fmt::format("no greeting within {} s", reach_limit.count());
        } catch (const Error& error) {
            reached[i].found = error.what();
        }
    }
    const auto deadline = steady_clock::now() + reach_limit;
    for (;;) {
        std::vector<pollfd> waits;
        for (const auto& each : sockets)
            waits.push_back({each.get(), POLLIN, 0}); // poll() skips the closed ones: their number is negative
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now()).count();
        const bool open = std::any_of(sockets.begin(), sockets.end(), [](const UniqueFd& each) { return bool(each); });
        if (left <= 0 || !open || (poll(waits.data(), waits.size(), static_cast<int>(left)) < 0 && errno != EINTR))
            return;
        for (std::size_t i = 0; i < waits.size(); ++i) {
            if (waits[i].revents != 0)
                hear(reached[i], sockets[i]);
            if (reached[i].reached)
                return;
        }
    }
}

std::vector<ReachFacts> measure_reach(net::Resolver& resolver) {
    std::vector<ReachFacts> reached;
    std::vector<Question> exchangers;
    for (const auto* domain : reachable) {
        reached.push_back({.domain = domain});
        exchangers.push_back({domain, RecordType::mx});
    }
    const auto answers = resolver.lookup_all(exchangers);
    std::vector<Question> hosts;
    for (std::size_t i = 0; i < answers.size(); ++i) {
        if (answers[i].found()) {
            // "5 mx.example.test": the values sort as text, which is any one of them and good enough here.
            const std::string& value = answers[i].values.front();
            if (const std::string host = value.substr(value.find(' ') + 1); host != ".")
                reached[i].host = host;
        } else {
            reached[i].found = answers[i].why.empty() ? "has no MX record" : answers[i].why;
        }
        hosts.push_back({reached[i].host.empty() ? "." : reached[i].host, RecordType::a});
    }
    const auto addresses = resolver.lookup_all(hosts);
    std::vector<std::string> chosen;
    for (std::size_t i = 0; i < reached.size(); ++i) {
        const bool usable = !reached[i].host.empty() && addresses[i].found();
        chosen.push_back(usable ? addresses[i].values.front() : "");
        if (!usable)
            reached[i].host.clear();
    }
    try_port_25(reached, chosen);
    return reached;
}

std::vector<AddressFacts> measure_reverse(net::Resolver& resolver, const std::vector<std::string>& addresses) {
    std::vector<AddressFacts> facts;
    std::vector<Question> questions;
    for (const auto& address : addresses)
        questions.push_back({net::reversed_name(address).value_or("."), RecordType::ptr});
    const auto answers = resolver.lookup_all(questions);
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        AddressFacts each{.address = addresses[i], .names = answers[i]};
        constexpr std::size_t most = 5; // more names than that say nothing about a mail server
        std::vector<Question> forward;
        for (std::size_t n = 0; n < std::min(most, answers[i].values.size()); ++n)
            forward.push_back({answers[i].values[n], net::is_ipv6(addresses[i]) ? RecordType::aaaa : RecordType::a});
        const auto back = resolver.lookup_all(forward);
        for (std::size_t n = 0; n < back.size(); ++n) {
            const auto& values = back[n].values;
            if (std::find(values.begin(), values.end(), addresses[i]) != values.end())
                each.confirmed_names.push_back(forward[n].name);
        }
        each.confirmed = !each.confirmed_names.empty();
        facts.push_back(std::move(each));
    }
    return facts;
}

/// RFC 5782 section 5: a list that works lists 127.0.0.2 and not 127.0.0.1. 127.255.255.x is how Spamhaus refuses.
void judge_list(BlocklistFacts& list, const Answer& must, const Answer& must_not) {
    if (must.found() && must.values.front().starts_with("127.255.255."))
        list.why = fmt::format("it refuses to answer your resolver ({})", must.values.front());
    else if (!must.found())
        list.why = must.why.empty() ? "it does not list its test address" : must.why;
    else if (must_not.found())
        list.why = "it lists everything";
    list.usable = list.why.empty();
}

std::vector<BlocklistFacts> measure_blocklists(net::Resolver& resolver, const std::vector<std::string>& addresses) {
    std::vector<Question> questions;
    for (const auto* zone : blocklist_zones) {
        questions.push_back({fmt::format("2.0.0.127.{}", zone), RecordType::a});
        questions.push_back({fmt::format("1.0.0.127.{}", zone), RecordType::a});
        for (const auto& address : addresses)
            questions.push_back({fmt::format("{}.{}", *net::reversed_labels(address), zone), RecordType::a});
    }
    const auto answers = resolver.lookup_all(questions);
    std::vector<BlocklistFacts> lists;
    for (std::size_t at = 0; const auto* zone : blocklist_zones) {
        BlocklistFacts list{.zone = zone};
        judge_list(list, answers[at], answers[at + 1]);
        at += 2;
        for (const auto& address : addresses) {
            const Answer& answer = answers[at++];
            if (list.usable && answer.found() && answer.values.front().starts_with("127.") &&
                !answer.values.front().starts_with("127.255.255."))
                list.listed.push_back(fmt::format("{} ({})", address, join(answer.values, ", ")));
        }
        lists.push_back(std::move(list));
    }
    return lists;
}

/// The root is signed: if it does not validate, nothing does.
void measure_resolver(NetworkFacts& facts) {
    try {
        const Answer root = net::Resolver().lookup(".", RecordType::ns);
        facts.resolver_answers = root.found() || root.status == net::Status::bogus;
        facts.resolver_validates = root.found() && root.secure;
        facts.resolver_why = root.why;
    } catch (const Error& error) {
        facts.resolver_why = error.text();
    }
    if (facts.resolver_answers)
        return;
    const Answer root = net::Resolver({.anchor = {}}).lookup(".", RecordType::ns);
    facts.resolver_answers = root.found();
    if (!root.found())
        facts.resolver_why = root.why;
}

} // namespace

NetworkFacts measure_network(const std::string& hostname, const std::vector<std::string>& addresses,
                             const std::function<void(std::string_view)>& progress) {
    NetworkFacts facts;
    progress("asking the DNS resolver");
    measure_resolver(facts);
    if (!facts.resolver_answers)
        return facts;
    net::ResolverOptions options;
    if (!facts.resolver_validates)
        options.anchor.clear(); // a resolver that strips signatures would make every answer bogus
    net::Resolver resolver(options);
    if (!hostname.empty()) {
        const auto answers = resolver.lookup_all({{hostname, RecordType::a}, {hostname, RecordType::aaaa}});
        facts.a = answers[0];
        facts.aaaa = answers[1];
    }
    // Behind NAT the interfaces know no public address; DNS then says which one the world sees.
    std::vector<std::string> seen;
    std::copy_if(addresses.begin(), addresses.end(), std::back_inserter(seen), net::is_public);
    for (const auto& answer : {facts.a, facts.aaaa}) {
        for (const auto& value : answer.values) {
            if (net::is_public(value) && std::find(seen.begin(), seen.end(), value) == seen.end())
                seen.push_back(value);
        }
    }
    facts.addresses = measure_reverse(resolver, seen);
    progress("asking blocklists");
    facts.blocklists = measure_blocklists(resolver, seen);
    progress("connecting to port 25 of other mail servers");
    facts.reached = measure_reach(resolver);
    return facts;
}

} // namespace vectis::installer
