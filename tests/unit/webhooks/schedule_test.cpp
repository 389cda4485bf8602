#include "catch.hpp"
#include "webhooks/schedule.hpp"

using namespace vectis;
using namespace vectis::webhooks;
using namespace std::chrono_literals;

TEST_CASE("only 2xx delivers, and 410 wants no more") {
    for (const int status : {200, 201, 202, 204, 299})
        CHECK(verdict(1, status, {}, 0).fate == Fate::delivered);
    for (const int status :
         {0, 100, 101, 199, 300, 301, 302, 307, 308, 400, 401, 404, 409, 411, 429, 500, 503, 599, 999})
        CHECK(verdict(1, status, {}, 0).fate == Fate::again);
    CHECK(verdict(1, 410, {}, 0).fate == Fate::gone);
    // Whatever the attempt.
    CHECK(verdict(10, 200, {}, 0).fate == Fate::delivered);
    CHECK(verdict(10, 410, {}, 0).fate == Fate::gone);
}

TEST_CASE("ten attempts are made over three days, and then it is a dead letter") {
    const std::vector<std::chrono::milliseconds> expected{5s, 5min, 30min, 2h, 5h, 10h, 14h, 20h, 24h};
    for (unsigned attempt = 1; attempt <= expected.size(); ++attempt) {
        INFO(attempt);
        const auto next = verdict(attempt, 500, {}, 0);
        CHECK(next.fate == Fate::again);
        CHECK(next.wait == expected[attempt - 1]);
    }
    CHECK(verdict(10, 500, {}, 0).fate == Fate::dead);
    CHECK(verdict(11, 0, 5s, 0).fate == Fate::dead);
}

TEST_CASE("chance makes a wait up to a fifth longer, never shorter") {
    CHECK(verdict(1, 500, {}, 0.5).wait == 5500ms);
    CHECK(verdict(1, 500, {}, 1).wait == 6s);
    CHECK(verdict(9, 500, {}, 1).wait == 24h + 4h + 48min);
    CHECK(verdict(1, 500, {}, -3).wait == 5s);
    CHECK(verdict(1, 500, {}, 7).wait == 6s);
}

TEST_CASE("who asks to be left alone for longer is, within reason") {
    CHECK(verdict(1, 503, 2min, 0).wait == 2min);
    CHECK(verdict(1, 429, 2min, 1).wait == 2min + 24s);
    CHECK(verdict(4, 503, 1s, 0).wait == 2h);
    CHECK(verdict(1, 503, 240h, 0).wait == 24h);
}

TEST_CASE("a Retry-After is a number of seconds or a date") {
    const Time at = parse_rfc3339("2026-11-24T10:43:11.250Z");
    CHECK(retry_after("120", at) == 120s);
    CHECK(retry_after(" 0 ", at) == 0s);
    CHECK(retry_after("86401", at) == 24h);
    CHECK(retry_after("99999999999999999999999999", at) == 24h);
    CHECK(retry_after("Tue, 24 Nov 2026 10:45:11 GMT", at) == 120s); // not earlier than it says
    CHECK(retry_after("Tue, 24 Nov 2026 10:43:11 GMT", at) == 0s);
    CHECK(retry_after("Fri, 31 Dec 9999 23:59:59 GMT", at) == 24h);
    for (const auto* wrong : {"", " ", "-1", "+1", "1.5", "0x10", "120, 240", "soon", "1 2", "Tue, 24 Nov 2026"}) {
        INFO(wrong);
        CHECK_FALSE(retry_after(wrong, at).has_value());
    }
}
