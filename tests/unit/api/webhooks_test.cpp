#include "mail/delivery.hpp"
#include "mail_api.hpp"
#include "store/messages.hpp"
#include "store/webhooks.hpp"
#include "surface/events.hpp"
#include "webhooks/signature.hpp"

#include <fmt/format.h>

#include <algorithm>

using namespace vectis;
using vectis::test::Answer;
using vectis::test::MailApi;

namespace {

constexpr const char* hook_url = "https://hook.example.test/vectis?token=a%20b";
constexpr const char* hook_url_in_query = "https%3A%2F%2Fhook.example.test";

/// A server with two domains, and what happens on it.
struct WebhookApi : MailApi {
    WebhookApi() { REQUIRE(post("/domains", {{"name", "shop.test"}}).status == 201); }

    Json add(const Json& more = Json::object()) {
        Json body{{"url", hook_url}};
        body.update(more);
        const auto made = post("/webhooks", body);
        INFO(made.response.body);
        REQUIRE(made.status == 201);
        return made.json["data"];
    }
    std::string tell(const std::string& type, const std::string& domain, const std::string& at = rfc3339(now())) {
        const store::MessageEvent event{
            .id = uuid7(), .at = at, .type = type, .domain = domain, .message = {}, .recipient = {}, .data = "{}"};
        database.write([&](store::Database& open) {
            store::Messages(open).add_event(event);
            return true;
        });
        return event.id;
    }
    /// As the courier would.
    void attempt(const std::string& delivery, const std::string& status, std::int64_t code) {
        database.write([&](store::Database& open) {
            store::Webhooks webhooks(open);
            auto row = webhooks.delivery(delivery).value();
            row.status = status;
            ++row.attempts;
            webhooks.note(row, {.at = rfc3339(now()),
                                .code = code == 0 ? std::nullopt : std::optional(code),
                                .fault = code == 0 ? std::optional<std::string>("timeout") : std::nullopt,
                                .detail = "said\nso",
                                .milliseconds = 12});
            return true;
        });
    }
    void disable(const std::string& id, const std::string& why) {
        database.write([&](store::Database& open) {
            store::Webhooks webhooks(open);
            auto row = webhooks.find(id).value();
            row.enabled = false;
            row.disabled_because = why;
            webhooks.update(row);
            return true;
        });
    }
    store::Webhook row(const std::string& id) {
        return database.read([&](store::Database& open) { return store::Webhooks(open).find(id).value(); });
    }
    Json list(const std::string& path) { return ask("GET", path).json["data"]; }
    std::string audit_log() { return ask("GET", "/audit?limit=200").response.body; }
};

std::string path_of(const Json& webhook) {
    return "/webhooks/" + webhook["id"].get<std::string>();
}

} // namespace

TEST_CASE("a webhook is made, changed and removed; each is in the audit log, and its secret is shown once") {
    WebhookApi api;
    const auto made = api.post("/webhooks", {{"url", hook_url}}, {{"idempotency-key", "k"}});
    INFO(made.response.body);
    REQUIRE(made.status == 201);
    const Json webhook = made.json["data"];
    const std::string path = path_of(webhook);
    CHECK(made.field("Location") == "/api/v1" + path);
    CHECK(webhook["domain"].is_null());
    CHECK(webhook["events"] == Json{"*"});
    CHECK(webhook["origins"] == Json{"api"});
    CHECK(webhook["enabled"] == true);
    const std::string secret = webhook["secret"];
    CHECK(webhooks::secret_key(secret));
    CHECK(api.row(webhook["id"]).secret == secret);

    const auto again = api.post("/webhooks", {{"url", hook_url}}, {{"idempotency-key", "k"}});
    CHECK(again.status == 201);
    CHECK(again.json["data"]["id"] == webhook["id"]);
    CHECK(again.json["data"]["secret"].is_null());
    const auto read = api.ask("GET", path);
    CHECK_FALSE(read.json["data"].contains("secret"));
    CHECK(read.field("ETag") == made.field("ETag"));
    CHECK(api.list("/webhooks") == Json::array({read.json["data"]}));

    const std::map<std::string, std::string> match{{"if-match", read.field("ETag")}};
    const auto changed =
        api.patch(path, {{"url", "http://hook.example.test:8443/"}, {"events", {"message.bounced"}}}, match);
    REQUIRE(changed.status == 200);
    CHECK(changed.json["data"]["url"] == "http://hook.example.test:8443/");
    CHECK(changed.json["data"]["events"] == Json{"message.bounced"});
    CHECK(changed.json["data"]["description"] == "");
    CHECK(changed.json["data"]["origins"] == Json{"api"});
    CHECK(api.patch(path, {{"origins", {"api", "submission"}}}).json["data"]["origins"].size() == 2);
    CHECK(api.patch(path, {{"origins", {"mail"}}}).faults() == std::vector<std::string>{"/origins/0"});
    CHECK(api.patch(path, {{"origins", Json::array()}}).status == 422);
    CHECK(api.patch(path, {{"description", "late"}}, match).status == 412);
    CHECK(api.patch(path, {{"domain", "shop.test"}}).status == 422);
    CHECK(api.patch(path, {{"url", "ftp://hook.example.test/"}, {"events", {"message.lost"}}}).status == 422);
    CHECK(api.patch(path, {{"url", "ftp://hook.example.test/"}}).faults() == std::vector<std::string>{"/url"});

    CHECK(api.ask("DELETE", path).status == 422); // unconfirmed
    CHECK(api.ask("DELETE", path + "?confirm=http://hook.example.test:8443/").status == 200);
    CHECK(api.ask("GET", path).status == 404);
    CHECK(api.actions() == std::vector<std::string>{"webhook.delete", "webhook.update", "webhook.update",
                                                    "webhook.create", "domain.create"});
    CHECK(api.audit_log().find(secret) == std::string::npos);
}

TEST_CASE("everything that is wrong with a webhook is named at once, and it is not made") {
    WebhookApi api;
    const auto faults = [&](const Json& body) { return api.post("/webhooks", body).faults(); };
    using Pointers = std::vector<std::string>;
    CHECK(
        faults({{"url", "https://u:p@hook.example.test/"}, {"domain", "elsewhere.test"}, {"secret", "whsec_short"}}) ==
        Pointers{"/secret", "/url", "/domain"});
    CHECK(faults({{"url", "x"}, {"events", {"message.bounce", "*", "*"}}, {"domains", {"shop.test"}}}) ==
          Pointers{"/url", "/events/0", "/events/2", "/domains"});
    CHECK(faults({{"url", hook_url}, {"events", Json::array()}}) == Pointers{"/events"});
    CHECK(faults(Json::object()) == Pointers{"/url"});
    for (const auto* bad : {"ftp://hook.example.test/", "https://hook.example.test:25/", "https://hook.example.test/#a",
                            "https://0x7f.1/hook", "//hook.example.test"}) {
        INFO(bad);
        CHECK(faults({{"url", bad}}) == Pointers{"/url"});
    }
    CHECK(api.post("/webhooks", {{"url", hook_url}, {"events", {"message.bounce"}}})
              .response.body.find("did you mean 'message.bounced'") != std::string::npos);
    CHECK(api.list("/webhooks").empty());

    const std::string own = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const Json made = api.add({{"secret", own}, {"domain", "Shop.Test"}});
    CHECK(made["secret"].get<std::string>() == own);
    CHECK(made["domain"] == "shop.test");
    CHECK(api.row(made["id"]).secret == own);
}

TEST_CASE("whoever is bound to some domains has the webhooks of these and no others") {
    WebhookApi api;
    const Json everybodys = api.add();
    const Json others = api.add({{"domain", "example.test"}});
    const Json own = api.add({{"domain", "shop.test"}});
    const auto token = [&](const std::string& name, const Json& scopes) {
        return api.make_key({{"name", name}, {"scopes", scopes}, {"domains", {"shop.test"}}})["token"]
            .get<std::string>();
    };
    const std::string key = token("k", {"webhooks:read", "webhooks:write"});
    Json expected = own;
    expected.erase("secret");
    CHECK(api.with_key(key, "GET", "/webhooks").json["data"] == Json::array({expected}));
    CHECK(api.with_key(key, "GET", path_of(own)).status == 200);
    for (const auto& hook : {everybodys, others}) {
        const std::string path = path_of(hook);
        const std::string delivery =
            "/webhook-deliveries/" + api.post(path + "/test", Json::object()).json["data"]["id"].get<std::string>();
        CHECK(api.ask("GET", delivery).status == 200);
        for (const auto& [method, target] : {std::pair<std::string, std::string>{"GET", path},
                                             {"DELETE", path + "?confirm=" + hook_url_in_query},
                                             {"POST", path + "/rotate-secret"},
                                             {"POST", path + "/test"},
                                             {"GET", path + "/deliveries"},
                                             {"GET", delivery},
                                             {"POST", delivery + "/replay"}}) {
            INFO(method << " " << target);
            CHECK(api.with_key(key, method, target).status == 404);
        }
        CHECK(api.with_key(key, "PATCH", path, {{"enabled", false}}).status == 404);
        CHECK(api.with_key(key, "POST", path + "/replay", {{"status", "dead"}}).status == 404);
    }
    const auto make = [&](const Json& body) { return api.with_key(key, "POST", "/webhooks", body); };
    CHECK(make({{"url", hook_url}}).faults() == std::vector<std::string>{"/domain"});
    CHECK(make({{"url", hook_url}, {"domain", "example.test"}}).faults() == std::vector<std::string>{"/domain"});
    CHECK(make({{"url", hook_url}, {"domain", "shop.test"}}).status == 201);
    CHECK(api.with_key(token("r", {"webhooks:read"}), "POST", path_of(own) + "/test").status == 403);
    CHECK(api.with_key(key, "GET", "/webhooks?domain=example.test").json["data"].empty());
}

TEST_CASE("after a rotation the secret of before signs for a day, and the one before that no longer") {
    WebhookApi api;
    const Json made = api.add();
    const std::string path = path_of(made);
    const auto first = api.ask("POST", path + "/rotate-secret");
    REQUIRE(first.status == 200);
    const std::string newer = first.json["data"]["secret"];
    CHECK(newer != made["secret"].get<std::string>());
    auto row = api.row(made["id"]);
    CHECK(row.secret == newer);
    CHECK(row.old_secret == made["secret"].get<std::string>());
    const auto left = parse_rfc3339(row.old_secret_until.value()) - now();
    CHECK(left > std::chrono::hours(23));
    CHECK(left <= std::chrono::hours(24));
    CHECK(first.json["data"]["old_secret_until"] == row.old_secret_until.value());

    const auto second = api.ask("POST", path + "/rotate-secret");
    CHECK(api.row(made["id"]).secret == second.json["data"]["secret"].get<std::string>());
    CHECK(api.row(made["id"]).old_secret == newer);
    CHECK(api.audit_log().find(newer) == std::string::npos);
    CHECK(api.actions()[0] == "webhook.rotate_secret");

    api.database.write([&](store::Database& open) {
        row = store::Webhooks(open).find(made["id"]).value();
        row.old_secret_until = "2020-01-01T00:00:00.000Z";
        store::Webhooks(open).update(row);
        return true;
    });
    CHECK(api.list(path)["old_secret_until"].is_null());
}

TEST_CASE("a webhook that was disabled is told nothing until it is enabled, which forgets the reason") {
    WebhookApi api;
    const Json made = api.add();
    const std::string path = path_of(made);
    const std::string delivery = api.ask("POST", path + "/test").json["data"]["id"];
    api.attempt(delivery, "dead", 410);
    api.disable(made["id"], "its receiver answered 410");
    CHECK(api.list(path)["disabled_because"] == "its receiver answered 410");
    CHECK(api.ask("POST", path + "/test").status == 409);
    CHECK(api.post(path + "/replay", {{"status", "dead"}}).status == 409);
    CHECK(api.ask("POST", "/webhook-deliveries/" + delivery + "/replay").status == 409);
    // Another change leaves it as it is.
    CHECK(api.patch(path, {{"description", "x"}}).json["data"]["disabled_because"] == "its receiver answered 410");
    const auto enabled = api.patch(path, {{"enabled", true}});
    CHECK(enabled.json["data"]["enabled"] == true);
    CHECK(enabled.json["data"]["disabled_because"].is_null());
    CHECK_FALSE(api.row(made["id"]).disabled_because);
    CHECK(api.ask("POST", path + "/test").status == 202);
    CHECK(api.patch(path, {{"enabled", false}}).json["data"]["disabled_because"].is_null());
}

TEST_CASE("a test is told to the one webhook, whatever it asks for, and to no other") {
    WebhookApi api;
    const Json all = api.add();
    const Json one = api.add({{"domain", "shop.test"}, {"events", {"message.bounced"}}});
    const auto begun = api.ask("POST", path_of(one) + "/test");
    INFO(begun.response.body);
    REQUIRE(begun.status == 202);
    const Json delivery = begun.json["data"];
    CHECK(delivery["webhook"] == one["id"]);
    CHECK(delivery["type"] == "webhook.test");
    CHECK(delivery["status"] == "pending");
    CHECK(delivery["message"].is_null());
    CHECK(delivery["code"].is_null());
    CHECK(begun.field("Location") == "/api/v1/webhook-deliveries/" + delivery["id"].get<std::string>());
    CHECK(api.list(path_of(one) + "/deliveries") == Json::array({delivery}));
    CHECK(api.list(path_of(all) + "/deliveries").empty());
    const auto event = api.database.read(
        [&](store::Database& open) { return store::Messages(open).event(delivery["event"].get<std::string>()); });
    REQUIRE(event);
    CHECK(event->domain == "shop.test");
    CHECK(parse_json(event->data) == Json{{"webhook", one["id"]}});
}

TEST_CASE("webhooks and deliveries are listed by pages, and picked by what they are") {
    WebhookApi api;
    api.add({{"url", "https://a.example.test/"}});
    const Json hook = api.add({{"domain", "shop.test"}});
    CHECK(api.list("/webhooks?domain=shop.test").size() == 1);
    CHECK(api.list("/webhooks?url=https://a.example.test/").size() == 1);
    CHECK(api.ask("GET", "/webhooks?secret=x").status == 422);

    const std::string path = path_of(hook) + "/deliveries";
    const std::string bounced = api.tell("message.bounced", "shop.test");
    api.tell("message.delivered", "shop.test");
    api.tell("message.delivered", "example.test"); // not its domain
    CHECK(api.list(path).size() == 2);
    const Json first = api.list(path + "?type=message.bounced").at(0);
    CHECK(first["event"].get<std::string>() == bounced);
    const std::string id = first["id"];
    api.attempt(id, "pending", 0);
    api.attempt(id, "delivered", 204);
    CHECK(api.list(path + "?status=pending").size() == 1);
    CHECK(api.list(path + "?status=delivered&event=" + bounced).size() == 1);
    const Json all = api.list(path);
    CHECK(api.list(path + "?order=desc") == Json::array({all[1], all[0]}));
    const Json page = api.ask("GET", path + "?limit=1").json;
    const std::string cursor = page["meta"]["pagination"]["next_cursor"];
    CHECK(page["data"] == Json::array({all[0]}));
    CHECK(api.list(path + "?limit=1&cursor=" + cursor) == Json::array({all[1]}));
    CHECK(api.ask("GET", path + "?sort=due_at").status == 422);

    const Json whole = api.list("/webhook-deliveries/" + id);
    CHECK(whole["attempts"] == 2);
    CHECK(whole["code"] == 204);
    CHECK(whole["fault"].is_null());
    CHECK(whole["due_at"].is_null());
    REQUIRE(whole["attempts_log"].size() == 2);
    CHECK(whole["attempts_log"][0]["fault"] == "timeout");
    CHECK(whole["attempts_log"][0]["code"].is_null());
    CHECK(whole["attempts_log"][1]["code"] == 204);
    CHECK(whole["attempts_log"][1]["milliseconds"] == 12);
    CHECK(whole["detail"].get<std::string>().find('\n') == std::string::npos);
    CHECK(api.ask("GET", "/webhook-deliveries/" + uuid7()).status == 404);
    CHECK(api.ask("GET", "/webhooks/" + uuid7() + "/deliveries").status == 404);
}

TEST_CASE("what is dead, or happened in a stretch of time, is delivered again: one of the two") {
    WebhookApi api;
    const std::string before = "2026-01-01T00:00:00.000Z";
    api.tell("message.bounced", "shop.test", before); // when there was no webhook yet
    const Json hook = api.add({{"domain", "shop.test"}, {"events", {"message.bounced", "message.expired"}}});
    const std::string path = path_of(hook);
    api.tell("message.expired", "shop.test", "2026-02-01T00:00:00.000Z");
    api.tell("message.queued", "shop.test", "2026-02-01T00:00:00.000Z"); // not asked for
    const Json told = api.list(path + "/deliveries");
    REQUIRE(told.size() == 1);
    const std::string id = told[0]["id"];
    api.attempt(id, "dead", 500);

    const auto replay = [&](const Json& body) { return api.post(path + "/replay", body); };
    CHECK(replay({{"status", "dead"}}).json["data"] == Json{{"replayed", 1}});
    CHECK(replay({{"status", "dead"}}).json["data"] == Json{{"replayed", 0}});
    Json again = api.list("/webhook-deliveries/" + id);
    CHECK(again["status"] == "pending");
    CHECK(again["attempts"] == 0);
    CHECK(again["event"] == told[0]["event"]);
    CHECK(again["attempts_log"].size() == 1);

    api.attempt(id, "delivered", 200);
    const auto once_more = api.ask("POST", "/webhook-deliveries/" + id + "/replay");
    REQUIRE(once_more.status == 200);
    CHECK(once_more.json["data"]["status"] == "pending");
    CHECK(api.actions()[0] == "webhook_delivery.replay");

    CHECK(replay({{"since", "2026-01-15T00:00:00.000Z"}}).json["data"] == Json{{"replayed", 1}});
    CHECK(replay({{"since", before}, {"until", before}}).json["data"] == Json{{"replayed", 1}});
    CHECK(replay({{"since", before}}).json["data"] == Json{{"replayed", 2}});
    CHECK(api.list(path + "/deliveries").size() == 2);
    CHECK(api.actions()[0] == "webhook.replay");

    using Pointers = std::vector<std::string>;
    CHECK(replay(Json::object()).faults() == Pointers{"/since"});
    CHECK(replay({{"until", before}}).faults() == Pointers{"/since"});
    CHECK(replay({{"status", "dead"}, {"since", before}}).faults() == Pointers{"/status"});
    CHECK(replay({{"status", "dead"}, {"until", before}}).faults() == Pointers{"/status"});
    CHECK(replay({{"status", "delivered"}}).faults() == Pointers{"/status"});
    CHECK(replay({{"since", before}, {"until", "2025-01-01T00:00:00.000Z"}}).faults() == Pointers{"/until"});
    CHECK(replay({{"since", rfc3339(now() + std::chrono::hours(1))}}).faults() == Pointers{"/since"});
    CHECK(replay({{"since", "yesterday"}}).faults() == Pointers{"/since"});
}

TEST_CASE("whatever is told of a message has a row in the table of events") {
    const auto known = [](const std::string& type) {
        return std::any_of(surface::event_types.begin(), surface::event_types.end(),
                           [&](const auto& each) { return each.name == type; });
    };
    for (const auto state :
         {mail::State::queued, mail::State::sent, mail::State::delivered, mail::State::deferred, mail::State::bounced,
          mail::State::expired, mail::State::suppressed, mail::State::canceled, mail::State::unknown})
        CHECK(known(fmt::format("message.{}", mail::name(state))));
    for (const auto event : {mail::StateEvent::delivered, mail::StateEvent::deferred, mail::StateEvent::bounced,
                             mail::StateEvent::expired, mail::StateEvent::canceled})
        CHECK(known(std::string(mail::name(event))));
}
