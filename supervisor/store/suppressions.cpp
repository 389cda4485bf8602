#include "store/suppressions.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

namespace vectis::store {

namespace {

constexpr std::string_view suppression_columns = "id, domain, address, reason, source, created_at, expires_at";

Suppression read_suppression(const Statement& row) {
    return {.id = row.text(0),
            .domain = row.text(1),
            .address = row.text(2),
            .reason = row.text(3),
            .source = row.text(4),
            .created_at = row.text(5),
            .expires_at = row.optional_text(6)};
}

} // namespace

bool Suppressions::add(const Suppression& suppression) {
    const std::string address = lower_ascii(suppression.address);
    database_.prepare("delete from suppressions where domain = ?1 and address = ?2 and expires_at <= ?3")
        .bind(suppression.domain, address, suppression.created_at)
        .run();
    auto insert = database_.prepare(fmt::format("insert into suppressions ({}) values (?1, ?2, ?3, ?4, ?5, ?6, ?7) "
                                                "on conflict (domain, address) do nothing returning 1",
                                                suppression_columns));
    return insert
        .bind(suppression.id, suppression.domain, address, suppression.reason, suppression.source,
              suppression.created_at, suppression.expires_at)
        .step();
}

std::optional<Suppression> Suppressions::find(const std::string& id) {
    auto select = database_.prepare(fmt::format("select {} from suppressions where id = ?1", suppression_columns));
    return select.bind(id).step() ? std::optional(read_suppression(select)) : std::nullopt;
}

std::optional<Suppression> Suppressions::find(const std::string& domain, const std::string& address,
                                              const std::string& at) {
    auto select = database_.prepare(fmt::format("select {} from suppressions where domain = ?1 and address = ?2 and "
                                                "(expires_at is null or expires_at > ?3)",
                                                suppression_columns));
    return select.bind(domain, lower_ascii(address), at).step() ? std::optional(read_suppression(select))
                                                                : std::nullopt;
}

std::vector<Suppression> Suppressions::page(const Page& page) {
    auto select = select_page(database_, suppression_columns, "suppressions", page);
    std::vector<Suppression> rows;
    while (select.step())
        rows.push_back(read_suppression(select));
    return rows;
}

void Suppressions::remove(const std::string& id) {
    database_.prepare("delete from suppressions where id = ?1").bind(id).run();
}

} // namespace vectis::store
