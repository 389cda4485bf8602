// Administrators.
#include "accounts/admins.hpp"

#include "api/handlers/body.hpp"
#include "api/handlers/handlers.hpp"

namespace vectis::api::handlers {

namespace {

accounts::AdminChanges admin_changes(const Json& body) {
    return {.email = text_in(body, "email"),
            .name = text_in(body, "name"),
            .role = role_in(body, "role"),
            .domains = words_in(body, "domains"),
            .suspended = flag_in(body, "suspended")};
}

accounts::Credentials credentials_in(const Json& body, const std::string& email) {
    auto credentials =
        accounts::credentials_for(text_in(body, "password"), flag_in(body, "must_change_password"), email);
    credentials.announced = flag_in(body, "announced").value_or(true);
    return credentials;
}

} // namespace

Response admins_list(Call& call) {
    const store::Page page = call.page();
    Json rows = Json::array();
    call.services().ledger.read([&](store::Database& database) {
        for (const auto& admin : accounts::list_admins(database, page))
            rows.push_back(accounts::admin_json(admin));
    });
    return call.list(std::move(rows), page);
}

Response admins_create(Call& call) {
    const auto changes = admin_changes(call.body());
    const auto credentials = credentials_in(call.body(), *changes.email);
    return call.change([&](accounts::Change& change) {
        const auto admin = accounts::add_admin(change, changes, credentials);
        return call.resource_with(accounts::admin_json(admin), "one_time_password",
                                  json_or_null(credentials.one_time_password));
    });
}

Response admins_get(Call& call) {
    return call.services().ledger.read([&](store::Database& database) {
        return call.resource(accounts::admin_json(accounts::find_admin(database, call.id())));
    });
}

Response admins_update(Call& call) {
    const auto changes = admin_changes(call.body());
    return call.change([&](accounts::Change& change) {
        const auto admin = accounts::find_admin(change.database(), call.id());
        call.expect_match(accounts::admin_json(admin));
        return call.resource(accounts::admin_json(accounts::change_admin(change, admin, changes)));
    });
}

Response admins_delete(Call& call) {
    return call.change([&](accounts::Change& change) {
        const auto admin = accounts::find_admin(change.database(), call.id());
        call.expect_match(accounts::admin_json(admin));
        call.expect_confirmed(admin.email);
        accounts::remove_admin(change, admin);
        return call.answer(accounts::admin_json(admin));
    });
}

Response admins_reset_password(Call& call) {
    const Json& body = call.body(); // whoever asks for nobody's is told what is wrong with it first
    const std::string email = call.services().ledger.read(
        [&](store::Database& database) { return accounts::find_admin(database, call.id()).email; });
    const auto credentials = credentials_in(body, email);
    return call.change([&](accounts::Change& change) {
        const auto admin = accounts::find_admin(change.database(), call.id());
        return call.resource_with(accounts::admin_json(accounts::reset_admin_password(change, admin, credentials)),
                                  "one_time_password", json_or_null(credentials.one_time_password));
    });
}

Response admins_announce(Call& call) {
    return call.change([&](accounts::Change& change) {
        const auto admin = accounts::find_admin(change.database(), call.id());
        return call.resource(accounts::admin_json(accounts::admin_announced(change, admin)));
    });
}

} // namespace vectis::api::handlers
