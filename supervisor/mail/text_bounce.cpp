#include "mail/text_bounce.hpp"

#include "base/text.hpp"
#include "mail/report_fields.hpp"

#include <algorithm>
#include <string>

namespace vectis::mail {

namespace {

/// One line of a bounce's text, and what comes behind it.
struct TextLine {
    std::string_view text; // without its end
    std::string_view rest;
};

TextLine first_line(std::string_view text) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    if (line.ends_with('\r'))
        line.remove_suffix(1);
    return {line, end == std::string_view::npos ? std::string_view() : text.substr(end + 1)};
}

bool is_blank(std::string_view line) {
    return trim(line).empty();
}

std::string_view skip_blank_lines(std::string_view text) {
    while (!text.empty() && is_blank(first_line(text).text))
        text = first_line(text).rest;
    return text;
}

void append_line(std::string& text, std::string_view line) {
    const auto more = trim(line);
    if (text.size() + more.size() < longest_value)
        text += (text.empty() ? "" : " ") + std::string(more);
}

ReportedRecipient failed_recipient(std::string_view address, std::string diagnostic) {
    ReportedRecipient recipient{.final_recipient = std::string(address.substr(0, longest_value)),
                                .action = Action::failed,
                                .diagnostic = std::move(diagnostic)};
    complete(recipient);
    return recipient;
}

/// Lines up to the next blank one, joined; `text` is what comes behind them.
std::string take_paragraph(std::string_view& text) {
    std::string paragraph;
    while (!text.empty() && !is_blank(first_line(text).text)) {
        append_line(paragraph, first_line(text).text);
        text = first_line(text).rest;
    }
    return paragraph;
}

/// What is said behind the line that is this address.
std::string exim_diagnostic(std::string_view address, std::string_view text) {
    while (!text.empty()) {
        const auto [line, rest] = first_line(text);
        if (line.starts_with("---"))
            break;
        text = rest;
        if (trim(line) == address)
            return take_paragraph(text);
    }
    return {};
}

/// Behind "------ This is a copy of the message, including all the headers. ------".
std::string_view exim_original(std::string_view text) {
    while (!text.empty()) {
        const auto [line, rest] = first_line(text);
        text = rest;
        if (line.starts_with("------ This is a copy of"))
            return skip_blank_lines(text);
    }
    return {};
}

} // namespace

std::optional<TextBounce> read_qmail_bounce(std::string_view text) {
    text = skip_blank_lines(text);
    // QSBMF: the first paragraph begins so; one about a recipient with <; the last one, before the message, with -.
    if (!text.starts_with("Hi. This is the "))
        return std::nullopt;
    TextBounce bounce;
    static_cast<void>(take_paragraph(text));
    for (text = skip_blank_lines(text); !text.empty(); text = skip_blank_lines(text)) {
        const auto [line, rest] = first_line(text);
        if (line.starts_with('-')) {
            bounce.original = skip_blank_lines(rest);
            break;
        }
        const auto end = line.rfind(">:");
        const bool is_recipient = line.starts_with('<') && end != std::string_view::npos;
        if (is_recipient)
            text = rest;
        std::string paragraph = take_paragraph(text);
        if (is_recipient && bounce.recipients.size() < most_reported)
            bounce.recipients.push_back(failed_recipient(line.substr(1, end - 1), std::move(paragraph)));
    }
    return bounce.recipients.empty() ? std::nullopt : std::optional(std::move(bounce));
}

std::optional<TextBounce> read_exim_bounce(std::string_view failed, std::string_view text) {
    TextBounce bounce;
    for (const auto& each : split(failed.substr(0, longest_value), ',')) {
        const auto address = trim(each);
        if (!address.empty() && bounce.recipients.size() < most_reported)
            bounce.recipients.push_back(failed_recipient(address, exim_diagnostic(address, text)));
    }
    if (bounce.recipients.empty())
        return std::nullopt;
    bounce.original = exim_original(text);
    return bounce;
}

} // namespace vectis::mail
