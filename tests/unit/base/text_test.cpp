#include "base/text.hpp"
#include "catch.hpp"

#include <array>

using namespace vectis;

TEST_CASE("nearest finds a slip of the finger and nothing far away") {
    constexpr std::array<std::string_view, 4> keys{"hostname", "domains", "dovecot", "plan"};
    CHECK(nearest("hostnmae", keys) == "hostname");
    CHECK(nearest("qouta", std::array<std::string_view, 1>{"quota"}) == "quota"); // two letters swapped are one slip
    CHECK(nearest("domain", keys) == "domains");
    CHECK(nearest("dovceot", keys) == "dovecot");
    CHECK(nearest("postfix", keys) == std::nullopt);
    CHECK(nearest("plna", keys) == "plan");
    CHECK(nearest("", keys) == std::nullopt);
}

TEST_CASE("is_utf8 refuses what RFC 3629 refuses") {
    CHECK(is_utf8("Grüße 漢字 😀"));
    CHECK_FALSE(is_utf8("\xff"));
    CHECK_FALSE(is_utf8("\xc0\xaf"));         // overlong slash
    CHECK_FALSE(is_utf8("\xe0\x80\xaf"));     // overlong, three bytes
    CHECK_FALSE(is_utf8("\xed\xa0\x80"));     // surrogate
    CHECK_FALSE(is_utf8("\xf4\x90\x80\x80")); // above U+10FFFF
    CHECK_FALSE(is_utf8("\xe4\xb8"));         // cut short
}

TEST_CASE("has_control finds every way to start a new line") {
    for (const std::string_view bad : {"a\nb", "a\rb", "a\tb", "a\x7f", "a\xc2\x85", "a\xe2\x80\xa8", "a\xe2\x80\xa9"})
        CHECK(has_control(bad));
    CHECK(has_control(std::string_view("a\0b", 3)));
    CHECK_FALSE(has_control("plain text, ünïcode"));
}

TEST_CASE("printable shows what cannot be printed") {
    CHECK(printable("a\nb\xff") == "a\\u000ab\\xff");
}

TEST_CASE("sizes survive the way to text and back") {
    for (const std::uint64_t bytes : {0ULL, 1ULL, 1536ULL, 1ULL << 20U, 5ULL << 30U, ~0ULL})
        CHECK(parse_size(format_size(bytes)) == bytes);
    CHECK(parse_size("50 MiB") == 50ULL << 20U);
    CHECK(parse_size("50MB") == std::nullopt);
    CHECK(parse_size("-1") == std::nullopt);
    CHECK(parse_size("99999999999 TiB") == std::nullopt);
    CHECK(parse_size("1.5 GiB") == std::nullopt);
}
