#include "front.hpp"
#include "mail/raw.hpp"

#include <fmt/format.h>

using namespace vectis;
using vectis::test::FrontApi;

namespace {

Json resend_body() {
    return {{"from", "The shop <shop@example.test>"},
            {"to", {"Anna <anna@outside.test>", "bert@outside.test"}},
            {"subject", "Your order"},
            {"text", "It is on its way."}};
}

void check_resend_error(const test::Answer& answer, int status, const std::string& name) {
    INFO(answer.response.body);
    CHECK(answer.status == status);
    CHECK(answer.json["statusCode"] == status);
    CHECK(answer.json["name"] == name);
    CHECK_FALSE(answer.json["message"].get<std::string>().empty());
}

} // namespace

TEST_CASE("Resend: an email is the message that it says") {
    FrontApi api{"resend"};
    Json body = resend_body();
    body["cc"] = "carl@outside.test";
    body["bcc"] = Json::array({"dora@outside.test"});
    body["reply_to"] = "answers@example.test";
    body["html"] = "<img src=\"cid:logo\">";
    body["headers"] = {{"X-Order", "4711"}};
    body["tags"] = {{{"name", "category"}, {"value", "order"}}};
    body["attachments"] = {{{"filename", "Rechnung ä.pdf"}, {"content", base64("pdf")}},
                           {{"filename", "logo.png"},
                            {"content", {{"type", "Buffer"}, {"data", {1, 2, 255}}}},
                            {"content_type", "image/png"},
                            {"content_id", "logo"}}};
    body["topic_id"] = nullptr;
    const auto sent = api.post("/emails", body);
    INFO(sent.response.body);
    REQUIRE(sent.status == 200);
    CHECK(sent.json.size() == 1);
    CHECK(api.woken == 1);
    const std::string id = sent.json["id"];
    CHECK(api.recipients(id) == "anna@outside.test bert@outside.test carl@outside.test dora@outside.test");
    const std::string content = api.content(id);
    for (const auto* part : {"From: The shop <shop@example.test>\r\n", "Cc: carl@outside.test\r\n",
                             "Reply-To: answers@example.test\r\n", "X-Order: 4711\r\n", "Content-ID: <logo>", "AQL/"})
        CHECK(content.find(part) != std::string::npos);
    CHECK(content.find("dora") == std::string::npos);

    const auto got = api.call("GET", "/emails/" + id);
    CHECK(got.status == 200);
    CHECK(got.json["object"] == "email");
    CHECK(got.json["last_event"] == "queued");
    CHECK(got.json["from"] == "shop@example.test");
    CHECK(got.json["tags"][0]["name"] == "category");
    CHECK(got.json["tags"][0]["value"] == "order");
}

TEST_CASE("Resend: what waits for its time is scheduled, and can be canceled once") {
    FrontApi api{"resend"};
    Json body = resend_body();
    body["scheduled_at"] = rfc3339(now() + std::chrono::hours(1));
    const std::string id = api.post("/emails", body).json["id"];
    CHECK(api.call("GET", "/emails/" + id).json["last_event"] == "scheduled");
    const auto canceled = api.call("POST", "/emails/" + id + "/cancel");
    CHECK(canceled.status == 200);
    CHECK(canceled.json["object"] == "email");
    CHECK(canceled.json["id"] == id);
    CHECK(api.call("GET", "/emails/" + id).json["last_event"] == "canceled");
    check_resend_error(api.call("POST", "/emails/" + id + "/cancel"), 422, "validation_error");
    check_resend_error(api.call("GET", "/emails/" + uuid7()), 404, "not_found");
    check_resend_error(api.call("PATCH", "/emails/" + id), 405, "method_not_allowed");
}

TEST_CASE("Resend: every refusal has the name that its library knows, and names every fault") {
    FrontApi api{"resend"};
    const auto with = [&](const std::string& name, const Json& value) {
        Json body = resend_body();
        body[name] = value;
        return api.post("/emails", body);
    };
    check_resend_error(with("from", nullptr), 422, "missing_required_field");
    check_resend_error(with("text", nullptr), 422, "missing_required_field");
    check_resend_error(with("subject", nullptr), 422, "missing_required_field");
    check_resend_error(with("to", "nobody"), 422, "validation_error");
    check_resend_error(with("to", Json::array({1})), 422, "validation_error");
    check_resend_error(with("from", "anna@outside.test"), 403, "validation_error");
    check_resend_error(with("scheduled_at", "in 1 min"), 422, "validation_error");
    check_resend_error(with("template", {{"id", "x"}}), 422, "validation_error");
    check_resend_error(with("topic_id", "x"), 422, "validation_error");
    check_resend_error(with("subjet", "x"), 422, "validation_error");
    check_resend_error(with("headers", {{"Received", "x"}}), 422, "validation_error");
    check_resend_error(with("attachments", {{{"filename", "a"}, {"path", "https://outside.test/"}}}), 422,
                       "invalid_attachment");
    check_resend_error(with("attachments", {{{"filename", "a"}, {"content", "%"}}}), 422, "invalid_attachment");
    check_resend_error(with("attachments", {{{"filename", "a"}, {"content", {1, 256}}}}), 422, "invalid_attachment");
    Json body = resend_body();
    body["to"] = "nobody";
    body["cc"] = "someone";
    body["subjet"] = "a";
    const std::string told = api.post("/emails", body).json["message"];
    for (const auto* place : {"to", "cc", "subjet"})
        CHECK(told.find(place) != std::string::npos);
    CHECK(api.messages().empty());
    CHECK(api.woken == 0);

    check_resend_error(api.ask("POST", "/compat/resend/emails"), 401, "missing_api_key");
    check_resend_error(api.call("POST", "/emails", resend_body(), {}, "vk_0_wrong"), 403, "invalid_api_key");
    const auto reader = api.make_key({{"name", "reader"}, {"scopes", {"messages:read"}}})["token"].get<std::string>();
    check_resend_error(api.call("POST", "/emails", resend_body(), {}, reader), 401, "restricted_api_key");
    check_resend_error(api.post("/emails", Json("x"), {{"content-type", "text/plain"}}), 415, "validation_error");
    check_resend_error(api.call("GET", "/domains"), 404, "not_found");
}

TEST_CASE("Resend: who repeats a request with its key sends nothing twice") {
    FrontApi api{"resend"};
    const std::map<std::string, std::string> key{{"idempotency-key", "order/1"}};
    const auto first = api.post("/emails", resend_body(), key);
    const auto again = api.post("/emails", resend_body(), key);
    CHECK(first.json["id"] == again.json["id"]);
    CHECK(api.messages().size() == 1);
    Json other = resend_body();
    other["subject"] = "Another";
    check_resend_error(api.post("/emails", other, key), 409, "invalid_idempotent_request");
    check_resend_error(api.post("/emails", other, {{"idempotency-key", std::string(300, 'a')}}), 400,
                       "invalid_idempotency_key");
    const auto batch = api.post("/emails/batch", Json::array({other}), {{"idempotency-key", "2"}});
    const auto batch_again = api.post("/emails/batch", Json::array({other}), {{"idempotency-key", "2"}});
    REQUIRE(batch.status == 200);
    CHECK(batch.json == batch_again.json);
    CHECK(api.messages().size() == 2);
}

TEST_CASE("Resend: a request whose key is being answered is refused as such") {
    FrontApi api{"resend"};
    const std::string credential = api.ask("GET", "/api-keys").json["data"][0]["id"];
    const accounts::Who who{.name = "front", .credential_id = credential};
    test::Answer inner;
    const accounts::Ledger::Asked asked{
        .who = who, .request_id = uuid7(), .idempotency_key = "busy", .request = "another"};
    static_cast<void>(api.ledger.once(asked, [&] {
        inner = api.post("/emails", resend_body(), {{"idempotency-key", "busy"}});
        return accounts::Ledger::Answered{};
    }));
    check_resend_error(inner, 409, "concurrent_idempotent_requests");
}

TEST_CASE("Resend: a batch is strict unless it says otherwise") {
    FrontApi api{"resend"};
    Json bad = resend_body();
    bad["to"] = "nobody";
    Json foreign = resend_body();
    foreign["from"] = "anna@outside.test";
    const Json batch = Json::array({resend_body(), bad, resend_body(), foreign});
    const auto strict = api.post("/emails/batch", Json::array({resend_body(), bad}));
    check_resend_error(strict, 422, "validation_error");
    CHECK(strict.json["message"].get<std::string>().find("1/to") != std::string::npos);
    check_resend_error(api.post("/emails/batch", batch), 403, "validation_error");
    CHECK(api.messages().empty());
    const auto permissive = api.post("/emails/batch", batch, {{"x-batch-validation", "permissive"}});
    INFO(permissive.response.body);
    REQUIRE(permissive.status == 200);
    CHECK(permissive.json["data"].size() == 2);
    REQUIRE(permissive.json["errors"].size() == 2);
    CHECK(permissive.json["errors"][0]["index"] == 1);
    CHECK(permissive.json["errors"][1]["index"] == 3);
    CHECK(api.messages().size() == 2);
    check_resend_error(api.post("/emails/batch", Json::array()), 422, "validation_error");
    check_resend_error(api.post("/emails/batch", resend_body()), 422, "validation_error");
    check_resend_error(api.post("/emails/batch", batch, {{"x-batch-validation", "loose"}}), 422, "validation_error");
    Json many = Json::array();
    for (int i = 0; i < 101; ++i)
        many.push_back(resend_body());
    check_resend_error(api.post("/emails/batch", many), 422, "validation_error");
}
