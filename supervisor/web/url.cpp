#include "web/url.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace vectis::web {

namespace {

constexpr std::size_t longest_url = 2048;
constexpr std::size_t longest_name = 253; // RFC 1035 section 2.3.4, as text without its last dot
constexpr std::size_t longest_label = 63;

constexpr std::string_view digits = "0123456789";
constexpr std::string_view hexadecimals = "0123456789abcdefABCDEF";
constexpr std::string_view label_signs = "abcdefghijklmnopqrstuvwxyz0123456789-_";
/// RFC 3986 appendix A: what may stand in a path or a query.
constexpr std::string_view target_signs =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/?%";

using Wrong = std::optional<Problem>;

Problem wrong(std::string what, std::string hint = {}) {
    return {.where = {}, .path = {}, .what = std::move(what), .hint = std::move(hint)};
}

/// Whether readers that take numbers for addresses would take `name` for one (the URL standard, "ends in a number").
bool ends_in_number(std::string_view name) {
    const auto dot = name.rfind('.');
    std::string_view last = dot == std::string_view::npos ? name : name.substr(dot + 1);
    if (last.starts_with("0x"))
        return last.find_first_not_of(hexadecimals, 2) == std::string_view::npos;
    return !last.empty() && last.find_first_not_of(digits) == std::string_view::npos;
}

bool is_label(std::string_view label) {
    return !label.empty() && label.size() <= longest_label && label.front() != '-' && label.back() != '-' &&
           label.find_first_not_of(label_signs) == std::string_view::npos;
}

Wrong read_name(std::string_view text, WebUrl& url) {
    url.host = lower_ascii(text);
    if (url.host.empty())
        return wrong("it names no host");
    if (const auto address = parse_ip_network(url.host); address && !address->ipv6) {
        url.address = address;
        return {};
    }
    if (ends_in_number(url.host))
        return wrong(fmt::format("'{}' is no usual way to write an address", printable(text)),
                     "write four decimal numbers, like 192.0.2.1");
    const auto labels = split(url.host, '.');
    if (url.host.size() > longest_name || !std::all_of(labels.begin(), labels.end(), is_label))
        return wrong(fmt::format("'{}' is no host name", printable(text)),
                     "letters, digits and hyphens between single dots, and none after the last");
    return {};
}

/// "[2001:db8::1]"; an address of a zone ("%eth0") is none that a URL of the web has.
Wrong read_address(std::string_view text, WebUrl& url) {
    url.address = parse_ip_network(text.substr(1, text.size() - 2));
    if (!url.address || !url.address->ipv6 || !url.address->single())
        return wrong(fmt::format("'{}' is no IPv6 address", printable(text)));
    url.host = url.address->text();
    return {};
}

Wrong read_host(std::string_view text, WebUrl& url) {
    return text.starts_with('[') && text.ends_with(']') ? read_address(text, url) : read_name(text, url);
}

/// ":8443", or nothing.
Wrong read_port(std::string_view text, std::span<const std::uint16_t> ports, WebUrl& url) {
    if (!text.empty()) {
        const std::string_view number = text.substr(1);
        const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), url.port);
        if (error != std::errc{} || end != number.data() + number.size() || number.front() == '0')
            return wrong(fmt::format("'{}' is no port", printable(number)));
    }
    if (std::find(ports.begin(), ports.end(), url.port) == ports.end())
        return wrong(fmt::format("port {} is none that may be asked", url.port),
                     fmt::format("these may: {}", fmt::join(ports, ", ")));
    return {};
}

Wrong read_target(std::string_view text, WebUrl& url) {
    if (text.find('#') != std::string_view::npos)
        return wrong("it has a fragment, which is never sent", "leave out what begins with '#'");
    if (const auto at = text.find_first_not_of(target_signs); at != std::string_view::npos)
        return wrong(fmt::format("'{}' may not stand in a path or query", text[at]),
                     fmt::format("write it as %{:02X}", static_cast<unsigned char>(text[at])));
    for (auto at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1)) {
        if (at + 2 >= text.size() || text.substr(at + 1, 2).find_first_not_of(hexadecimals) != std::string_view::npos)
            return wrong("it has a '%' without two hexadecimal digits after it", "write it as %25");
    }
    url.target = text.starts_with('/') ? std::string(text) : "/" + std::string(text);
    return {};
}

Wrong read_whole(std::string_view text, std::span<const std::uint16_t> ports, WebUrl& url) {
    if (text.size() > longest_url)
        return wrong(fmt::format("it has {} bytes, expected at most {}", text.size(), longest_url));
    if (std::any_of(text.begin(), text.end(), [](char each) { return each <= ' ' || each >= '\x7F'; }))
        return wrong("it has a blank, a control character or a letter outside ASCII",
                     "write a name in its xn-- form, and everything else with %");
    const auto colon = text.find("://");
    const std::string scheme = lower_ascii(text.substr(0, colon));
    if (colon == std::string_view::npos || (scheme != "https" && scheme != "http"))
        return wrong("it begins with neither https:// nor http://");
    url.tls = scheme == "https";
    url.port = url.tls ? 443 : 80;
    text.remove_prefix(colon + 3);
    const auto end = std::min(text.find_first_of("/?#"), text.size());
    const std::string_view authority = text.substr(0, end);
    if (authority.find('@') != std::string_view::npos)
        return wrong("it has a user or password", "authenticate by a header, or by what is signed");
    // The colons within brackets belong to an address of IPv6.
    const auto bracket = authority.find(']');
    const auto port = std::min(authority.find(':', bracket == std::string_view::npos ? 0 : bracket), authority.size());
    if (auto fault = read_host(authority.substr(0, port), url))
        return fault;
    if (auto fault = read_port(authority.substr(port), ports, url))
        return fault;
    return read_target(text.substr(end), url);
}

} // namespace

std::string WebUrl::host_in_url() const {
    return address && address->ipv6 ? "[" + host + "]" : host;
}

std::string WebUrl::origin() const {
    return fmt::format("{}://{}:{}", tls ? "https" : "http", host_in_url(), port);
}

std::variant<WebUrl, Problem> read_web_url(std::string_view text, std::span<const std::uint16_t> ports) {
    WebUrl url;
    if (auto fault = read_whole(text, ports, url))
        return *std::move(fault);
    return url;
}

} // namespace vectis::web
