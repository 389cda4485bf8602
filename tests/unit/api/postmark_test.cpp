#include "front.hpp"

#include <fmt/format.h>

using namespace vectis;
using vectis::test::FrontApi;

namespace {

Json postmark_body() {
    return {{"From", "The shop <shop@example.test>"},
            {"To", "Anna <anna@outside.test>, bert@outside.test"},
            {"Subject", "Your order"},
            {"TextBody", "It is on its way."}};
}

void check_postmark_error(const test::Answer& answer, int status, int code) {
    INFO(answer.response.body);
    CHECK(answer.status == status);
    CHECK(answer.json["ErrorCode"] == code);
    CHECK_FALSE(answer.json["Message"].get<std::string>().empty());
}

} // namespace

TEST_CASE("Postmark: a message is what it says") {
    FrontApi api{"postmark"};
    Json body = postmark_body();
    body["Cc"] = "carl@outside.test";
    body["Bcc"] = "dora@outside.test";
    body["ReplyTo"] = "answers@example.test";
    body["HtmlBody"] = "<img src=\"cid:logo\">";
    body["Tag"] = "order";
    body["Metadata"] = {{"order", "4711"}};
    body["Headers"] = {{{"Name", "X-Order"}, {"Value", "4711"}}};
    body["Attachments"] = {
        {{"Name", "logo.png"}, {"Content", base64("png")}, {"ContentType", "image/png"}, {"ContentID", "cid:logo"}}};
    body["TrackOpens"] = false;
    body["TrackLinks"] = "None";
    body["MessageStream"] = "outbound";
    const auto sent = api.post("/email", body);
    INFO(sent.response.body);
    REQUIRE(sent.status == 200);
    CHECK(sent.json["ErrorCode"] == 0);
    CHECK(sent.json["Message"] == "OK");
    CHECK(sent.json["To"] == body["To"]);
    const std::string id = sent.json["MessageID"];
    CHECK(api.recipients(id) == "anna@outside.test bert@outside.test carl@outside.test dora@outside.test");
    const std::string content = api.content(id);
    for (const auto* part : {"X-Order: 4711\r\n", "Content-ID: <logo>", "Reply-To: answers@example.test\r\n"})
        CHECK(content.find(part) != std::string::npos);
    const auto details = api.call("GET", "/messages/outbound/" + id + "/details");
    REQUIRE(details.status == 200);
    CHECK(details.json["Status"] == "Queued");
    CHECK(details.json["Tag"] == "order");
    CHECK(details.json["Metadata"]["order"] == "4711");
    CHECK(details.json["Recipients"].size() == 4);
    check_postmark_error(api.call("GET", "/messages/outbound/" + uuid7() + "/details"), 404, 701);
}

TEST_CASE("Postmark: refusals have the codes that its library knows, and name every fault") {
    FrontApi api{"postmark"};
    const auto with = [&](const std::string& name, const Json& value) {
        Json body = postmark_body();
        body[name] = value;
        return api.post("/email", body);
    };
    for (const auto& [name, value] :
         std::vector<std::pair<std::string, Json>>{{"From", nullptr},
                                                   {"From", "nobody"},
                                                   {"To", ""},
                                                   {"To", "nobody"},
                                                   {"TextBody", ""},
                                                   {"Subject", 1},
                                                   {"TrackOpens", "yes"},
                                                   {"TrackLinks", "HtmlAndText"},
                                                   {"TrackLinks", "TextOnly"},
                                                   {"TrackLinks", "htmlonly"},
                                                   {"MessageStream", "broadcast"},
                                                   {"Subjet", "x"},
                                                   {"Headers", {{{"Name", "Received"}, {"Value", "x"}}}},
                                                   {"Headers", {{{"Name", "X-A"}}}},
                                                   {"Attachments", {{{"Name", "a"}, {"Content", "%"}}}}}) {
        INFO(name);
        const auto refused = with(name, value);
        check_postmark_error(refused, 422, 300);
        CHECK(refused.json["Message"].get<std::string>().find(name) != std::string::npos);
    }
    check_postmark_error(with("From", "anna@outside.test"), 422, 400);
    check_postmark_error(api.ask("POST", "/compat/postmark/email"), 401, 10);
    check_postmark_error(api.call("POST", "/email", postmark_body(), {}, "wrong"), 401, 10);
    const auto reader = api.make_key({{"name", "reader"}, {"scopes", {"messages:read"}}})["token"].get<std::string>();
    check_postmark_error(api.call("POST", "/email", postmark_body(), {}, reader), 401, 10);
    check_postmark_error(api.post("/email", Json("x"), {{"content-type", "text/plain"}}), 422, 409);
    check_postmark_error(
        api.ask("POST", "/compat/postmark/email", {.body = nullptr, .fields = api.shown(api.token), .raw = "{"}), 422,
        402);
    check_postmark_error(api.post("/email/withTemplate", {{"TemplateId", 1}}), 422, 1101);
    CHECK(api.post("/email/batchWithTemplates", {{"Messages", Json::array()}}).json == Json::array());
    check_postmark_error(api.post("/email/batchWithTemplates", Json::array()), 422, 300);
    check_postmark_error(api.call("GET", "/bounces"), 404, 701);
    CHECK(api.messages().empty());
}

TEST_CASE("Postmark: a template is one of ours, by its name") {
    FrontApi api{"postmark"};
    const auto make = [&](const std::string& subject, const Json& domain) {
        const Json made{{"name", "welcome"}, {"domain", domain}, {"subject", subject}, {"html", "<b>{{name}}</b>"}};
        REQUIRE(api.MailApi::post("/templates", made).status == 201);
    };
    Json body{{"From", "shop@example.test"},
              {"To", "anna@outside.test"},
              {"TemplateAlias", "welcome"},
              {"TemplateModel", {{"name", "A & B"}, {"items", {{{"name", "one"}}}}}},
              {"Tag", "greeting"}};
    check_postmark_error(api.post("/email/withTemplate", body), 422, 1101);
    make("Everybody's {{name}}", nullptr);
    make("Hello {{name}}", "example.test");
    body["TrackOpens"] = true;
    const auto sent = api.post("/email/withTemplate", body);
    INFO(sent.response.body);
    REQUIRE(sent.status == 200);
    const std::string id = sent.json["MessageID"];
    CHECK(api.message(id)["subject"] == "Hello A & B"); // the sender's domain's goes before everybody's
    CHECK(api.message(id)["tracking"]["opens"] == true);
    CHECK(api.content(id).find("<b>A &amp; B</b>") != std::string::npos);

    const auto with = [&](const std::string& name, const Json& value) {
        Json other = body;
        other[name] = value;
        return other;
    };
    Json missing = body;
    missing["TemplateModel"].erase("name");
    const auto batch =
        api.post("/email/batchWithTemplates", {{"Messages", {body, with("TemplateAlias", "nobody's"), missing, body}}});
    REQUIRE(batch.status == 200);
    REQUIRE(batch.json.size() == 4);
    CHECK(batch.json[0]["ErrorCode"] == 0);
    CHECK(batch.json[1]["ErrorCode"] == 1101);
    CHECK(batch.json[2]["ErrorCode"] == 300);
    CHECK(batch.json[3]["ErrorCode"] == 0);
    CHECK(api.messages().size() == 3);
    check_postmark_error(api.post("/email/withTemplate", with("Subject", "x")), 422, 300);
    check_postmark_error(api.post("/email/withTemplate", with("InlineCss", true)), 422, 300);
    check_postmark_error(api.post("/email/withTemplate", with("TemplateModel", "x")), 422, 300);
    check_postmark_error(api.post("/email/withTemplate", with("From", "anna@outside.test")), 422, 400);
    check_postmark_error(api.post("/email/withTemplate", with("From", "nobody")), 422, 300);
    check_postmark_error(api.post("/email/withTemplate", with("From", nullptr)), 422, 300);
    CHECK(api.post("/email/withTemplate", with("InlineCss", false)).status == 200);
}

TEST_CASE("Postmark: readers are followed as its switches say") {
    FrontApi api{"postmark"};
    const auto details = [&](const Json& switches, bool html) {
        Json body = postmark_body();
        body.update(switches);
        if (html)
            body["HtmlBody"] = "<a href='https://example.test/'>";
        const auto sent = api.post("/email", body);
        INFO(sent.response.body);
        REQUIRE(sent.status == 200);
        const Json told =
            api.call("GET", "/messages/outbound/" + sent.json["MessageID"].get<std::string>() + "/details").json;
        return Json{told["TrackOpens"], told["TrackLinks"]};
    };
    CHECK(details({{"TrackOpens", true}, {"TrackLinks", "HtmlOnly"}}, true) == Json{true, "HtmlOnly"});
    CHECK(details({{"TrackOpens", true}}, true) == Json{true, "None"});
    CHECK(details({{"TrackLinks", "HtmlOnly"}}, true) == Json{false, "HtmlOnly"});
    CHECK(details(Json::object(), true) == Json{false, "None"});
    CHECK(details({{"TrackOpens", true}, {"TrackLinks", "HtmlOnly"}}, false) == Json{false, "None"});
}

TEST_CASE("Postmark: of inactive recipients is told in the words that its library reads") {
    FrontApi api{"postmark"};
    api.suppress("anna@outside.test");
    const auto some = api.post("/email", postmark_body());
    CHECK(some.status == 200);
    CHECK(some.json["ErrorCode"] == 0);
    CHECK(some.json["Message"] == "Message OK, but will not deliver to these inactive addresses: anna@outside.test");
    api.suppress("bert@outside.test");
    const auto all = api.post("/email", postmark_body());
    check_postmark_error(all, 422, 406);
    CHECK(all.json["Message"].get<std::string>().find(
              "Found inactive addresses: anna@outside.test, bert@outside.test. Inactive") != std::string::npos);
    const auto listed = api.call("GET", "/message-streams/outbound/suppressions/dump");
    REQUIRE(listed.status == 200);
    REQUIRE(listed.json["Suppressions"].size() == 2);
    CHECK(listed.json["Suppressions"][0]["EmailAddress"] == "anna@outside.test");
    CHECK(listed.json["Suppressions"][0]["SuppressionReason"] == "ManualSuppression");
    CHECK(listed.json["Suppressions"][0]["Origin"] == "Customer");
    CHECK(api.call("GET", "/message-streams/outbound/suppressions/dump?EmailAddress=bert@outside.test")
              .json["Suppressions"]
              .size() == 1);
    CHECK(api.call("GET", "/message-streams/broadcast/suppressions/dump").status == 404);

    // More than are given at once: said, and not cut off where some of them count for nothing.
    api.database.write([](store::Database& open) {
        open.execute("with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < 10001) "
                     "insert into suppressions (id, domain, address, reason, source, created_at, expires_at) "
                     "select 'x' || n, 'example.test', n || '@outside.test', 'manual', 'test', "
                     "'2020-01-01T00:00:00.000Z', '2020-01-02T00:00:00.000Z' from numbers");
        return 0;
    });
    CHECK(api.call("GET", "/message-streams/outbound/suppressions/dump").status == 422);
}

TEST_CASE("Postmark: a batch tells of each of its messages") {
    FrontApi api{"postmark"};
    Json bad = postmark_body();
    bad["To"] = "nobody";
    Json foreign = postmark_body();
    foreign["From"] = "anna@outside.test";
    const auto told = api.post("/email/batch", {postmark_body(), bad, foreign, postmark_body()});
    REQUIRE(told.status == 200);
    std::vector<int> codes;
    for (const auto& each : told.json)
        codes.push_back(each["ErrorCode"].get<int>());
    CHECK(codes == std::vector<int>{0, 300, 400, 0});
    CHECK(api.messages().size() == 2);
    CHECK(api.message(told.json[3]["MessageID"])["subject"] == "Your order");
    check_postmark_error(api.post("/email/batch", postmark_body()), 422, 300);
    Json many = Json::array();
    for (int i = 0; i < 501; ++i)
        many.push_back({{"From", "x"}});
    check_postmark_error(api.post("/email/batch", many), 422, 410);
    CHECK(api.post("/email/batch", Json::array({bad})).json[0]["ErrorCode"] == 300);
}

TEST_CASE("Postmark: its token for tests tells what is wrong, and sends nothing") {
    FrontApi api{"postmark"};
    const auto post = [&](const std::string& path, const Json& body) {
        return api.call("POST", path, body, {}, "POSTMARK_API_TEST");
    };
    const auto good = post("/email", postmark_body());
    CHECK(good.status == 200);
    CHECK(good.json["ErrorCode"] == 0);
    CHECK(good.json["Message"] == "Test job accepted");
    Json bad = postmark_body();
    bad["To"] = "nobody";
    check_postmark_error(post("/email", bad), 422, 300);
    const auto batch = post("/email/batch", {postmark_body(), bad});
    CHECK(batch.json[0]["ErrorCode"] == 0);
    CHECK(batch.json[1]["ErrorCode"] == 300);
    Json large = postmark_body();
    large["TextBody"] = std::string(1100000, 'x');
    CHECK(post("/email", large).status == 413);
    CHECK(api.call("GET", "/message-streams/outbound/suppressions/dump", nullptr, {}, "POSTMARK_API_TEST").status ==
          401);
    CHECK(api.messages().empty());
    CHECK(api.woken == 0);
}
