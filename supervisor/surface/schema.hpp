// What a JSON value looks like, as constexpr data: from it bodies are judged, OpenAPI and the reference are written.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace vectis::surface {

enum class Kind : std::uint8_t { object, array, string, integer, boolean };

/// What a string stands for. `text` has no control characters, `lines` no others than tabs and ends of lines.
enum class Format : std::uint8_t { text, lines, email, domain, ip_network, date_time, uuid, password, password_hash };
/// As JSON Schema calls it; empty if it has no name for it.
[[nodiscard]] std::string_view text(Format format);

struct Schema;

struct Property {
    std::string_view name;
    const Schema* schema = nullptr;
    std::string_view description;
    bool required = true;
};

struct Schema {
    Kind kind = Kind::object;
    /// Its name among OpenAPI's components; empty: it is written where it is used.
    std::string_view name;
    std::span<const Property> properties; // of an object; it has no others, unless it is open
    bool open = false;
    const Schema* items = nullptr;            // of an array
    Format format = Format::text;             // of a string
    std::span<const std::string_view> values; // the only ones a string may have; empty: any
    bool nullable = false;
    bool repeats = false; // of an array: its elements need not all be different
    /// Of a string: bytes; of an array: elements, which are all different unless it repeats; of an integer: its value.
    std::int64_t least = 0;
    std::int64_t most = 1000;
};

} // namespace vectis::surface
