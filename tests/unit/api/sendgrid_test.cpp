#include "front.hpp"

#include <fmt/format.h>

using namespace vectis;
using vectis::test::FrontApi;

namespace {

Json sendgrid_body() {
    return {{"personalizations", {{{"to", {{{"email", "anna@outside.test"}, {"name", "Anna"}}}}}}},
            {"from", {{"email", "shop@example.test"}, {"name", "The shop"}}},
            {"subject", "Your order"},
            {"content", {{{"type", "text/plain"}, {"value", "It is on its way."}}}}};
}

/// The places of what is wrong.
std::vector<std::string> fields_of(const test::Answer& answer) {
    std::vector<std::string> all;
    for (const auto& each : answer.json["errors"])
        all.push_back(each["field"].is_null() ? "" : each["field"].get<std::string>());
    return all;
}

} // namespace

TEST_CASE("SendGrid: each personalization is a message of its own") {
    FrontApi api{"sendgrid"};
    Json body = sendgrid_body();
    body["personalizations"].push_back({{"to", {{{"email", "bert@outside.test"}}}},
                                        {"cc", {{{"email", "carl@outside.test"}}}},
                                        {"bcc", {{{"email", "dora@outside.test"}}}},
                                        {"subject", "For -name-"},
                                        {"headers", {{"X-Order", "2"}}},
                                        {"custom_args", {{"order", 2}}},
                                        {"substitutions", {{"-name-", "Bert"}}}});
    body["content"] = {{{"type", "text/plain"}, {"value", "Dear -name-"}},
                       {{"type", "text/html"}, {"value", "<p>Dear -name-<img src=\"cid:logo\">"}}};
    body["headers"] = {{"X-Order", "1"}, {"X-Shop", "yes"}};
    body["categories"] = {"order"};
    body["reply_to"] = {{"email", "answers@example.test"}};
    body["attachments"] = {{{"content", base64("png")},
                            {"filename", "logo.png"},
                            {"type", "image/png"},
                            {"disposition", "inline"},
                            {"content_id", "logo"}}};
    body["tracking_settings"] = {{"click_tracking", {{"enable", false}, {"enable_text", false}}}};
    body["ip_pool_name"] = "pool";
    const auto sent = api.post("/v3/mail/send", body);
    INFO(sent.response.body);
    REQUIRE(sent.status == 202);
    CHECK(sent.response.body.empty());
    const Json all = api.messages();
    REQUIRE(all.size() == 2);
    const std::string first = all[0]["id"];
    const std::string second = all[1]["id"];
    CHECK(sent.field("X-Message-Id") == first);
    CHECK(api.recipients(first) == "anna@outside.test");
    CHECK(api.recipients(second) == "bert@outside.test carl@outside.test dora@outside.test");
    CHECK(all[0]["tags"][0] == "order");
    CHECK(all[1]["metadata"]["order"] == "2");
    const std::string one = api.content(first);
    const std::string two = api.content(second);
    CHECK(one.find("Subject: Your order\r\n") != std::string::npos);
    CHECK(one.find("Dear -name-") != std::string::npos);
    CHECK(one.find("X-Order: 1\r\n") != std::string::npos);
    CHECK(two.find("Subject: For Bert\r\n") != std::string::npos);
    CHECK(two.find("Dear Bert") != std::string::npos);
    CHECK(two.find("X-Order: 2\r\n") != std::string::npos);
    CHECK(two.find("X-Shop: yes\r\n") != std::string::npos);
    CHECK(two.find("Content-ID: <logo>") != std::string::npos);
    CHECK(two.find("Reply-To: answers@example.test\r\n") != std::string::npos);
}

TEST_CASE("SendGrid: readers are followed as its settings say") {
    FrontApi api{"sendgrid"};
    const auto tracking = [&](const Json& settings) {
        Json body = sendgrid_body();
        body["content"] = {{{"type", "text/html"}, {"value", "<a href='https://example.test/'>"}}};
        body["tracking_settings"] = settings;
        const auto sent = api.post("/v3/mail/send", body);
        INFO(sent.response.body);
        REQUIRE(sent.status == 202);
        return api.messages().back()["tracking"];
    };
    CHECK(tracking({{"open_tracking", {{"enable", true}, {"substitution_tag", nullptr}}}}) ==
          Json{{"opens", true}, {"clicks", false}});
    CHECK(tracking({{"click_tracking", {{"enable", true}, {"enable_text", false}}}}) ==
          Json{{"opens", false}, {"clicks", true}});
    CHECK(tracking({{"click_tracking", {{"enable", false}, {"enable_text", true}}}}) ==
          Json{{"opens", false}, {"clicks", false}});
}

TEST_CASE("SendGrid: with any fault nothing is sent, and each fault has its place") {
    FrontApi api{"sendgrid"};
    Json body = sendgrid_body();
    body["personalizations"].push_back({{"to", {{{"email", "nobody"}}}}});
    body["personalizations"].push_back(Json::object());
    const auto refused = api.post("/v3/mail/send", body);
    CHECK(refused.status == 400);
    CHECK(fields_of(refused) == std::vector<std::string>{"personalizations.1.to.0.email", "personalizations.2.to"});
    CHECK(api.messages().empty());

    const auto with = [&](const std::string& name, const Json& value) {
        Json changed = sendgrid_body();
        changed[name] = value;
        const auto answer = api.post("/v3/mail/send", changed);
        INFO(answer.response.body);
        CHECK(answer.status == 400);
        CHECK(answer.json["errors"][0].contains("message"));
        CHECK(answer.json["errors"][0].contains("help"));
        const auto fields = fields_of(answer);
        REQUIRE(fields.size() == 1);
        return fields[0];
    };
    CHECK(with("from", nullptr) == "from");
    CHECK(with("from", {{"email", "x"}}) == "from.email");
    CHECK(with("subject", nullptr) == "subject");
    CHECK(with("content", nullptr) == "content");
    CHECK(with("content", {{{"type", "text/x-amp-html"}, {"value", "a"}}}) == "content.0.type");
    CHECK(with("personalizations", nullptr) == "personalizations");
    CHECK(with("template_id", "d-1") == "template_id");
    CHECK(with("asm", {{"group_id", 1}}) == "asm");
    CHECK(with("batch_id", "x") == "batch_id");
    CHECK(with("subjet", "x") == "subjet");
    CHECK(with("tracking_settings", {{"ganalytics", {{"enable", true}}}}) == "tracking_settings.ganalytics");
    CHECK(with("tracking_settings", {{"open_tracking", {{"enable", true}, {"substitution_tag", "%o%"}}}}) ==
          "tracking_settings.open_tracking.substitution_tag");
    CHECK(with("tracking_settings", {{"click_tracking", {{"enable", true}, {"enable_text", true}}}}) ==
          "tracking_settings.click_tracking.enable_text");
    CHECK(with("tracking_settings", {{"click_tracking", {{"enabel", true}}}}) ==
          "tracking_settings.click_tracking.enabel");
    CHECK(with("mail_settings", {{"footer", {{"enable", true}}}}) == "mail_settings.footer");
    CHECK(with("attachments", {{{"content", "%"}, {"filename", "a"}}}) == "attachments.0.content");
    CHECK(with("headers", {{"Received", "x"}}) == "headers.Received");
    CHECK(with("send_at", "soon") == "send_at");
    CHECK(with("reply_to_list", {{{"email", "x"}}}) == "reply_to_list.0.email");
    CHECK(api.messages().empty());
    CHECK(api.woken == 0);

    Json foreign = sendgrid_body();
    foreign["from"]["email"] = "anna@outside.test";
    const auto not_theirs = api.post("/v3/mail/send", foreign);
    CHECK(not_theirs.status == 403);
    CHECK(fields_of(not_theirs) == std::vector<std::string>{"from"});
    for (const auto& answer : {api.ask("POST", "/compat/sendgrid/v3/mail/send"),
                               api.call("POST", "/v3/mail/send", sendgrid_body(), {}, "wrong")}) {
        CHECK(answer.status == 401);
        CHECK(answer.json["errors"][0]["field"].is_null());
    }
}

TEST_CASE("SendGrid: in the sandbox it is judged, and not sent") {
    FrontApi api{"sendgrid"};
    Json body = sendgrid_body();
    body["mail_settings"] = {{"sandbox_mode", {{"enable", true}}}};
    CHECK(api.post("/v3/mail/send", body).status == 200);
    body["subject"] = nullptr;
    CHECK(api.post("/v3/mail/send", body).status == 400);
    CHECK(api.messages().empty());
}

TEST_CASE("SendGrid: fields of HTTP are none of the mail's, for its library sends the mail's there, too") {
    FrontApi api{"sendgrid"};
    const std::map<std::string, std::string> fields{{"idempotency-key", "1"}, {"x-order", "1"}, {"subject", "x"}};
    CHECK(api.post("/v3/mail/send", sendgrid_body(), fields).status == 202);
    CHECK(api.post("/v3/mail/send", sendgrid_body(), fields).status == 202);
    const Json all = api.messages();
    REQUIRE(all.size() == 2);
    CHECK(api.content(all[0]["id"]).find("X-Order") == std::string::npos);
}

TEST_CASE("SendGrid: what is to be sent later waits, and what is more than can be kept is refused") {
    FrontApi api{"sendgrid"};
    Json body = sendgrid_body();
    const auto at = now() + std::chrono::hours(1);
    body["send_at"] = std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count();
    REQUIRE(api.post("/v3/mail/send", body).status == 202);
    CHECK_FALSE(api.messages()[0]["send_at"].is_null());
    for (int i = 0; i < 1000; ++i)
        body["personalizations"].push_back(body["personalizations"][0]);
    CHECK(api.post("/v3/mail/send", body).status == 400);
    body["personalizations"].erase(100);
    body["attachments"] = {{{"content", base64(std::string(1000000, 'x'))}, {"filename", "x"}}};
    const auto large = api.post("/v3/mail/send", body);
    CHECK(large.status == 400);
    CHECK(large.json["errors"][0]["message"].get<std::string>().find("in parts") != std::string::npos);
    CHECK(api.messages().size() == 1);
}
