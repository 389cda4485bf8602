#include "zone/records.hpp"

#include "base/hash.hpp"
#include "base/json.hpp"
#include "keys/dkim.hpp"
#include "net/addresses.hpp"
#include "net/wire.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace vectis::zone {

namespace {

/// A text as one or more quoted strings of at most 255 bytes.
std::string character_strings(std::string_view text) {
    constexpr std::size_t most = 255;
    std::string line;
    do {
        const auto part = text.substr(0, most);
        text.remove_prefix(part.size());
        line += line.empty() ? "\"" : " \"";
        for (const char each : part) {
            if (each == '"' || each == '\\')
                line += '\\';
            line += each;
        }
        line += '"';
    } while (!text.empty());
    return line;
}

std::string absolute(const std::string& name) {
    return name + ".";
}

/// Who may send in the domain's name: its MX, and the relay host's own addresses if mail leaves through one.
std::string sender_policy(const config::RelayHost& relay) {
    if (relay.host.empty())
        return "v=spf1 mx -all";
    const bool literal = net::reversed_labels(relay.host).has_value();
    const std::string mechanism = !literal                   ? "a:" + relay.host
                                  : net::is_ipv6(relay.host) ? "ip6:" + relay.host
                                                             : "ip4:" + relay.host;
    return fmt::format("v=spf1 mx {} ~all", mechanism);
}

void add_domain(std::vector<DnsRecord>& records, const std::string& name, const config::Config& config) {
    const auto& relay = config.network.relay_host;
    records.push_back({name, name, "MX", "10 " + absolute(config.hostname), "mail for the domain comes here"});
    records.push_back({name, name, "TXT", sender_policy(relay),
                       relay.host.empty()
                           ? "SPF: only this server sends in its name"
                           : fmt::format("SPF: ask the operator of {} what else belongs here", relay.host)});
    records.push_back({name, "_dmarc." + name, "TXT",
                       fmt::format("v=DMARC1; p=quarantine; rua=mailto:postmaster@{}", name),
                       "DMARC: what receivers do with forgeries, and where they report"});
}

void add_optional(std::vector<DnsRecord>& records, DnsRecord record) {
    record.optional = true;
    records.push_back(std::move(record));
}

/// The policy's id has to change with the policy (RFC 8461 section 3.1).
std::string mta_sts_id(const config::Config& config) {
    Sha256 hash;
    hash.part(config.hostname).part(std::to_string(static_cast<unsigned>(config.tls.mta_sts)));
    return hash.finish().substr(0, 16);
}

/// How mail programs find the server by themselves.
void add_services(std::vector<DnsRecord>& records, const std::string& name, const config::Config& config) {
    const auto service = [&](const std::string& what, unsigned port, const std::string& purpose) {
        add_optional(records, {name, fmt::format("_{}._tcp.{}", what, name), "SRV",
                               fmt::format("0 1 {} {}", port, absolute(config.hostname)), purpose});
    };
    if (config.dovecot.imap)
        service("imaps", 993, "mail programs find IMAP (RFC 6186)");
    if (config.dovecot.pop3)
        service("pop3s", 995, "mail programs find POP3 (RFC 6186)");
    if (config.dovecot.managesieve)
        service("sieve", 4190, "mail programs find ManageSieve (RFC 5804)");
    if (config.postfix.submissions)
        service("submissions", 465, "mail programs find submission (RFC 8314)");
    if (config.postfix.submission)
        service("submission", 587, "mail programs find submission (RFC 6186)");
}

/// What the web server answers in the domain's name.
void add_pages(std::vector<DnsRecord>& records, const std::string& name, const config::Config& config) {
    const std::string host = absolute(config.hostname);
    add_optional(records, {name, "autoconfig." + name, "CNAME", host, "Thunderbird and others set themselves up"});
    add_optional(records, {name, "autodiscover." + name, "CNAME", host, "Outlook sets itself up"});
    add_optional(records,
                 {name, "_autodiscover._tcp." + name, "SRV", "0 1 443 " + host, "Outlook, the second place it looks"});
    // Nobody can fetch the policy from a server whose certificate nobody trusts.
    if (config.tls.mta_sts == config::MtaSts::none || config.tls.mode == config::TlsMode::self_signed)
        return;
    add_optional(records, {name, "mta-sts." + name, "CNAME", host, "MTA-STS: where the policy is"});
    add_optional(records, {name, "_mta-sts." + name, "TXT", "v=STSv1; id=" + mta_sts_id(config),
                           "MTA-STS: mail comes over TLS"});
    add_optional(records, {name, "_smtp._tls." + name, "TXT", fmt::format("v=TLSRPTv1; rua=mailto:postmaster@{}", name),
                           "other servers report here when TLS fails"});
}

void add_dkim(std::vector<DnsRecord>& records, const std::string& name, const std::vector<DkimRecord>& dkim) {
    for (const auto& key : dkim) {
        if (key.domain == name)
            records.push_back({name, fmt::format("{}._domainkey.{}", key.selector, name), "TXT", key.value,
                               "DKIM: receivers verify signatures with it"});
    }
}

} // namespace

std::string DnsRecord::zone_line() const {
    return fmt::format("{} 3600 IN {} {}", absolute(name), type, type == "TXT" ? character_strings(value) : value);
}

std::vector<DnsRecord> dns_records(const config::Config& config, const Facts& facts) {
    std::vector<DnsRecord> records;
    const std::string& host = config.hostname;
    for (const auto& address : facts.addresses)
        records.push_back({host, host, net::is_ipv6(address) ? "AAAA" : "A", address, "the mail server"});
    records.push_back({host, host, "TXT", "v=spf1 a -all", "SPF: only this server greets and bounces in its name"});
    add_dkim(records, host, facts.dkim);
    if (!facts.key_digest.empty())
        add_optional(records, {host, "_25._tcp." + host, "TLSA", "3 1 1 " + facts.key_digest,
                               "DANE: the key that the server shows; counts only where the zone is signed (DNSSEC)"});
    for (const auto& domain : config.domains) {
        std::vector<std::string> names{domain.name};
        names.insert(names.end(), domain.alias_domains.begin(), domain.alias_domains.end());
        for (const auto& name : names) {
            add_domain(records, name, config);
            add_dkim(records, name, facts.dkim);
            add_services(records, name, config);
            add_pages(records, name, config);
        }
    }
    for (const auto& name : facts.api_domains) {
        add_domain(records, name, config);
        add_dkim(records, name, facts.dkim);
        add_services(records, name, config);
    }
    for (const auto& address : facts.addresses) {
        if (const auto name = net::reversed_name(address))
            records.push_back({*name, *name, "PTR", absolute(host),
                               fmt::format("reverse DNS of {}: set where you rent the address", address), true});
    }
    return records;
}

std::vector<std::string> public_addresses(const config::Config& config, const std::vector<std::string>& host,
                                          const std::vector<std::string>& published) {
    const auto chosen = [&](const std::vector<std::string>& from, bool ipv6) {
        std::vector<std::string> found;
        std::copy_if(from.begin(), from.end(), std::back_inserter(found),
                     [&](const std::string& each) { return net::is_public(each) && net::is_ipv6(each) == ipv6; });
        return found;
    };
    std::vector<std::string> all;
    for (const bool ipv6 : {false, true}) {
        if (!(ipv6 ? config.network.ipv6 : config.network.ipv4))
            continue;
        auto found = chosen(config.network.addresses, ipv6);
        // Behind NAT it is often IPv4 alone.
        for (const auto* source : {&host, &published}) {
            if (found.empty() && chosen(config.network.addresses, !ipv6).empty())
                found = chosen(*source, ipv6);
        }
        all.insert(all.end(), found.begin(), found.end());
    }
    return all;
}

std::vector<DkimRecord> read_dkim_records(const fs::path& folder, const std::vector<KeyName>& keys) {
    std::vector<DkimRecord> records;
    for (const auto& key : keys) {
        constexpr std::size_t most = 65536;
        if (const auto text = read_file(keys::dkim_path(folder, key.domain, key.selector), most))
            records.push_back({key.domain, key.selector, keys::dkim_record(*text)});
    }
    return records;
}

std::string dns_records_text(const std::vector<DnsRecord>& records) {
    std::string text;
    std::string lines;
    std::string heading;
    for (const auto& each : records) {
        const std::string wanted =
            each.elsewhere ? "Reverse DNS (at whoever gives you the address)" : fmt::format("Zone of {}", each.zone);
        if (wanted != heading) {
            text += fmt::format("{}{}\n", heading.empty() ? "" : "\n", wanted);
            heading = wanted;
        }
        text += fmt::format("  {:<5} {}\n        {}\n        ({})\n", each.type, each.name, each.value, each.purpose);
        lines += each.zone_line() + "\n";
    }
    return text + "\nThe same as lines of zone files:\n\n" + lines;
}

Json to_json(const DnsRecord& record) {
    return {{"zone", record.zone},
            {"name", record.name},
            {"type", record.type},
            {"value", record.value},
            {"zone_line", record.zone_line()},
            {"purpose", record.purpose},
            {"elsewhere", record.elsewhere},
            {"optional", record.optional}};
}

DnsRecord dns_record(const Json& json) {
    return {.zone = json.at("zone"),
            .name = json.at("name"),
            .type = json.at("type"),
            .value = json.at("value"),
            .purpose = json.at("purpose"),
            .elsewhere = json.at("elsewhere").get<bool>(),
            .optional = json.at("optional").get<bool>()};
}

std::string dns_records_json(const std::vector<DnsRecord>& records) {
    Json list = Json::array();
    for (const auto& each : records)
        list.push_back(to_json(each));
    return to_pretty_text({{"records", list}});
}

} // namespace vectis::zone
