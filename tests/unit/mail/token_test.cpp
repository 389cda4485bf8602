#include "base/error.hpp"
#include "base/text.hpp"
#include "catch.hpp"
#include "mail/token.hpp"
#include "thrown.hpp"

#include <algorithm>
#include <limits>
#include <string>

using namespace vectis;
using namespace vectis::mail;

namespace {

const std::string bounce_key = "0123456789abcdef0123456789abcdef";

} // namespace

TEST_CASE("a bounce address is what HMAC-SHA256 and base32 make of the recipient") {
    // Made by Python's hmac and base64 modules.
    CHECK(bounce_address(0, "example.test", bounce_key) == "bounce+aaaaaaaaaaaabdhaxhd5qzswes7aulvs@example.test");
    CHECK(bounce_address(42, "example.test", bounce_key) == "bounce+aaaaaaaaaaaculm36xvy2cqqcz7yqetl@example.test");
    CHECK(bounce_address(-1, "example.test", bounce_key) == "bounce+77777777777777oc676giimx3ofq6f3k@example.test");
}

TEST_CASE("every recipient comes back from its address, in any case") {
    for (const std::int64_t id : {std::int64_t{0}, std::int64_t{1}, std::int64_t{255}, std::int64_t{1} << 40U,
                                  std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()}) {
        const std::string address = bounce_address(id, "example.test", bounce_key);
        const std::string local = address.substr(0, address.find('@'));
        CHECK(local.size() <= 64);
        CHECK(local.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789+") == std::string::npos);
        CHECK(bounced_recipient(address, bounce_key) == id);
        CHECK(bounced_recipient(local, bounce_key) == id);
        std::string shouted = address;
        std::transform(shouted.begin(), shouted.end(), shouted.begin(),
                       [](char each) { return each >= 'a' && each <= 'z' ? static_cast<char>(each - 32) : each; });
        CHECK(bounced_recipient(shouted, bounce_key) == id);
    }
}

TEST_CASE("nobody else can make one") {
    const std::string address = bounce_address(42, "example.test", bounce_key);
    const auto at = address.find('@');
    for (std::size_t i = 0; i < at; ++i) {
        std::string changed = address;
        changed[i] = changed[i] == 'b' ? 'c' : 'b';
        CHECK_FALSE(bounced_recipient(changed, bounce_key));
        changed.erase(i, 1);
        CHECK_FALSE(bounced_recipient(changed, bounce_key));
    }
    CHECK_FALSE(bounced_recipient(address, "0123456789abcdef0123456789abcdee"));
    CHECK_FALSE(bounced_recipient("x" + address, bounce_key));
    CHECK_FALSE(bounced_recipient(address.substr(0, at) + "a@example.test", bounce_key));
    for (const auto* wrong : {"", "@", "bounce+", "bounce+@example.test", "bounce@example.test",
                              "bounce+00000000000000000000000000000000@example.test", "alice@example.test"})
        CHECK_FALSE(bounced_recipient(wrong, bounce_key));
}

TEST_CASE("a key that can be guessed is refused") {
    CHECK_THROWS_AS(bounce_address(42, "example.test", "short"), Error);
    CHECK_THROWS_AS(bounced_recipient(bounce_address(42, "example.test", bounce_key), ""), Error);
}

TEST_CASE("a link to unsubscribe is one recipient's of one message, and neither it nor its key is a bounce's") {
    const Subscriber anna{.recipient = 42, .message = "019dc1a6-6f5e-7a4c-b5c0-3f0b0a1f5d11"};
    const std::string token = unsubscribe_token(anna, bounce_key);
    CHECK(token.size() == 64);
    CHECK(token.find_first_not_of("abcdefghijklmnopqrstuvwxyz234567") == std::string::npos);
    CHECK(subscriber_of(token, bounce_key) == anna);
    std::string shouted = token;
    std::transform(shouted.begin(), shouted.end(), shouted.begin(),
                   [](char each) { return each >= 'a' && each <= 'z' ? static_cast<char>(each - 32) : each; });
    CHECK(subscriber_of(shouted, bounce_key) == anna);
    for (std::size_t i = 0; i < token.size(); ++i) {
        std::string changed = token;
        changed[i] = changed[i] == 'b' ? 'c' : 'b';
        CHECK_FALSE(subscriber_of(changed, bounce_key));
        changed.erase(i, 1);
        CHECK_FALSE(subscriber_of(changed, bounce_key));
    }
    CHECK_FALSE(subscriber_of(token, "0123456789abcdef0123456789abcdee"));
    CHECK_FALSE(subscriber_of("", bounce_key));
    CHECK_FALSE(bounced_recipient("bounce+" + token, bounce_key));
    CHECK_FALSE(bounced_recipient("bounce+" + token.substr(0, 32), bounce_key));
    CHECK(test::error_of([] {
              static_cast<void>(unsubscribe_token({.recipient = 1, .message = "m"}, bounce_key));
          }).code() == Code::internal);
}
