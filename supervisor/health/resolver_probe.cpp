// Asks the local resolver over UDP as Rspamd does. Whether it answers is what gates; what the DNS outside says is only
// told.
#include "base/error.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "health/letter.hpp"
#include "health/probes.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <poll.h>

namespace vectis::health {

namespace {

constexpr auto resolver_address = "127.0.0.1";
constexpr std::uint16_t type_a = 1;
constexpr std::uint16_t type_ns = 2;

struct Answer {
    unsigned code = 0; // RFC 1035 section 4.1.1
    unsigned answers = 0;
    bool authentic = false; // AD, RFC 4035 section 3.2.3
};

std::string_view code_name(unsigned code) {
    constexpr std::array names{"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"};
    return code < names.size() ? names.at(code) : "an unknown code";
}

/// A question with RD and AD set: a resolver that validates then says whether the answer is authentic (RFC 6840
/// section 5.7).
std::string question(std::string_view name, std::uint16_t type, const std::string& id) {
    std::string packet = id + std::string("\x01\x20\0\x01\0\0\0\0\0\0", 10);
    for (const auto& label : split(name, '.')) {
        if (!label.empty())
            packet += static_cast<char>(label.size()) + label;
    }
    packet += '\0';
    for (const unsigned number : {unsigned{type}, 1U}) {
        packet += static_cast<char>(number >> 8U);
        packet += static_cast<char>(number & 0xffU);
    }
    return packet;
}

/// Nothing if no answer comes in time. Throws red if nobody listens there.
std::optional<Answer> ask(std::string_view name, std::uint16_t type, std::chrono::milliseconds time) {
    const UniqueFd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_in server{};
    server.sin_family = AF_INET;
    server.sin_port = htons(53);
    inet_pton(AF_INET, resolver_address, &server.sin_addr);
    if (!fd || connect(fd.get(), reinterpret_cast<const sockaddr*>(&server), sizeof server) != 0)
        throw red(fmt::format("cannot ask the resolver at {}: {}", resolver_address, std::strerror(errno)));
    const std::string id = random_bytes(2);
    const std::string packet = question(name, type, id);
    const Deadline deadline = in(time);
    if (send(fd.get(), packet.data(), packet.size(), MSG_NOSIGNAL) < 0)
        throw red(fmt::format("cannot ask the resolver at {}: {}", resolver_address, std::strerror(errno)));
    for (;;) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        pollfd waiting{fd.get(), POLLIN, 0};
        if (left.count() <= 0 || poll(&waiting, 1, static_cast<int>(left.count())) == 0)
            return std::nullopt;
        std::array<unsigned char, 4096> reply{};
        const ssize_t size = recv(fd.get(), reply.data(), reply.size(), 0);
        if (size < 0 && errno != EINTR)
            throw red(fmt::format("the resolver at {} does not answer: {}, expected unbound there", resolver_address,
                                  std::strerror(errno)));
        if (size < 12 || std::memcmp(reply.data(), id.data(), 2) != 0)
            continue;
        return Answer{reply[3] & 0x0fU, static_cast<unsigned>(reply[6] << 8U) + reply[7], (reply[3] & 0x20U) != 0};
    }
}

} // namespace

std::string probe_resolver(const Facts&) {
    // unbound knows this name by itself.
    const auto local = ask("localhost", type_a, std::chrono::seconds(3));
    if (!local)
        throw red(fmt::format("the resolver at {} gave no answer in 3 s, expected 127.0.0.1 for localhost",
                              resolver_address));
    if (local->code != 0 || local->answers == 0)
        throw red(fmt::format("the resolver at {} answered {} with {} records for localhost, expected 127.0.0.1",
                              resolver_address, code_name(local->code), local->answers));
    const auto root = ask(".", type_ns, std::chrono::milliseconds(2500));
    if (!root)
        return "answers; the root servers could not be reached in 2.5 s";
    if (root->code != 0 || root->answers == 0)
        return fmt::format(
            "answers; for the root's name servers it says {}: the DNS outside is out of reach or not to be trusted",
            code_name(root->code));
    return root->authentic ? "answers and validates DNSSEC" : "answers; what the root says is not validated";
}

} // namespace vectis::health
