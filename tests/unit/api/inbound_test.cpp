#include "base/base64.hpp"
#include "mail/inbound.hpp"
#include "mail/inbound_link.hpp"
#include "mail/retention.hpp"
#include "mail_api.hpp"
#include "store/inbound.hpp"
#include "store/webhooks.hpp"
#include "webhooks/payload.hpp"

#include <fmt/format.h>

#include <algorithm>

using namespace vectis;
using vectis::test::Answer;
using vectis::test::MailApi;

namespace {

/// A server with routes, and what Postfix hands over for them.
struct InboundApi : MailApi {
    mail::Inbound inbound{database, directory, services.inbound_settings, services.link_key};

    Json add(const Json& body) {
        const auto made = post("/inbound-routes", body);
        INFO(made.response.body);
        REQUIRE(made.status == 201);
        return made.json["data"];
    }
    std::string hook(const Json& more = Json::object()) {
        Json body{{"url", "https://hook.example.test/"}};
        body.update(more);
        const auto made = post("/webhooks", body);
        REQUIRE(made.status == 201);
        return made.json["data"]["id"];
    }
    mail::Reply arrive(const std::string& recipient, const std::string& queue_id, const std::string& more = {}) {
        const auto receive = inbound.receive();
        if (const auto reply = receive.recipient(recipient); !reply.good())
            return reply;
        return receive.message("anna@outside.test", recipient,
                               "Received: from x (x [192.0.2.1])\r\n\tby mail.example.test (Postfix) with ESMTP id " +
                                   queue_id + "\r\n\tfor <" + recipient + ">; now\r\n" + more +
                                   "From: Anna <anna@outside.test>\r\nSubject: Grüße\r\n\r\nhello\r\n");
    }
    std::vector<std::pair<std::string, std::string>> deliveries() { // webhook, event
        return database.read([&](store::Database& open) {
            std::vector<std::pair<std::string, std::string>> rows;
            auto select = open.prepare("select webhook, event from webhook_deliveries order by seq");
            while (select.step())
                rows.emplace_back(select.text(0), select.text(1));
            return rows;
        });
    }
    Json told(const std::string& event) {
        return database.read([&](store::Database& open) {
            return parse_json(webhooks::payload(*store::Messages(open).event(event), std::nullopt));
        });
    }
};

std::string path_of(const Json& resource) {
    return "/inbound-routes/" + resource["id"].get<std::string>();
}

void replace_all(std::string& text, const std::string& what, const std::string& with) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
        text.replace(at, what.size(), with);
}

} // namespace

TEST_CASE("an inbound route is made, changed and removed, and what is wrong with one is named") {
    InboundApi api;
    const std::string hook = api.hook();
    const Json made = api.add({{"address", "Support@example.test"}, {"keep_copy", false}, {"webhook", hook}});
    CHECK(made["name"] == "support@example.test");
    CHECK(made["match"] == "address");
    CHECK(made["address"] == "support@example.test");
    CHECK(made["format"] == "native");
    const Json rest = api.add({{"domain", "example.test"}});
    CHECK(rest["match"] == "domain");
    CHECK(rest["address"].is_null());
    CHECK(api.ask("GET", "/inbound-routes?domain=example.test&sort=name").json["data"].size() == 2);
    CHECK(api.ask("GET", path_of(made)).json["data"] == made);

    const auto changed = api.patch(path_of(made), {{"keep_copy", true}, {"format", "postmark"}, {"webhook", nullptr}});
    CHECK(changed.status == 200);
    CHECK(changed.json["data"]["format"] == "postmark");
    CHECK(changed.json["data"]["webhook"].is_null());
    CHECK(api.patch(path_of(made), {{"format", "native"}}, {{"if-match", "\"old\""}}).status == 412);

    CHECK(api.post("/inbound-routes", {{"address", "support@example.test"}}).status == 409);
    CHECK(api.post("/inbound-routes", {{"domain", "example.test"}, {"match", "all"}}).status == 409);
    const auto faults = [&](const Json& body) { return api.post("/inbound-routes", body).faults(); };
    using Pointers = std::vector<std::string>;
    CHECK(faults(Json::object()) == Pointers{"/address"});
    CHECK(faults({{"domain", "example.test"}, {"match", "address"}}) == Pointers{"/address"});
    CHECK(faults({{"address", "a@example.test"}, {"match", "all"}}) == Pointers{"/match"});
    CHECK(faults({{"address", "a@example.test"}, {"domain", "other.test"}}) == Pointers{"/domain"});
    CHECK(faults({{"address", "a@other.test"}, {"webhook", "019dc1a6-6f5e-7a4c-b5c0-3f0b0a1f5d11"}}) ==
          Pointers{"/address", "/webhook"});
    CHECK(faults({{"domain", "mail.example.test"}}) == Pointers{"/domain"}); // the host's own
    REQUIRE(api.post("/domains", {{"name", "shop.test"}}).status == 201);
    const std::string others = api.hook({{"domain", "shop.test"}});
    CHECK(faults({{"address", "a@example.test"}, {"webhook", others}}) == Pointers{"/webhook"});
    CHECK(faults({{"address", "a@example.test"}, {"format", "mailgun"}, {"match", "some"}}).size() == 2);
    CHECK(api.ask("GET", "/inbound-routes").json["data"].size() == 2);

    CHECK(api.ask("DELETE", path_of(made)).status == 422);
    CHECK(api.ask("DELETE", path_of(made) + "?confirm=support@example.test").status == 200);
    CHECK(api.ask("GET", path_of(made)).status == 404);
    CHECK(api.actions()[0] == "inbound_route.delete");
    // What names it, or is in it, keeps it.
    const Json shop = api.add({{"domain", "shop.test"}, {"webhook", others}});
    CHECK(api.ask("DELETE", "/webhooks/" + others + "?confirm=https://hook.example.test/").status == 409);
    const auto domain = api.id_of("/domains", "name", "shop.test");
    CHECK(api.ask("DELETE", "/domains/" + domain + "?confirm=shop.test").status == 409);
    CHECK(api.ask("DELETE", path_of(shop) + "?confirm=shop.test").status == 200);
    CHECK(api.ask("DELETE", "/webhooks/" + others + "?confirm=https://hook.example.test/").status == 200);
    CHECK(api.ask("DELETE", "/domains/" + domain + "?confirm=shop.test").status == 200);
}

TEST_CASE("whoever is bound to some domains has their routes and their mail alone") {
    InboundApi api;
    REQUIRE(api.post("/domains", {{"name", "shop.test"}}).status == 201);
    const Json own = api.add({{"domain", "shop.test"}, {"match", "all"}});
    const Json other = api.add({{"address", "a@example.test"}});
    REQUIRE(api.arrive("x@shop.test", "Q1").good());
    REQUIRE(api.arrive("a@example.test", "Q2").good());
    const std::string token = api.make_key(
        {{"name", "bound"}, {"scopes", {"inbound:read", "inbound:write"}}, {"domains", {"shop.test"}}})["token"];
    CHECK(api.with_key(token, "GET", "/inbound-routes").json["data"] == Json::array({own}));
    CHECK(api.with_key(token, "GET", path_of(other)).status == 404);
    CHECK(api.with_key(token, "POST", "/inbound-routes", {{"address", "b@example.test"}}).status == 422);
    const Json rows = api.with_key(token, "GET", "/inbound").json["data"];
    REQUIRE(rows.size() == 1);
    CHECK(rows[0]["recipient"] == "x@shop.test");
    const Json all = api.ask("GET", "/inbound?route=" + other["id"].get<std::string>()).json["data"];
    REQUIRE(all.size() == 1);
    const std::string foreign = "/inbound/" + all[0]["id"].get<std::string>();
    for (const auto* part : {"", "/raw", "/attachments/0"})
        CHECK(api.with_key(token, "GET", foreign + part).status == 404);
    CHECK(api.with_key(token, "POST", foreign + "/replay").status == 404);
}

TEST_CASE("what comes in is there and told once, to whom its route names or to those that ask for it") {
    InboundApi api;
    const std::string all = api.hook();
    const std::string named = api.hook({{"events", {"message.sent"}}});
    const std::string spam_only = api.hook({{"events", {"inbound.spam"}}, {"domain", "example.test"}});
    api.add({{"address", "open@example.test"}});
    api.add({{"address", "named@example.test"}, {"webhook", named}, {"format", "postmark"}});

    CHECK(api.arrive("nobody@example.test", "Q0").code == 550);
    CHECK(api.arrive("nobody@other.test", "Q0").code == 550);
    REQUIRE(api.arrive("open+Tag@example.test", "Q1").good());
    REQUIRE(api.arrive("open+Tag@example.test", "Q1").good()); // Postfix did not hear the first answer
    REQUIRE(api.arrive("open+tag=example.test@inbound.internal", "Q2", "X-Spam: Yes\r\n").good());
    REQUIRE(api.arrive("named@example.test", "Q1").good());
    const Json rows = api.ask("GET", "/inbound").json["data"];
    REQUIRE(rows.size() == 3);
    CHECK(rows[0]["recipient"] == "open+Tag@example.test");
    CHECK(rows[0]["sender"] == "anna@outside.test");
    CHECK(rows[0]["subject"] == "Grüße");
    CHECK(rows[1]["recipient"] == "open+tag@example.test");
    CHECK(rows[1]["spam"] == true);
    const auto event = [&](std::size_t i) { return rows[i]["event"].get<std::string>(); };
    using Deliveries = std::vector<std::pair<std::string, std::string>>;
    CHECK(api.deliveries() == Deliveries{{all, event(0)}, {all, event(1)}, {spam_only, event(1)}, {named, event(2)}});

    const Json native = api.told(event(0));
    CHECK(native["type"] == "inbound.received");
    CHECK(native["data"]["id"] == rows[0]["id"]);
    CHECK(native["data"]["tag"] == "Tag");
    CHECK(native["data"]["text"] == "hello\n");
    CHECK(api.told(event(1))["type"] == "inbound.spam");
    const Json postmark = api.told(event(2));
    CHECK(postmark["Subject"] == "Grüße");
    CHECK_FALSE(postmark.contains("type"));

    const std::string path = "/inbound/" + rows[0]["id"].get<std::string>();
    const auto raw = api.ask("GET", path + "/raw");
    CHECK(raw.response.type == "message/rfc822");
    CHECK(raw.response.body.ends_with("\r\n\r\nhello\r\n"));
    CHECK(raw.response.body.size() == rows[0]["size"].get<std::size_t>());
    const Json whole = api.ask("GET", path).json["data"];
    CHECK(whole["content"]["from"]["name"] == "Anna");
    CHECK(api.ask("GET", path + "/attachments/0").status == 404);

    // Once more: the same event, to the same webhooks as far as they are there.
    CHECK(api.post(path + "/replay", nullptr).json["data"]["replayed"] == 1);
    CHECK(api.deliveries().back() == std::pair<std::string, std::string>{all, event(0)});
    CHECK(api.actions()[0] == "inbound.replay");
    // Another webhook does not get by a replay what was for one alone.
    CHECK(api.post("/webhooks/" + all + "/replay", {{"since", "2026-01-01T00:00:00.000Z"}}).json["data"]["replayed"] ==
          2);

    const Time then = now();
    CHECK(mail::forget_old(api.database, {.messages = 1, .statistics = 0}, then + std::chrono::hours(23), {}) == 0);
    CHECK(mail::forget_old(api.database, {.messages = 1, .statistics = 0}, then + std::chrono::hours(25), {}) == 3);
    CHECK(api.ask("GET", "/inbound").json["data"].empty());
    CHECK(api.deliveries().empty());
    CHECK(api.ask("GET", path + "/raw").status == 404);
}

TEST_CASE("a disabled webhook that a route names is told by a replay once it is enabled") {
    InboundApi api;
    const std::string hook = api.hook();
    api.add({{"address", "a@example.test"}, {"webhook", hook}});
    REQUIRE(api.patch("/webhooks/" + hook, {{"enabled", false}}).status == 200);
    REQUIRE(api.arrive("a@example.test", "Q1").good());
    CHECK(api.deliveries().empty());
    const std::string path = "/inbound/" + api.ask("GET", "/inbound").json["data"][0]["id"].get<std::string>();
    CHECK(api.post(path + "/replay", nullptr).json["data"]["replayed"] == 0);
    REQUIRE(api.patch("/webhooks/" + hook, {{"enabled", true}}).status == 200);
    CHECK(api.post(path + "/replay", nullptr).json["data"]["replayed"] == 1);
}

TEST_CASE("an attachment needs a credential or a URL that this server has signed and that is not over") {
    InboundApi api;
    api.add({{"address", "a@example.test"}});
    const std::string file(300000, '\xAB');
    REQUIRE(api.arrive("a@example.test", "Q1",
                       "Content-Type: application/pdf; name=\"Ü.pdf\"\r\nContent-Disposition: attachment\r\n"
                       "Content-Transfer-Encoding: base64\r\nX-Body: follows\r\n\r\n" +
                           base64(file) + "\r\n")
                .good());
    const Json row = api.ask("GET", "/inbound").json["data"][0];
    const std::string path = "/inbound/" + row["id"].get<std::string>() + "/attachments/0";
    const auto whole = api.ask("GET", path);
    CHECK(whole.status == 200);
    CHECK(whole.response.body.starts_with(file.substr(0, 1000)));
    CHECK(whole.response.type == "application/octet-stream");
    CHECK(whole.field("Content-Disposition").starts_with("attachment; filename*=UTF-8''"));

    const std::string url = api.told(row["event"])["data"]["attachments"][0]["url"];
    const std::string base = "https://mail.example.test/api/v1";
    REQUIRE(url.starts_with(base + path));
    const auto stranger = [&](const std::string& target) {
        return api.ask("GET", target,
                       {.body = nullptr, .fields = {}, .door = api::Door::proxy, .address = "192.0.2.7", .raw = {}});
    };
    const std::string good = url.substr(base.size());
    CHECK(stranger(good).status == 200);
    CHECK(stranger(path).status == 401);
    CHECK(stranger(path + "?expires=99999999999").status == 401);
    CHECK(stranger(path + "?expires=99999999999&signature=").status == 403);
    CHECK(stranger(path + good.substr(good.find('?')) + "A").status == 403);
    std::string other = good;
    replace_all(other, "attachments/0", "attachments/1");
    CHECK(stranger(other).status == 403);
    const auto over = mail::attachment_link(row["id"], 0, now() - std::chrono::seconds(2), api.services.link_key);
    CHECK(stranger(over).json["code"] == "expired");
    CHECK(stranger(mail::attachment_link(row["id"], 7, now() + std::chrono::hours(1), api.services.link_key)).status ==
          404);
    // It opens nothing else.
    CHECK(stranger("/inbound/" + row["id"].get<std::string>() + good.substr(good.find('?'))).status == 401);
}

namespace {

/// What one of Postfix's tables answers, by the query that it is given.
struct Tables : InboundApi {
    std::string lookup(const std::string& table, const std::string& address) {
        const auto file = read_file(fs::path(VECTIS_SOURCE_ROOT) / "templates/postfix" / (table + ".cf.mustache"));
        std::string query = file->substr(file->find("query =") + std::string("query =").size());
        const auto at = address.rfind('@');
        replace_all(query, "{{recipient_delimiter}}", "+");
        replace_all(query, "%s", address);
        replace_all(query, "%u", address.substr(0, at));
        replace_all(query, "%d", address.substr(at + 1));
        return one(query);
    }
    /// none, alone, copy
    std::string route(const std::string& address) {
        const auto alone = lookup("inbound", address);
        CHECK((lookup("inbound_addresses", address) == address) == (alone != "(none)"));
        const auto copy = lookup("inbound_copies", address);
        CHECK((alone == "(none)" || copy == "(none)"));
        if (copy != "(none)") {
            CHECK(lookup("inbound", copy) == "lmtp:unix:/run/vectis-api/lmtp.sock");
            CHECK(lookup("inbound_copies", copy) == "(none)");
            CHECK(mail::inbound_recipient(copy) == address);
        }
        return alone != "(none)" ? "alone" : copy != "(none)" ? "copy" : "none";
    }
};

} // namespace

TEST_CASE("Postfix is told of each address whether its mail goes to the API, and whether anywhere else") {
    Tables api;
    REQUIRE(api.post("/domains", {{"name", "twin.test"}, {"alias_of", "example.test"}}).status == 201);
    REQUIRE(api.post("/aliases", {{"address", "info@example.test"}, {"destinations", {"alice@example.test"}}}).status ==
            201);
    for (const auto* address : {"alice@example.test", "x@example.test", "x@other.test", "x@mail.example.test"})
        CHECK(api.route(address) == "none");
    const Json alice = api.add({{"address", "alice@example.test"}});
    const Json robot = api.add({{"address", "robot@example.test"}, {"keep_copy", false}});
    for (const auto* address :
         {"alice@example.test", "alice+tag@example.test", "alice+a+b@example.test", "alice@twin.test"})
        CHECK(api.route(address) == "copy");
    for (const auto* address : {"robot@example.test", "robot+x@twin.test"})
        CHECK(api.route(address) == "alone");
    for (const auto* address : {"alice2@example.test", "info@example.test", "x@example.test", "+alice@example.test"})
        CHECK(api.route(address) == "none");
    CHECK(api.lookup("inbound_copies", "alice@twin.test") == "alice=twin.test@inbound.internal");
    CHECK(api.lookup("inbound_copies", "ALICE@example.test") == "ALICE=example.test@inbound.internal");

    SECTION("a domain's route for the rest") {
        api.add({{"domain", "example.test"}, {"keep_copy", false}});
        CHECK(api.route("whoever+x@example.test") == "alone");
        CHECK(api.route("whoever@twin.test") == "alone");
        CHECK(api.route("info@example.test") == "none");
        CHECK(api.route("info+x@example.test") == "none");
        CHECK(api.route("alice@example.test") == "copy");
    }
    SECTION("a domain's route for everything") {
        const Json all = api.add({{"domain", "example.test"}, {"match", "all"}});
        CHECK(api.route("info@example.test") == "copy");
        CHECK(api.route("robot@example.test") == "alone");
        CHECK(api.route("whoever@example.test") == "copy");
        // Of an address that needs quotes no copy is made: it could be read as another one.
        CHECK(api.lookup("inbound_copies", "\"a b\"@example.test") == "(none)");
        CHECK(api.lookup("inbound_copies", "a@b@example.test") == "(none)");
        // The API's own senders.
        const std::string bounce = "bounce+abcdefghijklmnopqrstuvwxyz234567@example.test";
        CHECK(api.route(bounce) == "none");
        REQUIRE(api.patch(path_of(all), {{"keep_copy", false}}).status == 200);
        CHECK(api.route(bounce) == "none");
        CHECK(api.route("info@example.test") == "alone");
        CHECK(api.route("alice@example.test") == "copy");
    }
    SECTION("a mailbox that gets nothing of it is not asked for its room") {
        api.make_mailbox("robot@example.test");
        const auto path = "/mailboxes/" + api.id_of("/mailboxes", "address", "robot@example.test");
        REQUIRE(api.patch(path, {{"quota", 1000}}).status == 200);
        CHECK(api.lookup("recipients", "robot@example.test") == "DUNNO");
        REQUIRE(api.patch(path_of(robot), {{"keep_copy", true}}).status == 200);
        CHECK(api.lookup("recipients", "robot@example.test") == "mailbox_quota");
    }
    SECTION("a suspended domain") {
        REQUIRE(api.post("/domains", {{"name", "shop.test"}}).status == 201);
        api.add({{"domain", "shop.test"}, {"keep_copy", false}});
        CHECK(api.route("x@shop.test") == "alone");
        REQUIRE(api.patch("/domains/" + api.id_of("/domains", "name", "shop.test"), {{"active", false}}).status == 200);
        CHECK(api.route("x@shop.test") == "none");
    }
}
