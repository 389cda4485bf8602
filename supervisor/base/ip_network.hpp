// An IP address or a network of them, as people write them: 192.0.2.1, 192.0.2.0/24, 2001:db8::/32. A plain value.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vectis {

struct IpNetwork {
    bool ipv6 = false;
    std::array<std::uint8_t, 16> bytes{}; // the first 4 for IPv4
    unsigned prefix = 0;                  // 32 or 128 for a single address

    [[nodiscard]] bool single() const { return prefix == (ipv6 ? 128U : 32U); }
    /// The same network with everything after its prefix zero.
    [[nodiscard]] IpNetwork base() const;
    [[nodiscard]] bool contains(const IpNetwork& other) const;
    /// In the form of inet_ntop(3); the prefix is left out for a single address.
    [[nodiscard]] std::string text() const;

    bool operator==(const IpNetwork&) const = default;
};

/// Nothing if it is neither. Bits after the prefix may be set: compare with base().
[[nodiscard]] std::optional<IpNetwork> parse_ip_network(std::string_view text);

/// What stands for whoever asks from `address`: an address of IPv4, and of IPv6 the /64, all of which one has who has
/// one address of it. What is no address stays as it is.
[[nodiscard]] std::string source_of(const std::string& address);

} // namespace vectis
