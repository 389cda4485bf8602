// One function for each operation of the route table. A handler reads the request, calls one service, answers.
#pragma once

#include "api/dispatch.hpp"

namespace vectis::api::handlers {

using Handler = Response (*)(const Services&, Call&);

/// The handler of an operation. Every operation has one.
[[nodiscard]] Handler handler_of(surface::Operation operation);

Response health(const Services& services, Call& call);
Response version(const Services& services, Call& call);
Response openapi(const Services& services, Call& call);
Response docs(const Services& services, Call& call);
Response me(const Services& services, Call& call);

} // namespace vectis::api::handlers
