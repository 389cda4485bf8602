#include "mail/people.hpp"

#include "base/text.hpp"
#include "config/kinds.hpp"
#include "mail/gmime.hpp"
#include "mail/letters.hpp"

#include <fmt/format.h>

namespace vectis::mail {

namespace {

/// Where the part that begins at `from` ends: at the next comma that is neither in quotes nor in angle brackets.
std::size_t end_of_person(std::string_view text, std::size_t from) {
    bool quoted = false;
    bool in_angle = false;
    for (std::size_t i = from; i < text.size(); ++i) {
        if (quoted && text[i] == '\\')
            ++i;
        else if (text[i] == '"' && !in_angle)
            quoted = !quoted;
        else if (!quoted && text[i] == '<')
            in_angle = true;
        else if (!quoted && text[i] == '>')
            in_angle = false;
        else if (!quoted && !in_angle && text[i] == ',')
            return i;
    }
    return text.size();
}

/// The name as it is meant: without quotes around it. Nothing: a quote stands where none can.
std::optional<std::string> plain_name(std::string_view text) {
    if (!text.starts_with('"'))
        return text.find('"') == std::string_view::npos ? std::optional(std::string(text)) : std::nullopt;
    std::string name;
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '"')
            return i + 1 == text.size() ? std::optional(std::move(name)) : std::nullopt;
        if (text[i] == '\\' && i + 1 < text.size())
            ++i;
        name += text[i];
    }
    return std::nullopt;
}

std::optional<Address> person(std::string_view text) {
    if (!text.ends_with('>'))
        return text.find_first_of("<>\"") == std::string_view::npos
                   ? std::optional(Address{.email = std::string(text), .name = {}})
                   : std::nullopt;
    const auto open = text.rfind('<');
    if (open == std::string_view::npos)
        return std::nullopt;
    auto name = plain_name(trim(text.substr(0, open)));
    if (!name)
        return std::nullopt;
    return Address{.email = std::string(trim(text.substr(open + 1, text.size() - open - 2))), .name = *std::move(name)};
}

} // namespace

People parse_people(std::string_view text) {
    People people;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = end_of_person(text, at);
        const auto part = trim(text.substr(at, end - at));
        auto one = part.empty() ? std::nullopt : person(part);
        if (!one) {
            people.fault =
                fmt::format("found '{}', expected an address such as anna@example.test or Anna <anna@example.test>",
                            config::shown(std::string(part)));
            people.all.clear();
            return people;
        }
        people.all.push_back(*std::move(one));
        at = end + 1;
    }
    return people;
}

std::optional<Time> parse_mail_date(const std::string& text) {
    ready_gmime();
    const Gmime<GDateTime> time(g_mime_utils_header_decode_date(text.c_str()));
    if (!time)
        return std::nullopt;
    return Time(std::chrono::seconds(g_date_time_to_unix(time.get())));
}

} // namespace vectis::mail
