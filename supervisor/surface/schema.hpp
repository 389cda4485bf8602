// What a JSON value looks like, as constexpr data: from it bodies are judged, OpenAPI and the reference are written.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace vectis::surface {

enum class Kind : std::uint8_t { object, array, string, integer, boolean };

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
    std::span<const Property> properties;     // of an object; it has no others
    const Schema* items = nullptr;            // of an array
    std::string_view format;                  // of a string, as JSON Schema calls it: date-time, uuid, email
    std::span<const std::string_view> values; // the only ones a string may have; empty: any
    bool nullable = false;
};

} // namespace vectis::surface
