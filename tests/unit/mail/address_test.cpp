#include "catch.hpp"
#include "mail/address.hpp"

using namespace vectis;
using namespace vectis::mail;

namespace {

using Emails = std::vector<std::string>;

Emails emails_of(const std::string& list) {
    auto read = parse_address_list(list);
    INFO(list << ": " << read.fault);
    CHECK(read.fault.empty());
    return read.emails;
}

} // namespace

TEST_CASE("an address that every server takes is well") {
    for (const auto* email :
         {"anna@example.test", "anna+tag@example.test", "o'neill@example.test", "a.b.c@example.test",
          "Anna@EXAMPLE.test", "1@xn--bcher-kva.example", "_#!$%&*=?^`{|}~/@example.test"}) {
        INFO(email);
        CHECK_FALSE(address_fault(email));
    }
    CHECK_FALSE(address_fault(std::string(64, 'a') + "@example.test"));
}

TEST_CASE("what is no address, or could be read in two ways, is refused") {
    for (const std::string email : {"",
                                    "anna",
                                    "@example.test",
                                    "anna@",
                                    "anna@test",
                                    "anna b@example.test",
                                    "a..b@example.test",
                                    ".a@example.test",
                                    "a.@example.test",
                                    "-a@example.test",
                                    "a@example.test, b@example.test",
                                    "Anna <a@example.test>",
                                    "<a@example.test>",
                                    "a@[192.0.2.1]",
                                    "a@192.0.2.1",
                                    "\"a b\"@example.test",
                                    "a@b@example.test",
                                    "a@example.test.",
                                    "a@exa_mple.test",
                                    "a@example.test\r\nBcc: eve@evil.test",
                                    "a\n@example.test",
                                    "a\r@example.test",
                                    "a\t@example.test",
                                    "a@example.test\x7f",
                                    "a@example.test\xc2\x85",
                                    "a@example.test\xff",
                                    "a;b@example.test",
                                    "a:b@example.test",
                                    "a\\b@example.test",
                                    "a(b)@example.test"}) {
        INFO(email);
        const auto problem = address_fault(email);
        REQUIRE(problem);
        CHECK(problem->path.empty());
        CHECK_FALSE(problem->what.empty());
    }
    CHECK(address_fault(std::string("a\0b@example.test", 16)));
    CHECK(address_fault(std::string(65, 'a') + "@example.test"));
    CHECK(address_fault("a@" + std::string(250, 'b') + ".test"));
    CHECK(address_fault(std::string(100'000, 'a')));
}

TEST_CASE(
    "an international domain is wanted in its xn-- form, an international local part is refused with the reason") {
    const auto domain = address_fault("anna@bücher.example");
    REQUIRE(domain);
    CHECK(domain->hint.find("xn--") != std::string::npos);
    const auto local = address_fault("jürgen@example.test");
    REQUIRE(local);
    CHECK(local->hint.find("SMTPUTF8") != std::string::npos);
}

TEST_CASE("the envelope has the domain in lower case and leaves the rest alone") {
    CHECK(envelope_address("Anna.B@EXAMPLE.Test") == "Anna.B@example.test");
}

TEST_CASE("address lists give their addresses, in order") {
    CHECK(emails_of("").empty());
    CHECK(emails_of("a@example.test") == Emails{"a@example.test"});
    CHECK(emails_of("Anna <a@example.test>, \"Doe, John\" <J@EXAMPLE.test>") ==
          Emails{"a@example.test", "J@example.test"});
    CHECK(emails_of("<a@example.test>,b@example.test") == Emails{"a@example.test", "b@example.test"});
    CHECK(emails_of("(one (two) \\) three) a@example.test (four)") == Emails{"a@example.test"});
    CHECK(emails_of("John Q. Public <j@example.test>") == Emails{"j@example.test"});
    CHECK(emails_of("=?utf-8?Q?J=C3=BCrgen_M=2E?= <j@example.test>") == Emails{"j@example.test"});
    CHECK(emails_of("\"a \\\" <eve@evil.test>\" <a@example.test>") == Emails{"a@example.test"});
    CHECK(emails_of("a@example.test,\t b@example.test ") == Emails{"a@example.test", "b@example.test"});
}

TEST_CASE("groups give their members") {
    CHECK(emails_of("undisclosed-recipients:;").empty());
    CHECK(parse_address_list("undisclosed-recipients:;").has_group);
    CHECK_FALSE(parse_address_list("a@example.test").has_group);
    CHECK(emails_of("Team: a@example.test, Bob <b@example.test>; , c@example.test") ==
          Emails{"a@example.test", "b@example.test", "c@example.test"});
    CHECK(emails_of("A: a@example.test;, B:;, \"C\": c@example.test;") == Emails{"a@example.test", "c@example.test"});
}

TEST_CASE("a list that two readers could understand differently is refused as a whole") {
    for (const std::string list : {"a@example.test b@example.test",
                                   "a@example.test <eve@evil.test>",
                                   "Anna a@example.test",
                                   "<@relay.test:a@example.test>",
                                   "a @example.test",
                                   "a@ example.test",
                                   "< a@example.test>",
                                   "<a@example.test >",
                                   "a@example.test,",
                                   ",a@example.test",
                                   "a@example.test,,b@example.test",
                                   "A: B: c@example.test;;",
                                   "Team: a@example.test",
                                   "Team: a@example.test, b@example.test",
                                   ";",
                                   ":;",
                                   "a@example.test;",
                                   "(open a@example.test",
                                   "\"open <a@example.test>",
                                   "<a@example.test",
                                   "a@example.test>",
                                   "\"a@evil.test x\"@example.test",
                                   "\"a\"@example.test",
                                   "\"\"@example.test",
                                   "Anna <a@example.test> <b@example.test>",
                                   "Anna",
                                   "a@b@example.test",
                                   "Doe, John <j@example.test>",
                                   "a(x)@example.test",
                                   "a@example.test (open",
                                   "<>",
                                   "Anna <>",
                                   "a@example.test b",
                                   "a.b c@example.test",
                                   "\\a@example.test",
                                   "a@example.test\xc3\xbc"}) {
        INFO(list);
        const auto read = parse_address_list(list);
        CHECK_FALSE(read.fault.empty());
        CHECK(read.emails.empty());
    }
}

TEST_CASE("a hostile list takes no more than its length") {
    std::string groups;
    std::string mailboxes;
    for (int i = 0; i < 200'000; ++i) {
        groups += "a:";
        mailboxes += "a@example.test,";
    }
    CHECK_FALSE(parse_address_list(groups).fault.empty());
    CHECK_FALSE(parse_address_list(std::string(200'000, '(')).fault.empty());
    CHECK_FALSE(parse_address_list(std::string(200'000, '"')).fault.empty());
    CHECK_FALSE(parse_address_list(std::string(200'000, '<')).fault.empty());
    CHECK(parse_address_list(mailboxes + "a@example.test").emails.size() == 200'001);
}
