#include "catch.hpp"
#include "config/load.hpp"
#include "config/smallest.hpp"

#include <algorithm>
#include <string>

using namespace vectis;
using namespace vectis::config;
using vectis::test::domain;
using vectis::test::head;
using vectis::test::text_of;

TEST_CASE("a whole configuration comes into the model") {
    const Loaded loaded = load(R"(# everything
hostname: Mail.Example.Test
admin: anna@example.test
message_size: 30 MiB
tls:
  mode: files
  certificate: /etc/ssl/certs/mail.pem
  key: /etc/ssl/private/mail.key
network:
  addresses: [192.0.2.10, '2001:DB8:0::10']
  interfaces:
    - eth0
  ipv4: true
  ipv6: true
  relay_host: {host: smtp.provider.test, port: 465, tls: wrapper, username: us, password_secret: relay}
postfix:
  submission: false
  submissions: true
  recipient_delimiter: "="
  queue_lifetime: 3 days
  recipient_limit: 200
dovecot:
  quota: 2 GiB
  protocols: [imap, managesieve]
rspamd:
  reject: 15.5
  junk: 6.0
  greylist: 4
  greylisting: true
  junk_filing: false
clamav:
  enabled: true
retention:
  generations: 20
  junk: 2 weeks
  trash: forever
domains:
  - name: example.test
    quota: unlimited
    catch_all: anna@example.test
    alias_domains: [example-shop.test]
    dkim:
      rsa_selector: r2026
      ed25519_selector: e2026
    spam:
      junk: 5.5
    mailboxes:
      - name: Anna
        display_name: "Änna \"the\" Example"
        password_hash: "{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"
        quota: 1 GiB
      - name: "007"
    aliases:
      - name: info
        to: anna@example-shop.test
      - name: all
        to:
          - anna=list@example.test
          - Someone@Elsewhere.test
)",
                               "config.yaml");
    INFO(text_of(loaded.problems));
    REQUIRE(loaded.ok());
    const Config& config = loaded.config;
    CHECK(config.hostname == "mail.example.test");
    CHECK(config.message_size == 30ULL << 20U);
    CHECK(config.tls == Tls{TlsMode::files, "/etc/ssl/certs/mail.pem", "/etc/ssl/private/mail.key"});
    CHECK(config.network.addresses == std::vector<std::string>{"192.0.2.10", "2001:db8::10"});
    CHECK(config.network.interfaces == std::vector<std::string>{"eth0"});
    CHECK(config.network.relay_host == RelayHost{"smtp.provider.test", 465, RelayTls::wrapper, "us", "relay"});
    CHECK(config.postfix == Postfix{false, true, "=", std::chrono::hours(72), 200});
    CHECK(config.dovecot == Dovecot{2ULL << 30U, true, false, true});
    CHECK(config.rspamd == Rspamd{{155, 60, 40}, true, false});
    CHECK(config.clamav.enabled);
    CHECK(config.retention == Retention{20, 14, 0});
    REQUIRE(config.domains.size() == 1);
    const Domain& example = config.domains[0];
    CHECK(example.quota == 0U);
    CHECK(example.catch_all == "anna@example.test");
    CHECK(example.alias_domains == std::vector<std::string>{"example-shop.test"});
    CHECK(example.dkim == Dkim{"r2026", "e2026"});
    CHECK(example.spam == Thresholds{std::nullopt, 55, std::nullopt});
    REQUIRE(example.mailboxes.size() == 2);
    CHECK(
        example.mailboxes[0] ==
        Mailbox{
            "anna", "Änna \"the\" Example", "{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA", 1ULL << 30U, {}});
    CHECK(example.mailboxes[0].mark.line == 48);
    CHECK(example.mailboxes[1].local_part == "007");
    REQUIRE(example.aliases.size() == 2);
    CHECK(example.aliases[0] == Alias{"info", {"anna@example-shop.test"}, {}});
    CHECK(example.aliases[1] == Alias{"all", {"anna=list@example.test", "someone@elsewhere.test"}, {}});
}

TEST_CASE("the smallest configuration has the defaults") {
    const Loaded loaded = load(head + domain, "config.yaml");
    INFO(text_of(loaded.problems));
    REQUIRE(loaded.ok());
    Config expected;
    expected.hostname = "mail.example.test";
    expected.admin = "anna@example.test";
    expected.domains = {Domain{"example.test"}};
    expected.domains[0].mailboxes = {Mailbox{"anna"}};
    CHECK(loaded.config == expected);
}
