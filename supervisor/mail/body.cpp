#include "mail/body.hpp"

#include "mail/field.hpp"

#include <algorithm>

namespace vectis::mail {

namespace {

std::size_t longest_line_of(std::string_view line_feeds) {
    std::size_t longest = 0;
    for (std::size_t at = 0; at < line_feeds.size();) {
        const auto end = std::min(line_feeds.find('\n', at), line_feeds.size());
        longest = std::max(longest, end - at);
        at = end + 1;
    }
    return longest;
}

/// Quoted-printable escapes it in any place.
bool is_escaped(char each) {
    const auto byte = static_cast<unsigned char>(each);
    return (byte < 0x20 && each != '\n' && each != '\t') || byte >= 0x7F || each == '=';
}

} // namespace

std::string with_line_feeds(std::string_view text) {
    std::string lines;
    lines.reserve(text.size() + 1);
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool first_of_two = text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
        if (!first_of_two)
            lines += text[i] == '\r' ? '\n' : text[i];
    }
    if (!lines.empty() && lines.back() != '\n')
        lines += '\n';
    return lines;
}

std::string with_crlf(std::string_view line_feeds) {
    std::string lines;
    lines.reserve(line_feeds.size() + line_feeds.size() / 32);
    for (const char each : line_feeds)
        lines.append(each == '\n' ? "\r\n" : std::string_view(&each, 1));
    return lines;
}

bool is_seven_bit(std::string_view line_feeds) {
    return std::none_of(line_feeds.begin(), line_feeds.end(),
                        [](char each) { return is_escaped(each) && each != '='; }) &&
           longest_line_of(line_feeds) <= longest_line;
}

Encoding fitting_encoding(std::string_view line_feeds, std::string_view marker) {
    const bool blank_ends =
        line_feeds.find(" \n") != std::string_view::npos || line_feeds.find("\t\n") != std::string_view::npos;
    if (is_seven_bit(line_feeds) && !blank_ends && line_feeds.find(marker) == std::string_view::npos)
        return Encoding::seven_bit;
    // Each escape takes two octets more; base64 takes a third more of everything.
    const auto escapes = static_cast<std::size_t>(std::count_if(line_feeds.begin(), line_feeds.end(), is_escaped));
    return 2 * escapes <= line_feeds.size() / 3 ? Encoding::quoted_printable : Encoding::base64;
}

} // namespace vectis::mail
