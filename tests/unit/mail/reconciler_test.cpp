#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "catch.hpp"
#include "folder.hpp"
#include "mail/bounces.hpp"
#include "mail/reconciler.hpp"
#include "mail/token.hpp"
#include "mail/tracker.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

using namespace vectis;
using namespace std::chrono_literals;
using mail::InQueue;
using mail::Missing;

namespace {

constexpr const char* reconciled_key = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// Two recipients of one message that Postfix has for an hour: anna's is deferred, bert's was never heard of. The queue
/// is what a test says it is, and so is the time between the looks.
struct Server {
    Server() {
        database.write([&](store::Database& open) {
            store::Messages messages(open);
            messages.add({.id = "m1",
                          .domain = "example.test",
                          .sent_by = "k",
                          .sender = "shop@example.test",
                          .subject = "s",
                          .message_id = "m1@example.test",
                          .tags = "[]",
                          .metadata = "{}",
                          .size = 4,
                          .created_at = an_hour_ago,
                          .send_at = std::nullopt},
                         "x", rows);
            rows[0].status = "deferred";
            rows[0].queue_id = "4ZtBcd1";
            rows[0].code = "4.2.2";
            rows[0].answer = "452 4.2.2 full";
            rows[1].status = "sent";
            rows[1].queue_id = "4ZtBcd2";
            for (const auto& each : rows)
                messages.update(each);
            return 0;
        });
    }

    std::size_t look_after(std::chrono::seconds wait) {
        time += wait;
        return reconciler.look();
    }
    void put(const std::string& queue_id, const std::string& sender) {
        queue.push_back({{"id", queue_id}, {"queue", "deferred"}, {"sender", sender}});
    }
    std::string bounces_to(std::size_t which) const {
        return mail::bounce_address(rows[which].id, "example.test", reconciled_key);
    }
    void log(const std::string& program, const std::string& line) {
        mail::Tracker(database, reconciled_key, [](const std::string&) {
            return true;
        }).take({{now(), program, line}}, "c");
    }
    void deliver(const std::string& queue_id) {
        log("postfix/smtp", queue_id + ": to=<x@outside.test>, relay=mx.outside.test[198.51.100.25]:25, delay=1, "
                                       "delays=1/0/0/0, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 1)");
    }
    void refuse(const std::string& queue_id) {
        log("postfix/smtp", queue_id + ": to=<x@outside.test>, relay=mx.outside.test[198.51.100.25]:25, delay=1, "
                                       "delays=1/0/0/0, dsn=5.1.1, status=bounced (host said: 550 5.1.1 nobody)");
    }
    void report(std::size_t which) {
        const auto taken =
            mail::Bounces(database, reconciled_key)
                .receive()
                .message("", bounces_to(which),
                         "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
                         "--b\r\nContent-Type: text/plain\r\n\r\nno\r\n"
                         "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
                         "Reporting-MTA: dns; mx.outside.test\r\n\r\nFinal-Recipient: rfc822; " +
                             rows[which].address +
                             "\r\nAction: failed\r\nStatus: 5.1.1\r\n"
                             "Diagnostic-Code: smtp; 550 5.1.1 nobody\r\n\r\n--b--\r\n");
        CHECK(taken.good());
    }
    store::Recipient now_is(std::size_t which) {
        return database.read(
            [&](store::Database& open) { return store::Messages(open).recipient(rows[which].id).value(); });
    }
    std::string status(std::size_t which) { return now_is(which).status; }
    std::vector<std::string> story(std::size_t which) {
        return database.read([&](store::Database& open) {
            std::vector<std::string> all;
            for (const auto& each : store::Messages(open).events("m1")) {
                if (each.recipient == rows[which].address)
                    all.push_back(each.type);
            }
            return all;
        });
    }
    bool is_suppressed(std::size_t which) {
        return database.read([&](store::Database& open) {
            return store::Messages(open)
                .suppressions()
                .find("example.test", rows[which].address, rfc3339(now()))
                .has_value();
        });
    }
    void change(std::size_t which, const std::function<void(store::Recipient&)>& edit) {
        database.write([&](store::Database& open) {
            auto row = store::Messages(open).recipient(rows[which].id).value();
            edit(row);
            store::Messages(open).update(row);
            return 0;
        });
    }

    vectis::test::Folder folder;
    store::Vectis database{folder.path / "vectis.db", fs::path(MIGRATIONS) / "vectis", ""};
    std::string an_hour_ago = rfc3339(now() - 1h);
    std::vector<store::Recipient> rows{
        {.address = "anna@outside.test", .due_at = an_hour_ago, .updated_at = an_hour_ago},
        {.address = "bert@outside.test", .due_at = an_hour_ago, .updated_at = an_hour_ago}};
    Json queue = Json::array();
    std::function<void()> while_listing;
    std::size_t lists = 0;
    Missing::Clock::time_point time = Missing::Clock::now();
    mail::Reconciler reconciler{database,
                                {.token_key = reconciled_key,
                                 .list =
                                     [this] {
                                         ++lists;
                                         if (while_listing)
                                             while_listing();
                                         return to_text(queue);
                                     },
                                 .clock = [this] { return time; }}};
};

} // namespace

TEST_CASE("who is missing from two lists of the queue, a minute apart and with nothing told in between, is gone") {
    const Missing::Clock::time_point start{};
    const std::vector<store::Recipient> rows{{.id = 1, .status = "sent", .queue_id = "A"},
                                             {.id = 2, .status = "sent", .queue_id = "B"},
                                             {.id = 3, .status = "sent", .queue_id = std::nullopt}};
    const InQueue both{{"B"}, {{3, "C"}}};
    Missing missing;
    CHECK(missing.look(rows, both, start, start + 5s).empty());
    CHECK_FALSE(missing.empty());
    SECTION("a minute later") {
        const auto gone = missing.look(rows, both, start + 65s, start + 70s);
        REQUIRE(gone.size() == 1);
        CHECK(gone[0] == rows[0]);
        CHECK(missing.empty());
    }
    SECTION("too soon: the list before had just ended") {
        CHECK(missing.look(rows, both, start + 64s, start + 70s).empty());
        CHECK(missing.look(rows, both, start + 65s, start + 70s).size() == 1);
    }
    SECTION("there again") {
        CHECK(missing.look(rows, {{"A", "B"}, {{3, "C"}}}, start + 65s, start + 70s).empty());
        CHECK(missing.empty());
        CHECK(missing.look(rows, both, start + 200s, start + 200s).empty());
    }
    SECTION("something was told of it") {
        auto told = rows;
        SECTION("another queue id") {
            told[0].queue_id = "C";
        }
        SECTION("one more attempt") {
            ++told[0].attempts;
        }
        SECTION("a time") {
            told[0].updated_at = "2026-11-24T10:00:00.000Z";
        }
        CHECK(missing.look(told, both, start + 65s, start + 70s).empty());
        CHECK(missing.look(told, both, start + 130s, start + 130s).size() == 1);
    }
    SECTION("its end was told") {
        CHECK(missing.look({rows[1]}, both, start + 65s, start + 70s).empty());
        CHECK(missing.empty());
    }
}

TEST_CASE("a list of the queue names recipients by queue id and by the token in the sender") {
    const std::string token = mail::bounce_address(7, "example.test", reconciled_key);
    const std::string forged = mail::bounce_address(8, "example.test", std::string(64, 'f'));
    const InQueue queue = mail::in_queue(
        to_text(Json::array({{{"id", "A"}, {"sender", token}}, {{"id", "B"}, {"sender", forged}}})), reconciled_key);
    CHECK(queue.has({.id = 7, .queue_id = "other"}));
    CHECK(queue.has({.id = 7, .queue_id = std::nullopt}));
    CHECK(queue.has({.id = 9, .queue_id = "B"}));
    CHECK_FALSE(queue.has({.id = 8, .queue_id = "C"}));
    CHECK_THROWS_AS(mail::in_queue("not JSON", reconciled_key), Error);
}

TEST_CASE("whom Postfix has although nobody has heard so is sent, and nobody else") {
    Server server;
    for (const std::size_t which : {std::size_t{0}, std::size_t{1}})
        server.change(which, [](store::Recipient& row) {
            row.status = "queued";
            row.queue_id = std::nullopt;
        });
    server.put("4ZtBcd9", server.bounces_to(1));
    server.put("4ZtBcd8", "somebody@outside.test");
    CHECK(server.reconciler.adopt() == 1);
    CHECK(server.status(0) == "queued");
    CHECK(server.status(1) == "sent");
    CHECK(server.now_is(1).queue_id == "4ZtBcd9");
    CHECK(server.story(1) == std::vector<std::string>{"message.sent"});
    CHECK(server.reconciler.adopt() == 0);
    server.deliver("4ZtBcd9");
    CHECK(server.status(1) == "delivered");
    CHECK(server.reconciler.adopt() == 0); // in the list still, and at its end
    CHECK(server.status(1) == "delivered");
}

TEST_CASE("of two recipients the one that Postfix has forgotten becomes unknown, and is told so once") {
    Server server;
    server.put("4ZtBcd1", server.bounces_to(0));
    CHECK(server.look_after(0s) == 0);
    CHECK(server.status(1) == "sent"); // gone from one list only
    CHECK(server.look_after(59s) == 0);
    CHECK(server.lists == 1);
    CHECK(server.look_after(1s) == 1);
    CHECK(server.status(0) == "deferred");
    CHECK(server.story(0).empty());
    CHECK(server.status(1) == "unknown");
    CHECK(server.story(1) == std::vector<std::string>{"message.unknown"});
    CHECK(server.now_is(1).updated_at > server.an_hour_ago);
    CHECK_FALSE(server.is_suppressed(1));
    // Nobody is missing: there is time until the next look.
    CHECK(server.look_after(9min) == 0);
    CHECK(server.lists == 2);
    server.queue.clear();
    CHECK(server.look_after(1min) == 0);
    CHECK(server.look_after(1min) == 1);
    CHECK(server.lists == 4);
    CHECK(server.now_is(0).status == "unknown");
    CHECK(server.now_is(0).answer == "452 4.2.2 full");
    // Nobody is left to look for, and the queue is asked for no more.
    CHECK(server.look_after(1h) == 0);
    CHECK(server.lists == 4);
    CHECK(server.story(1) == std::vector<std::string>{"message.unknown"});
}

TEST_CASE("what is in the queue, was told of, or is not Postfix's stays as it is") {
    Server server;
    SECTION("in the queue, one of them under another queue id") {
        server.put("4ZtBcd1", server.bounces_to(0));
        server.put("4ZtBcd9", server.bounces_to(1));
        for (int i = 0; i < 3; ++i)
            CHECK(server.look_after(11min) == 0);
        CHECK(server.lists == 3);
        CHECK(server.status(0) == "deferred");
        CHECK(server.status(1) == "sent");
    }
    SECTION("told between the lists") {
        CHECK(server.look_after(0s) == 0);
        server.deliver("4ZtBcd1");
        server.refuse("4ZtBcd2");
        CHECK(server.look_after(1min) == 0);
        CHECK(server.status(0) == "delivered");
        CHECK(server.status(1) == "bounced");
        CHECK(server.story(1) == std::vector<std::string>{"message.bounced"});
    }
    SECTION("told while the second list is made") {
        CHECK(server.look_after(0s) == 0);
        server.while_listing = [&] {
            server.deliver("4ZtBcd1");
            server.log("postfix/pickup", "4ZtBcd3: uid=106 from=<x@example.test> orig_id=4ZtBcd2");
        };
        CHECK(server.look_after(1min) == 0);
        CHECK(server.status(0) == "delivered");
        CHECK(server.now_is(1).queue_id == "4ZtBcd3");
        CHECK(server.status(1) == "sent");
        server.deliver("4ZtBcd3");
        CHECK(server.status(1) == "delivered");
    }
    SECTION("waits for Postfix still") {
        for (const std::size_t each : {0U, 1U})
            server.change(each, [](store::Recipient& row) { row.status = "queued"; });
        CHECK(server.look_after(0s) == 0);
        CHECK(server.look_after(1min) == 0);
        CHECK(server.lists == 0);
        CHECK(server.status(0) == "queued");
    }
    SECTION("was handed over a moment ago") {
        for (const std::size_t each : {0U, 1U})
            server.change(each, [](store::Recipient& row) { row.updated_at = rfc3339(now() - 14min); });
        CHECK(server.look_after(0s) == 0);
        CHECK(server.lists == 0);
    }
}

TEST_CASE("a queue that cannot be read says nothing of anybody") {
    Server server;
    CHECK(server.look_after(0s) == 0);
    server.while_listing = [] { throw Error(Code::unavailable, "there is no supervisor"); };
    CHECK_THROWS_AS(server.look_after(1min), Error);
    CHECK(server.look_after(59s) == 0); // not asked again at once
    CHECK(server.lists == 2);
    CHECK(server.status(0) == "deferred");
    CHECK(server.status(1) == "sent");
    server.while_listing = {};
    CHECK(server.look_after(1s) == 2);
}

TEST_CASE("what is heard after all of whoever is unknown counts") {
    Server server;
    CHECK(server.look_after(0s) == 0);
    CHECK(server.look_after(1min) == 2);
    SECTION("in the log") {
        server.deliver("4ZtBcd1");
        server.refuse("4ZtBcd2");
        CHECK(server.status(0) == "delivered");
        CHECK(server.story(0) == std::vector<std::string>{"message.unknown", "message.delivered"});
        CHECK_FALSE(server.is_suppressed(0));
        CHECK(server.status(1) == "bounced");
        CHECK(server.is_suppressed(1));
    }
    SECTION("in a report") {
        server.report(0);
        server.report(0);
        CHECK(server.status(0) == "bounced");
        CHECK(server.story(0) == std::vector<std::string>{"message.unknown", "message.bounced"});
        CHECK(server.is_suppressed(0));
        CHECK(server.status(1) == "unknown");
    }
}
