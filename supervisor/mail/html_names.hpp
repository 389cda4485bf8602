// The named character references of HTML (HTML Standard, 13.5): &amp; and 2,230 others. Pure.
#pragma once

#include <optional>
#include <string_view>

namespace vectis::mail {

/// What a name stands for, in UTF-8; nothing if it is none. `name` is without its ampersand and with its semicolon: a
/// few old ones are good without.
[[nodiscard]] std::optional<std::string_view> html_character(std::string_view name);

} // namespace vectis::mail
