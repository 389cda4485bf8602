#include "base/json.hpp"
#include "catch.hpp"
#include "installer/preflight.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

using namespace vectis;
using namespace vectis::installer;

namespace {

net::Answer found(std::vector<std::string> values) {
    return {.status = net::Status::found, .values = std::move(values)};
}

/// A server on which everything is as it should be.
Facts good() {
    Facts facts;
    facts.hostname = "mail.example.test";
    facts.host = {.release_name = "Debian GNU/Linux 12 (bookworm)",
                  .release_id = "debian",
                  .release_version = "12",
                  .machine = "x86_64",
                  .systemd = true,
                  .memory = 4ULL << 30U,
                  .disk_free = 40ULL << 30U,
                  .files_free = 1'000'000,
                  .files_total = 2'000'000,
                  .clock = ClockState::synchronized,
                  .now = parse_rfc3339("2026-11-24T10:00:00.000Z"),
                  .root = true,
                  .addresses = {"203.0.113.10", "2001:db8:0:1::10"}};
    facts.network = {.resolver_answers = true,
                     .resolver_validates = true,
                     .a = found({"203.0.113.10"}),
                     .aaaa = found({"2001:db8:0:1::10"}),
                     .addresses = {{"203.0.113.10", found({"mail.example.test"}), true, {"mail.example.test"}}},
                     .reached = {{"gmail.com", "mx.gmail.test", true, "220 hello"}},
                     .blocklists = {{.zone = "zen.spamhaus.org", .usable = true}}};
    return facts;
}

Check check_of(const Facts& facts, const std::string& name) {
    const auto checks = judge(facts);
    const auto at = std::find_if(checks.begin(), checks.end(), [&](const Check& each) { return each.name == name; });
    REQUIRE(at != checks.end());
    return *at;
}

Verdict verdict(const Facts& facts, const std::string& name) {
    const Check check = check_of(facts, name);
    // Whatever is wrong comes with what was expected and what to do.
    if (check.verdict != Verdict::pass) {
        CHECK_FALSE(check.expected.empty());
        CHECK_FALSE(check.hint.empty());
    }
    CHECK_FALSE(check.found.empty());
    return check.verdict;
}

} // namespace

TEST_CASE("a good server passes every check, each once and by its name") {
    const auto checks = judge(good());
    REQUIRE(checks.size() == check_names().size());
    for (std::size_t i = 0; i < checks.size(); ++i) {
        CHECK(checks[i].name == check_names()[i]);
        INFO(checks[i].name << ": " << checks[i].found);
        CHECK(checks[i].verdict == Verdict::pass);
    }
    CHECK(blocking(checks, {}).empty());
}

TEST_CASE("the release, the architecture and the init system are required") {
    Facts facts = good();
    facts.host.release_version = "11";
    CHECK(verdict(facts, "release") == Verdict::fail);
    facts = good();
    facts.host.release_id = "ubuntu";
    CHECK(verdict(facts, "release") == Verdict::fail);
    facts = good();
    facts.host.machine = "aarch64";
    CHECK(verdict(facts, "release") == Verdict::fail);
    facts = good();
    facts.host.systemd = false;
    CHECK(verdict(facts, "init") == Verdict::fail);
}

TEST_CASE("memory and disk have a least and a comfortable size") {
    Facts facts = good();
    facts.host.memory = 1ULL << 30U;
    CHECK(verdict(facts, "memory") == Verdict::warn);
    facts.host.memory = 512ULL << 20U;
    CHECK(verdict(facts, "memory") == Verdict::fail);
    facts.host.disk_free = 5ULL << 30U;
    CHECK(verdict(facts, "disk") == Verdict::warn);
    facts.host.disk_free = 1ULL << 30U;
    CHECK(verdict(facts, "disk") == Verdict::fail);
    facts = good();
    facts.host.files_free = 100;
    CHECK(verdict(facts, "disk") == Verdict::fail);
    facts.host.files_total = 0; // btrfs has no fixed number
    CHECK(verdict(facts, "disk") == Verdict::pass);
    facts.host.read_only = {"/etc"};
    CHECK(verdict(facts, "disk") == Verdict::fail);
}

TEST_CASE("the clock must be right, or at least kept by somebody") {
    Facts facts = good();
    facts.host.clock = ClockState::unsynchronized;
    CHECK(verdict(facts, "clock") == Verdict::warn);
    facts.host.clock = ClockState::unknown;
    CHECK(verdict(facts, "clock") == Verdict::warn);
    facts.host.container = "systemd-nspawn";
    CHECK(verdict(facts, "clock") == Verdict::pass);
    facts.host.now = parse_rfc3339("1970-01-01T00:00:10.000Z");
    CHECK(verdict(facts, "clock") == Verdict::fail);
}

TEST_CASE("a port that somebody else has fails, and the line names him") {
    Facts facts = good();
    facts.host.listeners = {{25, false, "127.0.0.1", "exim4", 812, "exim4.service"}};
    CHECK(verdict(facts, "ports") == Verdict::fail);
    const Check check = check_of(facts, "ports");
    CHECK(check.found.find("exim4.service") != std::string::npos);
    CHECK(check.hint.find("exim4.service") != std::string::npos);

    SECTION("our own daemons may have them") {
        facts.host.listeners = {{25, false, "0.0.0.0", "master", 1, "postfix@-.service"},
                                {993, false, "::", "dovecot", 2, "dovecot.service"},
                                {53, true, "127.0.0.1", "unbound", 3, "unbound.service"},
                                {443, false, "0.0.0.0", "nginx", 4, "nginx.service"},
                                {8800, false, "127.0.0.1", "vectis", 5, "vectis-api.service"}};
        CHECK(verdict(facts, "ports") == Verdict::pass);
    }
    SECTION("systemd-resolved's own loopback address is in nobody's way, a resolver on all addresses is") {
        facts.host.listeners = {{53, true, "127.0.0.53", "systemd-resolve", 3, "systemd-resolved.service"}};
        CHECK(verdict(facts, "ports") == Verdict::pass);
        facts.host.listeners[0].address = "0.0.0.0";
        CHECK(verdict(facts, "ports") == Verdict::fail);
    }
    SECTION("ports that this configuration does not use only warn") {
        facts.host.listeners = {{995, false, "0.0.0.0", "popd", 4, ""}};
        CHECK(verdict(facts, "ports") == Verdict::warn);
        facts.pop3 = true;
        CHECK(verdict(facts, "ports") == Verdict::fail);
    }
    SECTION("another web server is in the way of webmail and certificates") {
        facts.host.listeners = {{443, false, "0.0.0.0", "apache2", 4, "apache2.service"}};
        CHECK(verdict(facts, "ports") == Verdict::fail);
    }
    SECTION("a UDP socket on a mail port is something else") {
        facts.host.listeners = {{993, true, "0.0.0.0", "vpn", 4, ""}};
        CHECK(verdict(facts, "ports") == Verdict::pass);
    }
}

TEST_CASE("exim4 must go, and what it left behind is told") {
    Facts facts = good();
    facts.host.exim_queued = 3;
    CHECK(verdict(facts, "exim4") == Verdict::warn);
    facts.host.exim_installed = true;
    CHECK(verdict(facts, "exim4") == Verdict::fail);
}

TEST_CASE("the hostname must be a full name") {
    Facts facts = good();
    for (const auto* name : {"", "mail", "localhost.localdomain", "mail.example.test.", "-x.test", "a..test",
                             "mail_1.test", "192.0.2.1", "a\nb.test"}) {
        facts.hostname = name;
        CHECK(verdict(facts, "hostname") == Verdict::fail);
    }
    facts.hostname = "mx1.xn--bcher-kva.test";
    CHECK(verdict(facts, "hostname") == Verdict::pass);
}

TEST_CASE("DNS that is not published yet warns: setup is what prints it") {
    Facts facts = good();
    facts.network.a = {.status = net::Status::no_such_name};
    facts.network.aaaa = {.status = net::Status::no_data};
    facts.network.addresses[0] = {.address = "203.0.113.10", .names = {.status = net::Status::no_such_name}};
    for (const auto* name : {"address_record", "ipv6", "reverse_dns"})
        CHECK(verdict(facts, name) == Verdict::warn);
    CHECK(blocking(judge(facts), {}).empty());
}

TEST_CASE("addresses in DNS must be the server's own") {
    Facts facts = good();
    facts.network.a = found({"198.51.100.9"});
    CHECK(verdict(facts, "address_record") == Verdict::warn);
    facts.network.a = found({"198.51.100.9", "203.0.113.10"});
    CHECK(verdict(facts, "address_record") == Verdict::warn);
    facts.network.aaaa = found({"2001:db8::bad"});
    CHECK(verdict(facts, "ipv6") == Verdict::warn);
    facts = good();
    facts.host.addresses = {"203.0.113.10"};
    CHECK(verdict(facts, "ipv6") == Verdict::warn); // AAAA without an address
    facts.network.aaaa = {.status = net::Status::no_data};
    CHECK(verdict(facts, "ipv6") == Verdict::pass);
    facts.host.addresses = {"10.0.0.4"};
    CHECK(verdict(facts, "address_record") == Verdict::warn); // behind NAT
}

TEST_CASE("reverse DNS must lead to the hostname and back") {
    Facts facts = good();
    facts.network.addresses[0].confirmed_names = {"vps-4711.hoster.test"};
    CHECK(verdict(facts, "reverse_dns") == Verdict::warn);
    facts.network.addresses[0] = {.address = "203.0.113.10", .names = found({"mail.example.test"})};
    CHECK(verdict(facts, "reverse_dns") == Verdict::warn);
    facts.network.addresses.clear();
    CHECK(verdict(facts, "reverse_dns") == Verdict::warn);
}

TEST_CASE("port 25 outwards must be open unless a relay host sends") {
    Facts facts = good();
    facts.network.reached = {{"gmail.com", "mx.gmail.test", false, "Connection refused"},
                             {"yahoo.com", "", false, "has no MX record"}};
    CHECK(verdict(facts, "outbound_25") == Verdict::fail);
    facts.relays = true;
    CHECK(verdict(facts, "outbound_25") == Verdict::pass);
    facts.relays = false;
    facts.network.reached = {{"yahoo.com", "", false, "has no MX record"}};
    CHECK(verdict(facts, "outbound_25") == Verdict::warn);
}

TEST_CASE("a listing warns, and a list that refuses to answer is no proof of anything") {
    Facts facts = good();
    facts.network.blocklists[0].listed = {"203.0.113.10 (127.0.0.4)"};
    CHECK(verdict(facts, "blocklists") == Verdict::warn);
    facts.network.blocklists = {{.zone = "zen.spamhaus.org", .usable = false, .why = "refused"}};
    CHECK(verdict(facts, "blocklists") == Verdict::warn);
}

TEST_CASE("without DNS preflight fails once, and says of the rest that it was not asked") {
    Facts facts = good();
    facts.network = {.resolver_why = "no answer"};
    CHECK(verdict(facts, "resolver") == Verdict::fail);
    CHECK(verdict(facts, "outbound_25") == Verdict::warn);
    CHECK(blocking(judge(facts), {}).size() == 1);
    CHECK(blocking(judge(facts), {"resolver"}).empty());
    facts = good();
    facts.network.resolver_validates = false;
    CHECK(verdict(facts, "resolver") == Verdict::warn);
}

TEST_CASE("the report counts, and its JSON says the same") {
    Facts facts = good();
    facts.host.memory = 1ULL << 30U;
    facts.host.systemd = false;
    const auto checks = judge(facts);
    const std::string text = preflight_text(checks, false);
    CHECK(text.find("FAIL  init") != std::string::npos);
    CHECK(text.find("12 passed, 1 warned, 1 failed") != std::string::npos);
    CHECK(text.find('\x1b') == std::string::npos);
    CHECK(preflight_text(checks, true).find("\x1b[31mFAIL") != std::string::npos);
    const Json json = preflight_json(checks);
    CHECK(json["failed"] == 1);
    CHECK(json["checks"].size() == checks.size());
    CHECK(json["checks"][1]["verdict"] == "fail");
}
