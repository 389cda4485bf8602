#include "base/text.hpp"
#include "catch.hpp"
#include "config/describe.hpp"
#include "config/fields.hpp"
#include "config/load.hpp"
#include "config/smallest.hpp"

#include <algorithm>
#include <regex>
#include <string>
#include <vector>

using namespace vectis;
using namespace vectis::config;
using vectis::test::domain;
using vectis::test::head;
using vectis::test::text_of;

namespace {

std::vector<Problem> problems_in(const std::string& yaml) {
    return load(yaml, "config.yaml").problems;
}

/// The example with every setting in use, a line for each key.
std::vector<std::string> everything() {
    std::string text = std::regex_replace(example(), std::regex("(^|\n)( *)#([^ ])"), "$1$2$3");
    text.replace(text.find("self_signed\n"), 11, "files");
    return split(text, '\n');
}

/// The path in the table of the key that each line has; empty for other lines.
std::vector<std::string> paths_of(const std::vector<std::string>& lines) {
    std::vector<std::pair<std::size_t, std::string>> open; // indentation and path
    std::vector<std::string> paths;
    const std::regex key("^( *(?:- )?)([a-z0-9_]+):.*$");
    for (const std::string& line : lines) {
        std::smatch match;
        if (!std::regex_match(line, match, key)) {
            paths.emplace_back();
            continue;
        }
        const auto indent = static_cast<std::size_t>(match[1].length());
        while (!open.empty() && open.back().first >= indent)
            open.pop_back();
        std::string path = open.empty() ? match[2].str() : open.back().second + "." + match[2].str();
        if (find_field(path) == nullptr)
            path += "[]";
        open.emplace_back(indent, path);
        paths.push_back(path);
    }
    return paths;
}

std::vector<std::string> wrong_values(const Field& field) {
    std::vector<std::string> values{
        "",     "~",    "{a: b}",    "[[a]]",     "!!binary aGk=", "!!python/object:os.system x",
        "!x y", "&x y", "\"\\x01\"", "\"a\\nb\"", "\"a\\u2028b\"", "\"" + std::string(5000, 'a') + "\""};
    const auto add = [&](std::initializer_list<const char*> more) {
        values.insert(values.end(), more.begin(), more.end());
    };
    if (field.arity == Arity::one)
        add({"[]", "[a, b]"});
    else
        add({"[a@b.test, ~]", "[a@b.test, [c]]", "[{a: b}]"});
    if (field.arity == Arity::list)
        add({"word", "5", "true"});
    switch (field.kind) {
    case Kind::boolean:
        add({"yes", "no", "on", "Off", "True", "TRUE", "1", "0", "'true'", "y", "truee"});
        break;
    case Kind::integer:
    case Kind::count:
        add({"abc", "1.5", "'5'", "0x10", "0o17", "007", "1e3", "-1", "+5", "0", "99999999999999999999", "1_000",
             "1,000", "true",
             "5 "
             "apples"});
        values.push_back(std::to_string(field.range.max + 1));
        values.push_back(std::to_string(field.range.min - 1));
        break;
    case Kind::size:
        add({"abc", "2 GB", "2G", "2 gib", "-1", "1.5 GiB", "2 GiB GiB", "0x10", "010", "99999999999 TiB", "true",
             "2000 TiB"});
        break;
    case Kind::minutes:
        add({"1.5 hours", "10", "10 min", "10m", "0 minutes", "9 weeks", "forever"});
        [[fallthrough]];
    case Kind::hours:
    case Kind::days:
        add({"abc", "5", "0", "5d", "-5 days", "5 years", "1.5 days", "0 days", "5  days", "9999999 days", "true"});
        break;
    case Kind::score:
        add({"abc", "6.25", "6,5", "'6'", "-1", "0", "1e2", ".5", "6.", "1000.1", "true", "0x6"});
        break;
    case Kind::choice:
        add({"abc", "5", "[imap, imap]", "[IMAP]"});
        break;
    case Kind::text:
        add({"12", "1.5", "true", "0x10", "\" x\"", "1e5"});
        break;
    case Kind::host_name:
    case Kind::domain:
        add({"localhost", "-a.test", "a-.test", "a..test", ".a.test", "a.test.", "a_b.test", "192.0.2.1", "a b.test",
             "münchen.test", "a.test/x", "'a.test:25'", "'*.a.test'", "12", "true", "a.123"});
        values.push_back(std::string(64, 'a') + ".test");
        values.push_back(std::string(126, 'a') + "." + std::string(126, 'b') + ".test");
        break;
    case Kind::host:
        add({"localhost", "'[smtp.provider.test]'", "'smtp.provider.test:25'", "a b", "1.2.3", "'1.2.3.4.5'", "12"});
        break;
    case Kind::address:
        add({"anna",
             "'@a.test'",
             "anna@",
             "'anna@localhost'",
             "a b@c.test",
             "'a@b@c.test'",
             "'Anna <a@b.test>'",
             "a..b@c.test",
             ".a@b.test",
             "a.@b.test",
             "-a@b.test",
             "ü@b.test",
             "a@münchen.test",
             "'\"a b\"@c.test'",
             "a@[192.0.2.1]",
             "'|cmd@x'",
             "':include:/etc/shadow'",
             "/var/mail/x",
             "12",
             "true",
             "'a,b@c.test'",
             "'a@b.test, c@d.test'"});
        break;
    case Kind::local_part:
        add({"'a b'",  "a@b.test", "../a",  "'a/b'", "'/a'",   "'|cmd'", "':include:/etc/shadow'",
             "'a..b'", "'.a'",     "'a.'",  "-a",    "12",     "1.5",    "true",
             "'a%b'",  "'a!b'",    "'a*'",  "'a$b'", "'a\"b'", "'a\\b'", "'a`b'",
             "'a{b'",  "'a|b'",    "'a;b'", "'a:b'", "'a,b'",  "'a<b'",  "'a(b'",
             "ü",      "аnna" /* Cyrillic a */});
        values.push_back(std::string(65, 'a'));
        break;
    case Kind::ip_address:
        add({"[a]", "[192.0.2]", "[192.0.2.256]", "[192.0.2.010]", "['192.0.2.1/24']", "[0.0.0.0]", "['::']",
             "[224.0.0.1]", "['ff02::1']", "['fe80::1%eth0']", "[192.0.2.1, 192.0.2.1]",
             "['2001:db8::1', '2001:DB8:0::1']"});
        break;
    case Kind::ip_network:
        add({"[a]",
             "[192.0.2]",
             "[0.0.0.0/0]",
             "['::/0']",
             "[127.0.0.0/7]",
             "['2000::/3']",
             "[192.0.2.1/24]",
             "['2001:db8::1/32']",
             "[192.0.2.0/33]",
             "['2001:db8::/129']",
             "[192.0.2.0/024]",
             "[192.0.2.0/-1]",
             "['192.0.2.0/']",
             "['/24']",
             "['192.0.2.0/24/24']",
             "['192.0.2.1, 192.0.2.2']",
             "[192.0.2.0/255.255.255.0]",
             "['fe80::1%eth0']",
             "['::ffff:192.0.2.1']",
             "[client.outside.test]",
             "[192.0.2.1, 192.0.2.1]",
             "['192.0.2.1/32', 192.0.2.1]"});
        break;
    case Kind::interface:
        add({"['a b']", "['../x']", "[abcdefghijklmnop]", "['']", "[eth0, eth0]", "[5]"});
        break;
    case Kind::path:
        add({"relative", "'~/x'", "/", "/a/", "/a/../b", "/a//b", "/a/./b", "'/a b'", "'/a$b'", "'/a{b'", "'/a;b'",
             "'/a#b'", "'/a\"b'", "/ä", "12"});
        break;
    case Kind::secret_name:
        add({"a/b", "../x", "'a b'", "-a", "a-", "12", "'.'", "ü"});
        break;
    case Kind::selector:
        add({"a_b", "a.b", "../x", "'a b'", "-a", "a-", "12", "ü"});
        break;
    case Kind::password_hash:
        add({"secret", "'{PLAIN}secret'", "'{CLEARTEXT}secret'", "'{plain}secret'", "'{PLAIN.B64}c2VjcmV0'",
             "'{NOPE}x'", "'{MD5}x'", "'{ARGON2ID}'", "'{ARGON2ID}x'", "'{ARGON2ID}$argon2id$a b'",
             "'$argon2id$v=19$m=1'", "'{SHA512-CRYPT}$5$x'", "'{BLF-CRYPT}$2y$''x'", "'{BLF-CRYPT}$2y$\"x'", "'{'",
             "'}'", "12",
             // An hour and more for each login.
             "'{SHA512-CRYPT}$6$rounds=999999999$salt$x'", "'{BLF-CRYPT}$2y$31$x'", "'{PBKDF2}$1$salt$99999999$x'",
             "'{SCRAM-SHA-1}99999999,salt,x,y'", "'{CRYPT}$sha1$4294967295$salt$x'",
             "'{SHA512-CRYPT.B64}JDYkcm91bmRzPTk5OTk5OTk5OSRzYWx0JHg='",
             "'{ARGON2ID}$argon2id$v=19$m=4194304,t=2,p=1$x$y'",
             "'{ARGON2ID}$argon2id$v=19$m=65536,t=99999999999999999999,p=1$x$y'"});
        break;
    case Kind::section:
    case Kind::items:
        break;
    }
    return values;
}

bool has_problem_at(const std::vector<Problem>& problems, std::size_t line, std::string_view key) {
    return std::any_of(problems.begin(), problems.end(), [&](const Problem& problem) {
        return problem.where.line == line && (key.empty() || problem.path.ends_with(key)) && problem.where.column > 0 &&
               problem.where.file == "config.yaml";
    });
}

/// Exactly one problem, at this line, with this path and these words in it.
void check_one(const std::string& yaml, std::uint32_t line, const std::string& path, const std::string& words = "") {
    const auto problems = problems_in(yaml);
    INFO(yaml << "\n" << text_of(problems));
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].where.line == line);
    CHECK(problems[0].path == path);
    CHECK((problems[0].what + problems[0].hint).find(words) != std::string::npos);
}

} // namespace

TEST_CASE("a wrong value for any key is reported at its line, by its name") {
    const auto lines = everything();
    const auto paths = paths_of(lines);
    std::size_t checked = 0;
    for (const Field& field : fields()) {
        const auto at = static_cast<std::size_t>(std::find(paths.begin(), paths.end(), field.path) - paths.begin());
        INFO(field.path);
        REQUIRE(at < lines.size());
        if (field.kind == Kind::section || field.kind == Kind::items)
            continue;
        for (const std::string& value : wrong_values(field)) {
            auto changed = lines;
            changed[at] = changed[at].substr(0, changed[at].find(": ") + 1) + (value.empty() ? "" : " ") + value;
            const auto problems = problems_in(join(changed, "\n"));
            INFO(changed[at].substr(0, 200) << "\n" << text_of(problems));
            CHECK(has_problem_at(problems, at + 1, field.name()));
            CHECK(problems.size() <= 4);
            ++checked;
        }
    }
    CHECK(checked > 700);
}

TEST_CASE("a section or list that is something else is reported, and so is what it then lacks") {
    for (const Field& field : fields()) {
        if (field.kind != Kind::section || field.path.find("[]") != std::string_view::npos ||
            field.path.find('.') != std::string_view::npos)
            continue;
        for (const std::string value : {"", " text", " 5", " [a]", " ~"}) {
            const auto problems = problems_in(head + domain + std::string(field.path) + ":" + value + "\n");
            INFO(field.path << value << "\n" << text_of(problems));
            CHECK(has_problem_at(problems, 7, field.path));
        }
    }
    for (const std::string value : {"", " text", " {a: b}", " [text]", " [[]]", " [~]"}) {
        const auto problems =
            problems_in("hostname: mail.example.test\nadmin: a@elsewhere.test\ndomains:" + value + "\n");
        INFO(value << "\n" << text_of(problems));
        CHECK(has_problem_at(problems, 3, "domains"));
    }
}

TEST_CASE("unknown keys get the nearest one that is known there") {
    check_one(head + domain + "rspamd:\n  rejct: 5\n", 8, "rspamd", "'reject'");
    check_one(head + domain + "rspamd:\n  quota: 5 GiB\n", 8, "rspamd", "'dovecot.quota'");
    check_one(head + domain + "calendar: {enabled: true}\n", 7, "", "known here");
    check_one(head + domain + "        qouta: 5 GiB\n", 7, "domains[example.test].mailboxes[anna]", "'quota'");
    check_one(head + domain + "\"a\\nb\": 5\n", 7, "", "a\\u000ab");
    check_one(head + domain + "<<: {a: b}\n", 7, "", "merge keys");
    check_one(head + domain + "{a: b}: 5\n", 7, "", "expected a key");
    check_one(head + domain + "? [a, b]\n: 5\n", 7, "", "expected a key");
    check_one(head + domain + ": 5\n", 7, "", "expected a key");
}

TEST_CASE("a key that stands twice is reported, at any depth") {
    check_one(head + domain + "admin: anna@example.test\n", 7, "admin", "twice");
    check_one(head + domain + "rspamd: {junk: 5, junk: 5}\n", 7, "rspamd.junk", "twice");
    check_one(head + domain + "        name: ben\n", 7, "domains[example.test].mailboxes[anna].name", "twice");
    check_one(head + domain + "    mailboxes: []\n", 7, "domains[example.test].mailboxes", "twice");
    check_one(head + domain + "domains: []\n", 7, "domains", "twice");
}

TEST_CASE("keys that must be there are missed at the place where they should stand") {
    const auto problems = problems_in("message_size: 10 MiB\n");
    REQUIRE(problems.size() == 2);
    CHECK(problems[0].what.find("'hostname'") != std::string::npos);
    CHECK(problems[1].what.find("'admin'") != std::string::npos);
    check_one(head + domain + "      - display_name: Ben\n", 7, "domains[example.test].mailboxes[1]", "'name'");
    check_one(head + domain + "    aliases:\n      - name: info\n", 8, "domains[example.test].aliases[info]", "'to'");
    check_one(head + domain + "tls: {mode: files, key: /k.pem}\n", 7, "tls.certificate", "missing");
}

TEST_CASE("a value that is not there is reported at its key or dash, not where the next thing stands") {
    check_one("hostname:\n\n# words\nadmin: a@b.test\n", 1, "hostname", "found nothing");
    check_one(head + domain + "      -   # who?\n\n\n      - name: ben\n", 7, "domains[example.test].mailboxes",
              "found nothing");
    check_one(head + "network:\n  addresses:\n    - 192.0.2.1\n    -\n  ipv4: true\n", 6, "network.addresses",
              "found nothing");
}

TEST_CASE("one address exists once") {
    const std::string end = head + domain;
    check_one(end + "      - name: ANNA\n", 7, "domains[example.test].mailboxes[anna].name", "line 6");
    check_one(end + "    aliases:\n      - {name: Anna, to: x@y.test}\n", 8, "domains[example.test].aliases[anna].name",
              "a mailbox already");
    check_one(end + "    aliases:\n      - {name: i, to: x@y.test}\n      - {name: I, to: x@z.test}\n", 9,
              "domains[example.test].aliases[i].name", "an alias already");
    check_one(end + "  - name: Example.TEST\n", 7, "domains[example.test].name", "line 4");
    check_one(end + "    alias_domains: [example.test]\n", 7, "domains[example.test].alias_domains", "itself");
    check_one(end + "    alias_domains: [b.test]\n  - name: b.test\n", 7, "domains[example.test].alias_domains",
              "a domain already");
    check_one(end + "    alias_domains: [b.test]\n  - name: c.test\n    alias_domains: [B.test]\n", 9,
              "domains[c.test].alias_domains", "an alias domain of example.test");
    check_one(end + "    alias_domains: [b.test, B.TEST]\n", 7, "domains[example.test].alias_domains", "twice");
    check_one(end + "    aliases:\n      - {name: i, to: [x@y.test, X@Y.test]}\n", 8,
              "domains[example.test].aliases[i].to", "twice");
    check_one(end + "    dkim: {rsa_selector: x, ed25519_selector: X}\n", 7, "domains[example.test].dkim", "'x'");
}

TEST_CASE("the hostname is nobody's domain") {
    check_one(head + domain + "  - name: mail.example.test\n", 7, "domains[mail.example.test].name", "the hostname");
    check_one(head + domain + "    alias_domains: [Mail.Example.Test]\n", 7, "domains[example.test].alias_domains",
              "the hostname");
    check_one("hostname: mail.example.test\nadmin: root@mail.example.test\n", 2, "admin", "server itself");
    check_one(head + domain + "    aliases: [{name: i, to: root@mail.example.test}]\n", 7,
              "domains[example.test].aliases[i].to", "server itself");
}

TEST_CASE("what mail is sent on to must exist") {
    check_one("hostname: mail.example.test\nadmin: ana@example.test\n" + domain, 2, "admin", "'anna@example.test'");
    check_one(head + domain + "    catch_all: nobody@example.test\n", 7, "domains[example.test].catch_all",
              "does not exist");
    check_one(
        head + domain +
            "    aliases:\n      - name: i\n        to:\n          - anna@example.test\n          - ann@example.test\n",
        11, "domains[example.test].aliases[i].to", "'anna@example.test'");
    check_one(head + domain + "    alias_domains: [b.test]\n    aliases: [{name: i, to: x@b.test}]\n", 8,
              "domains[example.test].aliases[i].to", "does not exist");
    CHECK(problems_in(
              head + domain +
              "    alias_domains: [b.test]\n    catch_all: anna@b.test\n    aliases: [{name: i, to: [anna+x@b.test, "
              "any@example.test]}]\n")
              .empty());
    CHECK(problems_in(head + domain + "    catch_all: someone@elsewhere.test\n").empty());
}

TEST_CASE("a mailbox that the recipient delimiter hides is refused") {
    check_one(head + domain + "      - name: a+b\n", 7, "domains[example.test].mailboxes[a+b].name", "'+'");
    CHECK(problems_in(head + domain + "      - name: a+b\npostfix: {recipient_delimiter: '-'}\n").empty());
}

TEST_CASE("an alias loop is reported once, however long") {
    const std::string aliases = head + domain + "    aliases:\n";
    check_one(aliases + "      - {name: a, to: a@example.test}\n", 8, "domains[example.test].aliases[a]",
              "a@example.test -> a@example.test");
    check_one(aliases + "      - {name: a, to: b@example.test}\n      - {name: b, to: [x@y.test, c@example.test]}\n"
                        "      - {name: c, to: a@example.test}\n",
              8, "domains[example.test].aliases[a]",
              "a@example.test -> b@example.test -> c@example.test -> a@example.test");
    check_one(aliases + "      - {name: a, to: any@example.test}\n    catch_all: a@example.test\n", 8,
              "domains[example.test].aliases[a]", "leads back");
    check_one(aliases + "      - {name: a, to: A@B.test}\n    alias_domains: [b.test]\n", 8,
              "domains[example.test].aliases[a]", "leads back");
    CHECK(problems_in(aliases + "      - {name: a, to: [c@example.test, b@example.test]}\n"
                                "      - {name: b, to: c@example.test}\n      - {name: c, to: anna@example.test}\n")
              .empty());
    std::string ring = aliases;
    for (int i = 0; i < 20'000; ++i)
        ring +=
            "      - {name: a" + std::to_string(i) + ", to: a" + std::to_string((i + 1) % 20'000) + "@example.test}\n";
    const auto problems = problems_in(ring);
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].text().size() < 1000);
}

TEST_CASE("keys that need each other are checked") {
    check_one(head + domain + "tls: {certificate: /c.pem}\n", 7, "tls.certificate", "mode: files");
    check_one(head + domain + "network: {ipv4: false, ipv6: false}\n", 7, "network");
    check_one(head + domain + "network: {ipv6: false, addresses: ['2001:db8::1']}\n", 7, "network.addresses");
    check_one(head + domain + "network: {relay_host: {port: 25}}\n", 7, "network.relay_host", "'host'");
    check_one(head + domain + "network: {relay_host: {host: a.test, username: x}}\n", 7, "network.relay_host",
              "password_secret");
    check_one(head + domain + "network: {relay_host: {host: a.test, username: x, password_secret: y, tls: none}}\n", 7,
              "network.relay_host.tls", "in the clear");
    check_one(head + domain + "network: {relay_host: {host: a.test, username: 'x:y', password_secret: y}}\n", 7,
              "network.relay_host.username", "':'");
    check_one(head + domain + "postfix: {dnsbl: [a.test, a.test]}\n", 7, "postfix.dnsbl", "twice");
    check_one(head + domain + "postfix: {dnsbl: [a.test], dnsbl_threshold: 2}\n", 7, "postfix.dnsbl_threshold",
              "agree");
    check_one(head + domain + "rspamd: {junk: 15}\n", 7, "rspamd", "rise");
    check_one(head + domain + "    spam: {reject: 5}\n", 7, "domains[example.test].spam", "rise");
}

TEST_CASE("anchors, aliases, tags and bombs are refused, not expanded") {
    check_one("hostname: &h mail.example.test\nadmin: a@b.test\n", 1, "hostname", "an anchor");
    check_one("hostname: mail.example.test\nadmin: a@b.test\nrspamd: &r {junk: 5}\n", 3, "rspamd", "an anchor");
    std::string bomb = "hostname: mail.example.test\nadmin: a@b.test\na: &a [x, x]\n";
    for (char each = 'b'; each < 'z'; ++each) {
        const std::string name(1, each);
        const std::string before(1, static_cast<char>(each - 1));
        bomb += name + ": &" + name + " [*" + before + ", *" + before + ", *" + before + ", *" + before + "]\n";
    }
    const auto problems = problems_in(bomb);
    CHECK(problems.size() > 20);
    CHECK(problems.size() <= 101);
    CHECK_FALSE(problems_in("hostname: &a [*a]\n").empty());
    CHECK_FALSE(problems_in("&a {hostname: *a}\n").empty());
    CHECK_FALSE(problems_in("&a [*a, *a]\n").empty());
    CHECK_FALSE(problems_in("*a\n").empty());
}

TEST_CASE("what is no YAML is said with its place") {
    CHECK(text_of(problems_in(head + "network:\n  interfaces: [a\n")).find("the list that starts with '['") !=
          std::string::npos);
    for (const std::string quote : {"\"a", "'a", "\"a\\\"", "'a''"})
        check_one(head + domain + "        display_name: " + quote, 7, "", "quote");
    check_one(head + "rspamd: {junk: 5\n", 4, "", "'{'");
    check_one("hostname: a.test: b\n", 1, "", "':'");
    CHECK(text_of(problems_in(head + domain + "        password_hash: {ARGON2ID}$argon2id$x\n"))
              .find("put the hash in quotes") != std::string::npos);
    check_one("- a\n- b\n", 1, "", "found a list");
    check_one("just words\n", 1, "", "'just words'");
    check_one(head + "---\nhostname: b.test\n", 3, "", "second document");
    check_one(head + "...\n---\n", 4, "", "second document");
    CHECK(problems_in("---\n" + head + domain + "...\n").empty());
    CHECK(problems_in("%YAML 1.2\n---\n" + head + domain).empty());
}

TEST_CASE("an empty file says what it lacks") {
    for (const std::string empty : {"", "\n\n", "# only words\n", "---\n", "~\n", "{}\n"}) {
        const auto problems = problems_in(empty);
        INFO(text_of(problems));
        CHECK(problems.size() >= 2);
        CHECK(text_of(problems).find("'hostname'") != std::string::npos);
        CHECK(text_of(problems).find("'admin'") != std::string::npos);
    }
}

TEST_CASE("bytes that have no place in a text file are reported by line and column") {
    check_one("hostname: a.test\n\tadmin: b\n", 2, "", "tab");
    check_one("hostname: a.test\n  \tadmin: b\n", 2, "", "tab");
    check_one("hostname: a\xff.test\n", 1, "", "0xFF");
    check_one("# caf\xe9\n", 1, "", "0xE9");
    check_one(std::string("hostname: a\0b\n", 14), 1, "", "control");
    check_one("hostname: a\rb\n", 1, "", "control");
    check_one("# \xe2\x80\xa8\n", 1, "", "control");
    check_one("# \xc2\x85\n", 1, "", "control");
    check_one("# \x7f\n", 1, "", "control");
    check_one("# \x04\n", 1, "", "control");
    check_one("\xef\xbb\xbfhostname: a.test\n", 1, "", "byte order mark");
    check_one("\xff\xfeh\0o\0", 1, "", "UTF-16");
    const auto problems = problems_in("hostname: \"äöü\xff\"\n");
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].where.column == 15); // in characters
    CHECK(problems_in("hostname:\tmail.example.test\r\nadmin: a@b.test\t# tab\r\n\t# tab\r\n \t\r\n").empty());
}

TEST_CASE("a hundred problems are listed, the others counted") {
    std::string many = head + domain;
    for (int i = 0; i < 100'000; ++i)
        many += "key" + std::to_string(i) + ": 1\n";
    const auto problems = problems_in(many);
    REQUIRE(problems.size() == 101);
    CHECK(problems.back().what.find("99900") != std::string::npos);
}

TEST_CASE("text that never ends is stopped early") {
    const std::string start = head + "network:\n  ";
    for (const std::string& text :
         {start + "addresses: [" + std::string(2'000'000, '['), start + "addresses: [" + std::string(2'000'000, 'a'),
          start + "addresses: \"" + std::string(2'000'000, 'a'), std::string(2'000'000, '{'),
          std::string(2'000'000, '['), std::string(2'000'000, '-'), std::string(2'000'000, '?'),
          std::string(2'000'000, '!'), std::string(2'000'000, '&')}) {
        CHECK_FALSE(problems_in(text).empty());
    }
    std::string deep;
    for (std::size_t i = 0; i < 2000; ++i)
        deep += std::string(i, ' ') + "a:\n";
    CHECK_FALSE(problems_in(deep).empty());
    std::string commas = start + "addresses: [";
    for (int i = 0; i < 1'000'000; ++i)
        commas += "a,";
    CHECK_FALSE(problems_in(commas).empty());
    std::string dashes;
    for (int i = 0; i < 500'000; ++i)
        dashes += "- ";
    CHECK_FALSE(problems_in(dashes).empty());
    std::string nothing = head + domain;
    for (int i = 0; i < 200'000; ++i)
        nothing += "      -\n";
    CHECK(problems_in(nothing).size() == 101);
    // Comments are no value and may be long.
    std::string comments = head + domain;
    for (int i = 0; i < 100'000; ++i)
        comments += "# nothing to see here\n";
    CHECK(problems_in(comments + "clamav: {enabled: false}\n").empty());
}

TEST_CASE("no message shows a password or its hash") {
    for (const std::string value : {"hunter2", "'{PLAIN}hunter2'", "'{NOPE}hunter2'", "[hunter2]", "{a: hunter2}",
                                    "'{MD5}hunter2'", "'$argon2id$hunter2'", "!x hunter2", "&x hunter2", "*hunter2",
                                    "'{SHA512-CRYPT}hunter2'", "\"hunter2\\n\"", "{ARGON2ID}hunter2"}) {
        const auto problems = problems_in(head + domain + "        password_hash: " + value + "\n");
        INFO(value << "\n" << text_of(problems));
        CHECK_FALSE(problems.empty());
        CHECK(text_of(problems).find("hunter2") == std::string::npos);
    }
}

TEST_CASE("messages read as sentences") {
    CHECK(text_of(problems_in(
              "hostname: mail.example.test\nadmin: anna@example.test\nmessage_size: 50 MB\nrspamd:\n  junk: six\n"
              "  greylisting: yes\ndomains:\n  - name: example.test\n    mailboxes:\n      - name: anna\n"
              "        quotta: 1 GiB\n")) ==
          "config.yaml:3:15: message_size: found the text '50 MB', expected a size such as 2 GiB, from 1 MiB to 1 GiB\n"
          "    hint: write 50 MiB\n"
          "config.yaml:5:9: rspamd.junk: found the text 'six', expected a score such as 6 or 6.5, from 0.1 to 1000\n"
          "config.yaml:6:16: rspamd.greylisting: found the text 'yes', expected true or false\n"
          "    hint: write true\n"
          "config.yaml:11:9: domains[example.test].mailboxes[anna]: unknown key 'quotta'\n"
          "    hint: did you mean 'quota'?\n");
}
