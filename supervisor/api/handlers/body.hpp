// Values of a body that was judged, as services take them: nothing for what was left out.
#pragma once

#include "base/clock.hpp"
#include "base/json.hpp"
#include "surface/routes.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

namespace vectis::api::handlers {

template<typename T>
std::optional<T> value_in(const Json& body, const char* name) {
    const auto found = body.find(name);
    return found == body.end() ? std::nullopt : std::optional(found->get<T>());
}

/// The same for what may be null, which is a value of its own.
template<typename T>
std::optional<std::optional<T>> nullable_in(const Json& body, const char* name) {
    const auto found = body.find(name);
    if (found == body.end())
        return std::nullopt;
    return found->is_null() ? std::optional<T>() : std::optional<T>(found->get<T>());
}

inline std::optional<std::string> text_in(const Json& body, const char* name) {
    return value_in<std::string>(body, name);
}

/// In the form in which the database has times, and in which they are compared.
inline std::optional<std::string> canonical_time(const std::optional<std::string>& time) {
    return time ? std::optional(rfc3339(parse_rfc3339(*time))) : std::nullopt;
}

inline std::optional<std::string> time_in(const Json& body, const char* name) {
    return canonical_time(text_in(body, name));
}

inline std::optional<std::optional<std::string>> nullable_time_in(const Json& body, const char* name) {
    auto time = nullable_in<std::string>(body, name);
    if (time)
        *time = canonical_time(*time);
    return time;
}

inline std::optional<std::vector<std::string>> words_in(const Json& body, const char* name) {
    return value_in<std::vector<std::string>>(body, name);
}

inline std::optional<bool> flag_in(const Json& body, const char* name) {
    return value_in<bool>(body, name);
}

inline std::optional<surface::Role> role_in(const Json& body, const char* name) {
    const auto word = text_in(body, name);
    return word ? surface::role_named(*word) : std::nullopt;
}

template<typename T>
Json json_or_null(const std::optional<T>& value) {
    return value ? Json(*value) : Json(nullptr);
}

} // namespace vectis::api::handlers
