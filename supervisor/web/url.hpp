// Which URLs of strangers the program posts to, and what one says. Pure. Stricter than RFC 3986 wherever two readers
// could understand a URL differently: one of them is us, who judge it, the other libcurl, which connects.
#pragma once

#include "base/error.hpp"
#include "base/ip_network.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace vectis::web {

struct WebUrl {
    bool tls = true;
    std::string host;                 // a name in lower case, or an address in the form of inet_ntop(3)
    std::optional<IpNetwork> address; // if the host is one
    std::uint16_t port = 443;
    std::string target; // path and query, never empty

    /// With an address of IPv6 in its brackets.
    [[nodiscard]] std::string host_in_url() const;
    /// "https://hook.example.test:443": always with the port.
    [[nodiscard]] std::string origin() const;
    [[nodiscard]] std::string text() const { return origin() + target; }
};

/// The parts of `text`, or what is wrong with it: only http and https, no user, no fragment, printable ASCII (names in
/// their xn-- form), one of `ports`, a host that is a name of letters, digits, '-' and '_' without a last dot, or a
/// literal address as everybody writes it (no 0x7f.1, 2130706433 or 017700000001). Says nothing about whether an
/// address may be asked: that is closed_network(), when the connection is made.
[[nodiscard]] std::variant<WebUrl, Problem> read_web_url(std::string_view text, std::span<const std::uint16_t> ports);

} // namespace vectis::web
