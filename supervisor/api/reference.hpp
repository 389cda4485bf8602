// The API's reference for people: one page, from the route table alone.
#pragma once

#include <string>

namespace vectis::api {

[[nodiscard]] std::string reference_page();

} // namespace vectis::api
