// What everybody may ask.
#include "api/handlers/handlers.hpp"
#include "api/openapi.hpp"
#include "api/reference.hpp"

#include <nlohmann/json.hpp>

namespace vectis::api::handlers {

Response health(Call& call) {
    Json checks = Json::array();
    bool well = true;
    for (const auto& [name, passed] : call.services().health()) {
        checks.push_back({{"name", name}, {"status", passed ? "ok" : "failing"}});
        well = well && passed;
    }
    Response response = call.answer({{"status", well ? "ok" : "failing"}, {"checks", std::move(checks)}});
    response.status = well ? 200 : 503;
    return response;
}

Response version(Call& call) {
    return call.answer({{"version", VECTIS_VERSION}, {"api", "v1"}});
}

Response openapi(Call&) {
    static const std::string text = to_pretty_text(openapi_document());
    return {.type = "application/json", .body = text, .fields = {}};
}

Response docs(Call&) {
    static const std::string text = reference_page();
    return {.type = "text/html; charset=utf-8",
            .body = text,
            .fields = {{"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
                                                   "form-action 'none'; frame-ancestors 'none'"}}};
}

} // namespace vectis::api::handlers
