#include "base/ip_network.hpp"

#include <arpa/inet.h>

#include <charconv>

namespace vectis {

IpNetwork IpNetwork::base() const {
    IpNetwork result = *this;
    for (unsigned i = 0; i < result.bytes.size(); ++i) {
        const unsigned kept = prefix > 8 * i ? prefix - 8 * i : 0;
        if (kept < 8)
            result.bytes[i] &= static_cast<std::uint8_t>(0xFF00U >> kept);
    }
    return result;
}

bool IpNetwork::contains(const IpNetwork& other) const {
    IpNetwork cut = other;
    cut.prefix = prefix;
    return ipv6 == other.ipv6 && prefix <= other.prefix && base() == cut.base();
}

std::string IpNetwork::text() const {
    std::array<char, INET6_ADDRSTRLEN> buffer{};
    inet_ntop(ipv6 ? AF_INET6 : AF_INET, bytes.data(), buffer.data(), buffer.size());
    return single() ? buffer.data() : std::string(buffer.data()) + "/" + std::to_string(prefix);
}

std::optional<IpNetwork> parse_ip_network(std::string_view text) {
    const auto slash = text.find('/');
    const std::string address(text.substr(0, slash));
    IpNetwork network;
    network.ipv6 = address.find(':') != std::string::npos;
    network.prefix = network.ipv6 ? 128 : 32;
    if (address.find('\0') != std::string::npos ||
        inet_pton(network.ipv6 ? AF_INET6 : AF_INET, address.c_str(), network.bytes.data()) != 1)
        return std::nullopt;
    if (slash == std::string_view::npos)
        return network;
    const std::string_view length = text.substr(slash + 1);
    unsigned prefix = 0;
    const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), prefix);
    if (error != std::errc{} || end != length.data() + length.size() || prefix > network.prefix ||
        (length.size() > 1 && length[0] == '0'))
        return std::nullopt;
    network.prefix = prefix;
    return network;
}

std::string source_of(const std::string& address) {
    constexpr unsigned subnet = 64;
    auto network = parse_ip_network(address);
    if (!network || !network->single())
        return address;
    if (network->ipv6)
        network->prefix = subnet;
    return network->base().text();
}

} // namespace vectis
