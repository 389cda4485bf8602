#include "base/base64.hpp"
#include "base/random.hpp"
#include "mail/bounces.hpp"
#include "mail/story.hpp"
#include "mail/token.hpp"
#include "mail/tracker.hpp"
#include "mail_api.hpp"
#include "store/messages.hpp"

#include <fmt/format.h>

using namespace vectis;
using vectis::test::MailApi;

namespace {

constexpr const char* key = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A server that sends.
struct SendingApi : MailApi {
    static Json body() {
        return {{"from", {{"email", "shop@example.test"}, {"name", "The shop"}}},
                {"to", {{{"email", "anna@outside.test"}}, {{"email", "bert@outside.test"}}}},
                {"subject", "Your order"},
                {"text", "It is on its way.\n"}};
    }
    Json recipient(const std::string& id, std::size_t which) {
        return ask("GET", "/messages/" + id).json["data"]["recipients"][which];
    }
    std::vector<std::string> story(const std::string& id, const std::string& who) {
        std::vector<std::string> all;
        const Json rows = ask("GET", "/messages/" + id + "/events").json["data"];
        for (const auto& row : rows) {
            if (row["recipient"] == who)
                all.push_back(row["type"]);
        }
        return all;
    }
    /// What Postfix logs of a recipient's message, from the moment that it has it.
    void log(std::int64_t recipient, const std::string& queue_id, const std::vector<std::string>& lines) {
        std::vector<mail::LogLine> all{{now(), "postfix/qmgr",
                                        fmt::format("{}: from=<{}>, size=500, nrcpt=1 (queue active)", queue_id,
                                                    mail::bounce_address(recipient, "example.test", key))}};
        for (const auto& line : lines)
            all.push_back({now(), "postfix/smtp", queue_id + ": " + line});
        tracker().take(all, "cursor " + queue_id);
    }
    mail::Tracker tracker() {
        return {database, key, [this](const std::string& domain) {
                    return directory.read([&](store::Database& reader) {
                        return store::Accounts(reader).domain_named(domain).has_value();
                    });
                }};
    }
    std::vector<store::Recipient> rows(const std::string& id) {
        return database.read([&](store::Database& open) { return store::Messages(open).recipients(id); });
    }
};

} // namespace

TEST_CASE("a message is accepted with all of its recipients, and its story is told as Postfix tells it") {
    SendingApi api;
    const auto sent = api.post("/send", SendingApi::body());
    INFO(sent.response.body);
    REQUIRE(sent.status == 202);
    CHECK(api.woken == 1);
    const std::string id = sent.json["data"]["id"];
    CHECK(sent.field("Location") == "/api/v1/messages/" + id);
    CHECK(sent.json["data"]["recipients"].size() == 2);
    CHECK(sent.json["data"]["message_id"] == id + "@example.test");
    CHECK(api.recipient(id, 0)["status"] == "queued");
    const auto rows = api.rows(id);
    const auto content =
        api.database.read([&](store::Database& open) { return store::Messages(open).content(id).value_or(""); });
    CHECK(content.find("Subject: Your order\r\n") != std::string::npos);

    api.log(rows[0].id, "4ZtBcd1",
            {"to=<anna@outside.test>, relay=mx.outside.test[198.51.100.25]:25, delay=0.2, "
             "delays=0.1/0/0.05/0.05, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 1)"});
    CHECK(api.recipient(id, 0)["status"] == "delivered");
    CHECK(api.recipient(id, 0)["relay"] == "mx.outside.test[198.51.100.25]:25");
    CHECK(api.recipient(id, 0)["queue_id"] == "4ZtBcd1");
    CHECK(api.recipient(id, 1)["status"] == "queued");
    CHECK(api.story(id, "anna@outside.test") ==
          std::vector<std::string>{"message.queued", "message.sent", "message.delivered"});
    const auto deferred = "to=<bert@outside.test>, relay=none, delay=1, delays=1/0/0/0, dsn=4.4.1, status=deferred "
                          "(connect to mx.outside.test: Connection timed out status=sent)";
    api.log(rows[1].id, "4ZtBcd2", {deferred, deferred});
    CHECK(api.recipient(id, 1)["status"] == "deferred");
    api.log(rows[1].id, "4ZtBcd2",
            {"to=<bert@outside.test>, relay=mx.outside.test[198.51.100.25]:25, delay=9, "
             "delays=9/0/0/0, dsn=5.1.1, status=bounced (host said: 550 5.1.1 nobody)"});
    CHECK(api.recipient(id, 1)["code"] == "5.1.1");
    CHECK(api.story(id, "bert@outside.test") ==
          std::vector<std::string>{"message.queued", "message.sent", "message.deferred", "message.bounced"});
    // Nobody waits for Postfix any more.
    CHECK_FALSE(api.database.read([&](store::Database& open) { return store::Messages(open).content(id); }));
    CHECK(api.tracker().cursor() == "cursor 4ZtBcd2");
    CHECK(api.ask("GET", "/messages?domain=example.test").json["data"].size() == 1);
}

TEST_CASE("a token that this server did not make moves nothing") {
    SendingApi api;
    const std::string id = api.post("/send", SendingApi::body()).json["data"]["id"];
    const auto rows = api.rows(id);
    const std::string other(64, 'f');
    api.tracker().take({{now(), "postfix/qmgr",
                         fmt::format("4ZtBcd9: from=<{}>, size=5, nrcpt=1 (queue active)",
                                     mail::bounce_address(rows[0].id, "example.test", other))}},
                       "c");
    CHECK(api.recipient(id, 0)["status"] == "queued");
}

TEST_CASE("everything that is wrong with a message is named at once, and it is not sent") {
    SendingApi api;
    Json bad = SendingApi::body();
    bad["to"][1]["email"] = "nobody";
    CHECK(api.post("/send", bad).faults() == std::vector<std::string>{"/to/1/email"});
    bad = SendingApi::body();
    bad["attachments"] = Json::array({{{"filename", "a.pdf"}, {"content", "%%%"}}});
    bad["headers"] = {{"Received", "x"}};
    bad["metadata"] = {{"number", 5}};
    bad["send_at"] = "2126-01-01T00:00:00.000Z";
    const auto faults = api.post("/send", bad).faults();
    for (const auto* pointer : {"/attachments/0/content", "/headers/Received", "/metadata/number", "/send_at"})
        CHECK(std::find(faults.begin(), faults.end(), pointer) != faults.end());
    bad = SendingApi::body();
    bad["from"]["email"] = "shop@elsewhere.test";
    CHECK(api.post("/send", bad).status == 403);
    CHECK(api.ask("GET", "/messages").json["data"].empty());
}

TEST_CASE("whoever is bound to some domains sends from these, and sees no others' messages") {
    SendingApi api;
    CHECK(api.post("/domains", {{"name", "shop.test"}}).status == 201);
    const std::string token =
        api.make_key({{"name", "k"}, {"scopes", {"send", "messages:read"}}, {"domains", {"shop.test"}}})["token"];
    const std::string id = api.post("/send", SendingApi::body()).json["data"]["id"];
    CHECK(api.with_key(token, "POST", "/send", SendingApi::body()).status == 403);
    CHECK(api.with_key(token, "GET", "/messages/" + id).status == 404);
    CHECK(api.with_key(token, "GET", "/messages/" + id + "/events").status == 404);
    CHECK(api.with_key(token, "POST", "/messages/" + id + "/cancel").status == 404);
    CHECK(api.with_key(token, "GET", "/messages").json["data"].empty());
    Json own = SendingApi::body();
    own["from"]["email"] = "a@shop.test";
    CHECK(api.with_key(token, "POST", "/send", own).status == 202);
    CHECK(api.with_key(token, "GET", "/messages").json["data"].size() == 1);
}

TEST_CASE("a request that is repeated with its key sends nothing twice") {
    SendingApi api;
    const std::map<std::string, std::string> once{{"idempotency-key", "k1"}};
    const auto first = api.post("/send", SendingApi::body(), once);
    const auto again = api.post("/send", SendingApi::body(), once);
    CHECK(again.json["data"] == first.json["data"]);
    CHECK(again.field("Idempotent-Replayed") == "true");
    CHECK(api.ask("GET", "/messages").json["data"].size() == 1);
    Json other = SendingApi::body();
    other["subject"] = "Another";
    CHECK(api.post("/send", other, once).status == 422);
}

TEST_CASE("what is to be sent later can be canceled, but for whom it is being sent to at this moment") {
    SendingApi api;
    Json later = SendingApi::body();
    later["send_at"] = rfc3339(now() + std::chrono::hours(1));
    const std::string id = api.post("/send", later).json["data"]["id"];
    const auto rows = api.rows(id);
    CHECK(rows[0].due_at == later["send_at"].get<std::string>());
    api.being_sent = rows[1].id;
    const auto canceled = api.ask("POST", "/messages/" + id + "/cancel");
    CHECK(canceled.status == 200);
    CHECK(api.recipient(id, 0)["status"] == "canceled");
    CHECK(api.recipient(id, 1)["status"] == "queued");
    CHECK(api.ask("POST", "/messages/" + id + "/cancel").status == 409);
    CHECK(api.story(id, "anna@outside.test") == std::vector<std::string>{"message.queued", "message.canceled"});
}

TEST_CASE("a batch is sent whole, or with every fault of each of its messages not at all") {
    SendingApi api;
    Json other = SendingApi::body();
    other["to"] = Json::array({{{"email", "carl@outside.test"}}});
    const auto sent = api.post("/send/batch", {{"messages", Json::array({SendingApi::body(), other})}});
    INFO(sent.response.body);
    REQUIRE(sent.status == 202);
    const Json results = sent.json["data"]["results"];
    REQUIRE(results.size() == 2);
    CHECK(results[0]["recipients"].size() == 2);
    CHECK(api.recipient(results[1]["id"], 0)["email"] == "carl@outside.test");

    Json bad = SendingApi::body();
    bad["headers"] = {{"Received", "x"}};
    other["send_at"] = "2126-01-01T00:00:00.000Z";
    CHECK(api.post("/send/batch", {{"messages", Json::array({SendingApi::body(), bad, other})}}).faults() ==
          std::vector<std::string>{"/messages/1/headers/Received", "/messages/2/send_at"});
    CHECK(api.post("/send/batch", {{"messages", Json::array()}}).status == 422);
    CHECK(api.ask("GET", "/messages").json["data"].size() == 2);
}

TEST_CASE("a key and a domain send to so many in an hour, a request as a whole or not at all") {
    SendingApi api;
    Json key_body{{"name", "shop"}, {"scopes", {"send"}}, {"recipients", 5}};
    const std::string token = api.make_key(key_body)["token"];
    const auto send = [&](const std::string& path, const Json& body) {
        return api.with_key(token, "POST", path, body);
    };
    const auto count = [&] { return api.ask("GET", "/messages").json["data"].size(); };
    REQUIRE(send("/send", SendingApi::body()).status == 202);
    REQUIRE(send("/send", SendingApi::body()).status == 202);
    const auto more = send("/send", SendingApi::body());
    CHECK(more.status == 429);
    CHECK(more.json["code"] == "too_many_recipients");
    CHECK(more.json["detail"].get<std::string>().starts_with("the key shop may send to 5 recipients in an hour"));
    CHECK(std::stoi(more.field("Retry-After")) > 3000);
    const Json batch{{"messages", {SendingApi::body(), SendingApi::body(), SendingApi::body()}}};
    CHECK(send("/send/batch", batch).status == 422); // 6 are more than an hour has
    CHECK(count() == 2);
    Json one = SendingApi::body();
    one["to"].erase(1);
    CHECK(send("/send", one).status == 202); // what was refused did not count
    CHECK(send("/send", one).status == 429);

    api.limits = {.mailbox = 0, .key = 1, .domain = 3, .probe = {}};
    key_body["name"] = "other";
    key_body["recipients"] = nullptr;
    const std::string other = api.make_key(key_body)["token"];
    CHECK(api.with_key(other, "POST", "/send", one).status == 202);
    CHECK(api.with_key(other, "POST", "/send", one).status == 429);
    // Whoever has no key is bound by what the domain may, which counts since it has a limit.
    CHECK(api.post("/send", SendingApi::body()).status == 202);
    const auto of_domain = api.post("/send", one);
    CHECK(of_domain.status == 429);
    CHECK(of_domain.json["detail"].get<std::string>().starts_with("the domain example.test may send to 3"));
    CHECK(count() == 5);
}

TEST_CASE("what a held key sends is taken, waits, and is let go or thrown away") {
    SendingApi api;
    const std::string token = api.make_key({{"name", "shop"}, {"scopes", {"send"}}})["token"];
    const auto send = [&] { return api.with_key(token, "POST", "/send", SendingApi::body()).json["data"]; };
    const std::string before = send()["id"];
    const auto held = api.post("/holds", {{"sender", "shop"}, {"detail", "it was published"}});
    REQUIRE(held.status == 201);
    const Json hold = held.json["data"];
    const std::string path = "/holds/" + hold["id"].get<std::string>();
    CHECK(hold["sender"] == "shop");
    CHECK(hold["kind"] == "key");
    CHECK(hold["reason"] == "manual");
    CHECK(hold["detail"] == "it was published");
    CHECK(api.post("/holds", {{"sender", hold["key_id"]}}).status == 409);
    CHECK(api.post("/holds", {{"sender", "nobody@example.test"}}).faults() == std::vector<std::string>{"/sender"});
    CHECK(api.with_key(token, "GET", "/holds").status == 403);

    const Json sent = send();
    CHECK(sent["status"] == "held");
    const std::string id = sent["id"];
    CHECK(api.recipient(id, 0)["status"] == "held");
    CHECK(api.story(id, "anna@outside.test") == std::vector<std::string>{"message.queued", "message.held"});
    CHECK(api.ask("GET", "/messages?status=held").json["data"].size() == 1);
    CHECK(api.ask("GET", path).json["data"]["waiting"] == 1);
    CHECK(api.recipient(before, 0)["status"] == "queued"); // until mail::Holder looks
    // Whoever has no key is not held, and who takes it back need not wait.
    CHECK(api.post("/send", SendingApi::body()).json["data"]["status"] == "queued");
    CHECK(api.post("/messages/" + id + "/cancel", nullptr).json["data"]["recipients"][0]["status"] == "canceled");

    CHECK(api.post(path + "/discard", nullptr).status == 422);
    CHECK(api.post(path + "/discard?confirm=other", nullptr).status == 422);
    CHECK(api.post(path + "/release", nullptr).json["data"]["ending"] == "release");
    CHECK(api.post(path + "/release", nullptr).status == 200);
    CHECK(api.post(path + "/discard?confirm=shop", nullptr).status == 409);
    CHECK(send()["status"] == "queued");
    CHECK(api.ask("GET", "/holds?sender=shop").json["data"].size() == 1);
    const auto actions = api.actions();
    CHECK(std::count(actions.begin(), actions.end(), "hold.create") == 1);
    CHECK(std::count(actions.begin(), actions.end(), "hold.release") == 2);

    api.make_mailbox("carl@example.test");
    const auto mailbox = api.post("/holds", {{"sender", "Carl@example.test"}}).json["data"];
    CHECK(mailbox["kind"] == "mailbox");
    CHECK(mailbox["sender"] == "carl@example.test");
    CHECK(mailbox["domain"] == "example.test");
    CHECK(mailbox["key_id"].is_null());
    const auto thrown_away =
        api.post("/holds/" + mailbox["id"].get<std::string>() + "/discard?confirm=carl@example.test", nullptr);
    CHECK(thrown_away.status == 200);
    CHECK(thrown_away.json["data"]["ending"] == "discard");
}

TEST_CASE("a message that is written already goes out as it is, to whom it names or to others") {
    SendingApi api;
    const std::string written = "From: shop@example.test\r\nTo: anna@outside.test\r\nBcc: bert@outside.test\r\n"
                                "Subject: Your order\r\n\r\nIt is on its way.\r\n";
    const auto sent = api.post("/send/raw", {{"raw", base64(written)}, {"tags", {"order"}}});
    INFO(sent.response.body);
    REQUIRE(sent.status == 202);
    const std::string id = sent.json["data"]["id"];
    CHECK(sent.json["data"]["message_id"] == id + "@example.test");
    CHECK(sent.json["data"]["recipients"].size() == 2);
    const auto content =
        api.database.read([&](store::Database& open) { return store::Messages(open).content(id).value_or(""); });
    CHECK(content.find("Bcc") == std::string::npos);
    CHECK(content.find("Subject: Your order\r\n") != std::string::npos);
    CHECK(api.ask("GET", "/messages/" + id).json["data"]["tags"] == Json::array({"order"}));

    const auto to = api.post("/send/raw", {{"raw", base64(written)}, {"to", {"Carl@Outside.test"}}});
    REQUIRE(to.status == 202);
    CHECK(api.recipient(to.json["data"]["id"], 0)["email"] == "Carl@outside.test");

    CHECK(api.post("/send/raw", {{"raw", "%%%"}}).faults() == std::vector<std::string>{"/raw"});
    const auto faulty = api.post("/send/raw", {{"raw", base64("Subject: a\r\nSubject: b\r\n\r\n")}});
    CHECK(faulty.status == 422);
    CHECK(faulty.response.body.find("line 2: Subject") != std::string::npos);
    const auto strangers =
        api.post("/send/raw", {{"raw", base64("From: a@elsewhere.test\r\nTo: b@outside.test\r\n\r\n")}});
    CHECK(strangers.status == 403);
}

TEST_CASE("to whoever does not exist a domain sends nothing more, until somebody says otherwise") {
    SendingApi api;
    const std::string first = api.post("/send", SendingApi::body()).json["data"]["id"];
    const auto rows = api.rows(first);
    api.log(rows[0].id, "4ZtBcd1",
            {"to=<anna@outside.test>, relay=mx.outside.test[198.51.100.25]:25, delay=9, delays=9/0/0/0, dsn=5.1.1, "
             "status=bounced (host said: 550 5.1.1 nobody)"});
    // A full mailbox may be emptied.
    api.log(rows[1].id, "4ZtBcd2",
            {"to=<bert@outside.test>, relay=mx.outside.test[198.51.100.25]:25, delay=9, delays=9/0/0/0, dsn=5.2.2, "
             "status=bounced (host said: 552 5.2.2 full)"});
    const Json list = api.ask("GET", "/suppressions?domain=example.test").json["data"];
    REQUIRE(list.size() == 1);
    CHECK(list[0]["address"] == "anna@outside.test");
    CHECK(list[0]["reason"] == "bounce");
    CHECK(list[0]["source"] == first);
    const std::string path = "/suppressions/" + list[0]["id"].get<std::string>();
    CHECK(api.ask("GET", path).json["data"] == list[0]);

    Json body = SendingApi::body();
    body["to"][0]["email"] = "Anna@outside.test";
    const auto both = api.post("/send", body);
    REQUIRE(both.status == 202);
    CHECK(both.json["data"]["status"] == "queued");
    CHECK(both.json["data"]["recipients"][0]["status"] == "suppressed");
    CHECK(both.json["data"]["recipients"][1]["status"] == "queued");
    CHECK(api.story(both.json["data"]["id"], "Anna@outside.test") == std::vector<std::string>{"message.suppressed"});
    body["to"].erase(1);
    const auto nobody = api.post("/send", body);
    REQUIRE(nobody.status == 202);
    CHECK(nobody.json["data"]["status"] == "suppressed");
    const std::string id = nobody.json["data"]["id"];
    CHECK_FALSE(api.database.read([&](store::Database& open) { return store::Messages(open).content(id); }));

    CHECK(api.ask("DELETE", path).status == 422); // unconfirmed
    CHECK(api.ask("DELETE", path + "?confirm=anna@outside.test").status == 200);
    CHECK(api.ask("GET", path).status == 404);
    CHECK(api.post("/send", body).json["data"]["recipients"][0]["status"] == "queued");
}

TEST_CASE("to whoever complains a domain sends nothing more; that something is no spam is no complaint") {
    SendingApi api;
    const std::string id = api.post("/send", SendingApi::body()).json["data"]["id"];
    const auto rows = api.rows(id);
    mail::Bounces bounces(api.database, key);
    const auto receive = bounces.receive();
    const auto report = [&](std::size_t which, const std::string& secret, const std::string& type) {
        const auto address = mail::bounce_address(rows[which].id, "example.test", secret);
        return receive.message("", address,
                               "Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n"
                               "--b\r\nContent-Type: text/plain\r\n\r\nno\r\n"
                               "--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: " +
                                   type + "\r\nVersion: 1\r\n\r\n--b--\r\n");
    };
    CHECK(report(0, key, "not-spam").good());
    CHECK(report(0, std::string(64, 'f'), "abuse").good()); // forged: taken, and nothing comes of it
    CHECK(api.ask("GET", "/suppressions").json["data"].empty());
    CHECK(report(1, key, "abuse").good());
    CHECK(report(1, key, "abuse").good());
    const Json list = api.ask("GET", "/suppressions").json["data"];
    REQUIRE(list.size() == 1);
    CHECK(list[0]["address"] == "bert@outside.test");
    CHECK(list[0]["reason"] == "complaint");
    CHECK(api.story(id, "bert@outside.test").back() == "message.complained");
}

TEST_CASE("suppressions are made by hand and taken over from elsewhere, each for a domain of one's own") {
    SendingApi api;
    const Json one{{"domain", "example.test"}, {"address", "Carl@outside.test"}, {"reason", "unsubscribe"}};
    const auto made = api.post("/suppressions", one);
    REQUIRE(made.status == 201);
    CHECK(made.json["data"]["address"] == "carl@outside.test");
    CHECK(made.field("Location") == "/api/v1/suppressions/" + made.json["data"]["id"].get<std::string>());
    CHECK(api.post("/suppressions", one).status == 409);
    Json bad = one;
    bad["domain"] = "elsewhere.test";
    bad["expires_at"] = "2020-01-01T00:00:00.000Z";
    CHECK(api.post("/suppressions", bad).faults() == std::vector<std::string>{"/expires_at", "/domain"});
    const auto import = [&](const Json& rows) { return api.post("/suppressions/import", {{"suppressions", rows}}); };
    CHECK(import(Json::array({one, bad})).faults() ==
          std::vector<std::string>{"/suppressions/1/expires_at", "/suppressions/1/domain"});
    Json other = one;
    other["address"] = "dora@outside.test";
    other["expires_at"] = rfc3339(now() + std::chrono::hours(24));
    const auto taken = import(Json::array({one, other, other}));
    CHECK(taken.json["data"] == Json{{"added", 1}, {"there_already", 2}});

    // What is over counts for nothing, and gives way.
    api.database.write([&](store::Database& open) {
        const store::Suppression over{.id = uuid7(),
                                      .domain = "example.test",
                                      .address = "anna@outside.test",
                                      .reason = "manual",
                                      .source = "test",
                                      .created_at = "2020-01-01T00:00:00.000Z",
                                      .expires_at = "2020-02-01T00:00:00.000Z"};
        return store::Suppressions(open).add(over);
    });
    CHECK(api.post("/send", SendingApi::body()).json["data"]["recipients"][0]["status"] == "queued");
    CHECK(api.post("/suppressions", {{"domain", "example.test"}, {"address", "anna@outside.test"}}).status == 201);
    CHECK(api.post("/send", SendingApi::body()).json["data"]["recipients"][0]["status"] == "suppressed");

    CHECK(api.post("/domains", {{"name", "shop.test"}}).status == 201);
    const std::string token = api.make_key(
        {{"name", "k"}, {"scopes", {"suppressions:read", "suppressions:write"}}, {"domains", {"shop.test"}}})["token"];
    const std::string path = "/suppressions/" + made.json["data"]["id"].get<std::string>();
    CHECK(api.with_key(token, "GET", "/suppressions").json["data"].empty());
    CHECK(api.with_key(token, "GET", path).status == 404);
    CHECK(api.with_key(token, "DELETE", path + "?confirm=carl@outside.test").status == 404);
    CHECK(api.with_key(token, "POST", "/suppressions", one).status == 422);
}

TEST_CASE("messages are searched, their stories told in words, and what became of them counted") {
    SendingApi api;
    Json body = SendingApi::body();
    body["tags"] = {"order"};
    const std::string id = api.post("/send", body).json["data"]["id"].get<std::string>();
    body["subject"] = "Something else";
    static_cast<void>(api.post("/send", body));
    const auto listed = [&](const std::string& query) {
        const auto answer = api.ask("GET", "/messages?" + query);
        REQUIRE(answer.status == 200);
        return answer.json["data"].size();
    };
    CHECK(listed("subject=ord") == 1);
    CHECK(listed("tag=order") == 2);
    CHECK(listed("recipient=Anna@Outside.test") == 2);
    CHECK(listed("recipient=nobody@outside.test") == 0);
    CHECK(listed("status=queued&domain=example.test") == 2);
    CHECK(listed("status=bounced") == 0);
    CHECK(listed("since=2000-01-01T00:00:00.000Z&until=2100-01-01T00:00:00.000Z") == 2);
    CHECK(listed("until=2000-01-01T00:00:00.000Z") == 0);
    for (const std::string query : {"status=lost", "since=yesterday", "subject=", "recipient=nobody"}) {
        const auto answer = api.ask("GET", "/messages?" + query);
        CHECK(answer.status == 422);
    }
    const Json events = api.ask("GET", "/messages/" + id + "/events").json["data"];
    CHECK(events[0]["told"].get<std::string>() == "accepted for anna@outside.test");

    const Json all = api.ask("GET", "/analytics").json["data"];
    REQUIRE(all["groups"].size() == 1);
    CHECK(all["groups"][0]["figures"]["queued"] == 4);
    CHECK(all["groups"][0]["spans"].size() == 1);
    CHECK(all["groups"][0]["time_to_delivery"]["p50"].is_null());
    const Json tags = api.ask("GET", "/analytics?by=tag&granularity=hour&domain=example.test").json["data"];
    CHECK(tags["groups"][0]["name"].get<std::string>() == "order");
    const auto table = api.ask("GET", "/analytics/export?by=tag");
    CHECK(table.status == 200);
    CHECK(table.response.body.find("\"order\",\"queued\",\"4\"\r\n") != std::string::npos);
    CHECK(api.ask("GET", "/analytics?since=2100-01-01T00:00:00.000Z").status == 422);
    CHECK(api.ask("GET", "/analytics?granularity=hour&since=2000-01-01T00:00:00.000Z").status == 422);
    CHECK(api.ask("GET", "/analytics?domain=foreign.test").status == 422);
    CHECK(api.ask("GET", "/analytics?since=2020-01-01T00:00:00.000Z&until=2020-01-02T00:00:00.000Z")
              .json["data"]["groups"]
              .empty());
}

TEST_CASE("what people send by submission is found among the rest, and cannot be taken back here") {
    SendingApi api;
    const std::string sent = api.post("/send", SendingApi::body()).json["data"]["id"];
    api.tracker().take(
        {{now(), "postfix/submission/smtpd",
          "4jb4Jr2f13zC0s: client=client.outside.test[198.51.100.77], sasl_method=PLAIN, "
          "sasl_username=alice@example.test"},
         {now(), "postfix/cleanup", "4jb4Jr2f13zC0s: message-id=<1795716459.3388@example.test>"},
         {now(), "postfix/qmgr", "4jb4Jr2f13zC0s: from=<info@example.test>, size=904, nrcpt=2 (queue active)"},
         {now(), "postfix/smtp",
          "4jb4Jr2f13zC0s: to=<anna@outside.test>, orig_to=<friends@example.test>, "
          "relay=mx.outside.test[198.51.100.25]:25, delay=0.31, delays=0.2/0.01/0.07/0.03, dsn=5.1.1, status=bounced "
          "(host mx.outside.test[198.51.100.25] said: 550 5.1.1 nobody)"}},
        "c");
    const Json rows = api.ask("GET", "/messages?origin=submission").json["data"];
    REQUIRE(rows.size() == 1);
    CHECK(rows[0]["origin"] == "submission");
    CHECK(rows[0]["sent_by"] == "alice@example.test");
    CHECK(rows[0]["sender"] == "info@example.test");
    CHECK(rows[0]["domain"] == "example.test");
    CHECK(rows[0]["subject"] == "");
    CHECK(api.ask("GET", "/messages?origin=api").json["data"].at(0)["id"] == sent);
    CHECK(api.ask("GET", "/messages").json["data"].size() == 2);
    CHECK(api.ask("GET", "/messages?origin=mail").status == 422);
    const std::string id = rows[0]["id"];
    CHECK(api.recipient(id, 0)["original_to"] == "friends@example.test");
    CHECK(api.recipient(sent, 0)["original_to"].is_null());
    CHECK(api.story(id, "anna@outside.test") == std::vector<std::string>{"message.sent", "message.bounced"});
    const auto canceled = api.ask("POST", "/messages/" + id + "/cancel");
    CHECK(canceled.status == 409);
    CHECK(canceled.response.body.find("/queue/{queue_id}") != std::string::npos);
    // The same bounce of a program's message would suppress the address.
    CHECK(api.ask("GET", "/suppressions").json["data"].empty());
    CHECK(api.post("/send", SendingApi::body()).json["data"]["recipients"][0]["status"] == "queued");
}
