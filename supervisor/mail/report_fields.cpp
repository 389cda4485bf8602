#include "mail/report_fields.hpp"

#include "base/text.hpp"
#include "mail/status_code.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace vectis::mail {

namespace {

constexpr std::size_t most_groups = most_reported + 20;
constexpr std::size_t most_fields = 200; // of a group

/// Takes a line off the front, without its end.
std::string_view take_line(std::string_view& text) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r'))
        line.remove_suffix(1);
    return line;
}

struct TypedValue {
    std::string type; // in lower case; empty if there is none
    std::string_view value;
};

/// "smtp; 550 no", "dns;mx.example.net"; a text with a semicolon further on has no type.
TypedValue typed(std::string_view text) {
    constexpr std::size_t longest_type = 30;
    const auto end = text.find(';');
    const auto type = trim(text.substr(0, end));
    const bool is_type = end != std::string_view::npos && !type.empty() && type.size() <= longest_type &&
                         type.find_first_of(" \t@<>:") == std::string_view::npos;
    if (!is_type)
        return {{}, trim(text)};
    return {lower_ascii(type), trim(text.substr(end + 1))};
}

void append_utf8(std::string& text, std::uint32_t point) {
    const auto tail = [&](unsigned shift) { text += static_cast<char>(0x80U | ((point >> shift) & 0x3FU)); };
    if (point < 0x80) {
        text += static_cast<char>(point);
    } else if (point < 0x800) {
        text += static_cast<char>(0xC0U | (point >> 6U));
        tail(0);
    } else if (point < 0x10000) {
        text += static_cast<char>(0xE0U | (point >> 12U));
        tail(6);
        tail(0);
    } else {
        text += static_cast<char>(0xF0U | (point >> 18U));
        tail(12);
        tail(6);
        tail(0);
    }
}

/// RFC 6533 section 3: \x{E4} stands for a letter that the channel could not carry. Others than letters stay as they
/// are.
std::string without_escapes(std::string_view text) {
    constexpr std::string_view before = "\\x{";
    std::string plain;
    while (!text.empty()) {
        const auto at = text.find(before);
        plain += text.substr(0, at);
        if (at == std::string_view::npos)
            break;
        text.remove_prefix(at);
        const auto end = text.find('}');
        const auto digits = end == std::string_view::npos ? std::string_view() : text.substr(3, end - 3);
        std::uint32_t point = 0;
        const auto [last, error] = std::from_chars(digits.data(), digits.data() + digits.size(), point, 16);
        const bool is_letter = !digits.empty() && digits.size() <= 6 && error == std::errc{} &&
                               last == digits.data() + digits.size() && point >= 0xA0 && point <= 0x10FFFF &&
                               (point < 0xD800 || point > 0xDFFF);
        if (is_letter)
            append_utf8(plain, point);
        else
            plain += text.substr(0, before.size());
        text.remove_prefix(is_letter ? end + 1 : before.size());
    }
    return plain;
}

Action action_named(std::string_view value) {
    const std::string word = lower_ascii(value.substr(0, value.find_first_of(" \t(;")));
    for (const Action action :
         {Action::failed, Action::delayed, Action::delivered, Action::relayed, Action::expanded}) {
        if (name(action) == word)
            return action;
    }
    return Action::unknown;
}

bool is_about_recipient(const FieldGroup& group) {
    return std::any_of(group.begin(), group.end(), [](const ReportField& field) {
        return field.name == "final-recipient" || field.name == "original-recipient" || field.name == "action";
    });
}

void set_if_empty(std::string& field, std::string_view text) {
    if (field.empty())
        field = text;
}

void add_field(ReportedRecipient& recipient, const ReportField& field) {
    if (field.name == "final-recipient") {
        set_if_empty(recipient.final_recipient, reported_address(field.value));
    } else if (field.name == "original-recipient") {
        set_if_empty(recipient.original_recipient, reported_address(field.value));
    } else if (field.name == "action") {
        if (recipient.action == Action::unknown)
            recipient.action = action_named(field.value);
    } else if (field.name == "status") {
        if (const auto code = leading_status_code(field.value))
            set_if_empty(recipient.status, code->text());
    } else if (field.name == "diagnostic-code") {
        set_if_empty(recipient.diagnostic, typed(field.value).value);
    } else if (field.name == "remote-mta") {
        set_if_empty(recipient.remote_mta, typed(field.value).value);
    }
}

} // namespace

std::vector<FieldGroup> read_field_groups(std::string_view text) {
    std::vector<FieldGroup> groups;
    bool in_group = false;
    while (!text.empty()) {
        const auto line = take_line(text);
        if (trim(line).empty()) {
            in_group = false;
            continue;
        }
        if (!in_group) {
            if (groups.size() == most_groups)
                break;
            groups.emplace_back();
            in_group = true;
        }
        auto& group = groups.back();
        const bool is_folded = line.starts_with(' ') || line.starts_with('\t');
        if (is_folded && !group.empty()) {
            auto& value = group.back().value;
            const auto more = trim(line);
            if (value.size() + more.size() < longest_value)
                value += (value.empty() ? "" : " ") + std::string(more);
            continue;
        }
        const auto colon = line.find(':');
        if (colon == std::string_view::npos || group.size() == most_fields)
            continue;
        group.push_back({lower_ascii(trim(line.substr(0, colon))),
                         std::string(trim(line.substr(colon + 1)).substr(0, longest_value))});
    }
    return groups;
}

std::string_view value_of(const FieldGroup& fields, std::string_view name) {
    const auto found =
        std::find_if(fields.begin(), fields.end(), [&](const ReportField& field) { return field.name == name; });
    return found == fields.end() ? std::string_view() : found->value;
}

std::string reported_address(std::string_view value) {
    const auto [type, text] = typed(value);
    auto address = text;
    if (address.starts_with('<') && address.ends_with('>'))
        address = address.substr(1, address.size() - 2);
    return type == "utf-8" ? without_escapes(address) : std::string(address);
}

std::vector<ReportedRecipient> read_reported_recipients(const std::vector<FieldGroup>& groups) {
    std::vector<ReportedRecipient> recipients;
    for (const auto& group : groups) {
        if (is_about_recipient(group)) {
            if (recipients.size() == most_reported)
                break;
            recipients.emplace_back();
        }
        if (recipients.empty())
            continue;
        for (const auto& field : group) {
            // Some leave the empty line between two recipients out.
            if (field.name == "final-recipient" && !recipients.back().final_recipient.empty() &&
                recipients.size() < most_reported)
                recipients.emplace_back();
            add_field(recipients.back(), field);
        }
    }
    std::for_each(recipients.begin(), recipients.end(), complete);
    return recipients;
}

void complete(ReportedRecipient& recipient) {
    const auto stated = status_code(recipient.status);
    // Exim writes 5.0.0 whatever was said.
    if (!stated || stated->is_generic()) {
        const auto refusal = find_refusal(recipient.diagnostic);
        const auto severity = refusal ? refusal->status ? refusal->status->severity : refusal->code / 100 : 0;
        if (refusal && (!stated || stated->severity == severity))
            recipient.status = refusal->status ? refusal->status->text() : fmt::format("{}.0.0", severity);
    }
    const auto code = status_code(recipient.status);
    if (recipient.action == Action::unknown && code)
        recipient.action = code->severity == 5   ? Action::failed
                           : code->severity == 4 ? Action::delayed
                                                 : Action::delivered;
}

} // namespace vectis::mail
