#include "base/base64.hpp"
#include "catch.hpp"
#include "thrown.hpp"
#include "webhooks/signature.hpp"

using namespace vectis;
using namespace vectis::webhooks;

namespace {

// The vector that Standard Webhooks and its libraries publish.
const std::string published_secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const std::string published_id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const Time published_at{std::chrono::seconds(1614265330)};
const std::string published_body = R"({"test": 2432232314})";
const std::string published_signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

} // namespace

TEST_CASE("the published webhook is signed as published") {
    CHECK(signature(published_id, published_at, published_body, {published_secret}) == published_signature);
    const auto headers =
        signed_headers(published_id, published_at + std::chrono::milliseconds(999), published_body, {published_secret});
    CHECK(headers == std::vector<std::pair<std::string, std::string>>{{"webhook-id", published_id},
                                                                      {"webhook-timestamp", "1614265330"},
                                                                      {"webhook-signature", published_signature}});
}

TEST_CASE("while a secret changes both sign") {
    const std::string other = new_secret();
    const std::string both = signature(published_id, published_at, published_body, {other, published_secret});
    CHECK(both == signature(published_id, published_at, published_body, {other}) + " " + published_signature);
}

TEST_CASE("id, time and body are all signed") {
    const std::string id = "msg_1";
    const std::string whole = signature(id, published_at, "{}", {published_secret});
    CHECK(signature("msg_2", published_at, "{}", {published_secret}) != whole);
    CHECK(signature(id, published_at + std::chrono::seconds(1), "{}", {published_secret}) != whole);
    CHECK(signature(id, published_at, "{ }", {published_secret}) != whole);
    CHECK(signature(id, published_at, "", {published_secret}).size() == whole.size());
}

TEST_CASE("a new secret is one, of 32 bytes, and no two are the same") {
    const std::string made = new_secret();
    CHECK(secret_key(made).value().size() == 32);
    CHECK(made.size() == std::string("whsec_").size() + 44);
    CHECK(new_secret() != made);
}

TEST_CASE("what is no secret signs nothing") {
    const auto with = [](std::size_t bytes) { return "whsec_" + base64(std::string(bytes, 'x')); };
    CHECK(secret_key(published_secret).value().size() == 24);
    CHECK(secret_key(with(24)).has_value());
    CHECK(secret_key(with(64)).has_value());
    for (const auto& wrong :
         {std::string(), std::string("whsec_"), published_secret.substr(6), "WHSEC_" + published_secret.substr(6),
          published_secret + "=", published_secret + "\n", "whsec_ " + published_secret.substr(6), with(23), with(65),
          std::string("whsec_????????????????????????????????")}) {
        INFO(wrong);
        CHECK_FALSE(secret_key(wrong).has_value());
        const Error error = test::error_of([&] {
            static_cast<void>(signature("msg_1", published_at, "", {published_secret, wrong}));
        });
        CHECK(error.code() == Code::internal);
        CHECK((wrong.empty() || std::string(error.what()).find(wrong) == std::string::npos));
    }
    CHECK_THROWS_AS(signature("msg_1", published_at, "", {}), Error);
}
