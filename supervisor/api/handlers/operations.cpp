// The daemons, their logs and probes, and Postfix's queue: what the supervisor says and does.
#include "store/operations.hpp"

#include "api/handlers/body.hpp"
#include "api/handlers/handlers.hpp"
#include "judge/judge.hpp"
#include "surface/schemas.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vectis::api::handlers {

namespace {

Json service_row(const Json& said) {
    return {{"service", said.at("service")},
            {"unit", said.value("unit", "")},
            {"active", said.at("active")},
            {"since", said.value("since", Json(nullptr))},
            {"restarts", said.value("restarts", 0)},
            {"memory", said.value("memory", Json(nullptr))},
            {"why", said.value("why", Json(nullptr))}};
}

Json service_rows(const Call& call) {
    const Json said = parse_json(call.services().status());
    Json rows = Json::array();
    for (const auto& each : said.at("services"))
        rows.push_back(service_row(each));
    return rows;
}

Response act_on_queue(Call& call, const std::string& action) {
    const std::string& id = call.parameter("queue_id");
    return call.act(
        {"queue." + action, id, std::nullopt, nullptr}, [&] { call.services().act_on_queue(id, action); },
        [&] {
            return call.answer({{"id", id}, {"action", action}});
        });
}

} // namespace

Response services_list(Call& call) {
    return call.answer(service_rows(call));
}

Response services_restart(Call& call) {
    const std::string& name = call.parameter("service");
    return call.act(
        {"service.restart", name, std::nullopt, nullptr}, [&] { call.services().restart(name); },
        [&] {
            const Json rows = service_rows(call);
            const auto row =
                std::find_if(rows.begin(), rows.end(), [&](const Json& each) { return each.at("service") == name; });
            return call.answer(row == rows.end() ? Json(nullptr) : *row);
        });
}

Response logs_list(Call& call) {
    constexpr std::chrono::minutes usual_past{15};
    constexpr std::int64_t usual_lines = 200;
    const auto since = call.query("since");
    const auto most = call.query("limit");
    return call.answer(parse_json(call.services().logs(
        call.parameter("service"), since ? parse_rfc3339(*since) : now() - usual_past,
        judge::typed(surface::schemas::log_lines, most.value_or(std::to_string(usual_lines))).get<std::uint32_t>())));
}

Response probes_get(Call& call) {
    const auto last = call.services().ledger.read(
        [&](store::Database& database) { return store::Operations(database).last_done("probes"); });
    if (!last)
        return call.answer({{"ran_at", nullptr}, {"passed", 0}, {"failed", 0}, {"probes", Json::array()}});
    Json data = parse_json(*last->result);
    data["ran_at"] = *last->finished_at;
    return call.answer(std::move(data));
}

Response probes_run(Call& call) {
    return call.begin("probes.run", "probes", text_in(call.body(), "set").value_or("quick"));
}

Response operations_list(Call& call) {
    const store::Page page = call.page();
    const auto rows =
        call.services().ledger.read([&](store::Database& database) { return store::Operations(database).page(page); });
    Json json = Json::array();
    for (const auto& each : rows)
        json.push_back(call.services().operations.shown(each));
    return call.list(std::move(json), page);
}

Response operations_get(Call& call) {
    const auto row = call.services().ledger.read(
        [&](store::Database& database) { return store::Operations(database).find(call.id()); });
    if (!row)
        throw Error(Code::not_found, fmt::format("there is nothing with the id '{}'", call.id()));
    return call.answer(call.services().operations.shown(*row));
}

Response queue_list(Call& call) {
    const store::Page page = call.page();
    // The pages of one list are of one moment, and Postfix is not asked anew for each.
    const Json said = parse_json(call.services().queue(page.after.has_value()));
    std::vector<const Json*> wanted;
    for (const auto& each : said) {
        const std::string id = each.at("id");
        const bool later = !page.after || (page.descending ? id < page.after->second : id > page.after->second);
        const bool asked = std::all_of(page.where.begin(), page.where.end(),
                                       [&](const auto& filter) { return each.at(filter.first) == filter.second; });
        if (later && asked)
            wanted.push_back(&each);
    }
    std::sort(wanted.begin(), wanted.end(), [&](const Json* one, const Json* other) {
        return page.descending ? other->at("id") < one->at("id") : one->at("id") < other->at("id");
    });
    Json rows = Json::array();
    for (std::size_t i = 0; i < std::min(wanted.size(), page.limit + 1); ++i)
        rows.push_back(*wanted[i]);
    return call.list(std::move(rows), page);
}

Response queue_flush(Call& call) {
    return act_on_queue(call, "flush");
}

Response queue_hold(Call& call) {
    return act_on_queue(call, "hold");
}

Response queue_release(Call& call) {
    return act_on_queue(call, "release");
}

Response queue_delete(Call& call) {
    call.expect_confirmed(call.parameter("queue_id"));
    return act_on_queue(call, "remove");
}

} // namespace vectis::api::handlers
