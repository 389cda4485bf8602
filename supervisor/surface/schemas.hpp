// The shapes of the API's resources, and of what it is asked.
#pragma once

#include "surface/events.hpp"
#include "surface/schema.hpp"

#include <array>

namespace vectis::surface::schemas {

/// A shape with one thing more.
template<std::size_t N>
constexpr std::array<Property, N + 1> with(const std::array<Property, N>& properties, const Property& more) {
    std::array<Property, N + 1> all{};
    for (std::size_t i = 0; i < N; ++i)
        all[i] = properties[i]; // NOLINT: within both
    all[N] = more;              // NOLINT
    return all;
}

inline constexpr Schema text{.kind = Kind::string};
inline constexpr Schema flag{.kind = Kind::boolean};
inline constexpr Schema uuid{.kind = Kind::string, .format = Format::uuid};
inline constexpr Schema optional_uuid{.kind = Kind::string, .format = Format::uuid, .nullable = true};
inline constexpr Schema time{.kind = Kind::string, .format = Format::date_time};
inline constexpr Schema optional_time{.kind = Kind::string, .format = Format::date_time, .nullable = true};
inline constexpr Schema email{.kind = Kind::string, .format = Format::email, .least = 3, .most = 254};
/// What somebody gives for an address: that it is none must not be told differently.
inline constexpr Schema any_login{.kind = Kind::string, .least = 1, .most = 254};
inline constexpr Schema optional_text{.kind = Kind::string, .nullable = true};
inline constexpr Schema optional_long_text{.kind = Kind::string, .nullable = true, .most = 100000};
inline constexpr Schema name{.kind = Kind::string, .least = 1, .most = 100};
inline constexpr Schema any_name{.kind = Kind::string, .most = 100};
inline constexpr Schema domain{.kind = Kind::string, .format = Format::domain, .least = 3, .most = 253};
inline constexpr Schema domains{.kind = Kind::array, .items = &domain};
inline constexpr Schema optional_domains{.kind = Kind::array, .items = &domain, .nullable = true};
inline constexpr Schema network{.kind = Kind::string, .format = Format::ip_network, .least = 2, .most = 64};
inline constexpr Schema optional_networks{.kind = Kind::array, .items = &network, .nullable = true, .most = 100};
inline constexpr Schema password{.kind = Kind::string, .format = Format::password, .least = 8, .most = 512};
inline constexpr Schema count{.kind = Kind::integer, .most = 9007199254740991};
inline constexpr Schema optional_count{.kind = Kind::integer, .nullable = true, .most = 9007199254740991};

inline constexpr std::array<std::string_view, 2> health_words{"ok", "failing"};
inline constexpr Schema health_word{.kind = Kind::string, .values = health_words};
inline constexpr std::array health_check_properties{
    Property{"name", &text, "What was looked at"},
    Property{"status", &health_word, "How it is"},
};
inline constexpr Schema health_check{.name = "HealthCheck", .properties = health_check_properties};
inline constexpr Schema health_checks{.kind = Kind::array, .items = &health_check};
inline constexpr std::array health_properties{
    Property{"status", &health_word, "ok if every check is"},
    Property{"checks", &health_checks, "Each thing that the API needs"},
};
inline constexpr Schema health{.name = "Health", .properties = health_properties};

inline constexpr std::array version_properties{
    Property{"version", &text, "The version of Vectis"},
    Property{"api", &text, "The version of the API: the first part of every path"},
};
inline constexpr Schema version{.name = "Version", .properties = version_properties};

inline constexpr std::array<std::string_view, 4> role_words{"mailbox", "domain_admin", "admin", "super_admin"};
inline constexpr Schema role_word{.kind = Kind::string, .values = role_words};
inline constexpr std::array<std::string_view, 3> admin_role_words{"domain_admin", "admin", "super_admin"};
inline constexpr Schema admin_role{.kind = Kind::string, .values = admin_role_words};
inline constexpr std::array<std::string_view, 3> credential_words{"socket", "key", "session"};
inline constexpr Schema credential_word{.kind = Kind::string, .values = credential_words};
/// "system": Vectis itself, which has a new key sign.
inline constexpr std::array<std::string_view, 4> actor_words{"socket", "key", "session", "system"};
inline constexpr Schema actor_word{.kind = Kind::string, .values = actor_words};

inline constexpr std::array<std::string_view, 27> scope_words{
    "admins:read",    "admins:write",      "aliases:read",       "aliases:write",   "analytics:read",
    "audit:read",     "config:read",       "config:write",       "domains:read",    "domains:write",
    "import:write",   "inbound:read",      "inbound:write",      "keys:read",       "keys:write",
    "mailboxes:read", "mailboxes:write",   "messages:read",      "operations:read", "operations:write",
    "send",           "suppressions:read", "suppressions:write", "templates:read",  "templates:write",
    "webhooks:read",  "webhooks:write",
};
inline constexpr Schema scope{.kind = Kind::string, .values = scope_words};
inline constexpr Schema scopes{.kind = Kind::array, .items = &scope, .least = 1, .most = 100};
inline constexpr Schema optional_scopes{.kind = Kind::array, .items = &scope, .nullable = true};

inline constexpr std::array me_properties{
    Property{"name", &text, "The name under which the audit log knows you"},
    Property{"admin_id", &optional_uuid,
             "The administrator you are or act for; null: one of this host, or the owner of a mailbox"},
    Property{"mailbox_id", &optional_uuid,
             "The mailbox whose owner you are: you reach that one alone; null: you are none"},
    Property{"credential", &credential_word, "By what you are known: the administrators' socket, a key, or a session"},
    Property{"role", &role_word, "What you may do"},
    Property{"scopes", &optional_scopes, "Of it, what your key is for; null: everything"},
    Property{"domains", &optional_domains, "The domains that you may do it to; null: every one"},
};
inline constexpr Schema me{.name = "Me", .properties = me_properties};

inline constexpr Schema code{.kind = Kind::string, .least = 6, .most = 40};
/// Of a password that is shown, not chosen: what it may be says nothing here.
inline constexpr Schema shown_password{.kind = Kind::string, .format = Format::password, .least = 1, .most = 512};
inline constexpr std::array login_properties{
    Property{"email", &any_login, "Your address: an administrator's, or that of your mailbox"},
    Property{"password", &shown_password, "Your password; an app password is none here"},
    Property{"code", &code, "Of your authenticator, or a recovery code; needed if you have a second factor", false},
};
inline constexpr Schema login{.name = "Login", .properties = login_properties};
inline constexpr std::array session_properties{
    Property{"id", &uuid, "Its id"},
    Property{"address", &text, "From where it was begun"},
    Property{"agent", &text, "By what program, in its own words"},
    Property{"created_at", &time, "When it was begun"},
    Property{"seen_at", &time, "When it was used last, to the minute"},
    Property{"current", &flag, "Whether it is the one that asks"},
};
inline constexpr Schema session{.name = "Session", .properties = session_properties};
inline constexpr Schema sessions{.kind = Kind::array, .items = &session};
inline constexpr auto logged_in_properties =
    with(with(session_properties, Property{"csrf_token", &text,
                                           "What every change must show in the field X-CSRF-Token, beside the cookie"}),
         Property{"must_change_password", &flag, "Nothing else is allowed until POST /auth/password"});
inline constexpr Schema logged_in{.name = "LoggedIn", .properties = logged_in_properties};
inline constexpr std::array own_password_properties{
    Property{"current", &shown_password, "The present one"},
    Property{"password", &password, "The new one"},
};
inline constexpr Schema own_password{.name = "OwnPassword", .properties = own_password_properties};
inline constexpr std::array totp_setup_properties{
    Property{"secret", &optional_text,
             "What an authenticator is given by hand, in base32. Shown this once, and null "
             "when the same Idempotency-Key asks again"},
    Property{"uri", &optional_text, "The same as otpauth://"},
    Property{"svg", &optional_long_text, "The same as a QR code, an SVG image"},
};
inline constexpr Schema totp_setup{.name = "TotpSetup", .properties = totp_setup_properties};
inline constexpr std::array totp_code_properties{
    Property{"code", &code, "Of your authenticator"},
};
inline constexpr Schema totp_code{.name = "TotpCode", .properties = totp_code_properties};
inline constexpr Schema optional_texts{.kind = Kind::array, .items = &text, .nullable = true};
inline constexpr std::array recovery_codes_properties{
    Property{
        "recovery_codes", &optional_texts,
        "Each is good once, in place of a code. Shown this once, and null when the same Idempotency-Key asks again"},
};
inline constexpr Schema recovery_codes{.name = "RecoveryCodes", .properties = recovery_codes_properties};
inline constexpr std::array present_password_properties{
    Property{"password", &shown_password, "Your password"},
};
inline constexpr Schema present_password{.name = "PresentPassword", .properties = present_password_properties};
inline constexpr Schema nothing{.name = "Nothing", .properties = {}};

inline constexpr std::array admin_properties{
    Property{"id", &uuid, "Its id"},
    Property{"email", &email, "The address by which they log in"},
    Property{"name", &text, "What they are called"},
    Property{"role", &admin_role, "What they may do"},
    Property{"domains", &domains, "The domains of a domain_admin"},
    Property{"suspended", &flag, "Whether they are kept out"},
    Property{"must_change_password", &flag, "Their password was made for them, and must be changed"},
    Property{"announced", &flag, "Whether somebody has been shown the password that was set for them"},
    Property{"created_at", &time, "When it was made"},
    Property{"updated_at", &time, "When it was changed last"},
};
inline constexpr Schema admin{.name = "Admin", .properties = admin_properties};
inline constexpr Schema admins{.kind = Kind::array, .items = &admin};
inline constexpr Schema once{.kind = Kind::string, .nullable = true};
inline constexpr auto made_admin_properties =
    with(admin_properties, Property{"one_time_password", &once,
                                    "The password that was made, shown this once; null if one was chosen, or when the "
                                    "same Idempotency-Key asks again"});
inline constexpr Schema made_admin{.name = "MadeAdmin", .properties = made_admin_properties};

inline constexpr std::array new_admin_properties{
    Property{"email", &email, "The address by which they log in"},
    Property{"name", &any_name, "What they are called", false},
    Property{"role", &admin_role, "What they may do"},
    Property{"domains", &domains, "The domains of a domain_admin", false},
    Property{"password", &password, "Left out: one is made, and shown in the answer", false},
    Property{"must_change_password", &flag, "Whether they must choose another; left out: if it was made", false},
    Property{"announced", &flag,
             "false: whoever asks has yet to show the password to somebody, and says so when they have", false},
};
inline constexpr Schema new_admin{.name = "NewAdmin", .properties = new_admin_properties};
inline constexpr std::array admin_change_properties{
    Property{"email", &email, "The address by which they log in"},
    Property{"name", &any_name, "What they are called"},
    Property{"role", &admin_role, "What they may do"},
    Property{"domains", &domains, "The domains of a domain_admin"},
    Property{"suspended", &flag, "Whether they are kept out"},
};
inline constexpr Schema admin_change{.name = "AdminChange", .properties = admin_change_properties};
inline constexpr std::array password_choice_properties{
    Property{"password", &password, "Left out: one is made, and shown in the answer", false},
    Property{"must_change_password", &flag, "Whether they must choose another; left out: if it was made", false},
    Property{"announced", &flag,
             "false: whoever asks has yet to show the password to somebody, and says so when they have", false},
};
inline constexpr Schema password_choice{.name = "PasswordChoice", .properties = password_choice_properties};

inline constexpr Schema rate{.kind = Kind::integer, .least = 1, .most = 60000};
inline constexpr Schema optional_recipients{.kind = Kind::integer, .nullable = true, .least = 1, .most = 10000000};
inline constexpr std::array api_key_properties{
    Property{"id", &uuid, "Its id"},
    Property{"name", &name, "What it is called; no two have the same name"},
    Property{"admin_id", &optional_uuid, "Whose rights it never exceeds; null: it was made on this host"},
    Property{"role", &admin_role, "What it may do at most"},
    Property{"scopes", &scopes, "What it is for"},
    Property{"domains", &optional_domains, "The domains that it is for; null: every one"},
    Property{"networks", &optional_networks, "The networks from which it is taken; null: from everywhere"},
    Property{"rate", &rate, "How many requests it may make in a minute"},
    Property{"recipients", &optional_recipients,
             "To how many recipients it may send in an hour; null: as limits.key in config.yaml says"},
    Property{"expires_at", &optional_time, "From when on it is not taken; null: never"},
    Property{"old_secret_until", &optional_time, "After a rotation: until when the secret of before is taken"},
    Property{"created_at", &time, "When it was made"},
    Property{"updated_at", &time, "When it was changed last"},
};
inline constexpr Schema api_key{.name = "ApiKey", .properties = api_key_properties};
inline constexpr Schema api_keys{.kind = Kind::array, .items = &api_key};
inline constexpr auto made_api_key_properties = with(
    api_key_properties, Property{"token", &once,
                                 "What programs send: Authorization: Bearer TOKEN. Shown this once, and null when the "
                                 "same Idempotency-Key asks again"});
inline constexpr Schema made_api_key{.name = "MadeApiKey", .properties = made_api_key_properties};
inline constexpr std::array new_api_key_properties{
    Property{"name", &name, "What it is called; no two have the same name"},
    Property{"scopes", &scopes, "What it is for"},
    Property{"role", &admin_role, "What it may do at most; left out: what you may", false},
    Property{"domains", &optional_domains, "The domains that it is for; left out: yours", false},
    Property{"networks", &optional_networks, "The networks from which it is taken; left out: from everywhere", false},
    Property{"rate", &rate, "How many requests it may make in a minute; left out: 600", false},
    Property{"recipients", &optional_recipients,
             "To how many recipients it may send in an hour; left out: as limits.key in config.yaml says", false},
    Property{"expires_at", &optional_time, "From when on it is not taken; left out: never", false},
};
inline constexpr Schema new_api_key{.name = "NewApiKey", .properties = new_api_key_properties};
inline constexpr std::array api_key_change_properties{
    Property{"name", &name, "What it is called; no two have the same name"},
    Property{"scopes", &scopes, "What it is for"},
    Property{"domains", &optional_domains, "The domains that it is for; null: every one"},
    Property{"networks", &optional_networks, "The networks from which it is taken; null: from everywhere"},
    Property{"rate", &rate, "How many requests it may make in a minute"},
    Property{"recipients", &optional_recipients,
             "To how many recipients it may send in an hour; null: as limits.key in config.yaml says"},
    Property{"expires_at", &optional_time, "From when on it is not taken; null: never"},
};
inline constexpr Schema api_key_change{.name = "ApiKeyChange", .properties = api_key_change_properties};
inline constexpr Schema overlap{.kind = Kind::integer, .most = 2592000};
inline constexpr std::array rotation_properties{
    Property{"overlap_seconds", &overlap, "How long the secret of before is still taken; left out: a day", false},
};
inline constexpr Schema rotation{.name = "Rotation", .properties = rotation_properties};

inline constexpr std::array<std::string_view, 3> owner_words{"config", "api", "system"};
inline constexpr Schema owner_word{.kind = Kind::string, .values = owner_words};
inline constexpr Schema stamp{.kind = Kind::string};
inline constexpr Schema optional_domain{
    .kind = Kind::string, .format = Format::domain, .nullable = true, .least = 3, .most = 253};
inline constexpr Schema optional_email{
    .kind = Kind::string, .format = Format::email, .nullable = true, .least = 3, .most = 254};
inline constexpr Schema emails{.kind = Kind::array, .items = &email, .least = 1, .most = 1000};
inline constexpr Schema quota{.kind = Kind::integer, .most = 1125899906842624};
inline constexpr Schema any_display_name{.kind = Kind::string, .most = 200};
inline constexpr Schema password_hash{.kind = Kind::string, .format = Format::password_hash, .least = 3, .most = 512};

inline constexpr std::array domain_properties{
    Property{"id", &uuid, "Its id"},
    Property{"name", &domain, "The domain"},
    Property{"alias_of", &optional_domain, "The domain whose addresses it repeats; null: it has its own"},
    Property{"catch_all", &optional_email, "Who gets what is addressed to nobody; null: it is refused"},
    Property{"active", &flag, "Whether it takes mail, and lets anybody log in"},
    Property{"managed_by", &owner_word, "Where it is changed: in config.yaml, or here"},
    Property{"created_at", &stamp, "When it was made; empty: before that was noted"},
    Property{"updated_at", &stamp, "When it was changed last"},
};
inline constexpr Schema domain_resource{.name = "Domain", .properties = domain_properties};
inline constexpr Schema domain_resources{.kind = Kind::array, .items = &domain_resource};
inline constexpr std::array new_domain_properties{
    Property{"name", &domain, "The domain; international ones in their xn-- form"},
    Property{"alias_of", &optional_domain, "It repeats the addresses of this domain, and has none of its own", false},
    Property{"catch_all", &optional_email, "Who gets what is addressed to nobody", false},
};
inline constexpr Schema new_domain{.name = "NewDomain", .properties = new_domain_properties};
inline constexpr std::array domain_change_properties{
    Property{"catch_all", &optional_email, "Who gets what is addressed to nobody; null: it is refused"},
    Property{"active", &flag, "false: it takes no mail, and nobody there can log in"},
};
inline constexpr Schema domain_change{.name = "DomainChange", .properties = domain_change_properties};

inline constexpr Schema long_text{.kind = Kind::string, .most = 100000};
inline constexpr Schema texts{.kind = Kind::array, .items = &long_text};
inline constexpr std::array dns_record_properties{
    Property{"zone", &text, "The domain it belongs to"},
    Property{"name", &text, "Its name, absolute and without the last dot"},
    Property{"type", &text, "Its type: A, AAAA, MX, TXT, CNAME, SRV, TLSA or PTR"},
    Property{"value", &long_text, "Its value, as a DNS panel wants it: a text whole and without quotes"},
    Property{"zone_line", &long_text, "The same as a line of a zone file"},
    Property{"purpose", &text, "What it is for"},
    Property{"elsewhere", &flag, "Whether it is published by whoever gives the address (PTR)"},
    Property{"optional", &flag, "Whether mail works without it"},
};
inline constexpr Schema dns_record{.name = "DnsRecord", .properties = dns_record_properties};
inline constexpr Schema dns_records{.kind = Kind::array, .items = &dns_record};
inline constexpr std::array domain_records_properties{
    Property{"domain", &domain, "The domain"},
    Property{"records", &dns_records, "Those of the domain, and those of the host that every domain needs"},
    Property{"zone_file", &long_text, "The same as lines of zone files, without those that are published elsewhere"},
};
inline constexpr Schema domain_records{.name = "DomainRecords", .properties = domain_records_properties};
inline constexpr Schema selector{.kind = Kind::string, .least = 1, .most = 63};
inline constexpr Schema private_key{.kind = Kind::string, .format = Format::lines, .least = 1, .most = 10000};
inline constexpr std::array dkim_import_properties{
    Property{"selector", &selector, "The one that its record has: the record is at SELECTOR._domainkey.DOMAIN"},
    Property{"private_key", &private_key,
             "In PEM, without a passphrase: RSA of 1024 to 4096 bits (PKCS#8 or RSA PRIVATE KEY), or Ed25519"},
};
inline constexpr Schema dkim_import{.name = "DkimImport", .properties = dkim_import_properties};
inline constexpr std::array<std::string_view, 2> algorithm_words{"rsa", "ed25519"};
inline constexpr Schema algorithm{.kind = Kind::string, .values = algorithm_words};
inline constexpr std::array<std::string_view, 3> key_state_words{"waiting", "signing", "retired"};
inline constexpr Schema key_state{.kind = Kind::string, .values = key_state_words};
inline constexpr std::array dkim_key_properties{
    Property{"selector", &selector, "Its selector: the record is at SELECTOR._domainkey.DOMAIN"},
    Property{"algorithm", &algorithm, "Its algorithm"},
    Property{"state", &key_state,
             "It waits until DNS has had it for an hour, signs, or is kept for what it has signed"},
    Property{"created_at", &stamp, "When it was made here, or imported; empty: config.yaml has it"},
    Property{"retired_at", &optional_time, "Since when it signs no more; seven days later it may go"},
};
inline constexpr Schema dkim_key{.name = "DkimKey", .properties = dkim_key_properties};
inline constexpr Schema dkim_keys{.kind = Kind::array, .items = &dkim_key};
inline constexpr std::array domain_keys_properties{
    Property{"id", &uuid, "The domain's id"},
    Property{"name", &domain, "The domain"},
    Property{"keys", &dkim_keys, "Its keys; what to publish of them is in /domains/{id}/dns"},
};
inline constexpr Schema domain_keys{.name = "DomainKeys", .properties = domain_keys_properties};
inline constexpr std::array<std::string_view, 4> verdict_words{"published", "missing", "different", "unknown"};
inline constexpr Schema verdict{.kind = Kind::string, .values = verdict_words};
inline constexpr auto checked_record_properties =
    with(with(with(with(dns_record_properties, Property{"status", &verdict, "What DNS has in its place"}),
                   Property{"found", &texts, "What is there"}),
              Property{"secure", &flag, "Whether the answer was signed (DNSSEC)"}),
         Property{"advice", &text, "What to do; empty: nothing"});
inline constexpr Schema checked_record{.name = "CheckedRecord", .properties = checked_record_properties};
inline constexpr Schema checked_records{.kind = Kind::array, .items = &checked_record};
inline constexpr std::array domain_verification_properties{
    Property{"domain", &domain, "The domain"},
    Property{"complete", &flag, "Whether everything that mail needs is published"},
    Property{"records", &checked_records, "Each record, and what DNS has of it"},
};
inline constexpr Schema domain_verification{.name = "DomainVerification", .properties = domain_verification_properties};

inline constexpr std::array mailbox_properties{
    Property{"id", &uuid, "Its id"},
    Property{"address", &email, "Its address, by which its owner logs in"},
    Property{"domain", &domain, "The domain of it"},
    Property{"display_name", &text, "What its owner is called"},
    Property{"quota", &quota, "How many bytes it may hold; 0: as many as there are"},
    Property{"active", &flag, "Whether it takes mail, and its owner can log in"},
    Property{"managed_by", &owner_word, "Where it is changed: in config.yaml, or here"},
    Property{"created_at", &stamp, "When it was made; empty: before that was noted"},
    Property{"updated_at", &stamp, "When it was changed last"},
};
inline constexpr Schema mailbox{.name = "Mailbox", .properties = mailbox_properties};
inline constexpr Schema mailboxes{.kind = Kind::array, .items = &mailbox};
inline constexpr auto made_mailbox_properties =
    with(mailbox_properties, Property{"generated_password", &optional_text,
                                      "The password that was made, shown this once; null if you chose it, and when "
                                      "the same Idempotency-Key asks again"});
inline constexpr Schema made_mailbox{.name = "MadeMailbox", .properties = made_mailbox_properties};
inline constexpr std::array new_mailbox_properties{
    Property{"address", &email, "Its address"},
    Property{"display_name", &any_display_name, "What its owner is called", false},
    Property{"password", &password, "Left out, with the hash: one is made", false},
    Property{"password_hash", &password_hash, "In place of a password: one as Dovecot knows it, {SCHEME}...", false},
    Property{"quota", &quota, "How many bytes it may hold; left out or 0: as many as there are", false},
};
inline constexpr Schema new_mailbox{.name = "NewMailbox", .properties = new_mailbox_properties};
inline constexpr std::array mailbox_change_properties{
    Property{"display_name", &any_display_name, "What its owner is called"},
    Property{"password", &password, "Another password"},
    Property{"password_hash", &password_hash, "The same, as Dovecot knows it"},
    Property{"quota", &quota, "How many bytes it may hold; 0: as many as there are"},
};
inline constexpr Schema mailbox_change{.name = "MailboxChange", .properties = mailbox_change_properties};

inline constexpr std::array mailbox_use_properties{
    Property{"bytes", &count, "How many bytes it holds"},
    Property{"messages", &count, "How many messages"},
    Property{"quota", &quota, "How many bytes it may hold; 0: as many as there are"},
};
inline constexpr Schema mailbox_use{.name = "MailboxUse", .properties = mailbox_use_properties};
inline constexpr Schema script_name{.kind = Kind::string, .least = 1, .most = 200};
inline constexpr Schema script_text{.kind = Kind::string, .format = Format::lines, .least = 1, .most = 262144};
inline constexpr std::array sieve_script_properties{
    Property{"name", &script_name, "Its name"},
    Property{"active", &flag, "Whether it is the one that judges what comes"},
};
inline constexpr Schema sieve_script{.name = "SieveScript", .properties = sieve_script_properties};
inline constexpr Schema sieve_scripts{.kind = Kind::array, .items = &sieve_script};
inline constexpr auto whole_sieve_script_properties =
    with(sieve_script_properties, Property{"script", &script_text, "The script"});
inline constexpr Schema whole_sieve_script{.name = "WholeSieveScript", .properties = whole_sieve_script_properties};
inline constexpr std::array new_sieve_script_properties{
    Property{"script", &script_text, "The script (RFC 5228)"},
};
inline constexpr Schema new_sieve_script{.name = "NewSieveScript", .properties = new_sieve_script_properties};

inline constexpr std::array<std::string_view, 4> app_protocol_words{"imap", "pop3", "sieve", "smtp"};
inline constexpr Schema app_protocol{.kind = Kind::string, .values = app_protocol_words};
inline constexpr Schema app_protocols{.kind = Kind::array, .items = &app_protocol, .least = 1, .most = 4};
inline constexpr std::array app_password_properties{
    Property{"id", &uuid, "Its id"},
    Property{"mailbox_id", &uuid, "The mailbox"},
    Property{"address", &email, "Its address"},
    Property{"name", &name, "What it is for"},
    Property{"protocols", &app_protocols, "What it lets in by"},
    Property{"created_at", &time, "When it was made"},
};
inline constexpr Schema app_password{.name = "AppPassword", .properties = app_password_properties};
inline constexpr Schema app_passwords{.kind = Kind::array, .items = &app_password};
inline constexpr auto made_app_password_properties = with(
    app_password_properties, Property{"generated_password", &optional_text,
                                      "The password, shown this once; null when the same Idempotency-Key asks again"});
inline constexpr Schema made_app_password{.name = "MadeAppPassword", .properties = made_app_password_properties};
inline constexpr std::array new_app_password_properties{
    Property{"name", &name, "What it is for: the program, or the device"},
    Property{"protocols", &app_protocols, "What it lets in by; left out: all of them", false},
};
inline constexpr Schema new_app_password{.name = "NewAppPassword", .properties = new_app_password_properties};

inline constexpr std::array alias_properties{
    Property{"id", &uuid, "Its id"},
    Property{"address", &email, "The address"},
    Property{"domain", &domain, "The domain of it"},
    Property{"destinations", &emails, "Who gets what is addressed to it"},
    Property{"active", &flag, "Whether it takes mail"},
    Property{"managed_by", &owner_word, "Where it is changed: in config.yaml, or here"},
    Property{"created_at", &stamp, "When it was made; empty: before that was noted"},
    Property{"updated_at", &stamp, "When it was changed last"},
};
inline constexpr Schema alias{.name = "Alias", .properties = alias_properties};
inline constexpr Schema aliases{.kind = Kind::array, .items = &alias};
inline constexpr std::array new_alias_properties{
    Property{"address", &email, "The address"},
    Property{"destinations", &emails, "Who gets what is addressed to it"},
};
inline constexpr Schema new_alias{.name = "NewAlias", .properties = new_alias_properties};
inline constexpr std::array alias_change_properties{
    Property{"destinations", &emails, "Who gets what is addressed to it"},
    Property{"active", &flag, "Whether it takes mail"},
};
inline constexpr Schema alias_change{.name = "AliasChange", .properties = alias_change_properties};

inline constexpr std::array imported_mailbox_properties{
    Property{"address", &email, "Its address"},
    Property{"display_name", &any_display_name, "What its owner is called", false},
    Property{"password_hash", &password_hash,
             "As Dovecot knows it, {SCHEME}...; left out: nobody can log in until a password is set", false},
    Property{"quota", &quota, "How many bytes it may hold; left out or 0: as many as there are", false},
};
inline constexpr Schema imported_mailbox{.name = "ImportedMailbox", .properties = imported_mailbox_properties};
inline constexpr Schema new_domains{.kind = Kind::array, .items = &new_domain, .most = 200};
inline constexpr Schema imported_mailboxes{.kind = Kind::array, .items = &imported_mailbox, .most = 10000};
inline constexpr Schema new_aliases{.kind = Kind::array, .items = &new_alias, .most = 10000};
inline constexpr std::array import_properties{
    Property{"domains", &new_domains, "Domains to make, in any order", false},
    Property{"mailboxes", &imported_mailboxes, "Mailboxes to make, in these or in earlier domains", false},
    Property{"aliases", &new_aliases, "Aliases to make", false},
    Property{"row_by_row", &flag, "Make what can be made and tell the rest; left out: all or nothing", false},
    Property{"dry_run", &flag, "Make nothing, and say what would come of it", false},
};
inline constexpr Schema import_rows{.name = "Import", .properties = import_properties};
inline constexpr std::array import_failure_properties{
    Property{"pointer", &text, "The row, as a JSON pointer into what was sent"},
    Property{"name", &text, "The domain or the address"},
    Property{"code", &text, "Names the fault for programs"},
    Property{"detail", &text, "Why it was not made"},
    Property{"hint", &text, "What to do; empty: that says it"},
};
inline constexpr Schema import_failure{.name = "ImportFailure", .properties = import_failure_properties};
inline constexpr Schema import_failures{.kind = Kind::array, .items = &import_failure, .most = 20200};
inline constexpr std::array import_report_properties{
    Property{"id", &uuid, "Names the import in the audit log, which has each row that was made as well"},
    Property{"name", &text, "How many rows were made, of how many"},
    Property{"domains", &count, "How many domains were made"},
    Property{"mailboxes", &count, "How many mailboxes"},
    Property{"aliases", &count, "How many aliases"},
    Property{"failures", &import_failures, "What was not made, and why; empty unless it goes row by row"},
    Property{"dry_run", &flag, "Whether it was only tried"},
};
inline constexpr Schema import_report{.name = "ImportReport", .properties = import_report_properties};

inline constexpr Schema any_data{.kind = Kind::object, .open = true};
inline constexpr Schema person_name{.kind = Kind::string, .most = 500};
inline constexpr std::array person_properties{
    Property{"email", &email, "The address"},
    Property{"name", &person_name, "Whose it is, as mail programs show it", false},
};
inline constexpr Schema person{.name = "Person", .properties = person_properties};
inline constexpr Schema persons{.kind = Kind::array, .items = &person, .repeats = true, .most = 1000};
inline constexpr Schema subject_line{.kind = Kind::string, .most = 2000};
inline constexpr Schema mail_text{.kind = Kind::string, .format = Format::lines, .most = 50000000};
inline constexpr Schema base64_content{.kind = Kind::string, .format = Format::lines, .most = 50000000};
inline constexpr Schema file_name{.kind = Kind::string, .least = 1, .most = 255};
inline constexpr std::array<std::string_view, 2> disposition_words{"attachment", "inline"};
inline constexpr Schema disposition{.kind = Kind::string, .values = disposition_words};
inline constexpr std::array attachment_properties{
    Property{"filename", &file_name, "What it is called"},
    Property{"content", &base64_content, "What is in it, in base64"},
    Property{"content_type", &file_name, "Such as application/pdf; left out: application/octet-stream", false},
    Property{"content_id", &file_name, "By which the HTML shows it: cid:...", false},
    Property{"disposition", &disposition, "inline: the HTML shows it; left out: attachment", false},
};
inline constexpr Schema attachment{.name = "Attachment", .properties = attachment_properties};
inline constexpr Schema attachments{.kind = Kind::array, .items = &attachment, .repeats = true, .most = 100};
inline constexpr Schema header_value{.kind = Kind::string, .most = 10000};
inline constexpr Schema headers{.kind = Kind::object, .open = true};
inline constexpr Schema tag{.kind = Kind::string, .least = 1, .most = 100};
inline constexpr Schema tags{.kind = Kind::array, .items = &tag, .most = 20};
inline constexpr Schema metadata{.kind = Kind::object, .open = true};
inline constexpr Schema web_address{.kind = Kind::string, .least = 8, .most = 2000};
inline constexpr std::array list_unsubscribe_properties{
    Property{"url", &web_address,
             "https://...: who opens it is unsubscribed; left out with one_click: each recipient gets a link to this "
             "server, which suppresses them",
             false},
    Property{"mailto", &email, "Who writes to it is unsubscribed", false},
    Property{"one_click", &flag, "The URL, or this server's own, unsubscribes by a POST without a question (RFC 8058)",
             false},
};
inline constexpr Schema list_unsubscribe{.name = "ListUnsubscribe", .properties = list_unsubscribe_properties};
inline constexpr std::array template_use_properties{
    Property{"id", &uuid, "The template: subject, text and html are its own"},
    Property{"variables", &any_data, "What it writes in place of its tags: a value for each name", false},
};
inline constexpr Schema template_use{.name = "TemplateUse", .properties = template_use_properties};
inline constexpr std::array tracking_properties{
    Property{"opens", &flag, "A picture at the end of the HTML tells that it was fetched; left out: false", false},
    Property{"clicks", &flag, "The links of the HTML lead here first, and on from here; left out: false", false},
};
inline constexpr Schema tracking{.name = "Tracking", .properties = tracking_properties};
inline constexpr std::array new_message_properties{
    Property{"from", &person, "Who sends: an address in one of the domains here"},
    Property{"to", &persons, "Who gets it", false},
    Property{"cc", &persons, "Who gets a copy", false},
    Property{"bcc", &persons, "Who gets one without the others' knowing", false},
    Property{"reply_to", &persons, "Who gets answers; left out: who sends", false},
    Property{"subject", &subject_line, "What it is about; left out only with a template", false},
    Property{"text", &mail_text, "What it says, as plain text", false},
    Property{"html", &mail_text, "The same as HTML", false},
    Property{"template", &template_use, "In place of subject, text and html", false},
    Property{"attachments", &attachments, "Files that go with it", false},
    Property{"headers", &headers, "More fields of its header, by name; not those that this server writes", false},
    Property{"list_unsubscribe", &list_unsubscribe, "How its readers get no more of this kind", false},
    Property{"tracking", &tracking, "Whether you are told what its readers do with it; left out: nobody is followed",
             false},
    Property{"tags", &tags, "Words by which you find it again", false},
    Property{"metadata", &metadata, "What you want to have back with each event: names and texts", false},
    Property{"send_at", &time, "Not before then; at most 30 days ahead", false},
};
inline constexpr Schema new_message{.name = "NewMessage", .properties = new_message_properties};
inline constexpr Schema new_messages{
    .kind = Kind::array, .items = &new_message, .repeats = true, .least = 1, .most = 500};
inline constexpr std::array message_batch_properties{
    Property{"messages", &new_messages, "Each as POST /send takes it"}};
inline constexpr Schema message_batch{.name = "MessageBatch", .properties = message_batch_properties};
inline constexpr Schema envelope_recipients{.kind = Kind::array, .items = &email, .least = 1, .most = 1000};
inline constexpr std::array raw_message_properties{
    Property{
        "raw", &base64_content,
        "The whole message, in base64; Bcc is taken out of it. Its HTML goes out as it is: nothing in it is tracked"},
    Property{"to", &envelope_recipients, "Who gets it; left out: whom To, Cc and Bcc name", false},
    Property{"tags", &tags, "Words by which you find it again", false},
    Property{"metadata", &metadata, "What you want to have back with each event: names and texts", false},
    Property{"send_at", &time, "Not before then; at most 30 days ahead", false},
};
inline constexpr Schema raw_message{.name = "RawMessage", .properties = raw_message_properties};
inline constexpr std::array<std::string_view, 10> recipient_status_words{
    "queued", "held", "sent", "delivered", "deferred", "bounced", "expired", "suppressed", "canceled", "unknown"};
inline constexpr Schema recipient_status{.kind = Kind::string, .values = recipient_status_words};
inline constexpr std::array accepted_recipient_properties{
    Property{"email", &text, "Their address"},
    Property{"status", &recipient_status, "What became of it"},
};
inline constexpr Schema accepted_recipient{.name = "AcceptedRecipient", .properties = accepted_recipient_properties};
inline constexpr Schema accepted_recipients{.kind = Kind::array, .items = &accepted_recipient, .most = 3000};
inline constexpr std::array accepted_message_properties{
    Property{"id", &uuid, "Its id here"},
    Property{"message_id", &text, "Its Message-ID, without the angle brackets"},
    Property{"status", &recipient_status,
             "queued: it is on the disk, and goes out; held: it is on the disk, and waits until an administrator lets "
             "it go; "
             "suppressed: it goes to nobody"},
    Property{"recipients", &accepted_recipients, "Each of them, once"},
};
inline constexpr Schema accepted_message{.name = "AcceptedMessage", .properties = accepted_message_properties};
inline constexpr Schema accepted_messages{.kind = Kind::array, .items = &accepted_message, .most = 500};
inline constexpr std::array accepted_batch_properties{
    Property{"results", &accepted_messages, "One for each message, in their order"}};
inline constexpr Schema accepted_batch{.name = "AcceptedBatch", .properties = accepted_batch_properties};
inline constexpr Schema answer_text{.kind = Kind::string, .nullable = true, .most = 100000};
inline constexpr std::array recipient_properties{
    Property{"email", &text, "Their address"},
    Property{"original_to", &optional_text,
             "The address that its sender gave, where an alias led from there to this one; null: it is this one"},
    Property{
        "status", &recipient_status,
        "queued: waits for Postfix; held: waits until an administrator lets it go; sent: Postfix has it; delivered: "
        "the next server has it; deferred: that server "
        "wants it later; bounced, expired: they do not get it; unknown: Postfix no longer has it, and its log does not "
        "say what became of it"},
    Property{"queue_id", &optional_text, "Postfix's id of it, as in its log and in /queue"},
    Property{"code", &optional_text, "The enhanced status code of the last answer (RFC 3463)"},
    Property{"answer", &answer_text, "The last answer of the other side, in its own words"},
    Property{"relay", &optional_text, "Which server gave it"},
    Property{"opened_at", &optional_time, "When its picture was fetched first; null: never, or that is not tracked"},
    Property{"clicked_at", &optional_time, "When a link was followed first; null: never, or that is not tracked"},
    Property{"updated_at", &time, "When this was so first"},
};
inline constexpr Schema recipient{.name = "Recipient", .properties = recipient_properties};
inline constexpr Schema recipients{.kind = Kind::array, .items = &recipient, .most = 100000};
inline constexpr std::array<std::string_view, 2> origin_words{"api", "submission"};
inline constexpr Schema origin{.kind = Kind::string, .values = origin_words};
inline constexpr std::array message_properties{
    Property{"id", &uuid, "Its id"},
    Property{"domain", &domain, "The domain that sends"},
    Property{"sender", &text,
             "The address in From; of what came by submission that of the envelope, which may be empty"},
    Property{"subject", &subject_line, "Its subject; empty: it has none, or it came by submission"},
    Property{"message_id", &text, "Its Message-ID, without the angle brackets"},
    Property{"tags", &tags, "Its tags"},
    Property{"metadata", &metadata, "Its metadata"},
    Property{"tracking", &tracking, "What its readers do of which you are told"},
    Property{"size", &count, "Bytes, as it goes out"},
    Property{"sent_by", &text, "Who sent it, by the name of that time; by submission: the mailbox that had logged in"},
    Property{"origin", &origin, "api: a program sent it here; submission: somebody by ports 587 or 465, or in webmail"},
    Property{"created_at", &time, "When it was accepted"},
    Property{"send_at", &optional_time, "When it goes out; null: at once"},
};
inline constexpr Schema message{.name = "Message", .properties = message_properties};
inline constexpr Schema messages{.kind = Kind::array, .items = &message};
inline constexpr auto whole_message_properties =
    with(message_properties, Property{"recipients", &recipients, "What became of it for each of them"});
inline constexpr Schema whole_message{.name = "WholeMessage", .properties = whole_message_properties};
inline constexpr Schema told_text{.kind = Kind::string, .most = 100000};
inline constexpr std::array message_event_properties{
    Property{"id", &uuid, "Its id"},
    Property{"type", &text, "message.queued, message.delivered, ..."},
    Property{"at", &time, "When"},
    Property{"recipient", &text, "For whom"},
    Property{"told", &told_text, "The same in a sentence"},
    Property{"data", &any_data, "What is known of it"},
};
inline constexpr Schema message_event{.name = "MessageEvent", .properties = message_event_properties};
inline constexpr Schema message_events{.kind = Kind::array, .items = &message_event, .most = 100000};

inline constexpr std::array<std::string_view, 4> suppression_words{"bounce", "complaint", "unsubscribe", "manual"};
inline constexpr Schema suppression_reason{.kind = Kind::string, .values = suppression_words};
inline constexpr std::array new_suppression_properties{
    Property{"domain", &domain, "The domain that sends: one of yours"},
    Property{"address", &email, "To whom it sends nothing more"},
    Property{"reason", &suppression_reason, "Why; left out: manual", false},
    Property{"expires_at", &optional_time, "Until when; left out: until it is removed", false},
};
inline constexpr Schema new_suppression{.name = "NewSuppression", .properties = new_suppression_properties};
inline constexpr Schema new_suppressions{
    .kind = Kind::array, .items = &new_suppression, .repeats = true, .least = 1, .most = 5000};
inline constexpr std::array suppression_import_properties{
    Property{"suppressions", &new_suppressions, "Each as POST /suppressions takes it"}};
inline constexpr Schema suppression_import{.name = "SuppressionImport", .properties = suppression_import_properties};
inline constexpr std::array suppression_import_result_properties{
    Property{"added", &count, "How many are new"},
    Property{"there_already", &count, "How many addresses were suppressed for their domain before"},
};
inline constexpr Schema suppression_import_result{.name = "SuppressionImportResult",
                                                  .properties = suppression_import_result_properties};
inline constexpr std::array suppression_properties{
    Property{"id", &uuid, "Its id"},
    Property{"domain", &domain, "The domain that sends nothing more"},
    Property{"address", &email, "To this address, in lower case"},
    Property{"reason", &suppression_reason,
             "bounce: the address does not exist; complaint: its owner took mail for "
             "spam; unsubscribe: they want no more; manual: somebody said so"},
    Property{"source", &text, "The message's id that it came from, or who said so, by the name of that time"},
    Property{"created_at", &time, "Since when"},
    Property{"expires_at", &optional_time, "Until when; null: until it is removed"},
};
inline constexpr Schema suppression{.name = "Suppression", .properties = suppression_properties};
inline constexpr Schema suppressions{.kind = Kind::array, .items = &suppression};

inline constexpr std::array<std::string_view, 4> hold_reason_words{"spike", "bounces", "complaints", "manual"};
inline constexpr Schema hold_reason{.kind = Kind::string, .values = hold_reason_words};
inline constexpr std::array<std::string_view, 2> hold_kind_words{"key", "mailbox"};
inline constexpr Schema hold_kind{.kind = Kind::string, .values = hold_kind_words};
inline constexpr std::array<std::string_view, 2> hold_ending_words{"release", "discard"};
inline constexpr Schema hold_ending{.kind = Kind::string, .values = hold_ending_words, .nullable = true};
inline constexpr Schema held_sender{.kind = Kind::string, .least = 1, .most = 254};
inline constexpr Schema hold_detail{.kind = Kind::string, .most = 1000};
inline constexpr std::array new_hold_properties{
    Property{"sender", &held_sender, "A mailbox by its address, or an API key by its name or id"},
    Property{"detail", &hold_detail, "Why, for those who look at it later", false},
};
inline constexpr Schema new_hold{.name = "NewHold", .properties = new_hold_properties};
inline constexpr std::array hold_properties{
    Property{"id", &uuid, "Its id"},
    Property{"sender", &text, "Who is held: a mailbox's address, or an API key's name of that time"},
    Property{"kind", &hold_kind, "What that is"},
    Property{"key_id", &optional_uuid, "The key's id; null: it is a mailbox"},
    Property{"domain", &optional_domain, "For which domain it sent last; null: that is not known"},
    Property{"reason", &hold_reason,
             "spike: suddenly to many more recipients than before; bounces, complaints: too many of them refuse its "
             "mail or call it spam; manual: somebody said so"},
    Property{"detail", &text, "The same in a sentence; empty: whoever held it said nothing"},
    Property{"held_by", &text, "Who held it, by the name of that time; vectis: nobody had to"},
    Property{"created_at", &time, "Since when"},
    Property{"ending", &hold_ending, "What is happening to its mail at this moment; null: it waits"},
    Property{"waiting", &count, "How many messages that it has sent since wait; what Postfix had before is in /queue"},
};
inline constexpr Schema hold{.name = "Hold", .properties = hold_properties};
inline constexpr Schema holds{.kind = Kind::array, .items = &hold};

inline constexpr Schema event_word{.kind = Kind::string, .values = event_words};
inline constexpr Schema wanted_events{
    .kind = Kind::array, .items = &event_word, .least = 1, .most = event_words.size()};
inline constexpr Schema wanted_origins{.kind = Kind::array, .items = &origin, .least = 1, .most = origin_words.size()};
inline constexpr Schema given_secret{.kind = Kind::string, .format = Format::password, .least = 1, .most = 200};
inline constexpr std::array new_webhook_properties{
    Property{"url", &web_address, "Where events are posted to: https://... or http://..., port 80, 443 or 8443"},
    Property{"domain", &optional_domain,
             "Whose events: a domain of yours; left out or null: every domain's and the server's own, for those who "
             "reach every domain",
             false},
    Property{"description", &text, "What it is for", false},
    Property{"events", &wanted_events, "Which types it is told; left out: * for all", false},
    Property{"origins", &wanted_origins,
             "Of which messages: api, what programs send here; submission, what people send by mail programs and in "
             "webmail; left out: api",
             false},
    Property{"secret", &given_secret,
             "What signs: whsec_ and 24 to 64 bytes in base64 (Standard Webhooks); left out: one is made", false},
};
inline constexpr Schema new_webhook{.name = "NewWebhook", .properties = new_webhook_properties};
inline constexpr std::array webhook_change_properties{
    Property{"url", &web_address, "Where events are posted to"},
    Property{"description", &text, "What it is for"},
    Property{"events", &wanted_events, "Which types it is told; * for all"},
    Property{"origins", &wanted_origins, "Of which messages: api, submission"},
    Property{"enabled", &flag, "Whether it is told of events; what happens while it is not reaches it by a replay"},
};
inline constexpr Schema webhook_change{.name = "WebhookChange", .properties = webhook_change_properties};
inline constexpr std::array webhook_properties{
    Property{"id", &uuid, "Its id"},
    Property{"domain", &optional_domain, "Whose events; null: every domain's, and the server's own"},
    Property{"url", &web_address, "Where events are posted to"},
    Property{"description", &text, "What it is for"},
    Property{"events", &wanted_events, "Which types it is told; * for all"},
    Property{"origins", &wanted_origins, "Of which messages: api, submission"},
    Property{"enabled", &flag, "Whether it is told of events"},
    Property{"disabled_because", &optional_text, "Why this server disabled it; null: it did not"},
    Property{"old_secret_until", &optional_time, "Until when the secret of before signs, too; null: it does not"},
    Property{"created_at", &time, "When it was made"},
    Property{"updated_at", &time, "When it was changed last"},
};
inline constexpr Schema webhook{.name = "Webhook", .properties = webhook_properties};
inline constexpr Schema webhooks{.kind = Kind::array, .items = &webhook};
inline constexpr auto made_webhook_properties = with(
    webhook_properties, Property{"secret", &optional_text,
                                 "What signs. Shown this once, and null when the same Idempotency-Key asks again"});
inline constexpr Schema made_webhook{.name = "MadeWebhook", .properties = made_webhook_properties};
inline constexpr std::array<std::string_view, 1> replay_words{"dead"};
inline constexpr Schema replay_word{.kind = Kind::string, .values = replay_words};
inline constexpr std::array webhook_replay_properties{
    Property{"since", &time, "All that happened from then on, whether it was told or not", false},
    Property{"until", &time, "Until then; left out: until now", false},
    Property{"status", &replay_word, "In place of a time: every delivery that is dead", false},
};
inline constexpr Schema webhook_replay{.name = "WebhookReplay", .properties = webhook_replay_properties};
inline constexpr std::array webhook_replay_result_properties{
    Property{"replayed", &count, "How many events are delivered again"}};
inline constexpr Schema webhook_replay_result{.name = "WebhookReplayResult",
                                              .properties = webhook_replay_result_properties};
inline constexpr std::array<std::string_view, 3> delivery_words{"pending", "delivered", "dead"};
inline constexpr Schema delivery_word{.kind = Kind::string, .values = delivery_words};
inline constexpr std::array webhook_delivery_properties{
    Property{"id", &uuid, "Its id"},
    Property{"webhook", &uuid, "The webhook that is told"},
    Property{"event", &uuid, "The event: its receiver sees this id as webhook-id, at every attempt"},
    Property{"type", &text, "The type of the event"},
    Property{"message", &optional_uuid, "The message that it is about; null: none"},
    Property{"status", &delivery_word, "pending: it is tried, or tried again; dead: it is not tried any more"},
    Property{"attempts", &count, "How often it was tried since it was made or replayed"},
    Property{"due_at", &optional_time, "When it is tried next; null: it is not"},
    Property{"code", &optional_count, "The HTTP status of the last attempt; null: there was no answer"},
    Property{"fault", &optional_text, "Why there was none; null: there was one"},
    Property{"detail", &answer_text, "The same in words; null: it was not tried yet"},
    Property{"milliseconds", &optional_count, "How long the last attempt took"},
    Property{"created_at", &time, "When it was made"},
    Property{"updated_at", &time, "When something became of it last"},
};
inline constexpr Schema webhook_delivery{.name = "WebhookDelivery", .properties = webhook_delivery_properties};
inline constexpr Schema webhook_deliveries{.kind = Kind::array, .items = &webhook_delivery};
inline constexpr Schema attempt_detail{.kind = Kind::string, .most = 100000};
inline constexpr std::array webhook_attempt_properties{
    Property{"at", &time, "When"},
    Property{"code", &optional_count, "The HTTP status; null: there was no answer"},
    Property{"fault", &optional_text, "Why there was none; null: there was one"},
    Property{"detail", &attempt_detail, "The same in words"},
    Property{"milliseconds", &count, "How long it took"},
};
inline constexpr Schema webhook_attempt{.name = "WebhookAttempt", .properties = webhook_attempt_properties};
inline constexpr Schema webhook_attempts{
    .kind = Kind::array, .items = &webhook_attempt, .repeats = true, .most = 100000};
inline constexpr auto whole_webhook_delivery_properties =
    with(webhook_delivery_properties, Property{"attempts_log", &webhook_attempts, "Every attempt, the oldest first"});
inline constexpr Schema whole_webhook_delivery{.name = "WholeWebhookDelivery",
                                               .properties = whole_webhook_delivery_properties};

inline constexpr std::array<std::string_view, 2> span_words{"hour", "day"};
inline constexpr Schema span_word{.kind = Kind::string, .values = span_words};
inline constexpr std::array<std::string_view, 3> counted_by_words{"all", "provider", "tag"};
inline constexpr Schema counted_by{.kind = Kind::string, .values = counted_by_words};
inline constexpr Schema subject_words{.kind = Kind::string, .least = 1, .most = 200};
inline constexpr Schema figures{.kind = Kind::object, .open = true};
inline constexpr std::array delivery_times_properties{
    Property{"p50", &optional_count, "Milliseconds in which half of them were; null: nothing was delivered"},
    Property{"p95", &optional_count, "Those in which 95 of 100 were"},
};
inline constexpr Schema delivery_times{.name = "DeliveryTimes", .properties = delivery_times_properties};
inline constexpr std::array counted_span_properties{
    Property{"at", &time, "When it begins"},
    Property{"figures", &figures, "What happened in it, and how often"},
};
inline constexpr Schema counted_span{.name = "CountedSpan", .properties = counted_span_properties};
inline constexpr Schema counted_spans{.kind = Kind::array, .items = &counted_span, .repeats = true, .most = 5000};
inline constexpr std::array counted_group_properties{
    Property{"name", &text, "The provider's domain, or the tag; empty: all"},
    Property{"figures", &figures,
             "How often what happened: queued, sent, delivered, deferred, bounced, bounced.CLASS, ...; bytes of what "
             "was sent"},
    Property{"time_to_delivery", &delivery_times,
             "From when it was to go out until the other side had it; right within 12 percent"},
    Property{"spans", &counted_spans, "The same for each hour or day in which something happened"},
};
inline constexpr Schema counted_group{.name = "CountedGroup", .properties = counted_group_properties};
inline constexpr Schema counted_groups{.kind = Kind::array, .items = &counted_group, .repeats = true, .most = 100};
inline constexpr std::array analytics_properties{
    Property{"since", &time, "The beginning of the first span"},
    Property{"until", &time, "The end of the last one"},
    Property{"granularity", &span_word, "What one span is"},
    Property{"by", &counted_by, "What the groups are"},
    Property{"groups", &counted_groups, "The hundred in which most happened, the busiest first"},
    Property{"left_out", &count, "How many more groups there are"},
};
inline constexpr Schema analytics{.name = "Analytics", .properties = analytics_properties};

inline constexpr Schema template_text{.kind = Kind::string, .format = Format::lines, .least = 1, .most = 200000};
inline constexpr Schema optional_template_text{
    .kind = Kind::string, .format = Format::lines, .nullable = true, .least = 1, .most = 200000};
inline constexpr std::array new_template_properties{
    Property{"name", &name, "What it is called; no two of a domain have the same name"},
    Property{
        "domain", &optional_domain,
        "The only domain that sends by it: one of yours; left out or null: every domain, for those who reach every "
        "domain",
        false},
    Property{"description", &text, "What it is for", false},
    Property{"subject", &subject_line, "What a message is about: mustache, as the other two are"},
    Property{"text", &optional_template_text, "What it says, as plain text; needed without html", false},
    Property{"html", &optional_template_text, "The same as HTML: what it writes of a value is escaped", false},
};
inline constexpr Schema new_template{.name = "NewTemplate", .properties = new_template_properties};
inline constexpr std::array template_change_properties{
    Property{"name", &name, "What it is called; no two of a domain have the same name"},
    Property{"description", &text, "What it is for"},
    Property{"subject", &subject_line, "What a message is about"},
    Property{"text", &optional_template_text, "What it says, as plain text; null: it has none"},
    Property{"html", &optional_template_text, "The same as HTML; null: it has none"},
};
inline constexpr Schema template_change{.name = "TemplateChange", .properties = template_change_properties};
inline constexpr std::array template_properties{
    Property{"id", &uuid, "Its id"},
    Property{"domain", &optional_domain, "The only domain that sends by it; null: every domain may"},
    Property{"name", &name, "What it is called"},
    Property{"description", &text, "What it is for"},
    Property{"subject", &subject_line, "What a message is about"},
    Property{"text", &optional_template_text, "What it says, as plain text; null: it has none"},
    Property{"html", &optional_template_text, "The same as HTML; null: it has none"},
    Property{"created_at", &time, "When it was made"},
    Property{"updated_at", &time, "When it was changed last"},
};
inline constexpr Schema message_template{.name = "Template", .properties = template_properties};
inline constexpr Schema message_templates{.kind = Kind::array, .items = &message_template};
inline constexpr std::array template_variables_properties{
    Property{"variables", &any_data, "What it writes in place of its tags: a value for each name", false},
};
inline constexpr Schema template_variables{.name = "TemplateVariables", .properties = template_variables_properties};
inline constexpr Schema rendered_text{.kind = Kind::string, .format = Format::lines, .nullable = true, .most = 1000000};
inline constexpr std::array rendered_template_properties{
    Property{"subject", &mail_text, "What a message would be about"},
    Property{"text", &rendered_text, "What it would say, as plain text; null: the template has none"},
    Property{"html", &rendered_text, "The same as HTML; null: the template has none"},
};
inline constexpr Schema rendered_template{.name = "RenderedTemplate", .properties = rendered_template_properties};

inline constexpr Schema any_object{.kind = Kind::object, .open = true, .nullable = true};

inline constexpr std::array<std::string_view, 3> inbound_match_words{"address", "domain", "all"};
inline constexpr Schema inbound_match{.kind = Kind::string, .values = inbound_match_words};
inline constexpr std::array<std::string_view, 2> inbound_format_words{"native", "postmark"};
inline constexpr Schema inbound_format{.kind = Kind::string, .values = inbound_format_words};
inline constexpr std::array new_inbound_route_properties{
    Property{"address", &email, "Mail to this address and its sub-addresses; left out: the domain's", false},
    Property{"domain", &domain, "Mail to this domain; beside an address it is the address's own", false},
    Property{"match", &inbound_match,
             "address: of the address; all: everything of the domain; domain: what nobody else there gets. Left out: "
             "address if there is one, else domain. The route of an address comes first",
             false},
    Property{"keep_copy", &flag,
             "Whether the mail is delivered here as well, as it would be without the route; left out: true", false},
    Property{"format", &inbound_format,
             "native: an event as any other, with the message in it; postmark: what Postmark posts for inbound mail. "
             "Left out: native",
             false},
    Property{"webhook", &optional_uuid,
             "The one webhook that is told, whatever it asks for; left out or null: those of the domain that ask for "
             "inbound.received and inbound.spam",
             false},
};
inline constexpr Schema new_inbound_route{.name = "NewInboundRoute", .properties = new_inbound_route_properties};
inline constexpr std::array inbound_route_change_properties{
    Property{"keep_copy", &flag, "Whether the mail is delivered here as well"},
    Property{"format", &inbound_format, "What is posted"},
    Property{"webhook", &optional_uuid, "The one webhook that is told; null: those of the domain that ask for it"},
};
inline constexpr Schema inbound_route_change{.name = "InboundRouteChange",
                                             .properties = inbound_route_change_properties};
inline constexpr std::array inbound_route_properties{
    Property{"id", &uuid, "Its id"},
    Property{"name", &text, "What it is called: its address, or its domain"},
    Property{"domain", &domain, "Its domain"},
    Property{"match", &inbound_match, "Which mail it takes"},
    Property{"address", &optional_email, "Of which address; null: of the domain"},
    Property{"keep_copy", &flag, "Whether the mail is delivered here as well"},
    Property{"format", &inbound_format, "What is posted"},
    Property{"webhook", &optional_uuid, "The one webhook that is told; null: those of the domain that ask for it"},
    Property{"created_at", &time, "When it was made"},
    Property{"updated_at", &time, "When it was changed last"},
};
inline constexpr Schema inbound_route{.name = "InboundRoute", .properties = inbound_route_properties};
inline constexpr Schema inbound_routes{.kind = Kind::array, .items = &inbound_route};
inline constexpr Schema header_text{.kind = Kind::string, .most = 100000};
inline constexpr std::array inbound_message_properties{
    Property{"id", &uuid, "Its id"},
    Property{"route", &uuid, "The route that it came in by"},
    Property{"domain", &domain, "The route's domain"},
    Property{"recipient", &header_text, "To which address, as the envelope had it"},
    Property{"sender", &header_text, "From which, as the envelope had it; empty: a bounce"},
    Property{"subject", &header_text, "Its subject"},
    Property{"message_id", &header_text, "Its Message-ID, without angle brackets"},
    Property{"size", &count, "Bytes"},
    Property{"spam", &flag, "Whether Rspamd takes it for spam"},
    Property{"queue_id", &text, "Postfix's id of it then"},
    Property{"event", &uuid, "The event that tells of it: receivers see this id as webhook-id"},
    Property{"received_at", &time, "When it was taken"},
};
inline constexpr Schema inbound_message{.name = "InboundMessage", .properties = inbound_message_properties};
inline constexpr Schema inbound_messages{.kind = Kind::array, .items = &inbound_message};
inline constexpr auto whole_inbound_message_properties =
    with(inbound_message_properties,
         Property{"content", &any_object, "What was read of it: the data of an event in the format native"});
inline constexpr Schema whole_inbound_message{.name = "WholeInboundMessage",
                                              .properties = whole_inbound_message_properties};
inline constexpr Schema attachment_number{.kind = Kind::integer, .most = 100000};
inline constexpr std::array audit_entry_properties{
    Property{"seq", &count, "Its place"},
    Property{"at", &time, "When"},
    Property{"actor", &text, "Who, by the name of that time"},
    Property{"actor_id", &optional_uuid, "The administrator; null: one of this host, or the owner of a mailbox"},
    Property{"credential", &actor_word, "By what they were known"},
    Property{"address", &text, "From where; empty on the administrators' socket"},
    Property{"action", &text, "What they did"},
    Property{"target", &text, "What they did it to, by name"},
    Property{"target_id", &optional_uuid, "The same, by id"},
    Property{"before", &any_object, "How it was; null: it was not there"},
    Property{"after", &any_object, "How it is since; null: it is no more"},
    Property{"request_id", &uuid, "Of the request"},
    Property{"hash", &text, "SHA-256 of this row and of the hash before it"},
};
inline constexpr Schema audit_entry{.name = "AuditEntry", .properties = audit_entry_properties};
inline constexpr Schema audit_entries{.kind = Kind::array, .items = &audit_entry};
inline constexpr std::array audit_verdict_properties{
    Property{"whole", &flag, "Whether no row was changed, added or taken away"},
    Property{"rows", &count, "How many rows were looked at"},
    Property{"fault", &optional_text, "What was found first; null: nothing"},
};
inline constexpr Schema audit_verdict{.name = "AuditVerdict", .properties = audit_verdict_properties};
inline constexpr Schema service_name{.kind = Kind::string, .least = 1, .most = 40};
inline constexpr std::array service_properties{
    Property{"service", &service_name, "Its name here"},
    Property{"unit", &text, "The systemd unit it is on this server; empty: there is none"},
    Property{"active", &text, "What systemd says of it: active, activating, failed, ...; missing: there is no unit"},
    Property{"since", &optional_time, "Since when it is active"},
    Property{"restarts", &count, "How often systemd has started it again"},
    Property{"memory", &optional_count, "Bytes; null: systemd does not know"},
    Property{"why", &optional_text, "Why it is not active"},
};
inline constexpr Schema service{.name = "Service", .properties = service_properties};
inline constexpr Schema services{.kind = Kind::array, .items = &service};

inline constexpr std::array generation_properties{
    Property{"generation", &count, "Its number"},
    Property{"made_at", &time, "When it was applied first"},
    Property{"summary", &text, "What was changed"},
    Property{"current", &flag, "Whether it is in force"},
};
inline constexpr Schema generation{.name = "Generation", .properties = generation_properties};
inline constexpr Schema generations{.kind = Kind::array, .items = &generation};

inline constexpr Schema generation_number{.kind = Kind::integer, .least = 1, .most = 4294967295};

inline constexpr Schema config_text{.kind = Kind::string, .format = Format::lines, .least = 1, .most = 1000000};
inline constexpr Schema optional_config_text{
    .kind = Kind::string, .format = Format::lines, .nullable = true, .most = 1000000000};
inline constexpr std::array config_problem_properties{
    Property{"line", &count, "Its line; 0: it is about the whole"},
    Property{"column", &count, "Its column"},
    Property{"path", &text, "The key"},
    Property{"detail", &text, "What was found, and what was expected"},
    Property{"hint", &text, "What to do; empty: that says it"},
};
inline constexpr Schema config_problem{.name = "ConfigProblem", .properties = config_problem_properties};
inline constexpr Schema config_problems{.kind = Kind::array, .items = &config_problem};
inline constexpr std::array config_verdict_properties{
    Property{"valid", &flag, "Whether it can be applied as it stands"},
    Property{"problems", &config_problems, "Everything that is wrong with it"},
};
inline constexpr Schema config_verdict{.name = "ConfigVerdict", .properties = config_verdict_properties};
inline constexpr auto config_properties =
    with(config_verdict_properties,
         Property{"yaml", &optional_config_text, "What it says, without password hashes; null: it is not valid"});
inline constexpr Schema config{.name = "Config", .properties = config_properties};
inline constexpr std::array config_candidate_properties{
    Property{"yaml", &config_text, "The text of a config.yaml"},
};
inline constexpr Schema config_candidate{.name = "ConfigCandidate", .properties = config_candidate_properties};

inline constexpr Schema plan_id{.kind = Kind::string, .least = 1, .most = 128};
inline constexpr Schema plan_text{.kind = Kind::string, .format = Format::lines, .most = 1000000000};
inline constexpr Schema plan_list{.kind = Kind::array, .items = &any_object, .most = 1000000};
inline constexpr std::array plan_properties{
    Property{"plan_id", &plan_id, "Names this very difference: another state or another wish has another id"},
    Property{"changes", &flag, "Whether there is anything to do"},
    Property{"summary", &text, "One line"},
    Property{"text", &plan_text, "All of it, for people"},
    Property{"from_generation", &count, "The configuration that is in force"},
    Property{"config_sha256", &text, "Of config.yaml"},
    Property{"files", &plan_list, "Files to write, each with its difference"},
    Property{"links", &plan_list, "Links in /etc to put right"},
    Property{"rows", &any_object, "Domains, mailboxes and aliases to change"},
    Property{"dkim_keys", &plan_list, "Keys to make"},
    Property{"certificate", &flag, "Whether a self-signed certificate is to be made"},
    Property{"units", &plan_list, "What happens to each service"},
};
inline constexpr Schema plan{.name = "Plan", .properties = plan_properties};
inline constexpr std::array plan_choice_properties{
    Property{"plan_id", &plan_id, "The plan that was looked at: any other state is refused"},
};
inline constexpr Schema plan_choice{.name = "PlanChoice", .properties = plan_choice_properties};

inline constexpr std::array<std::string_view, 3> operation_kind_words{"apply", "rollback", "probes"};
inline constexpr Schema operation_kind{.kind = Kind::string, .values = operation_kind_words};
inline constexpr std::array<std::string_view, 4> operation_status_words{"running", "done", "failed", "interrupted"};
inline constexpr Schema operation_status{.kind = Kind::string, .values = operation_status_words};
inline constexpr std::array operation_error_properties{
    Property{"code", &text, "Names it for programs"},
    Property{"detail", &text, "What happened"},
    Property{"hint", &text, "What to do; empty: that says it"},
};
inline constexpr Schema operation_error{
    .name = "OperationError", .properties = operation_error_properties, .nullable = true};
inline constexpr std::array operation_properties{
    Property{"id", &uuid, "Its id"},
    Property{"kind", &operation_kind, "What it does"},
    Property{"argument", &text, "With what: the plan, the generation, the set of probes"},
    Property{"status", &operation_status, "How it is; interrupted: nobody heard how it ended"},
    Property{"progress", &any_object, "What was heard of it last, while it runs"},
    Property{"result", &any_object, "What it came to, once it is done"},
    Property{"error", &operation_error, "Why it is not"},
    Property{"started_by", &text, "Who began it, by the name of that time"},
    Property{"started_at", &time, "When it began"},
    Property{"finished_at", &optional_time, "When it ended"},
};
inline constexpr Schema operation{.name = "Operation", .properties = operation_properties};
inline constexpr Schema operations{.kind = Kind::array, .items = &operation};

inline constexpr std::array<std::string_view, 2> probe_set_words{"quick", "all"};
inline constexpr Schema probe_set{.kind = Kind::string, .values = probe_set_words};
inline constexpr std::array probe_choice_properties{
    Property{"set", &probe_set, "quick, unless you ask for all of them", false},
};
inline constexpr Schema probe_choice{.name = "ProbeChoice", .properties = probe_choice_properties};
inline constexpr std::array probe_properties{
    Property{"probe", &text, "What was tried"},
    Property{"passed", &flag, "Whether it worked"},
    Property{"detail", &text, "What was seen"},
    Property{"milliseconds", &count, "How long it took"},
};
inline constexpr Schema probe{.name = "Probe", .properties = probe_properties};
inline constexpr Schema probe_list{.kind = Kind::array, .items = &probe};
inline constexpr std::array probe_results_properties{
    Property{"ran_at", &optional_time, "When they ran last; null: never by this API"},
    Property{"passed", &count, "How many passed"},
    Property{"failed", &count, "How many did not"},
    Property{"probes", &probe_list, "Each of them"},
};
inline constexpr Schema probe_results{.name = "ProbeResults", .properties = probe_results_properties};

inline constexpr Schema log_lines{.kind = Kind::integer, .least = 1, .most = 1000};
inline constexpr std::array<std::string_view, 8> priority_words{"emergency", "alert",  "critical", "error",
                                                                "warning",   "notice", "info",     "debug"};
inline constexpr Schema priority{.kind = Kind::string, .values = priority_words};
inline constexpr Schema log_message{.kind = Kind::string, .most = 1000000};
inline constexpr std::array log_entry_properties{
    Property{"at", &time, "When"},
    Property{"program", &text, "Who said it"},
    Property{"pid", &count, "Its process"},
    Property{"priority", &priority, "How grave it is"},
    Property{"message", &log_message, "What it said; control characters are escaped"},
};
inline constexpr Schema log_entry{.name = "LogEntry", .properties = log_entry_properties};
inline constexpr Schema log_entries{.kind = Kind::array, .items = &log_entry};

inline constexpr Schema queue_id{.kind = Kind::string, .least = 6, .most = 40};
inline constexpr Schema queue_reason{.kind = Kind::string, .most = 100000};
inline constexpr std::array queued_recipient_properties{
    Property{"address", &text, "Their address"},
    Property{"reason", &queue_reason, "Why it has not been delivered yet; empty: it was not tried"},
};
inline constexpr Schema queued_recipient{.name = "QueuedRecipient", .properties = queued_recipient_properties};
inline constexpr Schema queued_recipients{.kind = Kind::array, .items = &queued_recipient, .most = 1000000};
inline constexpr std::array queued_message_properties{
    Property{"id", &queue_id, "Postfix's id of it"},
    Property{"queue", &text, "Where it is: incoming, active, deferred, hold, maildrop, corrupt"},
    Property{"arrived_at", &time, "When it came"},
    Property{"size", &count, "Bytes"},
    Property{"sender", &text, "The envelope's sender; empty: a bounce"},
    Property{"recipients", &queued_recipients, "Who has not got it yet"},
};
inline constexpr Schema queued_message{.name = "QueuedMessage", .properties = queued_message_properties};
inline constexpr Schema queued_messages{.kind = Kind::array, .items = &queued_message};
inline constexpr std::array<std::string_view, 4> queue_action_words{"flush", "hold", "release", "remove"};
inline constexpr Schema queue_action_word{.kind = Kind::string, .values = queue_action_words};
inline constexpr std::array queue_outcome_properties{
    Property{"id", &queue_id, "The message"},
    Property{"action", &queue_action_word, "What was done to it"},
};
inline constexpr Schema queue_outcome{.name = "QueueOutcome", .properties = queue_outcome_properties};

inline constexpr Schema page_limit{.kind = Kind::integer, .least = 1, .most = 200};
inline constexpr Schema cursor{.kind = Kind::string, .least = 1, .most = 2000};
inline constexpr std::array<std::string_view, 2> order_words{"asc", "desc"};
inline constexpr Schema order{.kind = Kind::string, .values = order_words};
inline constexpr Schema field_name{.kind = Kind::string, .least = 1, .most = 100};
inline constexpr Schema filter{.kind = Kind::string, .most = 2000};

inline constexpr std::array<std::string_view, 2> export_words{"jsonl", "csv"};
inline constexpr Schema export_word{.kind = Kind::string, .values = export_words};

} // namespace vectis::surface::schemas
