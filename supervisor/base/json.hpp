// JSON that comes from outside: bounded depth, no duplicate keys, valid UTF-8. nlohmann's own parser takes a million
// nested arrays and lets the last of two equal keys win.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace vectis {

using Json = nlohmann::ordered_json;

struct JsonLimits {
    std::size_t depth = 32;
    /// Of one object. Json finds a key by going through them, so that reading many takes the square of their number.
    std::size_t keys = std::numeric_limits<std::size_t>::max();
};

/// The value in `text`. Throws Error(invalid_input) that names the byte offset.
[[nodiscard]] Json parse_json(std::string_view text, JsonLimits limits = {});
/// What two readings of one value have in common, and of two values not: 32 hexadecimal digits.
[[nodiscard]] std::string revision(const Json& value);
/// The whole number from 0 to `most` that stands under `key`. nlohmann's own conversion takes 1.5 and -1 for one as
/// well. Throws Error(invalid_input).
[[nodiscard]] std::uint64_t whole_number(const Json& object, const char* key,
                                         std::uint64_t most = std::numeric_limits<std::int64_t>::max());
/// A key as a part of a JSON pointer (RFC 6901 section 3), safe to print: of a long one its start.
[[nodiscard]] std::string pointer_part(std::string_view key);
/// One line, keys in the order they were set; invalid UTF-8 is replaced, never thrown at.
[[nodiscard]] std::string to_text(const Json& value);
/// Indented by two spaces, with a final newline.
[[nodiscard]] std::string to_pretty_text(const Json& value);

} // namespace vectis
