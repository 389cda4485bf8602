#include "base/base64.hpp"
#include "catch.hpp"

#include <string>

using namespace vectis;

TEST_CASE("base64 goes both ways and refuses what is none") {
    using namespace std::string_literals;
    for (const auto& bytes : {"a"s, "ab"s, "abc"s, "\0\xff\x80"s})
        CHECK(from_base64(base64(bytes)) == bytes);
    CHECK(from_base64("YW\r\n Jj") == "abc");
    for (const auto* text : {"", "Y", "YW=", "Y=Jj", "YWJj=", "YW!j", "====", "----", "YWJjYW--", "A-=="})
        CHECK_FALSE(from_base64(text).has_value());
}
