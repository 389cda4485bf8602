#include "store/api_keys.hpp"

#include <fmt/format.h>

namespace vectis::store {

namespace {

constexpr std::string_view api_key_columns =
    "id, name, admin, secret, old_secret, old_until, role, scopes, domains, networks, "
    "rate, expires_at, created_at, updated_at, recipients";

ApiKey read_api_key(const Statement& row) {
    return {.id = row.text(0),
            .name = row.text(1),
            .admin = row.optional_text(2),
            .secret = row.text(3),
            .old_secret = row.optional_text(4),
            .old_until = row.optional_text(5),
            .role = row.text(6),
            .scopes = list_of(row.text(7)),
            .domains = list_of(row.optional_text(8)),
            .networks = list_of(row.optional_text(9)),
            .rate = row.integer(10),
            .recipients = row.optional_integer(14),
            .expires_at = row.optional_text(11),
            .created_at = row.text(12),
            .updated_at = row.text(13)};
}

std::optional<ApiKey> one_api_key(Statement& select) {
    return select.step() ? std::optional(read_api_key(select)) : std::nullopt;
}

} // namespace

std::optional<ApiKey> ApiKeys::find(const std::string& id) {
    auto select = database_.prepare(fmt::format("select {} from api_keys where id = ?1", api_key_columns));
    return one_api_key(select.bind(id));
}

std::optional<ApiKey> ApiKeys::find_by_name(const std::string& name) {
    auto select = database_.prepare(fmt::format("select {} from api_keys where name = ?1", api_key_columns));
    return one_api_key(select.bind(name));
}

std::vector<ApiKey> ApiKeys::page(const Page& page) {
    auto select = select_page(database_, api_key_columns, "api_keys", page);
    std::vector<ApiKey> rows;
    while (select.step())
        rows.push_back(read_api_key(select));
    return rows;
}

void ApiKeys::add(const ApiKey& key) {
    database_
        .prepare("insert into api_keys (id, name, admin, secret, old_secret, old_until, role, scopes, domains, "
                 "networks, rate, expires_at, created_at, updated_at, recipients) "
                 "values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)")
        .bind(key.id, key.name, key.admin, key.secret, key.old_secret, key.old_until, key.role, text_of(key.scopes),
              text_of(key.domains), text_of(key.networks), key.rate, key.expires_at, key.created_at, key.updated_at,
              key.recipients)
        .run();
}

void ApiKeys::update(const ApiKey& key) {
    database_
        .prepare("update api_keys set name = ?2, secret = ?3, old_secret = ?4, old_until = ?5, scopes = ?6, "
                 "domains = ?7, networks = ?8, rate = ?9, expires_at = ?10, updated_at = ?11, recipients = ?12 where "
                 "id = ?1")
        .bind(key.id, key.name, key.secret, key.old_secret, key.old_until, text_of(key.scopes), text_of(key.domains),
              text_of(key.networks), key.rate, key.expires_at, key.updated_at, key.recipients)
        .run();
}

void ApiKeys::remove(const std::string& id) {
    database_.prepare("delete from api_keys where id = ?1").bind(id).run();
}

} // namespace vectis::store
