#include "catch.hpp"
#include "zone/live.hpp"

using namespace vectis;
using namespace vectis::zone;

namespace {

net::Answer found(std::vector<std::string> values) {
    return {.status = net::Status::found, .values = std::move(values)};
}

/// What is said of this record beside the server's own address.
Checked check_one(const DnsRecord& record, const net::Answer& answer) {
    return check({{"host.test", "host.test", "A", "203.0.113.10", ""}, record}, {found({"203.0.113.10"}), answer})
        .at(1);
}

Verdict txt(const std::string& ours, std::vector<std::string> theirs) {
    return check_one({"example.test", "example.test", "TXT", ours, ""}, found(std::move(theirs))).verdict;
}

} // namespace

TEST_CASE("a record is published, missing or another, and DNS may not say") {
    const DnsRecord mx{"example.test", "example.test", "MX", "10 Mail.example.test.", ""};
    CHECK(check_one(mx, found({"10 mail.example.test"})).verdict == Verdict::published);
    CHECK(check_one(mx, found({"10 mail.example.test"})).advice.empty());
    CHECK_FALSE(check_one(mx, found({"10 mail.example.test", "5 other.test"})).advice.empty());
    CHECK(check_one(mx, found({"0 mail.example.test"})).verdict == Verdict::published);
    const auto other = check_one(mx, found({"5 other.test"}));
    CHECK(other.verdict == Verdict::different);
    CHECK(other.found == std::vector<std::string>{"5 other.test"});
    CHECK(other.advice.find("in the zone of example.test") != std::string::npos);
    CHECK(check_one(mx, {.status = net::Status::no_data}).verdict == Verdict::missing);
    CHECK(check_one(mx, {.status = net::Status::no_such_name}).verdict == Verdict::missing);
    const auto bogus = check_one(mx, {.status = net::Status::bogus, .why = "signature expired"});
    CHECK(bogus.verdict == Verdict::unknown);
    CHECK(bogus.advice.find("signature expired") != std::string::npos);
    CHECK(check_one(mx, {.status = net::Status::timed_out}).verdict == Verdict::unknown);
    const DnsRecord ptr{
        "10.113.0.203.in-addr.arpa", "10.113.0.203.in-addr.arpa", "PTR", "mail.example.test.", "", true};
    CHECK(check_one(ptr, {.status = net::Status::no_data}).advice.find("rent") != std::string::npos);
}

TEST_CASE("an SPF record may let others send as well, and there is one alone") {
    const std::string ours = "v=spf1 mx -all";
    CHECK(txt(ours, {ours}) == Verdict::published);
    CHECK(txt(ours, {"google-site-verification=x", "v=spf1 include:other.test +MX ~all"}) == Verdict::published);
    CHECK(txt(ours, {"v=spf1 a -all"}) == Verdict::different);
    CHECK(txt(ours, {"v=spf1 -mx -all"}) == Verdict::different);
    CHECK(txt(ours, {"v=spf1 ip4:203.0.113.10 include:other.test -all"}) == Verdict::published); // its own address
    CHECK(txt(ours, {"v=spf1 ip4:203.0.113.11 -all"}) == Verdict::different);
    CHECK(txt(ours, {"v=spf1 -all mx"}) == Verdict::different); // never looked at
    CHECK(check_one({"example.test", "example.test", "TXT", ours, ""}, found({"v=spf1 include:other.test -all"}))
              .advice.starts_with("put 'mx' into what is there"));
    CHECK(txt(ours, {"v=spf10 mx -all"}) == Verdict::missing);
    CHECK(txt(ours, {"something else"}) == Verdict::missing);
    const auto two = check_one({"example.test", "example.test", "TXT", ours, ""}, found({ours, "v=spf1 mx ~all"}));
    CHECK(two.verdict == Verdict::different);
    CHECK(two.advice.find("2 records") != std::string::npos);
    CHECK(txt("v=spf1 mx a:relay.test ~all", {"v=spf1 mx ~all"}) == Verdict::different);
}

TEST_CASE("what counts of the other texts is the key, the id, and that there is a policy") {
    CHECK(txt("v=DKIM1; k=rsa; p=AB", {"v=DKIM1;k=rsa;p=A B"}) == Verdict::published);
    CHECK(txt("v=DKIM1; k=rsa; p=AB", {"k=rsa; p=AB"}) == Verdict::published);
    CHECK(txt("v=DKIM1; k=rsa; p=AB", {"v=DKIM1; k=rsa; p=AC"}) == Verdict::different);
    CHECK(txt("v=DKIM1; k=rsa; p=AB", {"v=DKIM1; p="}) == Verdict::different);
    // Without k= it is a key for RSA (RFC 6376 section 3.6.1), which verifies nothing of Ed25519.
    CHECK(txt("v=DKIM1; k=rsa; p=AB", {"v=DKIM1; p=AB"}) == Verdict::published);
    CHECK(txt("v=DKIM1; k=ed25519; p=AB", {"v=DKIM1; p=AB"}) == Verdict::different);
    CHECK(txt("v=DKIM1; k=ed25519; p=AB", {"v=DKIM1; k=ed25519; p=AB"}) == Verdict::published);
    CHECK(txt("v=DMARC1; p=quarantine", {"v=DMARC1; p=reject; rua=mailto:a@b.test"}) == Verdict::published);
    CHECK(txt("v=DMARC1; p=quarantine", {"v=DMARC1"}) == Verdict::different);
    CHECK(txt("v=STSv1; id=1", {"v=STSv1; id=1;"}) == Verdict::published);
    CHECK(txt("v=STSv1; id=1", {"v=STSv1; id=2;"}) == Verdict::different);
    CHECK(txt("v=TLSRPTv1; rua=mailto:a@b.test", {"v=TLSRPTv1; rua=https://c.test/"}) == Verdict::published);
}

TEST_CASE("a name leads to the server by its address, however it does") {
    const DnsRecord page{"example.test", "autoconfig.example.test", "CNAME", "host.test.", "", false, true};
    CHECK(questions({page, {"host.test", "host.test", "A", "203.0.113.10", ""}}).at(0).type == net::RecordType::a);
    CHECK(questions({page, {"host.test", "host.test", "AAAA", "2001:db8::1", ""}}).at(0).type == net::RecordType::aaaa);
    CHECK(check_one(page, found({"203.0.113.10"})).verdict == Verdict::published);
    CHECK(check_one(page, found({"203.0.113.11"})).verdict == Verdict::different);
    CHECK(complete({check_one(page, found({"203.0.113.11"}))}));
    const DnsRecord tlsa{"host.test", "_25._tcp.host.test", "TLSA", "3 1 1 AB", "", false, true};
    const auto unsigned_zone = check_one(tlsa, found({"3 1 1 ab"}));
    CHECK(unsigned_zone.verdict == Verdict::published);
    CHECK_FALSE(unsigned_zone.advice.empty());
    CHECK_FALSE(
        complete({check_one({"example.test", "example.test", "MX", "10 host.test.", ""}, found({"1 other.test"}))}));
}
