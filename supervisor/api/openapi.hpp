// The API's description for programs: OpenAPI 3.1, from the route table alone.
#pragma once

#include "base/json.hpp"
#include "surface/schema.hpp"

namespace vectis::api {

[[nodiscard]] Json openapi_document();
/// One shape as JSON Schema; a named one as a reference to the components.
[[nodiscard]] Json json_schema(const surface::Schema& schema);

} // namespace vectis::api
