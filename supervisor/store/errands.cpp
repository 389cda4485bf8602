#include "store/errands.hpp"

#include <fmt/format.h>

namespace vectis::store {

namespace {

constexpr std::string_view errand_columns =
    "id, at, who, credential_id, request_id, idempotency_key, request, action, change, answer";

Errand read_errand(const Statement& row) {
    return {.id = row.text(0),
            .at = row.text(1),
            .who = row.text(2),
            .credential_id = row.text(3),
            .request_id = row.text(4),
            .idempotency_key = row.optional_text(5),
            .request = row.text(6),
            .action = row.text(7),
            .change = row.text(8),
            .answer = row.text(9)};
}

} // namespace

void Errands::add(const Errand& errand) {
    database_
        .prepare(
            fmt::format("insert into errands ({}) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)", errand_columns))
        .bind(errand.id, errand.at, errand.who, errand.credential_id, errand.request_id, errand.idempotency_key,
              errand.request, errand.action, errand.change, errand.answer)
        .run();
}

std::optional<Errand> Errands::find_by_key(const std::string& credential_id, const std::string& key) {
    auto select = database_.prepare(
        fmt::format("select {} from errands where credential_id = ?1 and idempotency_key = ?2", errand_columns));
    return select.bind(credential_id, key).step() ? std::optional(read_errand(select)) : std::nullopt;
}

std::vector<Errand> Errands::all(const std::string& before) {
    // Not by id: two of one millisecond are in no order.
    auto select = database_.prepare(
        fmt::format("select {} from errands where ?1 = '' or rowid < (select rowid from errands where id = ?1) "
                    "order by rowid",
                    errand_columns));
    select.bind(before);
    std::vector<Errand> rows;
    while (select.step())
        rows.push_back(read_errand(select));
    return rows;
}

bool Errands::remove(const std::string& id) {
    database_.prepare("delete from errands where id = ?1").bind(id).run();
    return database_.changes() > 0;
}

} // namespace vectis::store
