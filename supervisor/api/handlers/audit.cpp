// The audit log.
#include "store/audit.hpp"

#include "api/handlers/body.hpp"
#include "api/handlers/csv.hpp"
#include "api/handlers/handlers.hpp"

#include <array>

namespace vectis::api::handlers {

namespace {

Json parsed(const std::optional<std::string>& text) {
    return text ? parse_json(*text) : Json(nullptr);
}

Json row_json(const store::AuditRow& row) {
    const auto& entry = row.entry;
    return {{"seq", row.seq},
            {"at", entry.at},
            {"actor", entry.actor},
            {"actor_id", json_or_null(entry.actor_id)},
            {"credential", entry.credential},
            {"address", entry.address},
            {"action", entry.action},
            {"target", entry.target},
            {"target_id", json_or_null(entry.target_id)},
            {"before", parsed(entry.before)},
            {"after", parsed(entry.after)},
            {"request_id", entry.request_id},
            {"hash", row.hash}};
}

} // namespace

Response audit_list(Call& call) {
    store::Page page = call.page();
    page.sort = "seq";
    store::AuditQuery query{
        .limit = page.limit, .after = std::nullopt, .descending = call.query("order") != "asc", .where = page.where};
    if (page.after)
        query.after = whole_number(parse_json("{\"seq\":" + page.after->first + "}"), "seq");
    Json rows = Json::array();
    call.services().ledger.read([&](store::Database& database) {
        for (const auto& row : store::Audit(database).page(query))
            rows.push_back(row_json(row));
    });
    return call.list(std::move(rows), page);
}

Response audit_export(Call& call) {
    constexpr std::size_t block = 1000;
    const bool csv = call.query("format") == "csv";
    Response response{
        .status = 200, .type = csv ? "text/csv; charset=utf-8" : "application/jsonl", .body = {}, .fields = {}};
    store::AuditQuery query{.limit = block, .after = std::nullopt, .descending = false, .where = {}};
    for (bool more = true; more;) {
        auto rows =
            call.services().ledger.read([&](store::Database& database) { return store::Audit(database).page(query); });
        more = rows.size() > block;
        if (more)
            rows.pop_back();
        for (const auto& row : rows) {
            const Json json = row_json(row);
            if (csv && response.body.empty())
                response.body += csv_line(json, true);
            response.body += csv ? csv_line(json, false) : to_text(json) + "\n";
            query.after = row.seq;
        }
    }
    return response;
}

Response audit_verify(Call& call) {
    const auto verdict =
        call.services().ledger.read([](store::Database& database) { return store::Audit(database).verify(); });
    return call.answer({{"whole", verdict.fault.empty()},
                        {"rows", verdict.rows},
                        {"fault", verdict.fault.empty() ? Json(nullptr) : Json(verdict.fault)}});
}

} // namespace vectis::api::handlers
