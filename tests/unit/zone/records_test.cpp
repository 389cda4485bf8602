#include "base/json.hpp"
#include "catch.hpp"
#include "folder.hpp"
#include "keys/dkim.hpp"
#include "zone/records.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

using namespace vectis;
using namespace vectis::zone;

namespace {

config::Config example() {
    config::Config config;
    config.hostname = "mail.example.test";
    config.admin = "admin@example.test";
    config.domains = {{.name = "example.test", .alias_domains = {"example.net"}}};
    return config;
}

bool has(const std::vector<DnsRecord>& records, const std::string& line) {
    return std::any_of(records.begin(), records.end(), [&](const DnsRecord& each) { return each.zone_line() == line; });
}

} // namespace

TEST_CASE("every record of the host, its domains and alias domains is listed") {
    const auto records = dns_records(example(), {.addresses = {"203.0.113.10", "2001:db8::10"},
                                                 .dkim = {{"example.test", "r1", "v=DKIM1; k=rsa; p=AAAA"},
                                                          {"example.net", "e1", "v=DKIM1; k=ed25519; p=BBBB"},
                                                          {"mail.example.test", "r1", "v=DKIM1; k=rsa; p=CCCC"},
                                                          {"shop.test", "r1", "v=DKIM1; k=rsa; p=DDDD"}},
                                                 .api_domains = {"shop.test"},
                                                 .key_digest = "abcd"});
    for (const auto* line :
         {"mail.example.test. 3600 IN A 203.0.113.10", "mail.example.test. 3600 IN AAAA 2001:db8::10",
          "mail.example.test. 3600 IN TXT \"v=spf1 a -all\"",
          "r1._domainkey.mail.example.test. 3600 IN TXT \"v=DKIM1; k=rsa; p=CCCC\"",
          "example.test. 3600 IN MX 10 mail.example.test.", "example.test. 3600 IN TXT \"v=spf1 mx -all\"",
          "_dmarc.example.test. 3600 IN TXT \"v=DMARC1; p=quarantine; rua=mailto:postmaster@example.test\"",
          "r1._domainkey.example.test. 3600 IN TXT \"v=DKIM1; k=rsa; p=AAAA\"",
          "autoconfig.example.test. 3600 IN CNAME mail.example.test.",
          "autodiscover.example.net. 3600 IN CNAME mail.example.test.",
          "_imaps._tcp.example.test. 3600 IN SRV 0 1 993 mail.example.test.",
          "_submissions._tcp.example.net. 3600 IN SRV 0 1 465 mail.example.test.",
          "example.net. 3600 IN MX 10 mail.example.test.",
          "e1._domainkey.example.net. 3600 IN TXT \"v=DKIM1; k=ed25519; p=BBBB\"",
          "_25._tcp.mail.example.test. 3600 IN TLSA 3 1 1 abcd", "shop.test. 3600 IN MX 10 mail.example.test.",
          "r1._domainkey.shop.test. 3600 IN TXT \"v=DKIM1; k=rsa; p=DDDD\"",
          "_imaps._tcp.shop.test. 3600 IN SRV 0 1 993 mail.example.test.",
          "10.113.0.203.in-addr.arpa. 3600 IN PTR mail.example.test."}) {
        INFO(line);
        CHECK(has(records, line));
    }
    CHECK(records.size() == 34);
    const Json json = parse_json(dns_records_json(records))["records"];
    REQUIRE(json.size() == records.size());
    for (std::size_t i = 0; i < records.size(); ++i)
        CHECK(to_json(dns_record(json[i])) == json[i]);
    // Nothing there would answer.
    CHECK(std::none_of(records.begin(), records.end(),
                       [](const auto& each) { return each.name == "autoconfig.shop.test"; }));
    CHECK(dns_records_text(records).find("example.net. 3600 IN MX 10 mail.example.test.\n") != std::string::npos);
}

TEST_CASE("MTA-STS is asked for where the certificate can be trusted, and its id follows the policy") {
    auto config = example();
    const auto id = [&] {
        for (const auto& each : dns_records(config, {})) {
            if (each.name == "_mta-sts.example.test")
                return each.value;
        }
        return std::string();
    };
    CHECK(id().empty());
    config.tls.mode = config::TlsMode::files;
    const std::string testing = id();
    CHECK(testing.starts_with("v=STSv1; id="));
    CHECK(has(dns_records(config, {}), "mta-sts.example.net. 3600 IN CNAME mail.example.test."));
    config.tls.mta_sts = config::MtaSts::enforce;
    CHECK(id() != testing);
    config.tls.mta_sts = config::MtaSts::none;
    CHECK(id().empty());
}

TEST_CASE("a long text is split at 255 bytes, and joined it is the same") {
    const std::string value = keys::dkim_record(keys::new_dkim_key(keys::Algorithm::rsa));
    REQUIRE(value.size() > 255);
    const DnsRecord record{"example.test", "r1._domainkey.example.test", "TXT", value, "", false};
    const std::string line = record.zone_line();
    const auto cut = line.find("\" \"");
    const auto start = line.find('"') + 1;
    REQUIRE(cut != std::string::npos);
    CHECK(cut - start == 255);
    CHECK(line.substr(start, 255) + line.substr(cut + 3, line.size() - cut - 4) == value);
}

TEST_CASE("with a relay host, SPF lets it send") {
    auto config = example();
    config.network.relay_host.host = "smtp.relay.test";
    CHECK(has(dns_records(config, {}), "example.test. 3600 IN TXT \"v=spf1 mx a:smtp.relay.test ~all\""));
    config.network.relay_host.host = "198.51.100.7";
    CHECK(has(dns_records(config, {}), "example.test. 3600 IN TXT \"v=spf1 mx ip4:198.51.100.7 ~all\""));
}

TEST_CASE("the public addresses are the configured ones, else the host's, else what DNS says") {
    auto config = example();
    CHECK(public_addresses(config, {"10.0.0.1", "203.0.113.10", "2001:db8::10"}, {"198.51.100.1"}) ==
          std::vector<std::string>{"203.0.113.10", "2001:db8::10"});
    CHECK(public_addresses(config, {"10.0.0.1"}, {"198.51.100.1"}) == std::vector<std::string>{"198.51.100.1"});
    CHECK(public_addresses(config, {"10.0.0.1", "2001:db8::10"}, {"198.51.100.1", "2001:db8::11"}) ==
          std::vector<std::string>{"198.51.100.1", "2001:db8::10"});
    // The readiness probes' network stands on every host, and is in nobody's way.
    CHECK(public_addresses(config, {"10.0.0.1", "198.18.25.1", "2001:2:0:2519::1"}, {"198.51.100.1"}) ==
          std::vector<std::string>{"198.51.100.1"});
    config.network.addresses = {"203.0.113.11"};
    CHECK(public_addresses(config, {"203.0.113.10"}, {}) == std::vector<std::string>{"203.0.113.11"});
    config.network = {.ipv6 = false};
    CHECK(public_addresses(config, {"203.0.113.10", "2001:db8::10"}, {}) == std::vector<std::string>{"203.0.113.10"});
    CHECK(public_addresses(config, {}, {}).empty());
}

TEST_CASE("keys that are there are published, keys that are not are left out") {
    const test::Folder folder;
    keys::ensure_dkim_key(folder.path / "dkim", "example.test", "e1", keys::Algorithm::ed25519, "");
    const auto found = read_dkim_records(folder.path / "dkim", {{"example.test", "e1"}, {"example.test", "r1"}});
    REQUIRE(found.size() == 1);
    CHECK(found[0].selector == "e1");
    CHECK(found[0].value.starts_with("v=DKIM1; k=ed25519; p="));
}
