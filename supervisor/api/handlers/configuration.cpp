// config.yaml as it is, what it would change, and what was applied.
#include "api/handlers/body.hpp"
#include "api/handlers/handlers.hpp"
#include "config/load.hpp"
#include "config/write.hpp"

namespace vectis::api::handlers {

namespace {

Json problems_json(const std::vector<Problem>& problems) {
    Json rows = Json::array();
    for (const auto& each : problems)
        rows.push_back({{"line", each.where.line},
                        {"column", each.where.column},
                        {"path", each.path},
                        {"detail", each.what},
                        {"hint", each.hint}});
    return rows;
}

} // namespace

Response config_get(Call& call) {
    const auto loaded = config::load(call.services().config(), "config.yaml");
    // What cannot be read has its secrets in unknown places.
    const Json yaml = loaded.ok() ? Json(config::to_yaml(loaded.config, config::Hashes::hidden)) : Json(nullptr);
    return call.answer({{"valid", loaded.ok()}, {"yaml", yaml}, {"problems", problems_json(loaded.problems)}});
}

Response config_validate(Call& call) {
    const auto loaded = config::load(call.body().at("yaml").get<std::string>(), "config.yaml");
    return call.answer({{"valid", loaded.ok()}, {"problems", problems_json(loaded.problems)}});
}

Response config_plan(Call& call) {
    return call.answer(parse_json(call.services().plan()));
}

Response config_apply(Call& call) {
    return call.begin("config.apply", "apply", call.body().at("plan_id").get<std::string>());
}

Response generations_list(Call& call) {
    const Json said = parse_json(call.services().generations());
    return call.answer(said.at("generations"));
}

Response generations_rollback(Call& call) {
    return call.begin("config.rollback", "rollback", call.parameter("generation"));
}

} // namespace vectis::api::handlers
