#include "store/lists.hpp"

#include "base/error.hpp"
#include "base/json.hpp"

#include <nlohmann/json.hpp>

namespace vectis::store {

std::string text_of(const Words& words) {
    return to_text(Json(words));
}

std::optional<std::string> text_of(const std::optional<Words>& words) {
    return words ? std::optional(text_of(*words)) : std::nullopt;
}

Words list_of(const std::string& text) {
    const Json json = parse_json(text);
    Words words;
    for (const auto& each : json) {
        if (!json.is_array() || !each.is_string())
            throw Error(Code::invalid_input, "cannot read a list of words");
        words.push_back(each.get<std::string>());
    }
    return words;
}

std::optional<Words> list_of(const std::optional<std::string>& text) {
    return text ? std::optional(list_of(*text)) : std::nullopt;
}

} // namespace vectis::store
