#include "mail/status_code.hpp"

#include <fmt/format.h>

namespace vectis::mail {

namespace {

bool is_code_digit(char each) {
    return each >= '0' && each <= '9';
}

bool is_code_letter(char each) {
    return is_code_digit(each) || (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z');
}

/// Takes one to three digits off the front.
std::optional<std::uint16_t> take_code_number(std::string_view& text) {
    std::size_t length = 0;
    unsigned value = 0;
    while (length < text.size() && length < 4 && is_code_digit(text[length]))
        value = value * 10 + static_cast<unsigned>(text[length++] - '0');
    if (length == 0 || length > 3)
        return std::nullopt;
    text.remove_prefix(length);
    return static_cast<std::uint16_t>(value);
}

std::optional<std::uint16_t> take_dotted_code_number(std::string_view& text) {
    if (!text.starts_with('.'))
        return std::nullopt;
    text.remove_prefix(1);
    return take_code_number(text);
}

/// Takes a status code off the front.
std::optional<StatusCode> take_status_code(std::string_view& text) {
    const auto severity = take_code_number(text);
    const auto subject = take_dotted_code_number(text);
    const auto detail = take_dotted_code_number(text);
    if (!severity || !subject || !detail || (*severity != 2 && *severity != 4 && *severity != 5))
        return std::nullopt;
    return StatusCode{*severity, *subject, *detail};
}

/// The reply code that `text` begins with.
std::optional<std::uint16_t> leading_reply_code(std::string_view text) {
    const bool is_code = text.size() >= 3 && (text[0] == '4' || text[0] == '5') && text[1] <= '5' &&
                         is_code_digit(text[1]) && is_code_digit(text[2]) &&
                         (text.size() == 3 || text[3] == ' ' || text[3] == '-');
    if (!is_code)
        return std::nullopt;
    return take_code_number(text);
}

std::optional<StatusCode> qmail_code(std::string_view text) {
    constexpr std::string_view before = "(#";
    for (auto at = text.find(before); at != std::string_view::npos; at = text.find(before, at + 1)) {
        if (const auto code = leading_status_code(text.substr(at + before.size())); code && code->severity != 2)
            return code;
    }
    return std::nullopt;
}

Refusal refusal_at(std::string_view text, std::uint16_t code) {
    Refusal refusal{code, std::nullopt};
    std::string_view rest = text.substr(3);
    if (!rest.empty())
        rest.remove_prefix(1);
    // Exchange writes "550 #5.1.1".
    if (rest.starts_with('#'))
        rest.remove_prefix(1);
    if (const auto status = leading_status_code(rest); status && status->severity == code / 100)
        refusal.status = status;
    return refusal;
}

} // namespace

std::string StatusCode::text() const {
    return fmt::format("{}.{}.{}", severity, subject, detail);
}

std::optional<StatusCode> status_code(std::string_view text) {
    const auto code = take_status_code(text);
    return text.empty() ? code : std::nullopt;
}

std::optional<StatusCode> leading_status_code(std::string_view text) {
    const auto code = take_status_code(text);
    // 5.1.1.2 and 5.1.1st are something else; "5.1.1." ends a sentence.
    const bool goes_on =
        !text.empty() && (is_code_letter(text[0]) || (text[0] == '.' && text.size() > 1 && is_code_digit(text[1])));
    return goes_on ? std::nullopt : code;
}

std::optional<Refusal> find_refusal(std::string_view text) {
    constexpr std::string_view before = ": ";
    std::optional<Refusal> found;
    if (const auto code = leading_reply_code(text))
        found = refusal_at(text, *code);
    for (auto at = text.find(before); !found && at != std::string_view::npos; at = text.find(before, at + 1)) {
        const std::string_view rest = text.substr(at + before.size());
        if (const auto code = leading_reply_code(rest))
            found = refusal_at(rest, *code);
    }
    if (found && found->status)
        return found;
    const auto code = qmail_code(text);
    if (!code)
        return found;
    if (!found)
        return Refusal{0, code};
    if (code->severity == found->code / 100)
        found->status = code;
    return found;
}

} // namespace vectis::mail
