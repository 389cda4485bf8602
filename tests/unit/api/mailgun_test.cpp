#include "front.hpp"

#include <fmt/format.h>

using namespace vectis;
using vectis::test::FrontApi;

namespace {

constexpr const char* mailgun_path = "/v3/example.test/messages";

api::FormPart part(const std::string& name, const std::string& content) {
    return {.name = name, .content = content, .filename = {}, .content_type = {}};
}

std::vector<api::FormPart> mailgun_form(std::vector<api::FormPart> more = {}) {
    std::vector<api::FormPart> all{part("from", "The shop <shop@example.test>"), part("to", "anna@outside.test"),
                                   part("subject", "Your order"), part("text", "It is on its way.")};
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

} // namespace

TEST_CASE("Mailgun: a form is the message that it says") {
    FrontApi api{"mailgun"};
    const auto sent = api.form(
        mailgun_path,
        mailgun_form({part("to", "Bert <bert@outside.test>, emil@outside.test"),
                      part("cc", "carl@outside.test"),
                      part("bcc", "dora@outside.test"),
                      part("html", "<img src=\"cid:logo.png\">"),
                      part("h:X-Order", "4711"),
                      part("h:Reply-To", "Zoë <answers@example.test>"),
                      part("v:order", "4711"),
                      part("o:tag", "a"),
                      part("o:tag", "b"),
                      part("o:tracking", "no"),
                      part("o:dkim", "yes"),
                      {.name = "attachment",
                       .content = std::string("\0\r\n--x", 6),
                       .filename = "a%22ä.bin",
                       .content_type = ""},
                      {.name = "inline", .content = "png", .filename = "logo.png", .content_type = "image/png"}}));
    INFO(sent.response.body);
    REQUIRE(sent.status == 200);
    CHECK(sent.json["message"] == "Queued. Thank you.");
    const Json all = api.messages();
    REQUIRE(all.size() == 1);
    const std::string id = all[0]["id"];
    CHECK(sent.json["id"] == "<" + all[0]["message_id"].get<std::string>() + ">");
    CHECK(api.recipients(id) ==
          "anna@outside.test bert@outside.test emil@outside.test carl@outside.test dora@outside.test");
    CHECK(all[0]["tags"].size() == 2);
    CHECK(all[0]["metadata"]["order"] == "4711");
    const std::string content = api.content(id);
    for (const auto* wanted : {"X-Order: 4711\r\n", "Content-ID: <logo.png>", "AA0KLS14", "<answers@example.test>"})
        CHECK(content.find(wanted) != std::string::npos);
}

TEST_CASE("Mailgun: each recipient with variables gets a message of their own") {
    FrontApi api{"mailgun"};
    auto form = mailgun_form(
        {part("to", "Bert <Bert@outside.test>"), part("html", "<p>%recipient.name% %recipient.id%"),
         part("h:X-For", "%recipient%"), part("v:id", "%recipient.id%"),
         part("recipient-variables",
              R"({"anna@outside.test":{"name":"Anna","id":1},"bert@outside.test":{"name":"%recipient.id%","id":2}})")});
    form[2].content = "For %recipient.name%";
    const auto sent = api.form(mailgun_path, form);
    INFO(sent.response.body);
    REQUIRE(sent.status == 200);
    const Json all = api.messages();
    REQUIRE(all.size() == 2);
    CHECK(api.recipients(all[0]["id"]) == "anna@outside.test");
    CHECK(api.recipients(all[1]["id"]) == "Bert@outside.test");
    CHECK(all[0]["subject"] == "For Anna");
    CHECK(all[1]["subject"] == "For %recipient.id%");
    CHECK(all[1]["metadata"]["id"] == "2");
    CHECK(api.content(all[0]["id"]).find("<p>Anna 1") != std::string::npos);
    CHECK(api.content(all[0]["id"]).find("bert") == std::string::npos);
    CHECK(api.content(all[1]["id"]).find("X-For: Bert@outside.test\r\n") != std::string::npos);
}

TEST_CASE("Mailgun: readers are followed as its options say") {
    FrontApi api{"mailgun"};
    const auto tracking = [&](std::vector<api::FormPart> more, bool html = true) {
        if (html)
            more.push_back(part("html", "<a href='https://example.test/'>"));
        const auto sent = api.form(mailgun_path, mailgun_form(std::move(more)));
        INFO(sent.response.body);
        REQUIRE(sent.status == 200);
        const Json told = api.messages().back()["tracking"];
        return std::pair{told["opens"].get<bool>(), told["clicks"].get<bool>()};
    };
    CHECK(tracking({part("o:tracking", "htmlonly")}) == std::pair{true, true});
    CHECK(tracking({part("o:tracking-opens", "yes")}) == std::pair{true, false});
    CHECK(tracking({part("o:tracking-clicks", "htmlonly")}) == std::pair{false, true});
    CHECK(tracking({part("o:tracking", "yes"), part("o:tracking-clicks", "no")}) == std::pair{true, false});
    CHECK(tracking({part("o:tracking", "true"), part("o:tracking-clicks", "htmlonly"),
                    part("o:tracking-opens", "false")}) == std::pair{false, true});
    CHECK(tracking({part("o:tracking", "no"), part("o:tracking-opens", "no")}) == std::pair{false, false});
    CHECK(tracking({part("o:tracking-opens", "yes")}, false) == std::pair{false, false});
    auto no_text = mailgun_form({part("html", "x"), part("o:tracking", "yes")});
    no_text.erase(no_text.begin() + 3);
    CHECK(api.form(mailgun_path, no_text).status == 200);
    CHECK(api.messages().back()["tracking"]["clicks"] == true);
}

TEST_CASE("Mailgun: a thousand messages of one request are taken, and more than can be kept is refused") {
    FrontApi api{"mailgun"};
    auto form = mailgun_form({part("recipient-variables", "{}")});
    for (int i = 1; i < 1000; ++i)
        form.push_back(part("to", fmt::format("a-rather-long-local-part-{}@outside.test", i)));
    CHECK(api.form(mailgun_path, form).status == 200);
    CHECK(api.woken == 1);
    form.push_back({.name = "attachment", .content = std::string(100000, 'x'), .filename = "x", .content_type = {}});
    const auto refused = api.form(mailgun_path, form);
    CHECK(refused.status == 400);
    CHECK(refused.json["message"].get<std::string>().find("in parts") != std::string::npos);
}

TEST_CASE("Mailgun: what is wrong is told, each with its place, and nothing is sent") {
    FrontApi api{"mailgun"};
    const auto refused = [&](std::vector<api::FormPart> more, const std::string& place) {
        const auto answer = api.form(mailgun_path, mailgun_form(std::move(more)));
        INFO(answer.response.body);
        CHECK(answer.status == 400);
        CHECK(answer.json["message"].get<std::string>().find(place) != std::string::npos);
    };
    refused({part("to", "nobody")}, "to");
    refused({part("from", "x@example.test")}, "from");
    refused({part("text", "again")}, "text");
    refused({part("subjet", "x")}, "did you mean 'subject'");
    refused({part("template", "x")}, "template");
    refused({part("amp-html", "x")}, "amp-html");
    refused({part("t:variables", "{}")}, "t:variables");
    refused({part("o:tracking", "sometimes")}, "o:tracking");
    refused({part("o:tracking-opens", "htmlonly")}, "o:tracking-opens");
    refused({part("html", "x"), part("o:tracking", "yes")}, "o:tracking");
    refused({part("html", "x"), part("o:tracking-clicks", "true")}, "o:tracking-clicks");
    refused({part("html", "x"), part("o:tracking", "no"), part("o:tracking-opens", "yes")}, "o:tracking-opens");
    refused({part("o:tracking-pixel-location-top", "yes")}, "o:tracking-pixel-location-top");
    refused({part("o:require-tls", "true")}, "o:require-tls");
    refused({part("o:dkim", "no")}, "o:dkim");
    refused({part("o:deliverytime", "tomorrow")}, "o:deliverytime");
    refused({part("o:deliverytime", "Fri, 14 Oct 2126 23:10:10 -0000")}, "o:deliverytime");
    refused({part("h:Received", "x")}, "h:/Received");
    refused({part("attachment", "x")}, "attachment");
    refused({part("html", "%unsubscribe_url%")}, "html");
    refused({part("recipient-variables", "{")}, "recipient-variables");
    refused({part("recipient-variables", "[]")}, "recipient-variables");
    refused({part("recipient-variables", R"({"anna@outside.test":1})")}, "recipient-variables");
    refused({part("recipient-variables", "{}"), part("cc", "carl@outside.test"), part("bcs", "x")}, "bcs");
    CHECK(api.form(mailgun_path, {part("to", "nobody")}).status == 400);

    const auto unknown = api.form("/v3/outside.test/messages", mailgun_form());
    CHECK(unknown.status == 404);
    CHECK(unknown.json["message"].get<std::string>().find("Domain not found: outside.test") != std::string::npos);
    auto foreign = mailgun_form();
    foreign[0].content = "anna@outside.test";
    CHECK(api.form(mailgun_path, foreign).status == 403);
    const auto nobody = api.ask("POST", std::string("/compat/mailgun") + mailgun_path);
    CHECK(nobody.status == 401);
    CHECK_FALSE(nobody.json["message"].get<std::string>().empty());
    CHECK(api.ask("POST", std::string("/compat/mailgun") + mailgun_path,
                  {.body = nullptr, .fields = {{"authorization", "Basic " + base64("user:" + api.token)}}, .raw = {}})
              .status == 401);
    CHECK(api.messages().empty());
}

TEST_CASE("Mailgun: in test mode it is judged, and not sent; a key repeats nothing") {
    FrontApi api{"mailgun"};
    const auto tried = api.form(mailgun_path, mailgun_form({part("o:testmode", "yes")}));
    CHECK(tried.status == 200);
    CHECK(tried.json["id"].get<std::string>().ends_with("@example.test>"));
    CHECK(api.messages().empty());
    auto fields = api.shown(api.token);
    fields["idempotency-key"] = "1";
    const test::Ask ask{.body = nullptr, .fields = fields, .door = api::Door::local, .raw = {}, .form = mailgun_form()};
    const auto first = api.ask("POST", api.base + mailgun_path, ask);
    const auto again = api.ask("POST", api.base + mailgun_path, ask);
    CHECK(first.status == 200);
    CHECK(first.json == again.json);
    CHECK(api.messages().size() == 1);
}
