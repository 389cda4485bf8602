#include "mail_api.hpp"
#include "store/messages.hpp"

#include <algorithm>

using namespace vectis;
using vectis::test::Answer;
using vectis::test::MailApi;

namespace {

/// A server with two domains, and templates for them.
struct TemplateApi : MailApi {
    TemplateApi() { REQUIRE(post("/domains", {{"name", "shop.test"}}).status == 201); }

    static Json body() { return {{"name", "welcome"}, {"subject", "Welcome, {{name}}"}, {"text", "Hello {{name}}\n"}}; }
    Json add(const Json& more = Json::object()) {
        Json all = body();
        all.update(more);
        const auto made = post("/templates", all);
        INFO(made.response.body);
        REQUIRE(made.status == 201);
        return made.json["data"];
    }
    /// A message by a template; null in `more` takes a member away.
    static Json message(const Json& id, const Json& variables, const Json& more = Json::object()) {
        Json all{{"from", {{"email", "shop@shop.test"}}},
                 {"to", Json::array({Json{{"email", "anna@outside.test"}}})},
                 {"template", {{"id", id}, {"variables", variables}}}};
        all.merge_patch(more);
        return all;
    }
    std::string content(const Answer& sent) {
        return database.read([&](store::Database& open) {
            return store::Messages(open).content(sent.json["data"]["id"].get<std::string>()).value_or("");
        });
    }
    std::string key(const Json& domains) {
        const Json made = make_key({{"name", "k" + to_text(domains)},
                                    {"scopes", {"send", "templates:read", "templates:write"}},
                                    {"domains", domains}});
        return made["token"];
    }
};

std::string template_path(const Json& row) {
    return "/templates/" + row["id"].get<std::string>();
}

} // namespace

TEST_CASE("a template is made, changed and removed; each is in the audit log") {
    TemplateApi api;
    const auto made = api.post("/templates", TemplateApi::body());
    INFO(made.response.body);
    REQUIRE(made.status == 201);
    const Json row = made.json["data"];
    const std::string path = template_path(row);
    CHECK(made.field("Location") == "/api/v1" + path);
    CHECK(row["domain"].is_null());
    CHECK(row["html"].is_null());
    const auto read = api.ask("GET", path);
    CHECK(read.json["data"] == row);
    CHECK(api.ask("GET", "/templates?name=welcome").json["data"] == Json::array({row}));

    const std::map<std::string, std::string> match{{"if-match", read.field("ETag")}};
    const auto changed = api.patch(path, {{"name", "hello"}, {"html", "<p>{{name}}</p>"}, {"text", nullptr}}, match);
    REQUIRE(changed.status == 200);
    CHECK(changed.json["data"]["text"].is_null());
    CHECK(changed.json["data"]["html"] == "<p>{{name}}</p>");
    CHECK(api.patch(path, {{"description", "late"}}, match).status == 412);
    CHECK(api.patch(path, {{"html", nullptr}}).faults() == std::vector<std::string>{"/text"});
    CHECK(api.patch(path, {{"domain", "shop.test"}}).status == 422);
    CHECK(api.patch(path, {{"subject", "{{#a}}"}, {"html", "{{"}}).faults() ==
          std::vector<std::string>{"/subject", "/html"});
    CHECK(api.ask("GET", path).json["data"]["subject"] == "Welcome, {{name}}");

    CHECK(api.ask("DELETE", path).status == 422); // unconfirmed
    CHECK(api.ask("DELETE", path + "?confirm=hello").status == 200);
    CHECK(api.ask("GET", path).status == 404);
    CHECK(api.actions() ==
          std::vector<std::string>{"template.delete", "template.update", "template.create", "domain.create"});
}

TEST_CASE("everything that is wrong with a template is named, and it is not made") {
    TemplateApi api;
    const auto refused = api.post("/templates", {{"name", "bad"},
                                                 {"domain", "elsewhere.test"},
                                                 {"subject", "{{> partial}}"},
                                                 {"text", "one\n{{#a}}\n"},
                                                 {"html", "{{/b}}"}});
    CHECK(refused.status == 422);
    CHECK(refused.faults() == std::vector<std::string>{"/domain", "/subject", "/text", "/html"});
    CHECK(refused.json["errors"][2]["detail"].get<std::string>().find("line 2: '{{#a}}' is not closed") == 0);
    CHECK(api.post("/templates", {{"name", "bare"}, {"subject", "s"}}).faults() == std::vector<std::string>{"/text"});
    CHECK(api.ask("GET", "/templates").json["data"].empty());
    // A name is one domain's, or everybody's.
    api.add();
    api.add({{"domain", "shop.test"}});
    const Json other = api.add({{"domain", "shop.test"}, {"name", "other"}});
    CHECK(api.post("/templates", TemplateApi::body()).status == 409);
    CHECK(api.patch(template_path(other), {{"name", "welcome"}}).status == 409);
}

TEST_CASE("a template of no domain is everybody's to use, and theirs to change who reach every domain") {
    TemplateApi api;
    const Json common = api.add();
    const Json own = api.add({{"domain", "shop.test"}, {"name", "own"}});
    const Json others = api.add({{"domain", "example.test"}, {"name", "others"}});
    const std::string bound = api.key({"shop.test"});
    const Json listed = api.with_key(bound, "GET", "/templates?sort=name").json["data"];
    REQUIRE(listed.size() == 2);
    CHECK(listed[0]["name"] == "own");
    CHECK(listed[1]["name"] == "welcome");
    CHECK(api.with_key(bound, "GET", template_path(common)).status == 200);
    CHECK(api.with_key(bound, "GET", template_path(others)).status == 404);
    CHECK(api.with_key(bound, "POST", template_path(others) + "/render", Json::object()).status == 404);
    CHECK(api.with_key(bound, "PATCH", template_path(common), {{"name", "x"}}).status == 403);
    CHECK(api.with_key(bound, "DELETE", template_path(common) + "?confirm=welcome").status == 403);
    CHECK(api.with_key(bound, "PATCH", template_path(own), {{"name", "x"}}).status == 200);
    CHECK(api.with_key(bound, "POST", "/templates", TemplateApi::body()).faults() ==
          std::vector<std::string>{"/domain"});

    const Json values{{"name", "Anna"}};
    CHECK(api.with_key(bound, "POST", "/send", TemplateApi::message(common["id"], values)).status == 202);
    CHECK(api.with_key(bound, "POST", "/send", TemplateApi::message(own["id"], values)).status == 202);
    const auto hidden = api.with_key(bound, "POST", "/send", TemplateApi::message(others["id"], values));
    CHECK(hidden.faults() == std::vector<std::string>{"/template/id"});
    // Who reaches both domains sends by neither's template from the other.
    CHECK(api.post("/send", TemplateApi::message(others["id"], values)).faults() ==
          std::vector<std::string>{"/template/id"});
    CHECK(api.post("/send", TemplateApi::message(others["id"], values, {{"from", {{"email", "a@Example.test"}}}}))
              .status == 202);
}

TEST_CASE("a message is written by its template when it is accepted, one or many") {
    TemplateApi api;
    const Json row = api.add({{"html", "<p>{{name}}</p>"}});
    const Json values{{"name", "A & B"}};
    const auto rendered = api.post(template_path(row) + "/render", {{"variables", values}});
    CHECK(rendered.status == 200);
    CHECK(rendered.json["data"] ==
          Json{{"subject", "Welcome, A & B"}, {"text", "Hello A & B\n"}, {"html", "<p>A &amp; B</p>"}});
    CHECK(api.post(template_path(row) + "/render", Json::object()).faults() ==
          std::vector<std::string>{"/variables/name"});

    const auto sent = api.post("/send", TemplateApi::message(row["id"], values));
    INFO(sent.response.body);
    REQUIRE(sent.status == 202);
    const std::string content = api.content(sent);
    CHECK(content.find("\r\nSubject: Welcome, A & B\r\n") != std::string::npos);
    CHECK(content.find("Hello A & B\r\n") != std::string::npos);
    CHECK(content.find("<p>A &amp; B</p>") != std::string::npos);
    const std::string message = "/messages/" + sent.json["data"]["id"].get<std::string>();
    CHECK(api.ask("GET", message).json["data"]["subject"] == "Welcome, A & B");

    const auto many = api.post(
        "/send/batch",
        {{"messages", {TemplateApi::message(row["id"], values), TemplateApi::message(row["id"], {{"name", "Bert"}})}}});
    CHECK(many.status == 202);
    CHECK(many.json["data"]["results"].size() == 2);
    const auto faulty = api.post(
        "/send/batch", {{"messages",
                         {TemplateApi::message(row["id"], {{"name", "x\r\nBcc: a@b.test"}}),
                          TemplateApi::message(row["id"], values), TemplateApi::message(row["id"], Json::object())}}});
    CHECK(faulty.faults() ==
          std::vector<std::string>{"/messages/0/template/variables/name", "/messages/2/template/variables/name"});
    CHECK(api.ask("GET", "/messages").json["data"].size() == 3);
}

TEST_CASE("all that is wrong with a message by a template is named at once") {
    TemplateApi api;
    const Json row = api.add({{"text", "{{a}} {{b.c}} {{#d}}{{e}}{{/d}}"}});
    const Json wrong{{"subject", "s"}, {"html", "<p>"}, {"send_at", "2126-01-01T00:00:00.000Z"}};
    CHECK(api.post("/send", TemplateApi::message(row["id"], {{"a", 1}}, wrong)).faults() ==
          std::vector<std::string>{"/subject", "/html", "/template/variables/name", "/template/variables/b/c",
                                   "/send_at"});
    CHECK(api.post("/send", TemplateApi::message(uuid7(), Json::object())).faults() ==
          std::vector<std::string>{"/template/id"});
    // Without a template a subject is needed as before, in the schema's own words.
    const auto bare = api.post("/send", TemplateApi::message(row["id"], {}, {{"template", nullptr}, {"text", "t"}}));
    CHECK(bare.faults() == std::vector<std::string>{"/subject"});
    CHECK(bare.json["errors"][0]["detail"] == "is missing: What it is about; left out only with a template");
    CHECK(api.ask("GET", "/messages").json["data"].empty());
}
