#include "api/head.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace vectis::api {

namespace {

constexpr std::string_view line_end = "\r\n";
constexpr std::array<std::string_view, 7> methods{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

/// token (RFC 9110 section 5.6.2).
bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    });
}

bool is_visible(char c) {
    return c > ' ' && c < 0x7f;
}

bool is_value(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        return c == ' ' || c == '\t' || static_cast<unsigned char>(c) > 0x7f || is_visible(c);
    });
}

bool equal(std::string_view one, std::string_view other) {
    return std::equal(one.begin(), one.end(), other.begin(), other.end(), [](char a, char b) {
        return lower_ascii(std::string_view(&a, 1)) == lower_ascii(std::string_view(&b, 1));
    });
}

struct Fields {
    std::size_t count = 0;
    std::size_t hosts = 0;
    std::optional<std::string_view> length;
    std::optional<std::string_view> transfer;
    std::string_view connection;
    std::string_view expect;
    bool encoded = false;
};

std::optional<HeadFault> judge_field(std::string_view line, Fields& fields) {
    if (++fields.count > most_fields)
        return HeadFault{431, fmt::format("more than {} header fields", most_fields)};
    if (line.size() > longest_field)
        return HeadFault{431, fmt::format("a header field is longer than {} bytes", longest_field)};
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon)) || !is_value(line.substr(colon + 1)))
        return HeadFault{400, fmt::format("'{}' is no header field", printable(std::string(line.substr(0, 100))))};
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trim(line.substr(colon + 1));
    if (equal(name, "Host"))
        ++fields.hosts;
    if (equal(name, "Content-Length")) {
        if (fields.length)
            return HeadFault{400, "Content-Length is there twice"};
        fields.length = value;
    }
    if (equal(name, "Transfer-Encoding")) {
        if (fields.transfer)
            return HeadFault{400, "Transfer-Encoding is there twice"};
        fields.transfer = value;
    }
    if (equal(name, "Content-Encoding"))
        fields.encoded = true;
    if (equal(name, "Connection"))
        fields.connection = value;
    if (equal(name, "Expect"))
        fields.expect = value;
    return std::nullopt;
}

std::optional<HeadFault> judge_framing(const Fields& fields, std::string_view method, Framing& framing) {
    if (fields.length && fields.transfer)
        return HeadFault{400, "Content-Length and Transfer-Encoding contradict each other"};
    if (fields.length) {
        const auto* end = fields.length->data() + fields.length->size();
        const bool digits = fields.length->find_first_not_of("0123456789") == std::string_view::npos;
        if (!digits || std::from_chars(fields.length->data(), end, framing.length).ec != std::errc{})
            return HeadFault{400,
                             fmt::format("Content-Length '{}' is no number", printable(std::string(*fields.length)))};
    }
    if (fields.transfer)
        return HeadFault{411, "a body needs its Content-Length here, and no Transfer-Encoding"};
    const bool has_body = framing.length > 0;
    if (has_body && (method == "GET" || method == "HEAD" || method == "OPTIONS"))
        return HeadFault{400, fmt::format("{} has no body", method)};
    if (has_body && fields.encoded)
        return HeadFault{415, "Content-Encoding is not understood: send the body as it is"};
    if (!fields.expect.empty() && !equal(fields.expect, "100-continue"))
        return HeadFault{417, "no expectation but 100-continue can be met"};
    return std::nullopt;
}

} // namespace

std::optional<std::size_t> head_size(std::string_view bytes) {
    const auto end = bytes.find("\r\n\r\n");
    return end == std::string_view::npos ? std::nullopt : std::optional(end + 4);
}

std::optional<HeadFault> judge_head(std::string_view head, Framing& framing) {
    const auto next_line = [&]() -> std::string_view {
        const auto end = head.find(line_end);
        const auto line = head.substr(0, end);
        head.remove_prefix(std::min(head.size(), line.size() + line_end.size()));
        return line;
    };
    const std::string_view request = next_line();
    if (request.size() > longest_request_line)
        return HeadFault{414, fmt::format("the request line is longer than {} bytes", longest_request_line)};
    const auto first = request.find(' ');
    const auto last = request.rfind(' ');
    const HeadFault no_request{400, "the first line is no HTTP/1.1 request"};
    if (first == std::string_view::npos || first == last)
        return no_request;
    const std::string_view method = request.substr(0, first);
    const std::string_view target = request.substr(first + 1, last - first - 1);
    const std::string_view version = request.substr(last + 1);
    if (!is_token(method) || !target.starts_with('/') || !std::all_of(target.begin(), target.end(), is_visible))
        return no_request;
    if (target.substr(0, target.find('?')).size() > longest_path)
        return HeadFault{414, fmt::format("the path is longer than {} bytes", longest_path)};
    if (std::count(target.begin(), target.end(), '?') > 1)
        return HeadFault{400, "the query has a '?': it is written %3F"};
    if (version != "HTTP/1.1" && version != "HTTP/1.0")
        return HeadFault{505, "HTTP/1.1 is spoken here"};
    if (std::find(methods.begin(), methods.end(), method) == methods.end())
        return HeadFault{501, fmt::format("the method {} is not known", printable(std::string(method.substr(0, 30))))};
    Fields fields;
    for (auto line = next_line(); !line.empty(); line = next_line()) {
        if (auto fault = judge_field(line, fields))
            return fault;
    }
    if (!head.empty())
        return no_request;
    if (fields.hosts > 1 || (fields.hosts == 0 && version == "HTTP/1.1"))
        return HeadFault{400, "one Host field is needed (RFC 9112 section 3.2)"};
    if (auto fault = judge_framing(fields, method, framing))
        return fault;
    framing.keep_alive = version == "HTTP/1.1" && !equal(fields.connection, "close");
    return std::nullopt;
}

} // namespace vectis::api
