// Which letters a message's grammars allow where, without a look at the locale.
#pragma once

#include <algorithm>
#include <string_view>

namespace vectis::mail {

[[nodiscard]] constexpr bool is_alnum(char each) {
    return (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') || (each >= '0' && each <= '9');
}
/// Of an atom (RFC 5322 section 3.2.3): what needs no quotes in names and addresses.
[[nodiscard]] constexpr bool is_atext(char each) {
    return is_alnum(each) || std::string_view("!#$%&'*+-/=?^_`{|}~").find(each) != std::string_view::npos;
}
/// Of a token (RFC 2045 section 5.1): what needs no quotes in parameters.
[[nodiscard]] constexpr bool is_token_letter(char each) {
    return each > 0x20 && each < 0x7F && std::string_view("()<>@,;:\\\"/[]?=").find(each) == std::string_view::npos;
}
[[nodiscard]] constexpr bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_token_letter);
}
/// Of the name of a field (RFC 5322 section 3.6.8).
[[nodiscard]] constexpr bool is_field_name(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char each) { return each > 0x20 && each < 0x7F && each != ':'; });
}
/// Letters of ASCII and blanks; no control character, no tab.
[[nodiscard]] constexpr bool is_printable_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char each) { return each >= 0x20 && each < 0x7F; });
}

/// Takes the first character off a text in UTF-8: its lead byte and what continues it, at most four bytes.
inline std::string_view take_character(std::string_view& text) {
    std::size_t size = text.empty() ? 0 : 1;
    while (size < text.size() && size < 4 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80)
        ++size;
    const auto character = text.substr(0, size);
    text.remove_prefix(size);
    return character;
}

} // namespace vectis::mail
