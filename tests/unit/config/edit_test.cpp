#include "base/error.hpp"
#include "catch.hpp"
#include "config/describe.hpp"
#include "config/edit.hpp"
#include "config/load.hpp"

using namespace vectis;
using namespace vectis::config;

namespace {

const std::string file = "config.yaml";

const std::string sample = R"(# Our mail server
hostname: mail.example.test   # as in the MX record
admin: 'anna@example.test'

rspamd:
    # we are strict
    reject: 12    # was 15
    junk: 5

network: {ipv6: false, addresses: [192.0.2.10]}
domains:
# the company
- name: Example.Test
  alias_domains:
    - a.test   # old name
    - b.test
  mailboxes:
  - name: anna
    display_name: "Anna #1"
  - {name: ben, quota: 1 GiB}   # leaves soon
  aliases:
  - name: info
    to: anna@example.test
# the end
)";

/// set() changes `from` to `to` and nothing else.
void check_change(const std::string& text, const std::string& path, const std::string& value, const std::string& from,
                  const std::string& to) {
    INFO(path << " = " << value);
    std::string expected = text;
    const auto at = expected.find(from);
    REQUIRE(at != std::string::npos);
    expected.replace(at, from.size(), to);
    CHECK(set(text, file, path, value) == expected);
}

Code code_of(const std::string& path, const std::string& value, const std::string& text = sample) {
    try {
        (void)set(text, file, path, value);
    } catch (const Error& error) {
        return error.code();
    }
    return Code::internal;
}

} // namespace

TEST_CASE("set changes a value and keeps everything else as it is") {
    check_change(sample, "hostname", "mx.example.test", "mail.example.test ", "mx.example.test ");
    check_change(sample, "admin", "ben@example.test", "'anna@example.test'", "ben@example.test");
    check_change(sample, "rspamd.reject", "13.5", "reject: 12 ", "reject: 13.5 ");
    check_change(sample, "network.ipv6", "true", "ipv6: false", "ipv6: true");
    check_change(sample, "network.addresses", "192.0.2.11, 192.0.2.12", "[192.0.2.10]", "[192.0.2.11, 192.0.2.12]");
}

TEST_CASE("set changes the element that is named") {
    check_change(sample, "domains[example.test].mailboxes[anna].display_name", "Anna \"2\"", R"("Anna #1")",
                 R"("Anna \"2\"")");
    check_change(sample, "domains[example.test].mailboxes[ben].quota", "unlimited", "1 GiB", "unlimited");
    check_change(sample, "domains[example.test].alias_domains", "[c.test]", "- a.test   # old name\n    - b.test",
                 "- c.test");
    check_change(sample, "domains[example.test].aliases[info].to", "anna@example.test, x@else.test",
                 "to: anna@example.test", "to: [anna@example.test, x@else.test]");
}

TEST_CASE("set renames elements without braces and says that it cannot add to them") {
    const std::string text = "hostname: mail.example.test\nadmin: anna@example.test\ndomains:\n  - name: example.test\n"
                             "    mailboxes: [name: anna, name: ben]\n";
    check_change(text, "domains[example.test].mailboxes[ben].name", "carl", "name: ben", "name: carl");
    CHECK(code_of("domains[example.test].mailboxes[ben].quota", "1 GiB", text) == Code::not_supported);
}

TEST_CASE("set adds what is missing where it belongs") {
    check_change(sample, "rspamd.greylist", "3", "junk: 5\n", "junk: 5\n    greylist: 3\n");
    check_change(sample, "message_size", "20 MiB", "'anna@example.test'\n",
                 "'anna@example.test'\nmessage_size: 20 MiB\n");
    check_change(sample, "postfix.queue_lifetime", "2 days", "[192.0.2.10]}\n",
                 "[192.0.2.10]}\npostfix:\n  queue_lifetime: 2 days\n");
    check_change(sample, "network.relay_host.host", "relay.test", "[192.0.2.10]}",
                 "[192.0.2.10], relay_host: {host: relay.test}}");
    check_change(sample, "domains[example.test].quota", "3 GiB", "Example.Test\n", "Example.Test\n  quota: 3 GiB\n");
    check_change(sample, "domains[example.test].spam.junk", "4.5", "- b.test\n", "- b.test\n  spam:\n    junk: 4.5\n");
    check_change(sample, "domains[example.test].mailboxes[ben].display_name", "Ben: \"B\"", "1 GiB}",
                 "1 GiB, display_name: \"Ben: \\\"B\\\"\"}");
}

TEST_CASE("set brings a setting into use that is commented out") {
    const std::string text = example();
    check_change(text, "message_size", "20 MiB", "#message_size: 50 MiB", "message_size: 20 MiB");
    std::string expected = text;
    expected.replace(expected.find("#rspamd:"), 8, "rspamd:");
    expected.replace(expected.find("#junk: 6"), 8, "junk: 7");
    CHECK(set(text, file, "rspamd.junk", "7") == expected);
    check_change(text, "domains[example.test].quota", "1 GiB", "#quota: 5 GiB", "quota: 1 GiB");
    check_change(text, "domains[example.test].mailboxes[anna].quota", "1 GiB", "#quota: 10 GiB", "quota: 1 GiB");
}

TEST_CASE("set keeps the line ends of the file") {
    std::string text = "hostname: mail.example.test\r\nadmin: a@b.test\r\n";
    CHECK(set(text, file, "rspamd.junk", "7") == text + "rspamd:\r\n  junk: 7\r\n");
    CHECK(set("hostname: mail.example.test\nadmin: a@b.test", file, "rspamd.junk", "7") ==
          "hostname: mail.example.test\nadmin: a@b.test\nrspamd:\n  junk: 7");
}

TEST_CASE("set mends a file that lacks something") {
    CHECK(set("hostname: mail.example.test\n", file, "admin", "a@b.test") ==
          "hostname: mail.example.test\nadmin: a@b.test\n");
    CHECK(set("hostname: mail.example.test\nadmin:   # nobody yet\n", file, "admin", "a@b.test") ==
          "hostname: mail.example.test\nadmin: a@b.test   # nobody yet\n");
}

TEST_CASE("set refuses what is not valid, and what it cannot find") {
    CHECK(code_of("rspamd.reject", "lots") == Code::invalid_input);
    CHECK(code_of("rspamd.reject", "1") == Code::invalid_input); // below junk: only the whole file shows it
    CHECK(code_of("rspamd.rejekt", "12") == Code::invalid_input);
    CHECK(code_of("rspamd", "12") == Code::invalid_input);
    CHECK(code_of("rspamd.reject.more", "12") == Code::invalid_input);
    CHECK(code_of("domains.quota", "1 GiB") == Code::invalid_input);
    CHECK(code_of("domains[example.test", "1 GiB") == Code::invalid_input);
    CHECK(code_of("", "x") == Code::invalid_input);
    CHECK(code_of("domains[other.test].quota", "1 GiB") == Code::not_found);
    CHECK(code_of("domains[example.test].mailboxes[anne].quota", "1 GiB") == Code::not_found);
    CHECK(code_of("domains[example.test].mailboxes[ben].name", "anna") == Code::invalid_input);
    CHECK(code_of("hostname", "x.test\nadmin: y@z.test") == Code::invalid_input);
    CHECK(code_of("hostname", "x.test", "hostname: [") == Code::invalid_input);
    CHECK(code_of("dovecot.protocols", "") == Code::invalid_input);
}

TEST_CASE("a mistyped element gets the nearest one") {
    try {
        (void)set(sample, file, "domains[example.test].mailboxes[ana].quota", "1 GiB");
        FAIL("set() took an element that does not exist");
    } catch (const Error& error) {
        CHECK(error.hint() == "did you mean 'anna'?");
    }
}

TEST_CASE("get says what is in effect") {
    CHECK(get(sample, file, "hostname") == "mail.example.test");
    CHECK(get(sample, file, "rspamd.reject") == "12");
    CHECK(get(sample, file, "rspamd.greylist") == "4");
    CHECK(get(sample, file, "network.addresses") == "[192.0.2.10]");
    CHECK(get(sample, file, "dovecot.protocols") == "[imap]");
    CHECK(get(sample, file, "clamav") == "enabled: false\n");
    CHECK(get(sample, file, "domains[EXAMPLE.test].mailboxes[ben]") == "name: ben\nquota: 1 GiB\n");
    CHECK(get(sample, file, "domains[example.test].mailboxes[anna].display_name") == "Anna #1");
    CHECK_THROWS_AS(get(sample, file, "domains[example.test].quota"), Error);
    CHECK_THROWS_AS(get(sample, file, "domains[none.test].quota"), Error);
    CHECK_THROWS_AS(get("hostname: 5\n", file, "hostname"), Error);
}
