// The type of an attachment as its sender writes it, taken apart so that it is written anew and never copied:
// "text/csv", "text/calendar; method=REQUEST" (RFC 2045 section 5.1). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vectis::mail {

struct ContentType {
    std::string type; // both in lower case
    std::string subtype;
    std::vector<std::pair<std::string, std::string>> parameters; // names in lower case, each once

    [[nodiscard]] bool has(std::string_view parameter) const;
};

/// The parts of `text`; nothing if it is no type (RFC 6838 section 4.2), has a parameter twice, or one that is ours:
/// `name` comes from the file's name, `boundary` would make it a multipart, and RFC 2231's forms with a '*' hide
/// either.
[[nodiscard]] std::optional<ContentType> parse_content_type(std::string_view text);

} // namespace vectis::mail
