// The audit log.
#include "store/audit.hpp"

#include "api/handlers/body.hpp"
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

/// One field of CSV (RFC 4180). What a spreadsheet would take for a formula is made a text by an apostrophe.
std::string csv_field(const Json& value) {
    std::string text = value.is_null() ? "" : value.is_string() ? value.get<std::string>() : to_text(value);
    if (value.is_string() && !text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos)
        text.insert(0, "'");
    std::string quoted = "\"";
    for (const char c : text)
        quoted += c == '"' ? "\"\"" : std::string(1, c);
    return quoted + "\"";
}

std::string csv_line(const Json& row, bool head) {
    std::string line;
    for (const auto& each : row.items())
        line += (line.empty() ? "" : ",") + csv_field(head ? Json(each.key()) : each.value());
    return line + "\r\n";
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
