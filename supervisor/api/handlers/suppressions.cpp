// To whom a domain sends nothing more: what bounces and complaints have said, and what people say.
#include "store/suppressions.hpp"

#include "api/handlers/body.hpp"
#include "api/handlers/handlers.hpp"
#include "base/random.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

namespace vectis::api::handlers {

namespace {

Json suppression_json(const store::Suppression& row) {
    return {{"id", row.id},
            {"domain", row.domain},
            {"address", row.address},
            {"reason", row.reason},
            {"source", row.source},
            {"created_at", row.created_at},
            {"expires_at", json_or_null(row.expires_at)}};
}

/// The one that the path names, if it is theirs.
store::Suppression this_suppression(const Call& call, store::Database& database) {
    auto row = store::Suppressions(database).find(call.id());
    if (!row || !call.who().reaches(row->domain))
        throw Error(Code::not_found, fmt::format("there is nothing with the id '{}'", call.id()));
    return std::move(*row);
}

/// What a member of the body, at `pointer`, asks for; its faults are noted.
store::Suppression suppression_in(const Call& call, const Json& json, const std::string& pointer,
                                  std::vector<Problem>& problems) {
    store::Suppression row{.id = uuid7(),
                           .domain = lower_ascii(json.at("domain").get<std::string>()),
                           .address = lower_ascii(json.at("address").get<std::string>()),
                           .reason = json.value("reason", "manual"),
                           .source = call.who().name,
                           .created_at = rfc3339(now()),
                           .expires_at = nullable_time_in(json, "expires_at").value_or(std::nullopt)};
    if (row.expires_at && *row.expires_at <= rfc3339(now()))
        problems.push_back({.where = {},
                            .path = pointer + "/expires_at",
                            .what = "is over",
                            .hint = "leave it out: then it lasts until it is removed"});
    if (!call.has_domain(row.domain))
        problems.push_back({.where = {},
                            .path = pointer + "/domain",
                            .what = fmt::format("'{}' is not one of your domains", printable(row.domain)),
                            .hint = "it is the domain that sends, not the address's own"});
    return row;
}

} // namespace

Response suppressions_list(Call& call) {
    store::Page page = call.page();
    if (call.who().domains)
        page.among.emplace("domain", *call.who().domains);
    Json json = Json::array();
    call.services().ledger.read([&](store::Database& database) {
        for (const auto& each : store::Suppressions(database).page(page))
            json.push_back(suppression_json(each));
    });
    return call.list(std::move(json), page);
}

Response suppressions_get(Call& call) {
    return call.services().ledger.read(
        [&](store::Database& database) { return call.resource(suppression_json(this_suppression(call, database))); });
}

Response suppressions_create(Call& call) {
    std::vector<Problem> problems;
    const auto row = suppression_in(call, call.body(), "", problems);
    if (!problems.empty())
        refuse(std::move(problems));
    return call.change([&](accounts::Change& change) {
        if (!store::Suppressions(change.database()).add(row))
            throw Error(Code::conflict,
                        fmt::format("'{}' is suppressed for {} already", printable(row.address), row.domain));
        change.audit("suppression.create", row.address, row.id, nullptr, suppression_json(row));
        return call.resource(suppression_json(row));
    });
}

Response suppressions_import(Call& call) {
    const Json& all = call.body().at("suppressions");
    std::vector<Problem> problems;
    std::vector<store::Suppression> rows;
    for (std::size_t i = 0; i < all.size(); ++i)
        rows.push_back(suppression_in(call, all[i], fmt::format("/suppressions/{}", i), problems));
    if (!problems.empty())
        refuse(std::move(problems));
    return call.change([&](accounts::Change& change) {
        store::Suppressions suppressions(change.database());
        std::size_t added = 0;
        for (const auto& row : rows)
            added += suppressions.add(row) ? 1U : 0U;
        const Json told{{"added", added}, {"there_already", rows.size() - added}};
        change.audit("suppression.import", fmt::format("{} addresses", rows.size()), std::nullopt, nullptr, told);
        return call.answer(told);
    });
}

Response suppressions_delete(Call& call) {
    return call.change([&](accounts::Change& change) {
        const auto row = this_suppression(call, change.database());
        call.expect_confirmed(row.address);
        store::Suppressions(change.database()).remove(row.id);
        change.audit("suppression.delete", row.address, row.id, suppression_json(row), nullptr);
        return call.answer(suppression_json(row));
    });
}

} // namespace vectis::api::handlers
