#include "installer/dns_records.hpp"

#include "base/hash.hpp"
#include "base/json.hpp"
#include "installer/addresses.hpp"
#include "keys/dkim.hpp"
#include "net/wire.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace vectis::installer {

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
    const std::string mechanism = !literal              ? "a:" + relay.host
                                  : is_ipv6(relay.host) ? "ip6:" + relay.host
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

/// The policy's id has to change with the policy (RFC 8461 section 3.1).
std::string mta_sts_id(const config::Config& config) {
    Sha256 hash;
    hash.part(config.hostname).part(std::to_string(static_cast<unsigned>(config.tls.mta_sts)));
    return hash.finish().substr(0, 16);
}

/// How mail programs find the server by themselves, and what other servers may rely on.
void add_discovery(std::vector<DnsRecord>& records, const std::string& name, const config::Config& config) {
    const std::string host = absolute(config.hostname);
    const auto service = [&](const std::string& what, unsigned port, const std::string& purpose) {
        records.push_back(
            {name, fmt::format("_{}._tcp.{}", what, name), "SRV", fmt::format("0 1 {} {}", port, host), purpose});
    };
    records.push_back({name, "autoconfig." + name, "CNAME", host, "Thunderbird and others set themselves up"});
    records.push_back({name, "autodiscover." + name, "CNAME", host, "Outlook sets itself up"});
    service("autodiscover", 443, "Outlook, the second place it looks");
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
    // Nobody can fetch the policy from a server whose certificate nobody trusts.
    if (config.tls.mta_sts == config::MtaSts::none || config.tls.mode == config::TlsMode::self_signed)
        return;
    records.push_back({name, "mta-sts." + name, "CNAME", host, "MTA-STS: where the policy is"});
    records.push_back(
        {name, "_mta-sts." + name, "TXT", "v=STSv1; id=" + mta_sts_id(config), "MTA-STS: mail comes over TLS"});
    records.push_back({name, "_smtp._tls." + name, "TXT", fmt::format("v=TLSRPTv1; rua=mailto:postmaster@{}", name),
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

std::vector<DnsRecord> dns_records(const config::Config& config, const std::vector<DkimRecord>& dkim,
                                   const std::vector<std::string>& addresses) {
    std::vector<DnsRecord> records;
    const std::string& host = config.hostname;
    for (const auto& address : addresses)
        records.push_back({host, host, is_ipv6(address) ? "AAAA" : "A", address, "the mail server"});
    records.push_back({host, host, "TXT", "v=spf1 a -all", "SPF: only this server greets and bounces in its name"});
    add_dkim(records, host, dkim);
    for (const auto& domain : config.domains) {
        std::vector<std::string> names{domain.name};
        names.insert(names.end(), domain.alias_domains.begin(), domain.alias_domains.end());
        for (const auto& name : names) {
            add_domain(records, name, config);
            add_dkim(records, name, dkim);
            add_discovery(records, name, config);
        }
    }
    for (const auto& address : addresses) {
        if (const auto name = net::reversed_name(address))
            records.push_back({*name, *name, "PTR", absolute(host),
                               fmt::format("reverse DNS of {}: set where you rent the address", address), true});
    }
    return records;
}

std::vector<std::string> public_addresses(const config::Config& config, const std::vector<std::string>& host,
                                          const std::vector<std::string>& published) {
    const auto chosen = [&](const std::vector<std::string>& from) {
        std::vector<std::string> found;
        std::copy_if(from.begin(), from.end(), std::back_inserter(found), [&](const std::string& each) {
            return is_public(each) && (is_ipv6(each) ? config.network.ipv6 : config.network.ipv4);
        });
        return found;
    };
    for (const auto* source : {&config.network.addresses, &host, &published}) {
        if (auto found = chosen(*source); !found.empty())
            return found;
    }
    return {};
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

std::string dns_records_json(const std::vector<DnsRecord>& records) {
    Json list = Json::array();
    for (const auto& each : records)
        list.push_back({{"zone", each.zone},
                        {"name", each.name},
                        {"type", each.type},
                        {"value", each.value},
                        {"zone_line", each.zone_line()},
                        {"purpose", each.purpose},
                        {"elsewhere", each.elsewhere}});
    return to_pretty_text({{"records", list}});
}

} // namespace vectis::installer
