// What config.yaml says, in types. Made by load(), checked by validate(); everything later trusts it: names and
// addresses are in lower case, sizes in bytes, no value holds a control character.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace vectis::config {

/// Line and column in config.yaml, from 1; kept for messages about things that stand far apart. Where a thing stands
/// takes no part in comparisons: two marks are always equal.
struct Mark {
    std::uint32_t line = 0;
    std::uint32_t column = 0;

    bool operator==(const Mark&) const { return true; }
};

enum class TlsMode : std::uint8_t { self_signed, files, acme };

/// What mta-sts.DOMAIN says (RFC 8461 section 3.2).
enum class MtaSts : std::uint8_t { none, testing, enforce };

struct Tls {
    TlsMode mode = TlsMode::self_signed;
    std::string certificate; // PEM chain, absolute path; only with `files`
    std::string key;         // PEM key, absolute path; only with `files`
    std::string acme_server = "https://acme-v02.api.letsencrypt.org/directory";
    MtaSts mta_sts = MtaSts::testing;

    bool operator==(const Tls&) const = default;
};

enum class RelayTls : std::uint8_t { starttls, wrapper, none };

struct RelayHost {
    std::string host; // empty: mail goes straight to the recipients' MX hosts
    std::uint16_t port = 587;
    RelayTls tls = RelayTls::starttls;
    std::string username;        // empty: no authentication
    std::string password_secret; // name of the secret that holds the password

    bool operator==(const RelayHost&) const = default;
};

struct Network {
    std::vector<std::string> addresses;  // IP addresses to listen on; empty with empty `interfaces`: all
    std::vector<std::string> interfaces; // whose addresses are added to `addresses`
    bool ipv4 = true;
    bool ipv6 = true;
    std::vector<std::string> webhook_networks; // IP addresses and networks
    RelayHost relay_host;

    bool operator==(const Network&) const = default;
};

struct Postfix {
    bool submission = true;  // port 587
    bool submissions = true; // port 465
    std::string recipient_delimiter = "+";
    std::chrono::hours queue_lifetime{120};
    std::uint32_t recipient_limit = 1000;
    std::vector<std::string> dnsbl;    // DNS zones of block lists; empty: none is asked before a client may talk
    std::uint32_t dnsbl_threshold = 1; // how many of them must list a client for it to be refused

    bool operator==(const Postfix&) const = default;
};

struct Dovecot {
    std::uint64_t quota = 0;  // bytes for mailboxes that say nothing; 0 is unlimited
    bool imap = true;         // 993, and 143 with STARTTLS
    bool pop3 = false;        // 995
    bool managesieve = false; // 4190
    bool full_text_search = true;

    bool operator==(const Dovecot&) const = default;
};

/// Rspamd scores, in tenths so that they compare exactly.
struct Thresholds {
    std::optional<std::int32_t> reject;
    std::optional<std::int32_t> junk;
    std::optional<std::int32_t> greylist;

    bool operator==(const Thresholds&) const = default;
};

struct Rspamd {
    Thresholds thresholds{150, 60, 40};
    bool greylisting = false;
    bool junk_filing = true;

    bool operator==(const Rspamd&) const = default;
};

struct Webmail {
    bool enabled = true;

    bool operator==(const Webmail&) const = default;
};

struct Clamav {
    bool enabled = false;

    bool operator==(const Clamav&) const = default;
};

/// Recipients in an hour; 0: unlimited.
struct Limits {
    std::uint32_t mailbox = 1000; // each, by submission
    std::uint32_t key = 0;        // each that says nothing itself
    std::uint32_t domain = 0;     // each, by submission and by the API together

    bool operator==(const Limits&) const = default;
};

/// Who sends as a stolen password or key does is kept back.
struct Abuse {
    bool enabled = true;
    bool hold = true;               // false: people are told alone
    std::uint32_t recipients = 200; // who has sent to fewer is not judged
    std::uint32_t spike = 10;       // times the busiest hour of the days before
    std::uint32_t bounces = 10;     // percent of the recipients of a day
    std::uint32_t complaints = 2;   // percent

    bool operator==(const Abuse&) const = default;
};

struct Retention {
    std::uint32_t generations = 50;       // confirmed generations that are kept for rollback
    std::uint32_t junk_days = 30;         // 0: for ever
    std::uint32_t trash_days = 30;        // 0: for ever
    std::uint32_t messages_days = 90;     // 0: for ever
    std::uint32_t statistics_days = 1095; // 0: for ever

    bool operator==(const Retention&) const = default;
};

/// Who guesses passwords or recipients is shut out for a while.
struct Bans {
    bool enabled = true;
    std::uint32_t max_attempts = 10; // failures of one address within `window`
    std::chrono::minutes window{10};
    std::chrono::minutes duration{60}; // of the first ban; each further one lasts twice as long
    std::vector<std::string> never;    // IP addresses and networks

    bool operator==(const Bans&) const = default;
};

struct Mailbox {
    std::string local_part;
    std::string display_name;
    std::string password_hash; // with its scheme; empty: nobody can log in
    std::optional<std::uint64_t> quota;
    Mark mark;

    bool operator==(const Mailbox&) const = default;
};

struct Alias {
    std::string local_part;
    std::vector<std::string> destinations;
    Mark mark;

    bool operator==(const Alias&) const = default;
};

struct Dkim {
    std::string rsa_selector = "r1";
    std::string ed25519_selector = "e1";

    bool operator==(const Dkim&) const = default;
};

struct Domain {
    std::string name;
    std::optional<std::uint64_t> quota; // for its mailboxes that say nothing
    std::string catch_all;              // an address; empty: unknown recipients are refused
    std::vector<std::string> alias_domains;
    Dkim dkim;
    Thresholds spam;
    std::vector<Mailbox> mailboxes;
    std::vector<Alias> aliases;
    Mark mark;

    bool operator==(const Domain&) const = default;
};

struct Config {
    std::string hostname;
    std::string admin; // where mail to postmaster and root goes
    std::uint64_t message_size = 50ULL << 20U;
    Tls tls;
    Network network;
    Postfix postfix;
    Dovecot dovecot;
    Rspamd rspamd;
    Clamav clamav;
    Webmail webmail;
    Bans bans;
    Limits limits;
    Abuse abuse;
    Retention retention;
    std::vector<Domain> domains;

    bool operator==(const Config&) const = default;
};

/// secrets.yaml: name -> value. Never printed.
using Secrets = std::map<std::string, std::string>;

} // namespace vectis::config
