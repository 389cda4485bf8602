#include "config/fields.hpp"

#include <array>
#include <deque>

namespace vectis::config {

namespace {

using namespace std::string_view_literals;

constexpr std::array tls_modes{"self_signed"sv, "files"sv, "acme"sv};   // in the order of TlsMode
constexpr std::array mta_sts_modes{"none"sv, "testing"sv, "enforce"sv}; // in the order of MtaSts
constexpr std::array relay_tls{"starttls"sv, "wrapper"sv, "none"sv};    // in the order of RelayTls
constexpr std::array protocols{"imap"sv, "pop3"sv, "managesieve"sv};    // in the order of protocol_flags()
constexpr std::array delimiters{"+"sv, "-"sv, "_"sv, "="sv, ""sv};

constexpr std::int64_t mib = 1LL << 20;
constexpr std::int64_t gib = 1LL << 30;
constexpr std::int64_t tib = 1LL << 40;

constexpr Range size_of_quota{0, 1024 * tib};
constexpr Range score{1, 10'000};
constexpr Range limit{1, 10'000'000};

// clang-format off
constexpr Field rows[] = {
    {"hostname", Kind::host_name,
     "The server's own name, as the MX and PTR records have it; not one of `domains`",
     [](Target t) -> Ref { return &t.config->hostname; }, "mail.example.test", {}, {}, Arity::one, true},
    {"admin", Kind::address,
     "Where mail to postmaster and root goes: a declared mailbox or alias, or an address elsewhere",
     [](Target t) -> Ref { return &t.config->admin; }, "anna@example.test", {}, {}, Arity::one, true},
    {"message_size", Kind::size,
     "The largest message that is accepted, attachments and their encoding included",
     [](Target t) -> Ref { return &t.config->message_size; }, "50 MiB", {mib, gib}},

    {"tls", Kind::section, "The certificate that Postfix, Dovecot and nginx show"},
    {"tls.mode", Kind::choice,
     "`acme`: issued by Let's Encrypt (or `acme_server`), whose terms you accept by this; `files`: yours, read from `certificate` and `key`; `self_signed`: made by Vectis, for trying things out",
     [](Target t) -> Ref { return &t.config->tls.mode; }, "files", {}, tls_modes},
    {"tls.certificate", Kind::path,
     "PEM file with the certificate and its chain; only with mode `files`",
     [](Target t) -> Ref { return &t.config->tls.certificate; }, "/etc/ssl/certs/mail.example.test.pem"},
    {"tls.key", Kind::path,
     "PEM file with the private key; only with mode `files`",
     [](Target t) -> Ref { return &t.config->tls.key; }, "/etc/ssl/private/mail.example.test.key"},

    {"tls.acme_server", Kind::text,
     "Directory of another certificate authority that speaks ACME; only with mode `acme`",
     [](Target t) -> Ref { return &t.config->tls.acme_server; }, "https://acme-v02.api.letsencrypt.org/directory", {0, 255}},
    {"tls.mta_sts", Kind::choice,
     "What other servers are told to do when a connection to this one cannot be trusted: `none`, `testing` (report it) or `enforce`",
     [](Target t) -> Ref { return &t.config->tls.mta_sts; }, "testing", {}, mta_sts_modes},

    {"network", Kind::section, "Where the daemons listen, and how mail leaves"},
    {"network.addresses", Kind::ip_address,
     "IP addresses to listen on; with neither these nor interfaces, all of them",
     [](Target t) -> Ref { return &t.config->network.addresses; }, "[192.0.2.10, '2001:db8::10']", {}, {}, Arity::list},
    {"network.interfaces", Kind::interface,
     "Network interfaces whose addresses are listened on as well",
     [](Target t) -> Ref { return &t.config->network.interfaces; }, "[eth0]", {}, {}, Arity::list},
    {"network.ipv4", Kind::boolean, "Use IPv4",
     [](Target t) -> Ref { return &t.config->network.ipv4; }, "true"},
    {"network.ipv6", Kind::boolean, "Use IPv6",
     [](Target t) -> Ref { return &t.config->network.ipv6; }, "true"},
    {"network.webhook_networks", Kind::ip_network,
     "Private networks that webhooks may reach; without them only the internet's addresses",
     [](Target t) -> Ref { return &t.config->network.webhook_networks; }, "[192.0.2.0/24]", {}, {}, Arity::list},
    {"network.relay_host", Kind::section, "A server that takes all outgoing mail; without it mail goes straight to its recipients' servers"},
    {"network.relay_host.host", Kind::host, "Its name or IP address",
     [](Target t) -> Ref { return &t.config->network.relay_host.host; }, "smtp.provider.test"},
    {"network.relay_host.port", Kind::integer, "Its port",
     [](Target t) -> Ref { return &t.config->network.relay_host.port; }, "587", {1, 65'535}},
    {"network.relay_host.tls", Kind::choice,
     "`starttls` (587, 25), `wrapper` (465: TLS from the first byte) or `none`",
     [](Target t) -> Ref { return &t.config->network.relay_host.tls; }, "starttls", {}, relay_tls},
    {"network.relay_host.username", Kind::text, "The user name it asks for; none without authentication",
     [](Target t) -> Ref { return &t.config->network.relay_host.username; }, "example", {0, 255}},
    {"network.relay_host.password_secret", Kind::secret_name,
     "The name under which secrets.yaml or a systemd credential has the password",
     [](Target t) -> Ref { return &t.config->network.relay_host.password_secret; }, "relay_password"},

    {"postfix", Kind::section, "The mail server"},
    {"postfix.submission", Kind::boolean, "Mail programs may submit on port 587 (STARTTLS)",
     [](Target t) -> Ref { return &t.config->postfix.submission; }, "true"},
    {"postfix.submissions", Kind::boolean, "Mail programs may submit on port 465 (TLS from the first byte)",
     [](Target t) -> Ref { return &t.config->postfix.submissions; }, "true"},
    {"postfix.recipient_delimiter", Kind::choice,
     "What separates a mailbox from a tag in anna+shop@example.test; \"\" for no tags",
     [](Target t) -> Ref { return &t.config->postfix.recipient_delimiter; }, "+", {}, delimiters},
    {"postfix.queue_lifetime", Kind::hours, "How long delivery is tried before a message goes back to its sender",
     [](Target t) -> Ref { return &t.config->postfix.queue_lifetime; }, "5 days", {1, 30L * 24}},
    {"postfix.recipient_limit", Kind::integer, "The most recipients that one message may have",
     [](Target t) -> Ref { return &t.config->postfix.recipient_limit; }, "1000", {1, 50'000}},
    {"postfix.dnsbl", Kind::domain,
     "DNS block lists: a server that they list is refused on port 25 before it says anything",
     [](Target t) -> Ref { return &t.config->postfix.dnsbl; }, "[zen.spamhaus.org]", {}, {}, Arity::list},
    {"postfix.dnsbl_threshold", Kind::integer, "How many of the lists in `dnsbl` have to list a server for it to be refused",
     [](Target t) -> Ref { return &t.config->postfix.dnsbl_threshold; }, "1", {1, 100}},

    {"dovecot", Kind::section, "The mail store"},
    {"dovecot.quota", Kind::size,
     "Space for each mailbox whose own and whose domain's `quota` say nothing; `unlimited` for no bound",
     [](Target t) -> Ref { return &t.config->dovecot.quota; }, "2 GiB", size_of_quota},
    {"dovecot.protocols", Kind::choice, "What mail programs may use to read mail and to edit Sieve filters",
     [](Target t) -> Ref { return &t.config->dovecot; }, "[imap]", {}, protocols, Arity::list},
    {"dovecot.full_text_search", Kind::boolean,
     "Keep an index of all mail, so that its text is searched at once",
     [](Target t) -> Ref { return &t.config->dovecot.full_text_search; }, "false"},

    {"rspamd", Kind::section, "The spam filter"},
    {"rspamd.reject", Kind::score, "Score from which a message is refused",
     [](Target t) -> Ref { return &t.config->rspamd.thresholds.reject; }, "15", score},
    {"rspamd.junk", Kind::score, "Score from which a message is marked as spam",
     [](Target t) -> Ref { return &t.config->rspamd.thresholds.junk; }, "6", score},
    {"rspamd.greylist", Kind::score, "Score from which an unknown sender must try again later, if `greylisting` is on",
     [](Target t) -> Ref { return &t.config->rspamd.thresholds.greylist; }, "4", score},
    {"rspamd.greylisting", Kind::boolean, "Let suspicious unknown senders try again later",
     [](Target t) -> Ref { return &t.config->rspamd.greylisting; }, "false"},
    {"rspamd.junk_filing", Kind::boolean, "File mail that is marked as spam into the Junk folder",
     [](Target t) -> Ref { return &t.config->rspamd.junk_filing; }, "true"},

    {"webmail", Kind::section, "Roundcube at https://HOSTNAME/webmail/"},
    {"webmail.enabled", Kind::boolean, "Offer webmail; needs IMAP and one of the submission ports",
     [](Target t) -> Ref { return &t.config->webmail.enabled; }, "true"},

    {"clamav", Kind::section, "The virus scanner; needs the package clamav-daemon"},
    {"clamav.enabled", Kind::boolean, "Scan all mail for viruses",
     [](Target t) -> Ref { return &t.config->clamav.enabled; }, "false"},

    {"bans", Kind::section, "Who guesses passwords or recipients is shut out by the firewall for a while"},
    {"bans.enabled", Kind::boolean, "Ban by what the journal says",
     [](Target t) -> Ref { return &t.config->bans.enabled; }, "true"},
    {"bans.max_attempts", Kind::integer,
     "Wrong passwords from one IP address within `window` that lead to a ban; of unknown recipients, five times as many",
     [](Target t) -> Ref { return &t.config->bans.max_attempts; }, "10", {1, 1'000}},
    {"bans.window", Kind::minutes, "How long a wrong password counts",
     [](Target t) -> Ref { return &t.config->bans.window; }, "10 minutes", {1, 7L * 24 * 60}},
    {"bans.duration", Kind::minutes,
     "How long the first ban of an address lasts; each further one lasts twice as long, up to 4 weeks",
     [](Target t) -> Ref { return &t.config->bans.duration; }, "1 hour", {1, 28L * 24 * 60}},
    {"bans.never", Kind::ip_network,
     "Addresses and networks that are never banned; the server's own ones never are",
     [](Target t) -> Ref { return &t.config->bans.never; }, "[192.0.2.0/24, '2001:db8:1::/48']", {}, {}, Arity::list},

    {"limits", Kind::section, "To how many recipients one may send in an hour, so that a stolen password or key does little harm"},
    {"limits.mailbox", Kind::count, "Each mailbox, by a mail program or webmail",
     [](Target t) -> Ref { return &t.config->limits.mailbox; }, "200", limit},
    {"limits.key", Kind::count, "Each API key that says nothing itself",
     [](Target t) -> Ref { return &t.config->limits.key; }, "5000", limit},
    {"limits.domain", Kind::count, "Each domain, whichever of its mailboxes and keys send",
     [](Target t) -> Ref { return &t.config->limits.domain; }, "20000", limit},

    {"abuse", Kind::section,
     "Whose mail looks like that of a stolen password or key is kept back until an administrator has looked (`vectis hold`)"},
    {"abuse.enabled", Kind::boolean, "Look at what each mailbox and each API key sends",
     [](Target t) -> Ref { return &t.config->abuse.enabled; }, "true"},
    {"abuse.hold", Kind::boolean, "Keep it back; `false`: postmaster and admin are told, and it goes on",
     [](Target t) -> Ref { return &t.config->abuse.hold; }, "true"},
    {"abuse.recipients", Kind::integer, "Who has sent to fewer, in an hour or a day, is not judged",
     [](Target t) -> Ref { return &t.config->abuse.recipients; }, "200", limit},
    {"abuse.spike", Kind::integer,
     "To so many times more recipients in an hour than in the busiest one of the 14 days before; of API keys, those that have sent on 3 days before",
     [](Target t) -> Ref { return &t.config->abuse.spike; }, "10", {2, 10'000}},
    {"abuse.bounces", Kind::integer, "So many percent of a day's recipients refuse its mail for good",
     [](Target t) -> Ref { return &t.config->abuse.bounces; }, "10", {1, 100}},
    {"abuse.complaints", Kind::integer, "So many percent of a day's recipients call its mail spam",
     [](Target t) -> Ref { return &t.config->abuse.complaints; }, "2", {1, 100}},

    {"retention", Kind::section, "How long things are kept"},
    {"retention.generations", Kind::integer, "Earlier configurations that `vectis rollback` can return to",
     [](Target t) -> Ref { return &t.config->retention.generations; }, "50", {2, 1'000}},
    {"retention.junk", Kind::days, "Mail in Junk is deleted after this time; `forever` keeps it",
     [](Target t) -> Ref { return &t.config->retention.junk_days; }, "30 days", {1, 36'500}},
    {"retention.trash", Kind::days, "Mail in Trash is deleted after this time; `forever` keeps it",
     [](Target t) -> Ref { return &t.config->retention.trash_days; }, "30 days", {1, 36'500}},
    {"retention.messages", Kind::days,
     "What the API knows of a message and its events is forgotten after this time; `forever` keeps it",
     [](Target t) -> Ref { return &t.config->retention.messages_days; }, "365 days", {1, 36'500}},
    {"retention.statistics", Kind::days, "The figures of a day are forgotten after this time; `forever` keeps them",
     [](Target t) -> Ref { return &t.config->retention.statistics_days; }, "forever", {1, 36'500}},

    {"domains[]", Kind::items, "The domains that receive mail here",
     [](Target t) -> Ref { return &t.config->domains; }},
    {"domains[].name", Kind::domain, "The domain; an international one in its xn-- form",
     [](Target t) -> Ref { return &t.domain->name; }, "example.test", {}, {}, Arity::one, true},
    {"domains[].quota", Kind::size, "Space for each of its mailboxes that says nothing; otherwise `dovecot.quota`",
     [](Target t) -> Ref { return &t.domain->quota; }, "5 GiB", size_of_quota},
    {"domains[].catch_all", Kind::address, "Who gets the mail to addresses that do not exist; without it such mail is refused",
     [](Target t) -> Ref { return &t.domain->catch_all; }, "anna@example.test"},
    {"domains[].alias_domains", Kind::domain, "Domains in which every address of this one exists as well",
     [](Target t) -> Ref { return &t.domain->alias_domains; }, "[example-shop.test]", {}, {}, Arity::list},
    {"domains[].dkim", Kind::section, "DKIM signatures; two keys sign every message"},
    {"domains[].dkim.rsa_selector", Kind::selector, "DNS name of the RSA key: SELECTOR._domainkey.DOMAIN",
     [](Target t) -> Ref { return &t.domain->dkim.rsa_selector; }, "r1"},
    {"domains[].dkim.ed25519_selector", Kind::selector, "DNS name of the Ed25519 key",
     [](Target t) -> Ref { return &t.domain->dkim.ed25519_selector; }, "e1"},
    {"domains[].spam", Kind::section, "Spam scores for mail to this domain; what is left out is as in `rspamd`"},
    {"domains[].spam.reject", Kind::score, "Score from which a message is refused",
     [](Target t) -> Ref { return &t.domain->spam.reject; }, "12", score},
    {"domains[].spam.junk", Kind::score, "Score from which a message is marked as spam",
     [](Target t) -> Ref { return &t.domain->spam.junk; }, "5.5", score},
    {"domains[].spam.greylist", Kind::score, "Score from which an unknown sender must try again later",
     [](Target t) -> Ref { return &t.domain->spam.greylist; }, "3", score},

    {"domains[].mailboxes[]", Kind::items, "Who has mail here",
     [](Target t) -> Ref { return &t.domain->mailboxes; }},
    {"domains[].mailboxes[].name", Kind::local_part, "The part before the @",
     [](Target t) -> Ref { return &t.mailbox->local_part; }, "anna", {}, {}, Arity::one, true},
    {"domains[].mailboxes[].display_name", Kind::text, "The person's or office's name",
     [](Target t) -> Ref { return &t.mailbox->display_name; }, "Anna Example", {0, 255}},
    {"domains[].mailboxes[].password_hash", Kind::password_hash,
     "What `vectis hash-password` prints, in quotes; without it nobody can log in",
     [](Target t) -> Ref { return &t.mailbox->password_hash; },
     "'{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$jS4Zsk7iRuBgpnC9TgSXLpqEB5HKz0x7FfWr6Q0m2uM'"},
    {"domains[].mailboxes[].quota", Kind::size, "Space for this mailbox; otherwise the domain's `quota`",
     [](Target t) -> Ref { return &t.mailbox->quota; }, "10 GiB", size_of_quota},

    {"domains[].aliases[]", Kind::items, "Addresses that pass mail on",
     [](Target t) -> Ref { return &t.domain->aliases; }},
    {"domains[].aliases[].name", Kind::local_part, "The part before the @",
     [](Target t) -> Ref { return &t.alias->local_part; }, "info", {}, {}, Arity::one, true},
    {"domains[].aliases[].to", Kind::address, "An address or a list of them, here or elsewhere",
     [](Target t) -> Ref { return &t.alias->destinations; }, "[anna@example.test, office@elsewhere.test]", {}, {},
     Arity::one_or_list, true},
};
// clang-format on

void fill(Section& section, std::string_view path, std::deque<Section>& all) {
    for (const Field& field : rows) {
        if (field.parent() != path || field.path == path)
            continue;
        Section* inner = nullptr;
        if (field.kind == Kind::section || field.kind == Kind::items) {
            inner = &all.emplace_back();
            inner->field = &field;
            fill(*inner, field.path, all);
        }
        section.keys.push_back({field.name(), &field, inner});
    }
}

} // namespace

std::string_view Field::name() const {
    std::string_view name = path.substr(path.rfind('.') == std::string_view::npos ? 0 : path.rfind('.') + 1);
    if (name.ends_with("[]"))
        name.remove_suffix(2);
    return name;
}

std::string_view Field::parent() const {
    const auto dot = path.rfind('.');
    return dot == std::string_view::npos ? std::string_view{} : path.substr(0, dot);
}

std::span<const Field> fields() {
    return rows;
}

const Section::Key* Section::find(std::string_view name) const {
    for (const Key& key : keys) {
        if (key.name == name)
            return &key;
    }
    return nullptr;
}

const Section& root() {
    static const std::deque<Section> all = [] {
        std::deque<Section> sections;
        fill(sections.emplace_back(), "", sections);
        return sections;
    }();
    return all.front();
}

const Field* find_field(std::string_view path) {
    for (const Field& field : rows) {
        if (field.path == path)
            return &field;
    }
    return nullptr;
}

} // namespace vectis::config
