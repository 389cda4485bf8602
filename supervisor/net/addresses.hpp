// IP addresses of this server.
#pragma once

#include <string>
#include <vector>

namespace vectis::net {

/// Addresses of the interfaces that are up, but for loopback and link-local ones, IPv4 first.
[[nodiscard]] std::vector<std::string> host_addresses();

/// Whether strangers can reach it: not private, shared (RFC 6598), loopback, link-local or unique local.
[[nodiscard]] bool is_public(const std::string& address);

[[nodiscard]] inline bool is_ipv6(const std::string& address) {
    return address.find(':') != std::string::npos;
}

} // namespace vectis::net
