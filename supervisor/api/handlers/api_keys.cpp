// API keys.
#include "accounts/api_keys.hpp"

#include "api/handlers/body.hpp"
#include "api/handlers/handlers.hpp"

namespace vectis::api::handlers {

namespace {

accounts::ApiKeyChanges api_key_changes(const Json& body) {
    using Words = std::vector<std::string>;
    return {.name = text_in(body, "name"),
            .scopes = words_in(body, "scopes"),
            .domains = nullable_in<Words>(body, "domains"),
            .networks = nullable_in<Words>(body, "networks"),
            .rate = value_in<std::int64_t>(body, "rate"),
            .recipients = nullable_in<std::int64_t>(body, "recipients"),
            .expires_at = nullable_time_in(body, "expires_at")};
}

} // namespace

Response api_keys_list(Call& call) {
    const store::Page page = call.page();
    Json rows = Json::array();
    call.services().ledger.read([&](store::Database& database) {
        for (const auto& key : accounts::list_api_keys(database, call.who(), page))
            rows.push_back(accounts::api_key_json(key));
    });
    return call.list(std::move(rows), page);
}

Response api_keys_create(Call& call) {
    const auto changes = api_key_changes(call.body());
    const auto role = role_in(call.body(), "role").value_or(call.who().role);
    return call.change([&](accounts::Change& change) {
        const auto made = accounts::add_api_key(change, role, changes);
        return call.resource_with(accounts::api_key_json(made.key), "token", made.token);
    });
}

Response api_keys_get(Call& call) {
    return call.services().ledger.read([&](store::Database& database) {
        return call.resource(accounts::api_key_json(accounts::find_api_key(database, call.who(), call.id())));
    });
}

Response api_keys_update(Call& call) {
    const auto changes = api_key_changes(call.body());
    return call.change([&](accounts::Change& change) {
        const auto key = accounts::find_api_key(change.database(), call.who(), call.id());
        call.expect_match(accounts::api_key_json(key));
        return call.resource(accounts::api_key_json(accounts::change_api_key(change, key, changes)));
    });
}

Response api_keys_delete(Call& call) {
    return call.change([&](accounts::Change& change) {
        const auto key = accounts::find_api_key(change.database(), call.who(), call.id());
        call.expect_match(accounts::api_key_json(key));
        call.expect_confirmed(key.name);
        accounts::remove_api_key(change, key);
        return call.answer(accounts::api_key_json(key));
    });
}

Response api_keys_rotate(Call& call) {
    constexpr std::int64_t a_day = 86400;
    const std::chrono::seconds overlap(value_in<std::int64_t>(call.body(), "overlap_seconds").value_or(a_day));
    return call.change([&](accounts::Change& change) {
        const auto key = accounts::find_api_key(change.database(), call.who(), call.id());
        const auto made = accounts::rotate_api_key(change, key, overlap);
        return call.resource_with(accounts::api_key_json(made.key), "token", made.token);
    });
}

} // namespace vectis::api::handlers
