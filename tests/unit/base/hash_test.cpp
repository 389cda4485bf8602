#include "base/hash.hpp"
#include "catch.hpp"

#include <fmt/format.h>

using namespace vectis;

namespace {

std::string hexadecimal_of(std::string_view bytes) {
    std::string text;
    for (const char each : bytes)
        text += fmt::format("{:02x}", static_cast<unsigned char>(each));
    return text;
}

} // namespace

TEST_CASE("HMAC-SHA-256 is that of RFC 4231") {
    CHECK(hexadecimal_of(hmac_sha256(std::string(20, '\x0b'), "Hi There")) ==
          "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    CHECK(hexadecimal_of(hmac_sha256("Jefe", "what do ya want for nothing?")) ==
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    CHECK(hexadecimal_of(
              hmac_sha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")) ==
          "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    CHECK(hmac_sha256("", "").size() == 32);
}
