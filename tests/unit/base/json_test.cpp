#include "base/error.hpp"
#include "base/json.hpp"
#include "catch.hpp"

#include <nlohmann/json.hpp>

using namespace vectis;

TEST_CASE("JSON comes back as it was written") {
    const Json value = parse_json(R"({"b": [1, -2, 2.5, true, null, "ü"], "a": {}})");
    CHECK(to_text(value) == R"({"b":[1,-2,2.5,true,null,"ü"],"a":{}})");
}

TEST_CASE("JSON that nlohmann's own parser would swallow is refused") {
    CHECK_THROWS_AS(parse_json(R"({"a": 1, "a": 2})"), Error);
    CHECK_THROWS_AS(parse_json(std::string(1'000'000, '[')), Error);
    CHECK_THROWS_AS(parse_json("[1] trailing"), Error);
    CHECK_THROWS_AS(parse_json(""), Error);
    CHECK_THROWS_AS(parse_json("\"\xff\""), Error);
}

TEST_CASE("a whole number is taken as it is or refused") {
    const Json object = parse_json(R"({"a": 7, "b": -1, "c": 1.5, "d": 1e300, "e": "7", "f": 18446744073709551615})");
    CHECK(whole_number(object, "a") == 7);
    CHECK(whole_number(object, "a", 7) == 7);
    CHECK_THROWS_AS(whole_number(object, "a", 6), Error);
    for (const auto* key : {"b", "c", "d", "e", "f", "g"})
        CHECK_THROWS_AS(whole_number(object, key), Error);
    CHECK_THROWS_AS(whole_number(parse_json("[]"), "a"), Error);
}

TEST_CASE("a key becomes a part of a pointer that can be printed") {
    CHECK(pointer_part("X-Foo") == "X-Foo");
    CHECK(pointer_part("a/b~c") == "a~1b~0c");
    CHECK(pointer_part("a\nb\xff") == "a\\u000ab\\xff");
    CHECK(pointer_part(std::string(1000, 'a')).size() == 100);
}
