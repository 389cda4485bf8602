// Who is asking.
#include "api/handlers/handlers.hpp"

#include <nlohmann/json.hpp>

namespace vectis::api::handlers {

Response me(const Services&, Call& call) {
    return data(call.request.id, {{"name", call.caller.name},
                                  {"credential", call.caller.credential},
                                  {"role", surface::text(call.caller.role)}});
}

} // namespace vectis::api::handlers
