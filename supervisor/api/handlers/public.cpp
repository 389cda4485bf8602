// What everybody may ask.
#include "api/handlers/handlers.hpp"
#include "api/openapi.hpp"
#include "api/reference.hpp"

#include <nlohmann/json.hpp>

namespace vectis::api::handlers {

Response health(const Services& services, Call& call) {
    Json checks = Json::array();
    bool well = true;
    for (const auto& [name, passed] : services.health()) {
        checks.push_back({{"name", name}, {"status", passed ? "ok" : "failing"}});
        well = well && passed;
    }
    return data(call.request.id, {{"status", well ? "ok" : "failing"}, {"checks", std::move(checks)}},
                well ? 200 : 503);
}

Response version(const Services&, Call& call) {
    return data(call.request.id, {{"version", VECTIS_VERSION}, {"api", "v1"}});
}

Response openapi(const Services&, Call&) {
    static const std::string text = to_pretty_text(openapi_document());
    return {.type = "application/json", .body = text, .fields = {}};
}

Response docs(const Services&, Call&) {
    static const std::string text = reference_page();
    return {.type = "text/html; charset=utf-8",
            .body = text,
            .fields = {{"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
                                                   "form-action 'none'; frame-ancestors 'none'"}}};
}

} // namespace vectis::api::handlers
