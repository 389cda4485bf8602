#include "surface/routes.hpp"

#include "surface/schemas.hpp"

#include <algorithm>
#include <array>

namespace vectis::surface {

namespace {

constexpr std::array group_table{
    Group{"public", "What everybody may ask: whether the server is well, and how to talk to it."},
    Group{"auth", "Logging in, and what is one's own: sessions, password, second factor."},
    Group{"admins", "Who may administer this server through the API.", "email", true},
    Group{"api-keys", "What programs show instead of a password. A key never reaches further than whoever made it.",
          "name"},
    Group{"domains", "The domains that have mail here.", "name"},
    Group{"mailboxes", "Whose mail is here.", "address"},
    Group{"aliases", "Addresses that lead to others.", "address"},
    Group{"import", "Many domains, mailboxes and aliases at once."},
    Group{"sending", "What programs send, and what becomes of it."},
    Group{"analytics", "How much was sent, and what became of it, by hour and by day."},
    Group{"suppressions", "To whom nothing more is sent, and why.", "address"},
    Group{"holds", "Whose mail is kept back: it looked like that of a stolen key or password, or somebody said so.",
          "sender", true},
    Group{"templates", "What messages are made of again and again.", "name"},
    Group{"webhooks", "Who is told of events by HTTP, and what became of each delivery.", "url"},
    Group{"inbound-routes", "Which mail is told to webhooks, and what came in so.", "name"},
    Group{"configuration", "What config.yaml says, and what of it is in force.", "", true},
    Group{"operations", "The daemons, and the mail that is under way.", "", true},
    Group{"audit", "Who changed what. It is only added to; each row holds the hash of the one before it.", "", true},
};

constexpr std::string_view jsonl = "application/jsonl";

constexpr std::array<std::string_view, 3> admin_sorts{"created_at", "email", "name"};
constexpr std::array<std::string_view, 3> admin_filters{"email", "role", "name"};
constexpr Listing admin_list{admin_sorts, admin_filters};
constexpr std::array<std::string_view, 2> key_sorts{"created_at", "name"};
constexpr std::array<std::string_view, 2> key_filters{"name", "role"};
constexpr Listing key_list{key_sorts, key_filters};
constexpr std::array<std::string_view, 2> domain_sorts{"name", "created_at"};
constexpr std::array<std::string_view, 3> domain_filters{"name", "alias_of", "managed_by"};
constexpr Listing domain_list{domain_sorts, domain_filters};
constexpr std::array<std::string_view, 2> address_sorts{"address", "created_at"};
constexpr std::array<std::string_view, 3> address_filters{"address", "domain", "managed_by"};
constexpr Listing address_list{address_sorts, address_filters};
constexpr std::array<std::string_view, 2> message_sorts{"id", "created_at"};
constexpr std::array<std::string_view, 3> message_filters{"domain", "sender", "message_id"};
constexpr Listing message_list{message_sorts, message_filters};
constexpr std::array<std::string_view, 3> suppression_sorts{"id", "address", "created_at"};
constexpr std::array<std::string_view, 3> suppression_filters{"domain", "address", "reason"};
constexpr Listing suppression_list{suppression_sorts, suppression_filters};
constexpr std::array<std::string_view, 1> hold_sorts{"id"};
constexpr std::array<std::string_view, 3> hold_filters{"sender", "kind", "reason"};
constexpr Listing hold_list{hold_sorts, hold_filters};
constexpr std::array<std::string_view, 3> template_sorts{"id", "name", "created_at"};
constexpr std::array<std::string_view, 2> template_filters{"domain", "name"};
constexpr Listing template_list{template_sorts, template_filters};
constexpr std::array<std::string_view, 2> webhook_sorts{"id", "created_at"};
constexpr std::array<std::string_view, 2> webhook_filters{"domain", "url"};
constexpr Listing webhook_list{webhook_sorts, webhook_filters};
constexpr std::array<std::string_view, 1> delivery_sorts{"id"};
constexpr std::array<std::string_view, 3> delivery_filters{"status", "type", "event"};
constexpr Listing delivery_list{delivery_sorts, delivery_filters};
constexpr std::array<std::string_view, 2> inbound_route_sorts{"name", "created_at"};
constexpr std::array<std::string_view, 4> inbound_route_filters{"name", "domain", "match", "webhook"};
constexpr Listing inbound_route_list{inbound_route_sorts, inbound_route_filters};
constexpr std::array<std::string_view, 1> inbound_sorts{"id"};
constexpr std::array<std::string_view, 3> inbound_filters{"domain", "route", "recipient"};
constexpr Listing inbound_list{inbound_sorts, inbound_filters};
constexpr std::array link_query{
    Parameter{"expires", &schemas::count, "Of a signed URL: until when it is good, in seconds since 1970"},
    Parameter{"signature", &schemas::filter, "Of a signed URL: what this server has put there"},
};
constexpr std::array<std::string_view, 1> queue_sorts{"id"};
constexpr std::array<std::string_view, 2> queue_filters{"queue", "sender"};
constexpr Listing queue_list{queue_sorts, queue_filters};
constexpr std::array<std::string_view, 1> operation_sorts{"started_at"};
constexpr std::array<std::string_view, 2> operation_filters{"kind", "status"};
constexpr Listing operation_list{operation_sorts, operation_filters};
constexpr std::array log_query{
    Parameter{"since", &schemas::time, "From when on; the last quarter of an hour if it is left out"},
    Parameter{"limit", &schemas::log_lines, "How many lines at most, the last ones; 200 if it is left out"},
};
constexpr std::array<std::string_view, 1> audit_sorts{"seq"};
constexpr std::array<std::string_view, 5> audit_filters{"actor", "action", "target", "target_id", "request_id"};
constexpr Listing audit_list{audit_sorts, audit_filters};
constexpr std::array export_query{
    Parameter{"format", &schemas::export_word, "JSON lines, or CSV with a head line"},
};

constexpr std::array message_query{
    Parameter{"recipient", &schemas::email, "Only those to this address"},
    Parameter{"status", &schemas::recipient_status, "Only those of which this became for some recipient"},
    Parameter{"tag", &schemas::tag, "Only those with this tag"},
    Parameter{"origin", &schemas::origin, "Only those that came this way: api, submission"},
    Parameter{"subject", &schemas::subject_words,
              "Only those whose subject has all of these words; the last one may be only begun"},
    Parameter{"since", &schemas::time, "Only those that were accepted from then on"},
    Parameter{"until", &schemas::time, "Only those that were accepted before then"},
};
constexpr std::array analytics_query{
    Parameter{"since", &schemas::time, "From the hour or day on that holds this time; 30 days ago if it is left out"},
    Parameter{"until", &schemas::time, "Up to the one that holds this time; now if it is left out"},
    Parameter{"granularity", &schemas::span_word, "hour or day; day if it is left out. At most 5,000 of them"},
    Parameter{"by", &schemas::counted_by, "all, provider (whose mail servers answered) or tag; all if it is left out"},
    Parameter{"domain", &schemas::domain, "Only what this domain sent; every domain of yours if it is left out"},
};

// clang-format off
constexpr std::array route_table{
    Route{.operation = Operation::health, .id = "get_health", .path = "/health", .group = "public",
          .summary = "Whether the API can do its work",
          .open_because = "monitoring asks it without a credential; it says nothing but well or not",
          .answer = &schemas::health},
    Route{.operation = Operation::version, .id = "get_version", .path = "/version", .group = "public",
          .summary = "Which Vectis answers",
          .open_because = "clients choose by it how to go on; the source is public",
          .answer = &schemas::version},
    Route{.operation = Operation::openapi, .id = "get_openapi", .path = "/openapi.json", .group = "public",
          .summary = "This description of the API, as OpenAPI 3.1",
          .open_because = "it is the same for every server of this version"},
    Route{.operation = Operation::docs, .id = "get_docs", .path = "/docs", .group = "public",
          .summary = "The reference, for people",
          .open_because = "it is the same for every server of this version",
          .type = "text/html; charset=utf-8"},

    Route{.operation = Operation::login, .id = "log_in", .method = Method::post, .path = "/auth/login", .group = "auth",
          .summary = "Log in: the answer sets a cookie",
          .open_because = "who logs in has nothing yet; guesses are limited by account and by address",
          .body = &schemas::login, .ignores_key = true, .answer = &schemas::logged_in},
    Route{.operation = Operation::me, .id = "get_me", .path = "/auth/me", .group = "auth",
          .summary = "Who you are, and what you may do",
          .role = Role::mailbox, .before_change = true, .answer = &schemas::me},
    Route{.operation = Operation::logout, .id = "log_out", .method = Method::post, .path = "/auth/logout", .group = "auth",
          .summary = "End this session",
          .role = Role::mailbox, .session = true, .before_change = true, .answer = &schemas::nothing},
    Route{.operation = Operation::logout_all, .id = "log_out_everywhere", .method = Method::post, .path = "/auth/logout-all", .group = "auth",
          .summary = "End every session of yours",
          .role = Role::mailbox, .session = true, .before_change = true, .answer = &schemas::nothing},
    Route{.operation = Operation::sessions_list, .id = "list_sessions", .path = "/auth/sessions", .group = "auth",
          .summary = "Your sessions",
          .role = Role::mailbox, .session = true, .answer = &schemas::sessions},
    Route{.operation = Operation::sessions_delete, .id = "end_session", .method = Method::del, .path = "/auth/sessions/{id}", .group = "auth",
          .summary = "End one of your sessions",
          .role = Role::mailbox, .session = true, .answer = &schemas::nothing},
    Route{.operation = Operation::own_password, .id = "change_password", .method = Method::post, .path = "/auth/password", .group = "auth",
          .summary = "Choose another password; your other sessions end",
          .role = Role::mailbox, .body = &schemas::own_password, .session = true, .before_change = true, .ignores_key = true, .answer = &schemas::nothing},
    Route{.operation = Operation::totp_setup, .id = "set_totp_up", .method = Method::post, .path = "/auth/totp/setup", .group = "auth",
          .summary = "Begin with a second factor, which administrators alone have: it counts from its first good code on",
          .role = Role::domain_admin, .session = true, .answer = &schemas::totp_setup},
    Route{.operation = Operation::totp_verify, .id = "verify_totp", .method = Method::post, .path = "/auth/totp/verify", .group = "auth",
          .summary = "Prove that your authenticator has the secret: from now on you need it",
          .role = Role::domain_admin, .body = &schemas::totp_code, .session = true, .answer = &schemas::recovery_codes},
    Route{.operation = Operation::totp_remove, .id = "remove_totp", .method = Method::del, .path = "/auth/totp", .group = "auth",
          .summary = "Do without a second factor again",
          .role = Role::domain_admin, .body = &schemas::present_password, .session = true, .answer = &schemas::nothing},

    Route{.operation = Operation::admins_list, .id = "list_admins", .path = "/admins", .group = "admins",
          .summary = "The administrators",
          .role = Role::super_admin, .scope = "admins:read", .list = &admin_list, .answer = &schemas::admins},
    Route{.operation = Operation::admins_create, .id = "create_admin", .method = Method::post, .path = "/admins", .group = "admins",
          .summary = "Make an administrator",
          .role = Role::super_admin, .scope = "admins:write", .body = &schemas::new_admin, .status = 201, .answer = &schemas::made_admin},
    Route{.operation = Operation::admins_get, .id = "get_admin", .path = "/admins/{id}", .group = "admins",
          .summary = "One administrator",
          .role = Role::super_admin, .scope = "admins:read", .answer = &schemas::admin},
    Route{.operation = Operation::admins_update, .id = "update_admin", .method = Method::patch, .path = "/admins/{id}", .group = "admins",
          .summary = "Change an administrator",
          .role = Role::super_admin, .scope = "admins:write", .body = &schemas::admin_change, .answer = &schemas::admin},
    Route{.operation = Operation::admins_delete, .id = "delete_admin", .method = Method::del, .path = "/admins/{id}", .group = "admins",
          .summary = "Remove an administrator, and the keys they made",
          .role = Role::super_admin, .scope = "admins:write", .confirm = true, .answer = &schemas::admin},
    Route{.operation = Operation::admins_reset_password, .id = "reset_admin_password", .method = Method::post,
          .path = "/admins/{id}/reset-password", .group = "admins",
          .summary = "Give an administrator another password",
          .role = Role::super_admin, .scope = "admins:write", .body = &schemas::password_choice, .answer = &schemas::made_admin},
    Route{.operation = Operation::admins_announce, .id = "announce_admin", .method = Method::post,
          .path = "/admins/{id}/announce", .group = "admins",
          .summary = "Note that the password that was made has been shown to somebody",
          .role = Role::super_admin, .scope = "admins:write", .answer = &schemas::admin},

    Route{.operation = Operation::admins_setup_totp, .id = "set_admin_totp_up", .method = Method::post,
          .path = "/admins/{id}/totp/setup", .group = "admins",
          .summary = "Begin with a second factor for an administrator who stands beside you",
          .role = Role::super_admin, .scope = "admins:write", .answer = &schemas::totp_setup},
    Route{.operation = Operation::admins_verify_totp, .id = "verify_admin_totp", .method = Method::post,
          .path = "/admins/{id}/totp/verify", .group = "admins",
          .summary = "Prove that their authenticator has the secret: from now on they need it",
          .role = Role::super_admin, .scope = "admins:write", .body = &schemas::totp_code, .answer = &schemas::recovery_codes},
    Route{.operation = Operation::admins_remove_totp, .id = "remove_admin_totp", .method = Method::del,
          .path = "/admins/{id}/totp", .group = "admins",
          .summary = "Take an administrator's second factor away, for the day their authenticator is lost",
          .role = Role::super_admin, .scope = "admins:write", .answer = &schemas::nothing},

    Route{.operation = Operation::api_keys_list, .id = "list_api_keys", .path = "/api-keys", .group = "api-keys",
          .summary = "The keys that you made; for a super_admin every key",
          .role = Role::domain_admin, .scope = "keys:read", .list = &key_list, .answer = &schemas::api_keys},
    Route{.operation = Operation::api_keys_create, .id = "create_api_key", .method = Method::post, .path = "/api-keys", .group = "api-keys",
          .summary = "Make a key",
          .role = Role::domain_admin, .scope = "keys:write", .body = &schemas::new_api_key, .status = 201, .answer = &schemas::made_api_key},
    Route{.operation = Operation::api_keys_get, .id = "get_api_key", .path = "/api-keys/{id}", .group = "api-keys",
          .summary = "One key",
          .role = Role::domain_admin, .scope = "keys:read", .answer = &schemas::api_key},
    Route{.operation = Operation::api_keys_update, .id = "update_api_key", .method = Method::patch, .path = "/api-keys/{id}", .group = "api-keys",
          .summary = "Change a key",
          .role = Role::domain_admin, .scope = "keys:write", .body = &schemas::api_key_change, .answer = &schemas::api_key},
    Route{.operation = Operation::api_keys_delete, .id = "delete_api_key", .method = Method::del, .path = "/api-keys/{id}", .group = "api-keys",
          .summary = "Remove a key: it is not taken any more",
          .role = Role::domain_admin, .scope = "keys:write", .confirm = true, .answer = &schemas::api_key},
    Route{.operation = Operation::api_keys_rotate, .id = "rotate_api_key", .method = Method::post,
          .path = "/api-keys/{id}/rotate", .group = "api-keys",
          .summary = "Give a key another secret; the one of before is taken a while longer",
          .role = Role::domain_admin, .scope = "keys:write", .body = &schemas::rotation, .answer = &schemas::made_api_key},

    Route{.operation = Operation::domains_list, .id = "list_domains", .path = "/domains", .group = "domains",
          .summary = "The domains",
          .role = Role::domain_admin, .scope = "domains:read", .list = &domain_list, .answer = &schemas::domain_resources},
    Route{.operation = Operation::domains_create, .id = "create_domain", .method = Method::post, .path = "/domains", .group = "domains",
          .summary = "Make a domain",
          .role = Role::admin, .scope = "domains:write", .body = &schemas::new_domain, .status = 201, .answer = &schemas::domain_resource},
    Route{.operation = Operation::domains_get, .id = "get_domain", .path = "/domains/{id}", .group = "domains",
          .summary = "One domain",
          .role = Role::domain_admin, .scope = "domains:read", .answer = &schemas::domain_resource},
    Route{.operation = Operation::domains_update, .id = "update_domain", .method = Method::patch, .path = "/domains/{id}", .group = "domains",
          .summary = "Change a domain",
          .role = Role::admin, .scope = "domains:write", .body = &schemas::domain_change, .answer = &schemas::domain_resource},
    Route{.operation = Operation::domains_delete, .id = "delete_domain", .method = Method::del, .path = "/domains/{id}", .group = "domains",
          .summary = "Remove a domain that has no addresses any more",
          .role = Role::admin, .scope = "domains:write", .confirm = true, .answer = &schemas::domain_resource},
    Route{.operation = Operation::domains_dns, .id = "list_domain_records", .path = "/domains/{id}/dns", .group = "domains",
          .summary = "Every DNS record to publish for a domain, one by one and as a zone file",
          .role = Role::domain_admin, .scope = "domains:read", .answer = &schemas::domain_records},
    Route{.operation = Operation::domains_verify, .id = "verify_domain", .method = Method::post, .path = "/domains/{id}/verify", .group = "domains",
          .summary = "Ask DNS for each of them, and say what is there and what to do",
          .role = Role::domain_admin, .scope = "domains:read", .ignores_key = true, .answer = &schemas::domain_verification},
    Route{.operation = Operation::domains_dkim, .id = "list_dkim_keys", .path = "/domains/{id}/dkim", .group = "domains",
          .summary = "The keys that sign what a domain sends",
          .role = Role::domain_admin, .scope = "domains:read", .answer = &schemas::domain_keys},
    Route{.operation = Operation::domains_dkim_rotate, .id = "rotate_dkim_keys", .method = Method::post, .path = "/domains/{id}/dkim/rotate", .group = "domains",
          .summary = "Make the next keys: each signs once DNS has had it for an hour, and the one of before is kept for what it has signed",
          .role = Role::admin, .scope = "domains:write", .answer = &schemas::domain_keys},
    Route{.operation = Operation::domains_dkim_import, .id = "import_dkim_key", .method = Method::post, .path = "/domains/{id}/dkim/import", .group = "domains",
          .summary = "Bring a key that is published already: it signs once DNS has had it for an hour, and the one of before is kept for what it has signed",
          .role = Role::admin, .scope = "domains:write", .body = &schemas::dkim_import, .answer = &schemas::domain_keys},
    Route{.operation = Operation::domains_dkim_activate, .id = "activate_dkim_keys", .method = Method::post, .path = "/domains/{id}/dkim/activate", .group = "domains",
          .summary = "Have the waiting keys that DNS has now sign at once",
          .role = Role::admin, .scope = "domains:write", .answer = &schemas::domain_keys},
    Route{.operation = Operation::domains_dkim_delete, .id = "delete_dkim_key", .method = Method::del, .path = "/domains/{id}/dkim/{selector}", .group = "domains",
          .summary = "Remove a key that is needed no more",
          .role = Role::admin, .scope = "domains:write", .confirm = true, .answer = &schemas::domain_keys},

    Route{.operation = Operation::mailboxes_list, .id = "list_mailboxes", .path = "/mailboxes", .group = "mailboxes",
          .summary = "The mailboxes",
          .role = Role::domain_admin, .scope = "mailboxes:read", .list = &address_list, .answer = &schemas::mailboxes},
    Route{.operation = Operation::mailboxes_create, .id = "create_mailbox", .method = Method::post, .path = "/mailboxes", .group = "mailboxes",
          .summary = "Make a mailbox",
          .role = Role::domain_admin, .scope = "mailboxes:write", .body = &schemas::new_mailbox, .status = 201, .answer = &schemas::made_mailbox},
    Route{.operation = Operation::mailboxes_get, .id = "get_mailbox", .path = "/mailboxes/{id}", .group = "mailboxes",
          .summary = "One mailbox",
          .role = Role::mailbox, .scope = "mailboxes:read", .answer = &schemas::mailbox},
    Route{.operation = Operation::mailboxes_update, .id = "update_mailbox", .method = Method::patch, .path = "/mailboxes/{id}", .group = "mailboxes",
          .summary = "Change a mailbox",
          .role = Role::domain_admin, .scope = "mailboxes:write", .body = &schemas::mailbox_change, .answer = &schemas::mailbox},
    Route{.operation = Operation::mailboxes_delete, .id = "delete_mailbox", .method = Method::del, .path = "/mailboxes/{id}", .group = "mailboxes",
          .summary = "Remove a mailbox; its mail is archived",
          .role = Role::domain_admin, .scope = "mailboxes:write", .confirm = true, .answer = &schemas::mailbox},
    Route{.operation = Operation::mailboxes_suspend, .id = "suspend_mailbox", .method = Method::post,
          .path = "/mailboxes/{id}/suspend", .group = "mailboxes",
          .summary = "Take no mail for it, and let nobody log in; its mail stays",
          .role = Role::domain_admin, .scope = "mailboxes:write", .answer = &schemas::mailbox},
    Route{.operation = Operation::mailboxes_resume, .id = "resume_mailbox", .method = Method::post,
          .path = "/mailboxes/{id}/resume", .group = "mailboxes",
          .summary = "End its suspension",
          .role = Role::domain_admin, .scope = "mailboxes:write", .answer = &schemas::mailbox},

    Route{.operation = Operation::mailboxes_use, .id = "get_mailbox_use", .path = "/mailboxes/{id}/use", .group = "mailboxes",
          .summary = "How full it is",
          .role = Role::mailbox, .scope = "mailboxes:read", .answer = &schemas::mailbox_use},
    Route{.operation = Operation::sieve_list, .id = "list_sieve_scripts", .path = "/mailboxes/{id}/sieve", .group = "mailboxes",
          .summary = "Its Sieve scripts, which judge what comes",
          .role = Role::mailbox, .scope = "mailboxes:read", .answer = &schemas::sieve_scripts},
    Route{.operation = Operation::sieve_get, .id = "get_sieve_script", .path = "/mailboxes/{id}/sieve/{script}", .group = "mailboxes",
          .summary = "One of them",
          .role = Role::mailbox, .scope = "mailboxes:read", .answer = &schemas::whole_sieve_script},
    Route{.operation = Operation::sieve_put, .id = "put_sieve_script", .method = Method::put, .path = "/mailboxes/{id}/sieve/{script}", .group = "mailboxes",
          .summary = "Write one; what Dovecot cannot compile is refused",
          .role = Role::mailbox, .scope = "mailboxes:write", .body = &schemas::new_sieve_script, .answer = &schemas::whole_sieve_script},
    Route{.operation = Operation::sieve_activate, .id = "activate_sieve_script", .method = Method::post,
          .path = "/mailboxes/{id}/sieve/{script}/activate", .group = "mailboxes",
          .summary = "Let it judge what comes, in place of the one that did",
          .role = Role::mailbox, .scope = "mailboxes:write", .answer = &schemas::sieve_scripts},
    Route{.operation = Operation::sieve_deactivate, .id = "deactivate_sieve_script", .method = Method::post,
          .path = "/mailboxes/{id}/sieve/{script}/deactivate", .group = "mailboxes",
          .summary = "Let it judge nothing any more",
          .role = Role::mailbox, .scope = "mailboxes:write", .answer = &schemas::sieve_scripts},
    Route{.operation = Operation::sieve_delete, .id = "delete_sieve_script", .method = Method::del, .path = "/mailboxes/{id}/sieve/{script}", .group = "mailboxes",
          .summary = "Remove one that is not active",
          .role = Role::mailbox, .scope = "mailboxes:write", .confirm = true, .answer = &schemas::sieve_scripts},
    Route{.operation = Operation::app_passwords_list, .id = "list_app_passwords", .path = "/mailboxes/{id}/app-passwords", .group = "mailboxes",
          .summary = "The passwords that let single programs of its owner in",
          .role = Role::mailbox, .scope = "mailboxes:read", .answer = &schemas::app_passwords},
    Route{.operation = Operation::app_passwords_create, .id = "create_app_password", .method = Method::post,
          .path = "/mailboxes/{id}/app-passwords", .group = "mailboxes",
          .summary = "Make one; it is shown this once",
          .role = Role::mailbox, .scope = "mailboxes:write", .body = &schemas::new_app_password, .status = 201, .answer = &schemas::made_app_password},
    Route{.operation = Operation::app_passwords_delete, .id = "delete_app_password", .method = Method::del,
          .path = "/mailboxes/{id}/app-passwords/{app_password}", .group = "mailboxes",
          .summary = "Remove one: it lets nobody in any more, and the mailbox's sessions end",
          .role = Role::mailbox, .scope = "mailboxes:write", .confirm = true, .answer = &schemas::app_password},

    Route{.operation = Operation::aliases_list, .id = "list_aliases", .path = "/aliases", .group = "aliases",
          .summary = "The aliases",
          .role = Role::domain_admin, .scope = "aliases:read", .list = &address_list, .answer = &schemas::aliases},
    Route{.operation = Operation::aliases_create, .id = "create_alias", .method = Method::post, .path = "/aliases", .group = "aliases",
          .summary = "Make an alias",
          .role = Role::domain_admin, .scope = "aliases:write", .body = &schemas::new_alias, .status = 201, .answer = &schemas::alias},
    Route{.operation = Operation::aliases_get, .id = "get_alias", .path = "/aliases/{id}", .group = "aliases",
          .summary = "One alias",
          .role = Role::domain_admin, .scope = "aliases:read", .answer = &schemas::alias},
    Route{.operation = Operation::aliases_update, .id = "update_alias", .method = Method::patch, .path = "/aliases/{id}", .group = "aliases",
          .summary = "Change an alias",
          .role = Role::domain_admin, .scope = "aliases:write", .body = &schemas::alias_change, .answer = &schemas::alias},
    Route{.operation = Operation::aliases_delete, .id = "delete_alias", .method = Method::del, .path = "/aliases/{id}", .group = "aliases",
          .summary = "Remove an alias",
          .role = Role::domain_admin, .scope = "aliases:write", .confirm = true, .answer = &schemas::alias},

    Route{.operation = Operation::import_accounts, .id = "import_accounts", .method = Method::post, .path = "/import", .group = "import",
          .summary = "Make domains, mailboxes and aliases: all or nothing, or row by row",
          .role = Role::admin, .scope = "import:write", .body = &schemas::import_rows, .most_body = 8U << 20U, .answer = &schemas::import_report},
    Route{.operation = Operation::send, .id = "send_message", .method = Method::post, .path = "/send", .group = "sending",
          .summary = "Send a message; what is answered 202 is on the disk, and goes out",
          .role = Role::domain_admin, .scope = "send", .body = &schemas::new_message, .most_body = 36U << 20U, .status = 202,
          .answer = &schemas::accepted_message},
    Route{.operation = Operation::send_batch, .id = "send_batch", .method = Method::post, .path = "/send/batch", .group = "sending",
          .summary = "Send up to 500 messages: all of them or, with any fault, none",
          .role = Role::domain_admin, .scope = "send", .body = &schemas::message_batch, .most_body = 36U << 20U, .status = 202,
          .answer = &schemas::accepted_batch},
    Route{.operation = Operation::send_raw, .id = "send_raw", .method = Method::post, .path = "/send/raw", .group = "sending",
          .summary = "Send a message that is written already (RFC 5322)",
          .role = Role::domain_admin, .scope = "send", .body = &schemas::raw_message, .most_body = 36U << 20U, .status = 202,
          .answer = &schemas::accepted_message},
    Route{.operation = Operation::messages_list, .id = "list_messages", .path = "/messages", .group = "sending",
          .summary = "The messages that were sent here, by programs and by people",
          .role = Role::domain_admin, .scope = "messages:read", .query = message_query, .list = &message_list, .answer = &schemas::messages},
    Route{.operation = Operation::messages_get, .id = "get_message", .path = "/messages/{id}", .group = "sending",
          .summary = "One of them, and what became of it for each recipient",
          .role = Role::domain_admin, .scope = "messages:read", .answer = &schemas::whole_message},
    Route{.operation = Operation::messages_events, .id = "list_message_events", .path = "/messages/{id}/events", .group = "sending",
          .summary = "Its whole story, the oldest first",
          .role = Role::domain_admin, .scope = "messages:read", .answer = &schemas::message_events},
    Route{.operation = Operation::messages_cancel, .id = "cancel_message", .method = Method::post, .path = "/messages/{id}/cancel", .group = "sending",
          .summary = "Do not send it to whom it has not been sent yet",
          .role = Role::domain_admin, .scope = "send", .answer = &schemas::whole_message},

    Route{.operation = Operation::analytics_get, .id = "get_analytics", .path = "/analytics", .group = "analytics",
          .summary = "How often what happened, and how long delivery took",
          .role = Role::domain_admin, .scope = "analytics:read", .query = analytics_query, .answer = &schemas::analytics},
    Route{.operation = Operation::analytics_export, .id = "export_analytics", .path = "/analytics/export", .group = "analytics",
          .summary = "The same as a table: at, name, what, number",
          .role = Role::domain_admin, .scope = "analytics:read", .query = analytics_query, .type = "text/csv"},

    Route{.operation = Operation::suppressions_list, .id = "list_suppressions", .path = "/suppressions", .group = "suppressions",
          .summary = "The addresses that domains send nothing more to",
          .role = Role::domain_admin, .scope = "suppressions:read", .list = &suppression_list, .answer = &schemas::suppressions},
    Route{.operation = Operation::suppressions_create, .id = "create_suppression", .method = Method::post, .path = "/suppressions", .group = "suppressions",
          .summary = "Send nothing more from a domain to an address",
          .role = Role::domain_admin, .scope = "suppressions:write", .body = &schemas::new_suppression, .status = 201, .answer = &schemas::suppression},
    Route{.operation = Operation::suppressions_import, .id = "import_suppressions", .method = Method::post, .path = "/suppressions/import", .group = "suppressions",
          .summary = "Take over up to 5,000 of them from elsewhere: all or, with any fault, none",
          .role = Role::domain_admin, .scope = "suppressions:write", .body = &schemas::suppression_import, .answer = &schemas::suppression_import_result},
    Route{.operation = Operation::suppressions_get, .id = "get_suppression", .path = "/suppressions/{id}", .group = "suppressions",
          .summary = "One of them, and why",
          .role = Role::domain_admin, .scope = "suppressions:read", .answer = &schemas::suppression},
    Route{.operation = Operation::suppressions_delete, .id = "delete_suppression", .method = Method::del, .path = "/suppressions/{id}", .group = "suppressions",
          .summary = "Send to the address again",
          .role = Role::domain_admin, .scope = "suppressions:write", .confirm = true, .answer = &schemas::suppression},

    Route{.operation = Operation::holds_list, .id = "list_holds", .path = "/holds", .group = "holds",
          .summary = "The API keys and mailboxes whose mail is kept back",
          .role = Role::admin, .scope = "operations:read", .list = &hold_list, .answer = &schemas::holds},
    Route{.operation = Operation::holds_create, .id = "create_hold", .method = Method::post, .path = "/holds", .group = "holds",
          .summary = "Keep back what a mailbox or an API key sends, and what of it waits to be delivered",
          .role = Role::admin, .scope = "operations:write", .body = &schemas::new_hold, .status = 201, .answer = &schemas::hold},
    Route{.operation = Operation::holds_get, .id = "get_hold", .path = "/holds/{id}", .group = "holds",
          .summary = "One of them, and why",
          .role = Role::admin, .scope = "operations:read", .answer = &schemas::hold},
    Route{.operation = Operation::holds_release, .id = "release_hold", .method = Method::post, .path = "/holds/{id}/release", .group = "holds",
          .summary = "Let its mail go: what waits goes on in a moment, and the sender is left alone for a day",
          .role = Role::admin, .scope = "operations:write", .answer = &schemas::hold},
    Route{.operation = Operation::holds_discard, .id = "discard_hold", .method = Method::post, .path = "/holds/{id}/discard", .group = "holds",
          .summary = "Throw what waits away: nobody gets it, and what the sender sends from now on goes on",
          .role = Role::admin, .scope = "operations:write", .confirm = true, .answer = &schemas::hold},

    Route{.operation = Operation::templates_list, .id = "list_templates", .path = "/templates", .group = "templates",
          .summary = "What messages can be made of",
          .role = Role::domain_admin, .scope = "templates:read", .list = &template_list, .answer = &schemas::message_templates},
    Route{.operation = Operation::templates_create, .id = "create_template", .method = Method::post, .path = "/templates", .group = "templates",
          .summary = "Make a template",
          .role = Role::domain_admin, .scope = "templates:write", .body = &schemas::new_template, .status = 201, .answer = &schemas::message_template},
    Route{.operation = Operation::templates_get, .id = "get_template", .path = "/templates/{id}", .group = "templates",
          .summary = "One template",
          .role = Role::domain_admin, .scope = "templates:read", .answer = &schemas::message_template},
    Route{.operation = Operation::templates_update, .id = "update_template", .method = Method::patch, .path = "/templates/{id}", .group = "templates",
          .summary = "Change a template; messages that are accepted already stay as they are",
          .role = Role::domain_admin, .scope = "templates:write", .body = &schemas::template_change, .answer = &schemas::message_template},
    Route{.operation = Operation::templates_delete, .id = "delete_template", .method = Method::del, .path = "/templates/{id}", .group = "templates",
          .summary = "Remove a template",
          .role = Role::domain_admin, .scope = "templates:write", .confirm = true, .answer = &schemas::message_template},
    Route{.operation = Operation::templates_render, .id = "render_template", .method = Method::post, .path = "/templates/{id}/render", .group = "templates",
          .summary = "What a message by this template would say",
          .role = Role::domain_admin, .scope = "templates:read", .body = &schemas::template_variables, .answer = &schemas::rendered_template},

    Route{.operation = Operation::webhooks_list, .id = "list_webhooks", .path = "/webhooks", .group = "webhooks",
          .summary = "Who is told of events",
          .role = Role::domain_admin, .scope = "webhooks:read", .list = &webhook_list, .answer = &schemas::webhooks},
    Route{.operation = Operation::webhooks_create, .id = "create_webhook", .method = Method::post, .path = "/webhooks", .group = "webhooks",
          .summary = "Tell a URL of events; the secret that signs is shown this once",
          .role = Role::domain_admin, .scope = "webhooks:write", .body = &schemas::new_webhook, .status = 201, .answer = &schemas::made_webhook},
    Route{.operation = Operation::webhooks_get, .id = "get_webhook", .path = "/webhooks/{id}", .group = "webhooks",
          .summary = "One of them",
          .role = Role::domain_admin, .scope = "webhooks:read", .answer = &schemas::webhook},
    Route{.operation = Operation::webhooks_update, .id = "update_webhook", .method = Method::patch, .path = "/webhooks/{id}", .group = "webhooks",
          .summary = "Change a webhook; enabling it forgets why it was disabled",
          .role = Role::domain_admin, .scope = "webhooks:write", .body = &schemas::webhook_change, .answer = &schemas::webhook},
    Route{.operation = Operation::webhooks_delete, .id = "delete_webhook", .method = Method::del, .path = "/webhooks/{id}", .group = "webhooks",
          .summary = "Remove a webhook, and the log of its deliveries",
          .role = Role::domain_admin, .scope = "webhooks:write", .confirm = true, .answer = &schemas::webhook},
    Route{.operation = Operation::webhooks_rotate_secret, .id = "rotate_webhook_secret", .method = Method::post,
          .path = "/webhooks/{id}/rotate-secret", .group = "webhooks",
          .summary = "Give a webhook another secret; the one of before signs beside it for a day",
          .role = Role::domain_admin, .scope = "webhooks:write", .answer = &schemas::made_webhook},
    Route{.operation = Operation::webhooks_test, .id = "test_webhook", .method = Method::post, .path = "/webhooks/{id}/test", .group = "webhooks",
          .summary = "Tell a webhook an event of the type webhook.test, whatever it asks for",
          .role = Role::domain_admin, .scope = "webhooks:write", .status = 202, .answer = &schemas::webhook_delivery},
    Route{.operation = Operation::webhooks_replay, .id = "replay_webhook", .method = Method::post, .path = "/webhooks/{id}/replay", .group = "webhooks",
          .summary = "Deliver again what is dead, or all that it asks for of a stretch of time",
          .role = Role::domain_admin, .scope = "webhooks:write", .body = &schemas::webhook_replay, .answer = &schemas::webhook_replay_result},
    Route{.operation = Operation::webhooks_deliveries, .id = "list_webhook_deliveries", .path = "/webhooks/{id}/deliveries", .group = "webhooks",
          .summary = "What became of each event that a webhook was to be told",
          .role = Role::domain_admin, .scope = "webhooks:read", .list = &delivery_list, .answer = &schemas::webhook_deliveries},
    Route{.operation = Operation::webhook_deliveries_get, .id = "get_webhook_delivery", .path = "/webhook-deliveries/{id}", .group = "webhooks",
          .summary = "One of them, with every attempt",
          .role = Role::domain_admin, .scope = "webhooks:read", .answer = &schemas::whole_webhook_delivery},
    Route{.operation = Operation::webhook_deliveries_replay, .id = "replay_webhook_delivery", .method = Method::post,
          .path = "/webhook-deliveries/{id}/replay", .group = "webhooks",
          .summary = "Deliver it again at once, with the same webhook-id",
          .role = Role::domain_admin, .scope = "webhooks:write", .answer = &schemas::webhook_delivery},

    Route{.operation = Operation::inbound_routes_list, .id = "list_inbound_routes", .path = "/inbound-routes", .group = "inbound-routes",
          .summary = "Which mail is told to webhooks",
          .role = Role::domain_admin, .scope = "inbound:read", .list = &inbound_route_list, .answer = &schemas::inbound_routes},
    Route{.operation = Operation::inbound_routes_create, .id = "create_inbound_route", .method = Method::post, .path = "/inbound-routes", .group = "inbound-routes",
          .summary = "Tell webhooks of the mail to an address, or to a domain",
          .role = Role::domain_admin, .scope = "inbound:write", .body = &schemas::new_inbound_route, .status = 201, .answer = &schemas::inbound_route},
    Route{.operation = Operation::inbound_routes_get, .id = "get_inbound_route", .path = "/inbound-routes/{id}", .group = "inbound-routes",
          .summary = "One of them",
          .role = Role::domain_admin, .scope = "inbound:read", .answer = &schemas::inbound_route},
    Route{.operation = Operation::inbound_routes_update, .id = "update_inbound_route", .method = Method::patch, .path = "/inbound-routes/{id}", .group = "inbound-routes",
          .summary = "Change what becomes of the mail; what has come in stays as it is",
          .role = Role::domain_admin, .scope = "inbound:write", .body = &schemas::inbound_route_change, .answer = &schemas::inbound_route},
    Route{.operation = Operation::inbound_routes_delete, .id = "delete_inbound_route", .method = Method::del, .path = "/inbound-routes/{id}", .group = "inbound-routes",
          .summary = "Remove a route; what has come in by it stays",
          .role = Role::domain_admin, .scope = "inbound:write", .confirm = true, .answer = &schemas::inbound_route},
    Route{.operation = Operation::inbound_list, .id = "list_inbound", .path = "/inbound", .group = "inbound-routes",
          .summary = "The messages that came in by a route",
          .role = Role::domain_admin, .scope = "inbound:read", .list = &inbound_list, .answer = &schemas::inbound_messages},
    Route{.operation = Operation::inbound_get, .id = "get_inbound", .path = "/inbound/{id}", .group = "inbound-routes",
          .summary = "One of them, with what was read of it",
          .role = Role::domain_admin, .scope = "inbound:read", .answer = &schemas::whole_inbound_message},
    Route{.operation = Operation::inbound_raw, .id = "get_inbound_raw", .path = "/inbound/{id}/raw", .group = "inbound-routes",
          .summary = "The message as it came",
          .role = Role::domain_admin, .scope = "inbound:read", .type = "message/rfc822"},
    Route{.operation = Operation::inbound_attachment, .id = "get_inbound_attachment", .path = "/inbound/{id}/attachments/{number}", .group = "inbound-routes",
          .summary = "One of its attachments; an event's signed URL needs no credential",
          .role = Role::domain_admin, .scope = "inbound:read", .query = link_query, .signed_url = true, .type = "application/octet-stream"},
    Route{.operation = Operation::inbound_replay, .id = "replay_inbound", .method = Method::post, .path = "/inbound/{id}/replay", .group = "inbound-routes",
          .summary = "Deliver its event again, to the same webhooks and with the same webhook-id",
          .role = Role::domain_admin, .scope = "inbound:write", .answer = &schemas::webhook_replay_result},

    Route{.operation = Operation::config_get, .id = "get_config", .path = "/config", .group = "configuration",
          .summary = "What config.yaml says; it is changed on the server",
          .role = Role::super_admin, .scope = "config:read", .answer = &schemas::config},
    Route{.operation = Operation::config_validate, .id = "validate_config", .method = Method::post, .path = "/config/validate", .group = "configuration",
          .summary = "Everything that would be wrong with a config.yaml",
          .role = Role::super_admin, .scope = "config:read", .body = &schemas::config_candidate, .ignores_key = true, .answer = &schemas::config_verdict},
    Route{.operation = Operation::config_plan, .id = "plan_config", .path = "/config/plan", .group = "configuration",
          .summary = "The exact difference between what config.yaml asks for and what is",
          .role = Role::super_admin, .scope = "config:read", .answer = &schemas::plan},
    Route{.operation = Operation::config_apply, .id = "apply_config", .method = Method::post, .path = "/config/apply", .group = "configuration",
          .summary = "Do what a plan says; GET /operations/{id} says how it goes",
          .role = Role::super_admin, .scope = "config:write", .body = &schemas::plan_choice, .status = 202, .answer = &schemas::operation},
    Route{.operation = Operation::generations_list, .id = "list_generations", .path = "/generations", .group = "configuration",
          .summary = "The configurations that were applied, the newest first",
          .role = Role::super_admin, .scope = "config:read", .answer = &schemas::generations},
    Route{.operation = Operation::generations_rollback, .id = "roll_back", .method = Method::post, .path = "/generations/{generation}/rollback", .group = "configuration",
          .summary = "Bring an earlier configuration back into force; GET /operations/{id} says how it goes",
          .role = Role::super_admin, .scope = "config:write", .status = 202, .answer = &schemas::operation},
    Route{.operation = Operation::operations_list, .id = "list_operations", .path = "/operations", .group = "operations",
          .summary = "What took longer than a request waits",
          .role = Role::admin, .scope = "operations:read", .list = &operation_list, .answer = &schemas::operations},
    Route{.operation = Operation::operations_get, .id = "get_operation", .path = "/operations/{id}", .group = "operations",
          .summary = "How one of them goes, and how it ended",
          .role = Role::admin, .scope = "operations:read", .answer = &schemas::operation},
    Route{.operation = Operation::services_list, .id = "list_services", .path = "/services", .group = "operations",
          .summary = "The daemons, and how each is",
          .role = Role::admin, .scope = "operations:read", .answer = &schemas::services},
    Route{.operation = Operation::services_restart, .id = "restart_service", .method = Method::post, .path = "/services/{service}/restart", .group = "operations",
          .summary = "Restart one of them",
          .role = Role::admin, .scope = "operations:write", .answer = &schemas::service},
    Route{.operation = Operation::logs_list, .id = "list_logs", .path = "/logs/{service}", .group = "operations",
          .summary = "What a daemon has said lately, or 'vectis'; the oldest first",
          .role = Role::admin, .scope = "operations:read", .query = log_query, .answer = &schemas::log_entries},
    Route{.operation = Operation::metrics_get, .id = "get_metrics", .path = "/metrics", .group = "operations",
          .summary = "Figures for Prometheus",
          .role = Role::admin, .scope = "operations:read", .type = "text/plain; version=0.0.4; charset=utf-8"},
    Route{.operation = Operation::probes_get, .id = "get_probes", .path = "/health/probes", .group = "operations",
          .summary = "What the readiness probes found when they ran last",
          .role = Role::admin, .scope = "operations:read", .answer = &schemas::probe_results},
    Route{.operation = Operation::probes_run, .id = "run_probes", .method = Method::post, .path = "/health/probes/run", .group = "operations",
          .summary = "Run them; GET /operations/{id} says how it goes",
          .role = Role::admin, .scope = "operations:write", .body = &schemas::probe_choice, .status = 202, .answer = &schemas::operation},
    Route{.operation = Operation::queue_list, .id = "list_queue", .path = "/queue", .group = "operations",
          .summary = "The messages that Postfix has not delivered yet",
          .role = Role::admin, .scope = "operations:read", .list = &queue_list, .answer = &schemas::queued_messages},
    Route{.operation = Operation::queue_flush, .id = "flush_message", .method = Method::post, .path = "/queue/{queue_id}/flush", .group = "operations",
          .summary = "Try to deliver it now",
          .role = Role::admin, .scope = "operations:write", .answer = &schemas::queue_outcome},
    Route{.operation = Operation::queue_hold, .id = "hold_message", .method = Method::post, .path = "/queue/{queue_id}/hold", .group = "operations",
          .summary = "Do not deliver it until it is released",
          .role = Role::admin, .scope = "operations:write", .answer = &schemas::queue_outcome},
    Route{.operation = Operation::queue_release, .id = "release_message", .method = Method::post, .path = "/queue/{queue_id}/release", .group = "operations",
          .summary = "Deliver what was held",
          .role = Role::admin, .scope = "operations:write", .answer = &schemas::queue_outcome},
    Route{.operation = Operation::queue_delete, .id = "delete_message", .method = Method::del, .path = "/queue/{queue_id}", .group = "operations",
          .summary = "Remove it: nobody gets it, and nobody is told",
          .role = Role::admin, .scope = "operations:write", .confirm = true, .answer = &schemas::queue_outcome},

    Route{.operation = Operation::audit_list, .id = "list_audit", .path = "/audit", .group = "audit",
          .summary = "What was changed, by whom; the newest first",
          .role = Role::admin, .scope = "audit:read", .list = &audit_list, .answer = &schemas::audit_entries},
    Route{.operation = Operation::audit_export, .id = "export_audit", .path = "/audit/export", .group = "audit",
          .summary = "All of it, the oldest first",
          .role = Role::admin, .scope = "audit:read", .query = export_query, .type = jsonl},
    Route{.operation = Operation::audit_verify, .id = "verify_audit", .path = "/audit/verify", .group = "audit",
          .summary = "Whether it is whole",
          .role = Role::admin, .scope = "audit:read", .answer = &schemas::audit_verdict},
};
// clang-format on

} // namespace

std::string_view text(Method method) {
    constexpr std::array names{"GET", "POST", "PUT", "PATCH", "DELETE"};
    return names.at(static_cast<std::size_t>(method));
}

std::string_view text(Role role) {
    constexpr std::array names{"mailbox", "domain_admin", "admin", "super_admin"};
    return names.at(static_cast<std::size_t>(role));
}

std::optional<Role> role_named(std::string_view name) {
    for (const auto role : {Role::mailbox, Role::domain_admin, Role::admin, Role::super_admin}) {
        if (text(role) == name)
            return role;
    }
    return std::nullopt;
}

std::span<const Route> routes() {
    return route_table;
}

const Schema& schema_of_parameter(std::string_view name) {
    if (name == "selector")
        return schemas::selector;
    if (name == "service")
        return schemas::service_name;
    if (name == "script")
        return schemas::script_name;
    if (name == "number")
        return schemas::attachment_number;
    if (name == "generation")
        return schemas::generation_number;
    return name == "queue_id" ? schemas::queue_id : schemas::uuid; // {id}, {app_password}
}

std::vector<Parameter> query_of(const Route& route) {
    std::vector<Parameter> all(route.query.begin(), route.query.end());
    if (route.list != nullptr) {
        all.insert(all.end(),
                   {{"limit", &schemas::page_limit, "How many at most; 50 if it is left out"},
                    {"cursor", &schemas::cursor, "Where the page before ended: its meta.pagination.next_cursor"},
                    {"sort", &schemas::field_name, "The field by which they are sorted"},
                    {"order", &schemas::order, "Up or down"}});
        for (const auto each : route.list->filters)
            all.push_back({each, &schemas::filter, "Only those with exactly this value"});
    }
    if (route.confirm)
        all.push_back({"confirm", &schemas::filter, "The name of what is removed, so that nothing is by mistake"});
    return all;
}

std::span<const Group> groups() {
    return group_table;
}

const Group& group_of(const Route& route) {
    return *std::find_if(group_table.begin(), group_table.end(),
                         [&](const Group& group) { return group.name == route.group; });
}

std::span<const std::string_view> scopes() {
    return schemas::scope_words;
}

std::string_view text(Format format) {
    constexpr std::array<std::string_view, 9> names{"",          "",     "email",    "hostname", "",
                                                    "date-time", "uuid", "password", "password"};
    return names.at(static_cast<std::size_t>(format));
}

} // namespace vectis::surface
