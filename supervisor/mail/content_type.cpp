#include "mail/content_type.hpp"

#include "base/text.hpp"
#include "mail/letters.hpp"

#include <algorithm>

namespace vectis::mail {

namespace {

constexpr std::size_t longest_type_name = 127;     // RFC 6838 section 4.2
constexpr std::size_t longest_parameter_name = 40; // GMime before 3.2.15 loops for ever over one as long as a line

bool is_type_name(std::string_view text) {
    return !text.empty() && text.size() <= longest_type_name && is_alnum(text.front()) &&
           std::all_of(text.begin(), text.end(), [](char each) {
               return is_alnum(each) || std::string_view("!#$&-^_.+").find(each) != std::string_view::npos;
           });
}

/// Takes a token or a text in quotes off the front; nothing if there is neither.
std::optional<std::string> take_value(std::string_view& rest) {
    std::string value;
    if (!rest.starts_with('"')) {
        const auto end = std::find_if_not(rest.begin(), rest.end(), is_token_letter);
        value.assign(rest.begin(), end);
        rest.remove_prefix(value.size());
        return value.empty() ? std::nullopt : std::optional(value);
    }
    for (std::size_t i = 1; i < rest.size(); ++i) {
        if (rest[i] == '"') {
            rest.remove_prefix(i + 1);
            return value;
        }
        if (rest[i] == '\\' && ++i == rest.size())
            break;
        value += rest[i];
    }
    return std::nullopt;
}

} // namespace

bool ContentType::has(std::string_view parameter) const {
    return std::any_of(parameters.begin(), parameters.end(), [&](const auto& each) { return each.first == parameter; });
}

std::optional<ContentType> parse_content_type(std::string_view text) {
    const auto end = std::min(text.find(';'), text.size());
    const std::string whole = lower_ascii(trim(text.substr(0, end)));
    const auto slash = std::min(whole.find('/'), whole.size());
    if (slash == whole.size() || !is_printable_ascii(text))
        return std::nullopt;
    ContentType found{.type = whole.substr(0, slash), .subtype = whole.substr(slash + 1)};
    if (!is_type_name(found.type) || !is_type_name(found.subtype))
        return std::nullopt;
    for (auto rest = text.substr(end); !rest.empty(); rest = trim(rest)) {
        if (!rest.starts_with(';'))
            return std::nullopt;
        rest = trim(rest.substr(1));
        const auto equals = std::min(rest.find('='), rest.size());
        const std::string name = lower_ascii(rest.substr(0, equals));
        const bool ours = name == "name" || name == "boundary" || name.find('*') != std::string::npos;
        if (!is_token(name) || name.size() > longest_parameter_name || ours || found.has(name) || equals == rest.size())
            return std::nullopt;
        rest.remove_prefix(equals + 1);
        const auto value = take_value(rest);
        if (!value)
            return std::nullopt;
        found.parameters.emplace_back(name, *value);
    }
    return found;
}

} // namespace vectis::mail
