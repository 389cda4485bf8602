#include "api/fronts/fields.hpp"

#include "base/text.hpp"
#include "mail/people.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

namespace vectis::api::fronts {

namespace {

const Json nothing = Json::object();
const Json no_elements = Json::array();

} // namespace

Fields::Fields(const Json& object, std::string at, std::vector<Problem>& problems) :
    object_(object.is_object() ? object : nothing), at_(std::move(at)), problems_(problems) {
    if (!object.is_object())
        problems_.push_back({.where = {}, .path = at_, .what = "expected an object", .hint = {}});
}

const Json* Fields::take(std::string_view name) {
    asked_.push_back(name);
    const auto found = object_.find(std::string(name));
    return found == object_.end() || found->is_null() ? nullptr : &*found;
}

std::optional<std::string> Fields::text(std::string_view name) {
    const Json* json = take(name);
    if (json != nullptr && json->is_string())
        return json->get<std::string>();
    if (json != nullptr)
        fault(name, "expected a text");
    return std::nullopt;
}

std::optional<bool> Fields::flag(std::string_view name) {
    const Json* json = take(name);
    if (json != nullptr && json->is_boolean())
        return json->get<bool>();
    if (json != nullptr)
        fault(name, "expected true or false");
    return std::nullopt;
}

std::optional<std::int64_t> Fields::number(std::string_view name) {
    const Json* json = take(name);
    constexpr std::uint64_t most = 1ULL << 53U;
    if (json != nullptr && json->is_number_unsigned() && json->get<std::uint64_t>() <= most)
        return json->get<std::int64_t>();
    if (json != nullptr)
        fault(name, "expected a whole number");
    return std::nullopt;
}

const Json& Fields::list(std::string_view name) {
    const Json* json = take(name);
    if (json != nullptr && json->is_array())
        return *json;
    if (json != nullptr)
        fault(name, "expected a list");
    return no_elements;
}

Json Fields::texts(std::string_view name) {
    Json all = Json::object();
    const Json* json = take(name);
    if (json == nullptr)
        return all;
    if (!json->is_object()) {
        fault(name, "expected an object");
        return all;
    }
    for (const auto& each : json->items()) {
        const Json& value = each.value();
        if (value.is_string())
            all[each.key()] = value;
        else if (value.is_number() || value.is_boolean())
            all[each.key()] = to_text(value);
        else
            problems_.push_back({.where = {},
                                 .path = fmt::format("{}/{}/{}", at_, name, pointer_part(each.key())),
                                 .what = "expected a text",
                                 .hint = {}});
    }
    return all;
}

Json Fields::people(std::string_view name) {
    Json all = Json::array();
    const Json* json = take(name);
    if (json == nullptr)
        return all;
    const Json parts = json->is_array() ? *json : Json::array({*json});
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const std::string place =
            json->is_array() ? fmt::format("{}/{}/{}", at_, name, i) : fmt::format("{}/{}", at_, name);
        if (!parts[i].is_string())
            problems_.push_back({.where = {}, .path = place, .what = "expected a text", .hint = {}});
        else if (!json->is_string() || !trim(parts[i].get<std::string>()).empty()) { // "" is nobody, as null is
            for (auto& one : people_in(parts[i].get<std::string>(), place, problems_))
                all.push_back(std::move(one));
        }
    }
    return all;
}

void Fields::refuse(std::string_view name, const std::string& what, const std::string& hint) {
    if (take(name) != nullptr)
        fault(name, what, hint);
}

void Fields::ignore(std::string_view name) {
    asked_.push_back(name);
}

void Fields::fault(std::string_view name, const std::string& what, const std::string& hint) {
    problems_.push_back({.where = {}, .path = fmt::format("{}/{}", at_, name), .what = what, .hint = hint});
}

void Fields::finish() {
    for (const auto& each : object_.items()) {
        if (each.value().is_null() || std::find(asked_.begin(), asked_.end(), each.key()) != asked_.end())
            continue;
        const auto near = nearest(each.key(), asked_);
        problems_.push_back({.where = {},
                             .path = at_ + "/" + pointer_part(each.key()),
                             .what = "is not known here",
                             .hint = near ? fmt::format("did you mean '{}'?", *near) : ""});
    }
}

Json people_in(const std::string& text, const std::string& place, std::vector<Problem>& problems) {
    auto people = mail::parse_people(text);
    if (!people.fault.empty())
        problems.push_back({.where = {}, .path = place, .what = people.fault, .hint = {}});
    Json all = Json::array();
    for (auto& each : people.all) {
        all.push_back({{"email", std::move(each.email)}});
        if (!each.name.empty())
            all.back()["name"] = std::move(each.name);
    }
    return all;
}

std::string substituted(const std::string& text, const std::vector<std::pair<std::string, std::string>>& values) {
    std::array<std::vector<const std::pair<std::string, std::string>*>, 256> by_first;
    for (const auto& each : values) {
        if (!each.first.empty())
            by_first.at(static_cast<unsigned char>(each.first[0])).push_back(&each);
    }
    std::string result;
    for (std::size_t at = 0; at < text.size();) {
        const std::pair<std::string, std::string>* longest = nullptr;
        for (const auto* each : by_first.at(static_cast<unsigned char>(text[at]))) {
            if (text.compare(at, each->first.size(), each->first) == 0 &&
                (longest == nullptr || each->first.size() > longest->first.size()))
                longest = each;
        }
        result += longest == nullptr ? std::string(1, text[at]) : longest->second;
        at += longest == nullptr ? 1 : longest->first.size();
    }
    return result;
}

} // namespace vectis::api::fronts
