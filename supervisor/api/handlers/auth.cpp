// Who is asking.
#include "api/handlers/handlers.hpp"

namespace vectis::api::handlers {

Response me(Call& call) {
    const auto& who = call.who();
    const auto maybe = [](const auto& value) { return value ? Json(*value) : Json(nullptr); };
    return call.answer({{"name", who.name},
                        {"admin_id", maybe(who.id)},
                        {"credential", who.credential},
                        {"role", surface::text(who.role)},
                        {"scopes", maybe(who.scopes)},
                        {"domains", maybe(who.domains)}});
}

} // namespace vectis::api::handlers
