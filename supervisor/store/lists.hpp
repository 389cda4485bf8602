// Lists of words in a column of their own, as JSON.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace vectis::store {

using Words = std::vector<std::string>;

[[nodiscard]] std::string text_of(const Words& words);
[[nodiscard]] std::optional<std::string> text_of(const std::optional<Words>& words);
/// Throws Error(invalid_input) if it is no list of strings.
[[nodiscard]] Words list_of(const std::string& text);
[[nodiscard]] std::optional<Words> list_of(const std::optional<std::string>& text);

} // namespace vectis::store
