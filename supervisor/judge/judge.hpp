// Judges JSON and query values against their shape. Every fault is found at once, each named by its JSON pointer.
#pragma once

#include "base/error.hpp"
#include "base/json.hpp"
#include "surface/schema.hpp"

#include <vector>

namespace vectis::judge {

/// What is wrong with `json`. `partial`: every property may be left out, as in a merge patch (RFC 7396).
[[nodiscard]] std::vector<Problem> value(const surface::Schema& schema, const Json& json, bool partial = false);
/// A text of the query as the JSON that its shape asks for; as a string where it is none of it.
[[nodiscard]] Json typed(const surface::Schema& schema, const std::string& text);

} // namespace vectis::judge
