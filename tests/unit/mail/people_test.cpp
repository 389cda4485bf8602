#include "catch.hpp"
#include "mail/people.hpp"

using namespace vectis;
using namespace vectis::mail;

TEST_CASE("addresses are read as people write them") {
    const auto people =
        parse_people("a@example.test, Zoë Müller <b@example.test> ,\"Meier, \\\"Max\\\"\" <c@example.test>");
    CHECK(people.fault.empty());
    REQUIRE(people.all.size() == 3);
    CHECK(people.all[0].email == "a@example.test");
    CHECK(people.all[0].name.empty());
    CHECK(people.all[1].name == "Zoë Müller");
    CHECK(people.all[1].email == "b@example.test");
    CHECK(people.all[2].name == "Meier, \"Max\"");
    CHECK(people.all[2].email == "c@example.test");
    CHECK(parse_people("<a@example.test>").all.at(0).email == "a@example.test");
}

TEST_CASE("what could be read in two ways is no address") {
    for (const auto* text :
         {"", " ", ",", "a@example.test,", "Anna <a@example.test", "Anna a@example.test>", "Anna <a@example.test> x",
          "\"Anna <a@example.test>", "An\"na <a@example.test>", "\"Anna\" B <a@example.test>"}) {
        INFO(text);
        const auto people = parse_people(text);
        CHECK_FALSE(people.fault.empty());
        CHECK(people.all.empty());
    }
}

TEST_CASE("the time of a Date field is read") {
    CHECK(rfc3339(parse_mail_date("Fri, 14 Oct 2011 23:10:10 -0100").value()) == "2011-10-15T00:10:10.000Z");
    CHECK_FALSE(parse_mail_date("tomorrow"));
}
