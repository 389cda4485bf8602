// Tables as CSV (RFC 4180).
#pragma once

#include "base/json.hpp"

#include <string>

namespace vectis::api::handlers {

/// One line: the values of the row, or with `head` their names. What a spreadsheet would take for a formula is made a
/// text by an apostrophe.
[[nodiscard]] std::string csv_line(const Json& row, bool head);

} // namespace vectis::api::handlers
