#include "render/context.hpp"

#include "base/text.hpp"
#include "config/names.hpp"
#include "render/quoting.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vectis::render {

namespace {

using kainjow::mustache::data;

/// One object of the context. Every text passes here, so that none with a control character reaches a template.
class Object {
  public:
    void text(const std::string& name, const std::string& value) {
        require_printable(value);
        data_.set(name, value);
    }
    void number(const std::string& name, std::uint64_t value) { data_.set(name, std::to_string(value)); }
    void flag(const std::string& name, bool value) { data_.set(name, data(value)); }
    /// Its section is rendered only if there is a value.
    void optional_text(const std::string& name, const std::string& value) {
        if (value.empty())
            flag(name, false);
        else
            text(name, value);
    }
    void list(const std::string& name, const data& items) { data_.set(name, items); }
    [[nodiscard]] data take() { return std::move(data_); }

  private:
    data data_{data::type::object};
};

bool is_ipv6(const std::string& address) {
    return address.find(':') != std::string::npos;
}

std::string bracketed(const std::string& host) {
    return is_ipv6(host) ? fmt::format("[{}]", host) : host;
}

/// Postfix and unbound refuse to start on an address that the host does not have, and IPv6 may be switched off in the
/// kernel.
bool has_address(const Platform& platform, const std::string& address) {
    return std::any_of(platform.interface_addresses.begin(), platform.interface_addresses.end(), [&](const auto& each) {
        return std::find(each.second.begin(), each.second.end(), address) != each.second.end();
    });
}

/// The addresses to listen on, each once, the loopback ones last (webmail and probes come from there); empty: all.
std::vector<std::string> listen_addresses(const config::Network& network, const Platform& platform) {
    std::vector<std::string> found = network.addresses;
    for (const auto& address : found) {
        if (!has_address(platform, address))
            throw Error(Code::invalid_input, fmt::format("cannot listen on {}: this host does not have it", address),
                        "give it to an interface first, or correct network.addresses ('ip -brief address' lists them)");
    }
    for (const auto& name : network.interfaces) {
        const auto interface = platform.interface_addresses.find(name);
        if (interface == platform.interface_addresses.end())
            throw Error(Code::invalid_input, fmt::format("cannot listen on interface '{}': it has no address", name),
                        "give it an address first, or correct network.interfaces ('ip -brief address' lists them)");
        for (const auto& address : interface->second) {
            // A link-local address is none without its interface, and no mail arrives there.
            if (!address.starts_with("fe80:"))
                found.push_back(address);
        }
    }
    if (found.empty())
        return found;
    found.emplace_back("127.0.0.1");
    if (has_address(platform, "::1"))
        found.emplace_back("::1");
    std::vector<std::string> addresses;
    for (const auto& address : found) {
        const bool wanted = is_ipv6(address) ? network.ipv6 : network.ipv4;
        if (wanted && std::find(addresses.begin(), addresses.end(), address) == addresses.end())
            addresses.push_back(address);
    }
    return addresses;
}

/// The address that outgoing mail comes from: the first of this family that is no loopback.
std::string source_address(const std::vector<std::string>& addresses, bool ipv6) {
    for (const auto& address : addresses) {
        if (is_ipv6(address) == ipv6 && address != "127.0.0.1" && address != "::1")
            return address;
    }
    return {};
}

void set_network(Object& object, const config::Network& network, const Platform& platform) {
    const auto addresses = listen_addresses(network, platform);
    std::vector<std::string> postfix;
    for (const auto& address : addresses)
        postfix.push_back(bracketed(address));
    object.text("inet_interfaces", addresses.empty() ? "all" : join(postfix, ", "));
    object.text("inet_protocols", network.ipv4 && network.ipv6 ? "all" : network.ipv4 ? "ipv4" : "ipv6");
    std::vector<std::string> dovecot = addresses;
    if (addresses.empty()) {
        if (network.ipv4)
            dovecot.emplace_back("*");
        if (network.ipv6)
            dovecot.emplace_back("::");
    }
    object.text("dovecot_listen", join(dovecot, ", "));
    data own{data::type::list};
    for (const auto& address : addresses) {
        if (address == "127.0.0.1" || address == "::1")
            continue;
        Object one;
        one.text("address", address);
        own << one.take();
    }
    object.list("own_addresses", own);
    object.flag("ipv6_loopback", has_address(platform, "::1"));
    object.optional_text("ipv4_source", source_address(addresses, false));
    object.optional_text("ipv6_source", source_address(addresses, true));
}

/// The block lists as postscreen asks them: 127.0.0.x lists a client, 127.255.255.x says that the list does not answer
/// us.
void set_dnsbl(Object& object, const config::Postfix& postfix) {
    std::vector<std::string> sites;
    for (const auto& zone : postfix.dnsbl)
        sites.push_back(zone + "=127.0.0.[2..255]");
    object.optional_text("dnsbl_sites", join(sites, ", "));
    object.number("dnsbl_threshold", postfix.dnsbl_threshold);
}

void set_relay(Object& object, const config::RelayHost& relay, const config::Secrets& secrets) {
    object.flag("relay", !relay.host.empty());
    object.optional_text("relay_username", relay.username);
    if (relay.host.empty())
        return;
    // Brackets: the host itself, not the MX of its name.
    object.text("relay_nexthop", fmt::format("[{}]:{}", relay.host, relay.port));
    // A certificate names hosts; an address cannot be checked.
    const bool named = relay.host.find_first_not_of("0123456789.") != std::string::npos && !is_ipv6(relay.host);
    const bool secure = !relay.username.empty() && named;
    object.text("relay_tls_level", relay.tls == config::RelayTls::none ? "none" : secure ? "secure" : "encrypt");
    object.text("relay_tls_wrapper", relay.tls == config::RelayTls::wrapper ? "yes" : "no");
    if (relay.username.empty())
        return;
    const auto password = secrets.find(relay.password_secret);
    if (password == secrets.end() || password->second.empty())
        throw Error(Code::invalid_input, fmt::format("cannot find the secret '{}'", relay.password_secret),
                    "add it to secrets.yaml");
    object.text("relay_password", password->second);
}

struct CertificatePaths {
    std::string certificate;
    std::string key;
};

/// keys/issued.hpp says how they lie.
CertificatePaths issued_paths(const std::string& name) {
    return {fmt::format("/var/lib/vectis/tls/acme/{}/certificate.pem", name),
            fmt::format("/var/lib/vectis/tls/acme/{}/key.pem", name)};
}

CertificatePaths certificate_paths(const config::Config& config) {
    switch (config.tls.mode) {
    case config::TlsMode::files:
        return {config.tls.certificate, config.tls.key};
    case config::TlsMode::acme:
        return issued_paths(config.hostname);
    case config::TlsMode::self_signed:
        break;
    }
    return {"/var/lib/vectis/tls/self_signed.crt", "/var/lib/vectis/tls/self_signed.key"};
}

/// Servers of nginx for the names beside the hostname: with ACME each has a certificate of its own, so that one that
/// cannot be had is in nobody's way.
data web_servers(const config::Config& config, const std::vector<std::string>& names, const CertificatePaths& paths) {
    data list{data::type::list};
    const auto add = [&](const std::vector<std::string>& some, const CertificatePaths& theirs) {
        data items{data::type::list};
        for (const auto& each : some) {
            Object name;
            name.text("name", each);
            items << name.take();
        }
        Object server;
        server.list("names", items);
        server.text("certificate", theirs.certificate);
        server.text("key", theirs.key);
        list << server.take();
    };
    if (config.tls.mode == config::TlsMode::acme) {
        for (const auto& name : names)
            add({name}, issued_paths(name));
    } else if (!names.empty()) {
        add(names, paths);
    }
    return list;
}

void set_web(Object& object, const config::Config& config, const Platform& platform, const CertificatePaths& paths) {
    data addresses{data::type::list};
    const auto listen = [&](const std::string& address) {
        Object each;
        each.text("address", bracketed(address));
        addresses << each.take();
    };
    const auto chosen = listen_addresses(config.network, platform);
    for (const auto& address : chosen)
        listen(address);
    if (chosen.empty() && config.network.ipv4)
        listen("0.0.0.0");
    // nginx refuses to start on an address family that the kernel does not have.
    if (chosen.empty() && config.network.ipv6 && has_address(platform, "::1"))
        listen("::");
    object.list("web_addresses", addresses);

    const auto names = config::service_names(config);
    data all{data::type::list};
    for (const auto& each : names) {
        Object name;
        name.text("name", each);
        all << name.take();
    }
    object.list("service_names", all);
    object.list("web_servers", web_servers(config, names, paths));
    object.text("acme_server", config.tls.acme_server);
    object.text("admin", config.admin);
    object.flag("certificate_trusted", config.tls.mode != config::TlsMode::self_signed);
    object.flag("webmail", config.webmail.enabled);
    object.optional_text("only_domain", config.domains.size() == 1 ? config.domains.front().name : "");
    object.flag("mta_sts", config.tls.mta_sts != config::MtaSts::none);
    object.text("mta_sts_mode", config.tls.mta_sts == config::MtaSts::enforce ? "enforce" : "testing");
    object.number("mta_sts_max_age", config.tls.mta_sts == config::MtaSts::enforce ? 2'592'000 : 86'400);
}

/// Tenths as Rspamd writes a score: 60 -> 6, 65 -> 6.5.
std::string score(std::int32_t tenths) {
    const std::string text = fmt::format("{}{}", tenths < 0 ? "-" : "", std::abs(tenths) / 10);
    return tenths % 10 == 0 ? text : fmt::format("{}.{}", text, std::abs(tenths) % 10);
}

void set_score(Object& object, const std::string& name, const std::optional<std::int32_t>& tenths) {
    object.optional_text(name, tenths ? score(*tenths) : "");
}

void set_bans(Object& object, const config::Bans& bans) {
    const auto seconds = [](std::chrono::minutes time) { return static_cast<std::uint64_t>(time.count()) * 60; };
    object.text("bans", bans.enabled ? "true" : "false");
    object.number("bans_max_attempts", bans.max_attempts);
    object.number("bans_max_recipients", std::uint64_t{5} * bans.max_attempts);
    object.number("bans_window_seconds", seconds(bans.window));
    object.number("bans_duration_seconds", seconds(bans.duration));
    object.text("bans_never", join(bans.never, " "));
}

data signer(const std::string& domain, const config::Dkim& dkim) {
    Object object;
    object.text("domain", domain);
    object.text("rsa_selector", dkim.rsa_selector);
    object.text("ed25519_selector", dkim.ed25519_selector);
    return object.take();
}

/// Who signs with which selectors: the host itself, every domain and every alias domain, each with keys of its own.
data signers(const config::Config& config) {
    data list{data::type::list};
    list << signer(config.hostname, {});
    for (const auto& domain : config.domains) {
        list << signer(domain.name, domain.dkim);
        for (const auto& alias : domain.alias_domains)
            list << signer(alias, domain.dkim);
    }
    return list;
}

data recipient(const std::string& domain) {
    Object object;
    object.text("name", domain);
    return object.take();
}

/// The domains with thresholds of their own.
data thresholds(const config::Config& config) {
    data list{data::type::list};
    for (const auto& domain : config.domains) {
        if (domain.spam == config::Thresholds{})
            continue;
        data recipients{data::type::list};
        recipients << recipient(domain.name);
        for (const auto& alias : domain.alias_domains)
            recipients << recipient(alias);
        Object object;
        object.text("domain", domain.name);
        object.list("recipients", recipients);
        set_score(object, "own_reject", domain.spam.reject);
        set_score(object, "own_junk", domain.spam.junk);
        set_score(object, "own_greylist", domain.spam.greylist);
        list << object.take();
    }
    return list;
}

} // namespace

data context(const config::Config& config, const config::Secrets& secrets, const Platform& platform) {
    Object object;
    object.text("hostname", config.hostname);
    object.text("hostname_pattern", join(split(config.hostname, '.'), "[.]"));
    object.text("host_selector", config::Dkim{}.rsa_selector);
    object.number("message_size", config.message_size);
    const auto [certificate, key] = certificate_paths(config);
    object.text("tls_certificate", certificate);
    object.text("tls_key", key);
    set_network(object, config.network, platform);
    set_relay(object, config.network.relay_host, secrets);
    set_web(object, config, platform, {certificate, key});

    object.flag("submission", config.postfix.submission);
    object.flag("submissions", config.postfix.submissions);
    object.text("recipient_delimiter", config.postfix.recipient_delimiter);
    object.number("queue_lifetime_hours", static_cast<std::uint64_t>(config.postfix.queue_lifetime.count()));
    object.number("recipient_limit", config.postfix.recipient_limit);
    set_dnsbl(object, config.postfix);

    set_bans(object, config.bans);
    object.text("webhook_networks", join(config.network.webhook_networks, " "));

    object.flag("imap", config.dovecot.imap);
    object.flag("pop3", config.dovecot.pop3);
    // Webmail edits filters, but over the loopback interface only.
    object.flag("managesieve", config.dovecot.managesieve || config.webmail.enabled);
    object.flag("managesieve_here", !config.dovecot.managesieve);
    object.flag("full_text_search", config.dovecot.full_text_search);
    object.optional_text("junk_days",
                         config.retention.junk_days == 0 ? "" : std::to_string(config.retention.junk_days));
    object.optional_text("trash_days",
                         config.retention.trash_days == 0 ? "" : std::to_string(config.retention.trash_days));
    object.flag("abuse_enabled", config.abuse.enabled);
    object.flag("abuse_hold", config.abuse.hold);
    object.number("abuse_recipients", config.abuse.recipients);
    object.number("abuse_spike", config.abuse.spike);
    object.number("abuse_bounces", config.abuse.bounces);
    object.number("abuse_complaints", config.abuse.complaints);
    object.number("mailbox_limit", config.limits.mailbox);
    object.number("key_limit", config.limits.key);
    object.number("domain_limit", config.limits.domain);
    object.text("messages_days", std::to_string(config.retention.messages_days));
    object.text("statistics_days", std::to_string(config.retention.statistics_days));

    set_score(object, "reject_score", config.rspamd.thresholds.reject);
    set_score(object, "junk_score", config.rspamd.thresholds.junk);
    set_score(object, "greylist_score", config.rspamd.thresholds.greylist);
    object.text("greylisting", config.rspamd.greylisting ? "true" : "false");
    object.flag("junk_filing", config.rspamd.junk_filing);
    object.list("signers", signers(config));
    object.list("thresholds", thresholds(config));
    return object.take();
}

} // namespace vectis::render
