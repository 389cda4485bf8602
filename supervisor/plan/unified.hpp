// Two texts -> a unified diff, as diff -u prints it.
#pragma once

#include <string>
#include <string_view>

namespace vectis::plan {

/// The difference in unified format with three lines of context, each line printable; empty if there is none.
[[nodiscard]] std::string unified(std::string_view before, std::string_view after, std::string_view before_name,
                                  std::string_view after_name);

} // namespace vectis::plan
