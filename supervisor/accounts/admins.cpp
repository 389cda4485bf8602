#include "accounts/admins.hpp"

#include "accounts/password.hpp"
#include "base/error.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "store/sessions.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace vectis::accounts {

namespace {

constexpr std::size_t made_length = 20; // of 57 letters and digits: 116 bits

void apply(store::Admin& admin, const AdminChanges& changes) {
    if (changes.email)
        admin.email = lower_ascii(*changes.email);
    if (changes.name)
        admin.name = *changes.name;
    if (changes.role)
        admin.role = surface::text(*changes.role);
    if (changes.domains)
        admin.domains = *changes.domains;
    if (changes.suspended)
        admin.suspended = *changes.suspended;
    const bool limited = admin.role == surface::text(surface::Role::domain_admin);
    if (limited != !admin.domains.empty())
        throw Error(Code::invalid_input, "cannot keep an administrator like this", {},
                    {{.where = {},
                      .path = "/domains",
                      .what = limited ? "a domain_admin needs at least one domain"
                                      : fmt::format("the role {} is for every domain", admin.role),
                      .hint = {}}});
}

void expect_free(store::Database& database, const store::Admin& admin) {
    const auto other = store::Admins(database).find_by_email(admin.email);
    if (other && other->id != admin.id)
        throw Error(Code::conflict, fmt::format("there is an administrator '{}' already", admin.email));
}

/// After a change to this one, who may have been the last.
void expect_somebody_in_charge(store::Database& database, const store::Admin& before) {
    const bool was_in_charge = before.role == surface::text(surface::Role::super_admin) && !before.suspended;
    if (was_in_charge && store::Admins(database).count_in_charge() == 0)
        throw Error(Code::conflict, "nobody would be left who may do everything",
                    "give another administrator the role super_admin first");
}

} // namespace

Credentials credentials_for(const std::optional<std::string>& chosen, std::optional<bool> must_change,
                            const std::string& email) {
    if (chosen)
        expect_good_password(*chosen, email);
    const std::string made = chosen ? "" : random_password(made_length);
    return {.hash = hash_password(chosen.value_or(made)),
            .one_time_password = chosen ? std::nullopt : std::optional(made),
            .must_change = must_change.value_or(!chosen)};
}

Json admin_json(const store::Admin& admin) {
    return {{"id", admin.id},
            {"email", admin.email},
            {"name", admin.name},
            {"role", admin.role},
            {"domains", admin.domains},
            {"suspended", admin.suspended},
            {"must_change_password", admin.must_change_password},
            {"announced", admin.announced_at.has_value() || !admin.must_change_password},
            {"created_at", admin.created_at},
            {"updated_at", admin.updated_at}};
}

std::vector<store::Admin> list_admins(store::Database& database, const store::Page& page) {
    return store::Admins(database).page(page);
}

store::Admin find_admin(store::Database& database, const std::string& id) {
    if (auto admin = store::Admins(database).find(id))
        return *admin;
    throw Error(Code::not_found, fmt::format("there is no administrator '{}'", printable(id)));
}

store::Admin add_admin(const Change& change, const AdminChanges& changes, const Credentials& credentials) {
    store::Admin admin{.id = uuid7(),
                       .email = {},
                       .name = {},
                       .password = credentials.hash,
                       .must_change_password = credentials.must_change,
                       .role = {},
                       .domains = {},
                       .suspended = false,
                       .created_at = change.at(),
                       .updated_at = change.at(),
                       .announced_at = credentials.announced ? std::optional(change.at()) : std::nullopt};
    apply(admin, changes);
    expect_free(change.database(), admin);
    store::Admins(change.database()).add(admin);
    change.audit("admin.create", admin.email, admin.id, nullptr, admin_json(admin));
    return admin;
}

store::Admin change_admin(const Change& change, store::Admin admin, const AdminChanges& changes) {
    const store::Admin before = admin;
    apply(admin, changes);
    admin.updated_at = change.at();
    expect_free(change.database(), admin);
    store::Admins(change.database()).update(admin);
    expect_somebody_in_charge(change.database(), before);
    change.audit("admin.update", admin.email, admin.id, admin_json(before), admin_json(admin));
    return admin;
}

void remove_admin(const Change& change, const store::Admin& admin) {
    store::Admins(change.database()).remove(admin.id);
    expect_somebody_in_charge(change.database(), admin);
    change.audit("admin.delete", admin.email, admin.id, admin_json(admin), nullptr);
}

store::Admin reset_admin_password(const Change& change, store::Admin admin, const Credentials& credentials) {
    const Json before = admin_json(admin);
    admin.password = credentials.hash;
    admin.must_change_password = credentials.must_change;
    admin.announced_at = credentials.announced ? std::optional(change.at()) : std::nullopt;
    admin.updated_at = change.at();
    store::Admins(change.database()).update(admin);
    store::Sessions(change.database()).remove_all({.admin = admin.id, .mailbox = std::nullopt});
    change.audit("admin.reset_password", admin.email, admin.id, before, admin_json(admin));
    return admin;
}

store::Admin admin_announced(const Change& change, store::Admin admin) {
    const Json before = admin_json(admin);
    admin.announced_at = change.at();
    store::Admins(change.database()).update(admin);
    change.audit("admin.announce", admin.email, admin.id, before, admin_json(admin));
    return admin;
}

} // namespace vectis::accounts
