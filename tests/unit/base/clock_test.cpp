#include "base/clock.hpp"
#include "base/error.hpp"
#include "catch.hpp"

#include <string>

using namespace vectis;
using namespace std::string_literals;

TEST_CASE("a time survives the way to text and back") {
    for (const auto* text : {"2026-11-24T10:43:11.000Z", "1970-01-01T00:00:00.000Z", "0001-01-01T00:00:00.001Z",
                             "9999-12-31T23:59:59.999Z", "2024-02-29T12:00:00.500Z"})
        CHECK(rfc3339(parse_rfc3339(text)) == text);
}

TEST_CASE("a time is read in each form of RFC 3339") {
    const auto read = [](const char* text) { return rfc3339(parse_rfc3339(text)); };
    CHECK(read("2026-11-24T10:43:11Z") == "2026-11-24T10:43:11.000Z");
    CHECK(read("2026-11-24t10:43:11z") == "2026-11-24T10:43:11.000Z");
    CHECK(read("2026-11-24T10:43:11.5Z") == "2026-11-24T10:43:11.500Z");
    CHECK(read("2026-11-24 10:43:11.123456+00:00") == "2026-11-24T10:43:11.123Z");
    CHECK(read("2026-11-24T00:13:11+02:30") == "2026-11-23T21:43:11.000Z");
    CHECK(read("2026-11-24T23:13:11-02:30") == "2026-11-25T01:43:11.000Z");
    CHECK(read("0000-03-01T00:00:00-00:00") == "0000-03-01T00:00:00.000Z");
}

TEST_CASE("what is no time is refused") {
    for (const auto* text :
         {"", "2026-11-24", "2026-02-31T00:00:00.000Z", "2026-11-24T25:00:00.000Z", " 2026-11-24T10:43:11.000Z",
          "+026-11-24T10:43:11.000Z", "2026-11-24T10:43:11.Z", "2026-11-24T10:43:11.0", "2026-11-24T10:43:11",
          "2026-11-24T10:43:11.000Zulu", "2026-11-24T10:43:60.000Z", "2026-11-24T10:43:11+2:00",
          "2026-11-24T10:43:11+24:00", "2026-11-24T10:43:11+00:60", "2026-13-24T10:43:11Z", "2026-11-24T10:43:11Zx",
          "9999-12-31T23:59:59-01:00", "0000-01-01T00:00:00+01:00", "in 1 min"})
        CHECK_THROWS_AS(parse_rfc3339(text), Error);
}

TEST_CASE("a date in words is in UTC, as HTTP and as mail writes it") {
    const Time time = parse_rfc3339("2026-11-04T01:02:03.999Z");
    CHECK(http_date(time) == "Wed, 04 Nov 2026 01:02:03 GMT");
    CHECK(message_date(time) == "Wed, 04 Nov 2026 01:02:03 +0000");
}

TEST_CASE("a date of HTTP survives the way to text and back") {
    for (const auto* text : {"Tue, 24 Nov 2026 10:43:11 GMT", "Thu, 01 Jan 1970 00:00:00 GMT",
                             "Thu, 29 Feb 2024 23:59:59 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"}) {
        INFO(text);
        CHECK(http_date(parse_http_date(text).value()) == text);
    }
    CHECK(rfc3339(parse_http_date("Tue, 24 Nov 2026 10:43:11 GMT").value()) == "2026-11-24T10:43:11.000Z");
}

TEST_CASE("what is no date of HTTP is none") {
    for (const auto* text :
         {"", "120", "Mon, 24 Nov 2026 10:43:11 GMT", "Tue, 24 Nov 2026 10:43:11 UTC", "Tue, 24 Nov 2026 10:43:11",
          "Tue, 24 nov 2026 10:43:11 GMT", "Tue, 31 Feb 2026 10:43:11 GMT", "Tue, 24 Nov 2026 25:43:11 GMT",
          "Tuesday, 24-Nov-26 10:43:11 GMT", "Tue Nov 24 10:43:11 2026", " Tue, 24 Nov 2026 10:43:11 GMT",
          "Tue, 24 Nov 2026 10:43:11 GMT ", "Tue, 24 Nov -026 10:43:11 GMT", "Tue,24 Nov 2026 10:43:11 GMT"}) {
        INFO(text);
        CHECK_FALSE(parse_http_date(text).has_value());
    }
    CHECK_FALSE(parse_http_date("Tue, 24 Nov 2026 10:43:11 GMT\0"s).has_value());
}
