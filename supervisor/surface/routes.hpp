// THE table of the REST API: one row per route, and nothing else decides what is routed where, who may call it, what
// OpenAPI and the reference say, and what the command line calls.
#pragma once

#include "surface/schema.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace vectis::surface {

/// Where the API begins.
constexpr std::string_view api_base = "/api/v1";

enum class Method : std::uint8_t { get, post, put, patch, del };
[[nodiscard]] std::string_view text(Method method);

/// What somebody may do: each role may do what those before it may. `mailbox` is the owner of one, and reaches that one
/// alone; the others are administrators'.
enum class Role : std::uint8_t { mailbox, domain_admin, admin, super_admin };
[[nodiscard]] std::string_view text(Role role);
[[nodiscard]] std::optional<Role> role_named(std::string_view name);

/// What a route does. A handler stands for each of them.
enum class Operation : std::uint8_t {
    health,
    version,
    openapi,
    docs,
    login,
    me,
    logout,
    logout_all,
    sessions_list,
    sessions_delete,
    own_password,
    totp_setup,
    totp_verify,
    totp_remove,
    admins_list,
    admins_create,
    admins_get,
    admins_update,
    admins_delete,
    admins_reset_password,
    admins_announce,
    admins_setup_totp,
    admins_verify_totp,
    admins_remove_totp,
    domains_list,
    domains_create,
    domains_get,
    domains_update,
    domains_delete,
    domains_dns,
    domains_verify,
    domains_dkim,
    domains_dkim_rotate,
    domains_dkim_import,
    domains_dkim_activate,
    domains_dkim_delete,
    mailboxes_list,
    mailboxes_create,
    mailboxes_get,
    mailboxes_update,
    mailboxes_delete,
    mailboxes_suspend,
    mailboxes_resume,
    mailboxes_use,
    sieve_list,
    sieve_get,
    sieve_put,
    sieve_activate,
    sieve_deactivate,
    sieve_delete,
    app_passwords_list,
    app_passwords_create,
    app_passwords_delete,
    aliases_list,
    aliases_create,
    aliases_get,
    aliases_update,
    aliases_delete,
    import_accounts,
    send,
    send_batch,
    send_raw,
    analytics_get,
    analytics_export,
    messages_list,
    messages_get,
    messages_events,
    messages_cancel,
    suppressions_list,
    suppressions_get,
    suppressions_create,
    suppressions_import,
    suppressions_delete,
    holds_list,
    holds_create,
    holds_get,
    holds_release,
    holds_discard,
    templates_list,
    templates_create,
    templates_get,
    templates_update,
    templates_delete,
    templates_render,
    webhooks_list,
    webhooks_create,
    webhooks_get,
    webhooks_update,
    webhooks_delete,
    webhooks_rotate_secret,
    webhooks_test,
    webhooks_replay,
    webhooks_deliveries,
    webhook_deliveries_get,
    webhook_deliveries_replay,
    inbound_routes_list,
    inbound_routes_create,
    inbound_routes_get,
    inbound_routes_update,
    inbound_routes_delete,
    inbound_list,
    inbound_get,
    inbound_raw,
    inbound_attachment,
    inbound_replay,
    api_keys_list,
    api_keys_create,
    api_keys_get,
    api_keys_update,
    api_keys_delete,
    api_keys_rotate,
    config_get,
    config_validate,
    config_plan,
    config_apply,
    generations_list,
    generations_rollback,
    operations_list,
    operations_get,
    services_list,
    services_restart,
    logs_list,
    metrics_get,
    probes_get,
    probes_run,
    queue_list,
    queue_flush,
    queue_hold,
    queue_release,
    queue_delete,
    audit_list,
    audit_export,
    audit_verify,
};

/// A value in the query: ?name=
struct Parameter {
    std::string_view name;
    const Schema* schema = nullptr;
    std::string_view description;
};

/// Of a list: what it may be sorted by and what its rows may be picked by, each a field of the resource.
struct Listing {
    std::span<const std::string_view> sorts;
    std::span<const std::string_view> filters;
};

struct Route {
    Operation operation;
    std::string_view id; // OpenAPI's operationId
    Method method = Method::get;
    std::string_view path; // below api_base, literal: /domains/{id}
    std::string_view group;
    std::string_view summary;
    /// Whoever may not do at least this is refused; nothing: everybody may call it, `open_because` says why.
    std::optional<Role> role;
    std::string_view open_because;
    /// What an API key must have to call it; empty: every key may that has the role.
    std::string_view scope;
    /// What it expects in the body; nothing: it has none. With PATCH every property may be left out (RFC 7396).
    const Schema* body = nullptr;
    std::size_t most_body = 1U << 20U; // bytes
    std::span<const Parameter> query;
    /// It gives a list by pages: limit, cursor, sort, order and the filters are in its query.
    const Listing* list = nullptr;
    /// The query must say ?confirm= and the name of what is destroyed.
    bool confirm = false;
    /// It is there for a session alone: a key or the socket has none of what it is about.
    bool session = false;
    /// It may be called while a password that was made has not been changed yet.
    bool before_change = false;
    /// Whoever shows a URL that this server has signed needs no credential: the handler judges `signature`.
    bool signed_url = false;
    /// An Idempotency-Key says nothing here: what is asked twice is proved twice.
    bool ignores_key = false;
    int status = 200;
    /// Of the answer's `data`; null where the answer is a document of its own.
    const Schema* answer = nullptr;
    std::string_view type = "application/json";
};

[[nodiscard]] std::span<const Route> routes();

/// What may stand in the place of {name} in a path.
[[nodiscard]] const Schema& schema_of_parameter(std::string_view name);

/// Everything that its query may have: what the row says, and what a list and a confirmation bring.
[[nodiscard]] std::vector<Parameter> query_of(const Route& route);

struct Group {
    std::string_view name;
    std::string_view summary;
    /// The field by which people name one of its resources; empty: it has none.
    std::string_view named_by;
    /// It is about the whole server: whoever is bound to some domains has no part in it.
    bool whole_server = false;
};
[[nodiscard]] std::span<const Group> groups();
[[nodiscard]] const Group& group_of(const Route& route);

/// Everything that an API key may be given.
[[nodiscard]] std::span<const std::string_view> scopes();

} // namespace vectis::surface
