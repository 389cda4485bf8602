#include "judge/judge.hpp"

#include "base/clock.hpp"
#include "base/text.hpp"
#include "config/kinds.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

namespace vectis::judge {

namespace {

using surface::Format;
using surface::Kind;
using surface::Schema;

class Judge {
  public:
    std::vector<Problem> problems;

    void value(const Schema& schema, const Json& json, const std::string& pointer, bool partial) {
        if (json.is_null() && schema.nullable)
            return;
        switch (schema.kind) {
        case Kind::object:
            return object(schema, json, pointer, partial);
        case Kind::array:
            return array(schema, json, pointer);
        case Kind::string:
            return string(schema, json, pointer);
        case Kind::integer:
            return integer(schema, json, pointer);
        case Kind::boolean:
            if (!json.is_boolean())
                add(pointer, fmt::format("found {}, expected true or false", found(json)));
        }
    }

  private:
    void add(const std::string& pointer, const std::string& what, const std::string& hint = {}) {
        problems.push_back({.where = {}, .path = pointer, .what = what, .hint = hint});
    }

    static std::string found(const Json& json) {
        if (json.is_string())
            return fmt::format("the text '{}'", config::shown(json.get_ref<const std::string&>()));
        if (json.is_structured())
            return json.is_array() ? "a list" : "an object";
        return json.is_null() ? "null" : config::shown(to_text(json));
    }

    void object(const Schema& schema, const Json& json, const std::string& pointer, bool partial) {
        if (!json.is_object())
            return add(pointer, fmt::format("found {}, expected an object", found(json)));
        std::vector<std::string_view> names;
        for (const auto& property : schema.properties) {
            names.push_back(property.name);
            const auto at = json.find(std::string(property.name));
            const std::string place = fmt::format("{}/{}", pointer, property.name);
            if (at != json.end())
                value(*property.schema, *at, place, partial);
            else if (property.required && !partial)
                add(place, "is missing: " + std::string(property.description));
        }
        for (const auto& each : json.items()) {
            if (schema.open || std::find(names.begin(), names.end(), each.key()) != names.end())
                continue;
            const auto near = nearest(each.key(), names);
            add(pointer + "/" + pointer_part(each.key()), "is not known here",
                near ? fmt::format("did you mean '{}'?", *near) : "");
        }
    }

    void array(const Schema& schema, const Json& json, const std::string& pointer) {
        if (!json.is_array())
            return add(pointer, fmt::format("found {}, expected a list", found(json)));
        const auto size = static_cast<std::int64_t>(json.size());
        if (size < schema.least || size > schema.most)
            return add(pointer, fmt::format("has {} elements, expected {} to {}", size, schema.least, schema.most));
        std::set<std::string> seen;
        for (std::size_t i = 0; i < json.size(); ++i) {
            const std::string place = fmt::format("{}/{}", pointer, i);
            value(*schema.items, json[i], place, false);
            if (!schema.repeats && !seen.insert(to_text(json[i])).second)
                add(place, "stands there twice");
        }
    }

    void integer(const Schema& schema, const Json& json, const std::string& pointer) {
        const bool fits =
            json.is_number_unsigned()
                ? json.get<std::uint64_t>() <= static_cast<std::uint64_t>(schema.most) &&
                      json.get<std::uint64_t>() >= static_cast<std::uint64_t>(std::max<std::int64_t>(schema.least, 0))
                : json.is_number_integer() && json.get<std::int64_t>() >= schema.least &&
                      json.get<std::int64_t>() <= schema.most;
        if (!fits)
            add(pointer,
                fmt::format("found {}, expected a whole number from {} to {}", found(json), schema.least, schema.most));
    }

    void string(const Schema& schema, const Json& json, const std::string& pointer) {
        if (!json.is_string())
            return add(pointer, fmt::format("found {}, expected a text", found(json)));
        const auto& text = json.get_ref<const std::string&>();
        const auto size = static_cast<std::int64_t>(text.size());
        if (!schema.values.empty()) {
            if (std::find(schema.values.begin(), schema.values.end(), text) != schema.values.end())
                return;
            const auto near = nearest(text, schema.values);
            std::vector<std::string> words(schema.values.begin(), schema.values.end());
            return add(pointer, fmt::format("found {}, expected one of: {}", found(json), join(words, ", ")),
                       near ? fmt::format("did you mean '{}'?", *near) : "");
        }
        if (size < schema.least || size > schema.most)
            return add(pointer, fmt::format("has {} bytes, expected {} to {}", size, schema.least, schema.most));
        std::string judged = text;
        if (schema.format == Format::lines)
            std::erase_if(judged, [](char c) { return c == '\n' || c == '\r' || c == '\t'; });
        if (has_control(judged))
            return add(pointer, "has a control character");
        if (const std::string expected = fault_of(schema.format, text); !expected.empty())
            add(pointer, fmt::format("found {}, expected {}", found(json), expected));
    }

    /// What was expected, if it is not that.
    static std::string fault_of(Format format, const std::string& text) {
        switch (format) {
        case Format::text:
        case Format::lines:
        case Format::password:
            return {};
        case Format::password_hash:
            return as_in_config(config::Kind::password_hash, text);
        case Format::email:
            return as_in_config(config::Kind::address, text);
        case Format::domain:
            return as_in_config(config::Kind::domain, text);
        case Format::ip_network:
            return as_in_config(config::Kind::ip_network, text);
        case Format::date_time:
            return is_time(text) ? "" : "a time such as 2026-11-24T10:43:11Z";
        case Format::uuid:
            return is_uuid(text) ? "" : "an id such as 019dc1a6-6f5e-7a4c-b5c0-3f0b0a1f5d11";
        }
        return {};
    }

    static std::string as_in_config(config::Kind kind, const std::string& text) {
        config::Field field;
        field.kind = kind;
        const auto parsed = config::parse(field, {text, true});
        if (parsed.value)
            return {};
        return parsed.fault.empty() ? config::expected(field)
                                    : fmt::format("{} ({})", config::expected(field), parsed.fault);
    }

    static bool is_time(const std::string& text) {
        try {
            static_cast<void>(parse_rfc3339(text));
            return true;
        } catch (const Error&) {
            return false; // that is the answer
        }
    }

    static bool is_uuid(const std::string& text) {
        constexpr std::string_view form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
        return std::equal(text.begin(), text.end(), form.begin(), form.end(), [](char c, char f) {
            return f == '-' ? c == '-' : std::string_view("0123456789abcdef").find(c) != std::string_view::npos;
        });
    }
};

} // namespace

std::vector<Problem> value(const Schema& schema, const Json& json, bool partial) {
    Judge judge;
    judge.value(schema, json, "", partial);
    return std::move(judge.problems);
}

Json typed(const Schema& schema, const std::string& text) {
    std::int64_t number = 0;
    const char* end = text.data() + text.size();
    if (schema.kind == Kind::integer) {
        if (const auto read = std::from_chars(text.data(), end, number); read.ec == std::errc{} && read.ptr == end)
            return number;
    }
    if (schema.kind == Kind::boolean && (text == "true" || text == "false"))
        return text == "true";
    if (schema.kind != Kind::array)
        return text;
    Json list = Json::array();
    for (const auto& each : split(text, ','))
        list.push_back(typed(*schema.items, each));
    return list;
}

} // namespace vectis::judge
