// Which IP addresses a URL of a stranger may not lead to (SSRF): all that are not the internet's. Pure.
#pragma once

#include "base/ip_network.hpp"

#include <optional>
#include <string_view>

namespace vectis::web {

/// What `address` is, if it is none of the internet's: "loopback", "private", ... (the IANA special-purpose address
/// registries, RFC 6890). Wider than `!is_public()`, which asks whether strangers reach an address of this server.
[[nodiscard]] std::optional<std::string_view> closed_network(const IpNetwork& address);

} // namespace vectis::web
