// Mail that people send, followed in Postfix's log.
#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "catch.hpp"
#include "folder.hpp"
#include "mail/reconciler.hpp"
#include "mail/retention.hpp"
#include "mail/told.hpp"
#include "mail/tracker.hpp"
#include "store/counts.hpp"
#include "store/messages.hpp"
#include "store/vectis.hpp"
#include "store/webhooks.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

using namespace vectis;
using namespace std::chrono_literals;

namespace {

constexpr const char* followed_key = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const Time morning = parse_rfc3339("2026-11-27T08:00:00.000Z");

struct FollowedMail {
    test::Folder folder;
    store::Vectis database{folder.path / "vectis.db", fs::path(MIGRATIONS) / "vectis", ""};
    mail::Tracker tracker{database, followed_key, [](const std::string& domain) { return domain == "example.test"; }};

    /// Lines as the journal shows them, a second from one to the next: "postfix/qmgr: 4jb4Jr2f13zC0s: removed".
    static std::vector<mail::LogLine> lines(const std::vector<std::string>& shown) {
        std::vector<mail::LogLine> all;
        for (const auto& each : shown) {
            const auto end = each.find(": ");
            all.push_back({morning + std::chrono::seconds(all.size()), each.substr(0, end), each.substr(end + 2)});
        }
        return all;
    }
    void log(const std::vector<std::string>& shown) { tracker.take(lines(shown), "c"); }

    std::vector<store::Message> messages() {
        return database.read([](store::Database& open) { return store::Messages(open).search({}, {}); });
    }
    std::vector<store::Recipient> recipients() {
        const auto all = messages();
        REQUIRE(all.size() == 1);
        return database.read([&](store::Database& open) { return store::Messages(open).recipients(all[0].id); });
    }
    /// address status, in their order
    std::vector<std::string> states() {
        std::vector<std::string> all;
        for (const auto& each : recipients())
            all.push_back(each.address + " " + each.status);
        return all;
    }
    /// What is told of the only message.
    std::vector<std::string> story() {
        std::vector<std::string> all;
        database.read([&](store::Database& open) {
            for (const auto& each : store::Messages(open).events(messages_in(open)))
                all.push_back(mail::told(each));
        });
        return all;
    }
    std::int64_t number(const std::string& sql) {
        return database.read([&](store::Database& open) {
            auto select = open.prepare(sql);
            return select.step() ? select.integer(0) : -1;
        });
    }
    static std::string messages_in(store::Database& open) { return store::Messages(open).search({}, {}).at(0).id; }
};

constexpr const char* accepted_line =
    "postfix/submission/smtpd: 4jb4Jr2f13zC0s: client=client.outside.test[198.51.100.77], "
    "sasl_method=PLAIN, sasl_username=alice@example.test";
constexpr const char* called_line = "postfix/cleanup: 4jb4Jr2f13zC0s: message-id=<179571645965.3388@example.test>";
constexpr const char* queued_line = "postfix/qmgr: 4jb4Jr2f13zC0s: from=<Alice@Example.test>, size=904, nrcpt=3 (queue "
                                    "active)";
constexpr const char* unknown_there_line =
    "postfix/smtp: 4jb4Jr2f13zC0s: to=<refused@outside.test>, relay=mx.outside.test[198.51.100.25]:25, delay=0.31, "
    "delays=0.2/0.01/0.07/0.03, dsn=5.1.1, status=bounced (host mx.outside.test[198.51.100.25] said: 550 5.1.1 "
    "<refused@outside.test>: Recipient address rejected: nobody of that name (in reply to RCPT TO command))";
constexpr const char* taken_there_line =
    "postfix/smtp: 4jb4Jr2f13zC0s: to=<order@outside.test>, relay=mx.outside.test[198.51.100.25]:25, delay=0.31, "
    "delays=0.2/0.01/0.07/0.03, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 4jb4Jr4Yq5z1V)";
constexpr const char* saved_here_line =
    "postfix/lmtp: 4jb4Jr2f13zC0s: to=<alice@example.test>, orig_to=<info@example.test>, "
    "relay=mail.example.test[private/dovecot-lmtp], delay=0.29, delays=0.2/0/0.05/0.04, dsn=2.0.0, status=sent "
    "(250 2.0.0 <alice@example.test> wltZM3VjCGvPLAAAUi6ngw Saved)";
constexpr const char* returned_line =
    "postfix/bounce: 4jb4Jr2f13zC0s: sender non-delivery notification: 4jb4Jr6Tt1zC0t";
const std::vector<std::string> the_return{
    "postfix/cleanup: 4jb4Jr6Tt1zC0t: message-id=<4jb4Jr6Tt1zC0t@mail.example.test>",
    "postfix/qmgr: 4jb4Jr6Tt1zC0t: from=<>, size=3103, nrcpt=1 (queue active)",
    "postfix/lmtp: 4jb4Jr6Tt1zC0t: to=<alice@example.test>, relay=mail.example.test[private/dovecot-lmtp], delay=0.1, "
    "delays=0/0/0.05/0.05, dsn=2.0.0, status=sent (250 2.0.0 <alice@example.test> xltZM3VjCGvPLAAAUi6ngw Saved)",
    "postfix/qmgr: 4jb4Jr6Tt1zC0t: removed"};
constexpr const char* removed_line = "postfix/qmgr: 4jb4Jr2f13zC0s: removed";

// What the two releases' Postfix has logged, as it stood in the journal: 3.7 here, 3.10 below.
const std::vector<std::string> of_debian_12{
    "postfix/submission/smtpd: 4jb4Jr2f13zC0s: client=client.outside.test[198.51.100.77], sasl_method=PLAIN, "
    "sasl_username=anna@shop.test",
    "postfix/cleanup: 4jb4Jr2f13zC0s: message-id=<179571645965.3388.9259046978960626215@shop.test>",
    "postfix/qmgr: 4jb4Jr2f13zC0s: from=<anna@shop.test>, size=763, nrcpt=1 (queue active)",
    "postfix/smtp: 4jb4Jr2f13zC0s: to=<bert@outside.test>, relay=mx.outside.test[198.51.100.25]:25, delay=1, "
    "delays=0.92/0.01/0.09/0.02, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 4jb4Js2gL1z7n1)",
    "postfix/qmgr: 4jb4Jr2f13zC0s: removed",
};
const std::vector<std::string> of_debian_13{
    "postfix/submissions/smtpd: 4jbdT06ShWzybn: client=unknown[203.0.113.1], sasl_method=PLAIN, "
    "sasl_username=alice@example.test",
    "postfix/cleanup: 4jbdT06ShWzybn: message-id=<179579529919.9163.12407110699172185740@example.test>",
    "postfix/qmgr: 4jbdT06ShWzybn: from=<alice@example.test>, size=742, nrcpt=5 (queue active)",
    "postfix/smtp: 4jbdT06ShWzybn: to=<order@outside.test>, orig_to=<many@example.test>, "
    "relay=mx.outside.test[2001:db8:0:2::25]:25, delay=1.2, delays=0.22/0.84/0.11/0.06, dsn=2.0.0, status=sent (250 "
    "2.0.0 Ok: queued as 4jbdT20CqSz7my)",
    "postfix/smtp: 4jbdT06ShWzybn: to=<order@outside.test>, relay=mx.outside.test[2001:db8:0:2::25]:25, delay=1.2, "
    "delays=0.22/0.84/0.11/0.06, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 4jbdT20CqSz7my)",
    "postfix/lmtp: 4jbdT06ShWzybn: to=<bob@example.test>, orig_to=<many@example.test>, "
    "relay=mail.example.test[private/dovecot-lmtp], delay=1.6, delays=0.22/0.05/0.8/0.54, dsn=2.0.0, status=sent (250 "
    "2.0.0 <bob@example.test> SusSNGWpCWsyAwAAUi6ngw Saved)",
    "postfix/lmtp: 4jbdT06ShWzybn: to=<bob@example.test>, relay=mail.example.test[private/dovecot-lmtp], delay=1.6, "
    "delays=0.22/0.05/0.8/0.54, dsn=2.0.0, status=sent (250 2.0.0 <bob@example.test> SusSNGWpCWsyAwAAUi6ngw Saved)",
    "postfix/smtp: 4jbdT06ShWzybn: to=<carl@elsewhere.test>, orig_to=<many@example.test>, "
    "relay=mx.outside.test[198.51.100.25]:25, delay=3.6, delays=0.22/0.43/0.4/2.6, dsn=2.0.0, status=sent (250 2.0.0 "
    "Ok: queued as 4jbdT43Bpwz7n9)",
    "postfix/qmgr: 4jbdT06ShWzybn: removed",
};
// Deferred, held, released, requeued, expired by hand.
const std::vector<std::string> requeued_on_debian_13{
    "postfix/submission/smtpd: 4jbdT30ksMzycY: client=unknown[203.0.113.1], sasl_method=PLAIN, "
    "sasl_username=alice@example.test",
    "postfix/cleanup: 4jbdT30ksMzycY: message-id=<179579529920.9163.5808233579441699685@example.test>",
    "postfix/qmgr: 4jbdT30ksMzycY: from=<alice@example.test>, size=765, nrcpt=1 (queue active)",
    "postfix/smtp: 4jbdT30ksMzycY: host mx.outside.test[2001:db8:0:2::25] said: 452 4.2.2 <full@outside.test>: "
    "Recipient address rejected: the mailbox is full (in reply to RCPT TO command)",
    "postfix/smtp: 4jbdT30ksMzycY: to=<full@outside.test>, relay=mx.outside.test[198.51.100.25]:25, delay=0.98, "
    "delays=0.27/0/0.56/0.15, dsn=4.2.2, status=deferred (host mx.outside.test[198.51.100.25] said: 452 4.2.2 "
    "<full@outside.test>: Recipient address rejected: the mailbox is full (in reply to RCPT TO command))",
    "postfix/postsuper: 4jbdT30ksMzycY: placed on hold",
    "postfix/postsuper: 4jbdT30ksMzycY: released from hold",
    "postfix/postsuper: 4jbdT30ksMzycY: requeued",
    "postfix/pickup: 4jbdTV03RHzybf: uid=102 from=<alice@example.test> orig_id=4jbdT30ksMzycY",
    "postfix/cleanup: 4jbdTV03RHzybf: message-id=<179579529920.9163.5808233579441699685@example.test>",
    "postfix/qmgr: 4jbdTV03RHzybf: from=<alice@example.test>, size=1975, nrcpt=1 (queue active)",
    "postfix/smtp: 4jbdTV03RHzybf: host mx.outside.test[2001:db8:0:2::25] said: 452 4.2.2 <full@outside.test>: "
    "Recipient address rejected: the mailbox is full (in reply to RCPT TO command)",
    "postfix/smtp: 4jbdTV03RHzybf: to=<full@outside.test>, relay=mx.outside.test[198.51.100.25]:25, delay=23, "
    "delays=23/0/0.14/0.04, dsn=4.2.2, status=deferred (host mx.outside.test[198.51.100.25] said: 452 4.2.2 "
    "<full@outside.test>: Recipient address rejected: the mailbox is full (in reply to RCPT TO command))",
    "postfix/postsuper: 4jbdTV03RHzybf: expired",
    "postfix/qmgr: 4jbdTV03RHzybf: from=<alice@example.test>, size=1975, nrcpt=1 (queue active)",
    "postfix/qmgr: 4jbdTV03RHzybf: from=<alice@example.test>, status=force-expired, returned to sender",
    "postfix/bounce: 4jbdTV03RHzybf: sender non-delivery notification: 4jbdTf4wnmzych",
    "postfix/qmgr: 4jbdTV03RHzybf: removed",
};

std::string deferral(const std::string& who, const std::string& answer) {
    return fmt::format("postfix/smtp: 4jb4Jr2f13zC0s: to=<{}>, relay=mx.outside.test[198.51.100.25]:25, delay=1.2, "
                       "delays=1/0/0.1/0.1, dsn=4.2.2, status=deferred (host mx.outside.test[198.51.100.25] said: {})",
                       who, answer);
}

std::vector<std::string> whole_story() {
    std::vector<std::string> all{accepted_line,    called_line,     queued_line,  unknown_there_line,
                                 taken_there_line, saved_here_line, returned_line};
    all.insert(all.end(), the_return.begin(), the_return.end());
    all.emplace_back(removed_line);
    return all;
}

} // namespace

TEST_CASE(
    "what somebody sends by submission is a message, and its recipients are known from the lines that name them") {
    FollowedMail server;
    server.log({accepted_line, called_line});
    CHECK(server.messages().empty()); // it may still be refused
    server.log({accepted_line, called_line, queued_line});
    const auto all = server.messages();
    REQUIRE(all.size() == 1);
    CHECK(all[0].origin == "submission");
    CHECK(all[0].domain == "example.test");
    CHECK(all[0].sender == "Alice@Example.test");
    CHECK(all[0].sent_by == "alice@example.test");
    CHECK(all[0].message_id == "179571645965.3388@example.test");
    CHECK(all[0].size == 904);
    CHECK(all[0].subject.empty());
    CHECK(all[0].created_at == rfc3339(morning));
    CHECK(server.recipients().empty());

    server.log(whole_story());
    CHECK(server.states() == std::vector<std::string>{"refused@outside.test bounced", "order@outside.test delivered",
                                                      "alice@example.test delivered"});
    const auto rows = server.recipients();
    CHECK(rows[0].code == "5.1.1");
    CHECK(rows[0].original_to == std::nullopt);
    CHECK(rows[2].original_to == "info@example.test");
    CHECK(rows[2].queue_id == "4jb4Jr2f13zC0s");
    const auto story = server.story();
    REQUIRE(story.size() == 6);
    CHECK(story[0] == "came from alice@example.test for refused@outside.test (queue id 4jb4Jr2f13zC0s)");
    CHECK(story[1].starts_with("mx.outside.test[198.51.100.25]:25 refused it for refused@outside.test for good"));
    CHECK(story[5].starts_with("mail.example.test[private/dovecot-lmtp] took it for alice@example.test (by "
                               "info@example.test)"));
}

TEST_CASE("lines of submission that are read once more make no second message and tell nothing twice") {
    FollowedMail server;
    auto all = whole_story();
    all.insert(all.end() - 1, {deferral("full@outside.test", "452 4.2.2 the mailbox is full"),
                               deferral("full@outside.test", "452 4.2.2 the mailbox is closed"),
                               deferral("full@outside.test", "452 4.2.2 the mailbox is full")});
    server.log(all);
    const auto rows = server.recipients();
    const auto story = server.story();
    CHECK(story.size() == 10);
    const auto counted = server.number("select sum(number) from counts");
    // As after a restore, or when the place in the journal was lost: from the beginning, and from any place in between.
    const auto lines = FollowedMail::lines(all);
    for (std::size_t start = 0; start < lines.size(); ++start)
        server.tracker.take({lines.begin() + static_cast<std::ptrdiff_t>(start), lines.end()}, "c");
    CHECK(server.messages().size() == 1);
    CHECK(server.story() == story);
    CHECK(server.number("select sum(number) from counts") == counted);
    const auto again = server.recipients();
    REQUIRE(again.size() == rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        CHECK(again[i].status == rows[i].status);
        CHECK(again[i].updated_at == rows[i].updated_at);
    }
}

TEST_CASE("only those who have logged in at the submission ports are followed, and not the probes") {
    FollowedMail server;
    const auto come = [&](const std::string& program, const std::string& login) {
        const std::string id = "4jb4Jr2f13zC0s";
        server.log({fmt::format("{}: {}: client=client.outside.test[198.51.100.77]{}", program, id, login), called_line,
                    queued_line, taken_there_line, removed_line});
    };
    come("postfix/smtpd", "");
    come("postfix/submission/smtpd", "");
    come("postfix/vectis-submit/smtpd", ", sasl_method=PLAIN, sasl_username=alice@example.test");
    come("postfix/submission/smtpd", ", sasl_method=PLAIN, sasl_username=vectis-probe@mail.example.test");
    CHECK(server.messages().empty());
    CHECK(server.number("select count(*) from submissions") == 0);
    come("postfix/submissions/smtpd", ", sasl_method=LOGIN, sasl_username=bob@example.test");
    REQUIRE(server.messages().size() == 1);
    CHECK(server.messages()[0].sent_by == "bob@example.test");
}

TEST_CASE("what is refused before it is in the queue is no message") {
    FollowedMail server;
    const auto waiting = [&] { return server.number("select count(*) from submissions"); };
    // Postfix 3.10 says so in a line of its own, 3.7 in the filter's alone.
    server.log({accepted_line, called_line, "postfix/cleanup: 4jb4Jr2f13zC0s: removed (canceled)"});
    CHECK(waiting() == 0);
    server.log({accepted_line, called_line,
                "postfix/cleanup: 4jb4Jr2f13zC0s: milter-reject: END-OF-MESSAGE from "
                "client.outside.test[198.51.100.77]: 5.7.1 Gtube pattern; from=<alice@example.test> "
                "to=<order@outside.test> proto=ESMTP helo=<client.outside.test>"});
    CHECK(waiting() == 0);
    server.log(
        {accepted_line, called_line, "postfix/cleanup: 4jb4Jr2f13zC0s: milter-discard: END-OF-MESSAGE from x: y; z"});
    CHECK(waiting() == 0);
    // A client that goes away in the middle: 3.7 says nothing. It is forgotten as messages are.
    server.log({accepted_line, called_line});
    CHECK(waiting() == 1);
    static_cast<void>(mail::forget_old(server.database, {.messages = 90, .statistics = 0}, morning + 24h * 91, {}));
    CHECK(waiting() == 0);
    CHECK(server.messages().empty());
    CHECK(server.number("select count(*) from events") == 0);
}

TEST_CASE("mail without a sender, and of a sender that is not ours, is the mailbox's domain's") {
    FollowedMail server;
    server.log({accepted_line, called_line, "postfix/qmgr: 4jb4Jr2f13zC0s: from=<>, size=904, nrcpt=1 (queue active)"});
    CHECK(server.messages().at(0).domain == "example.test");
    CHECK(server.messages().at(0).sender.empty());
}

TEST_CASE(
    "what is requeued goes on under its new queue id, what is expired or removed by hand is so for all that wait") {
    FollowedMail server;
    server.log({accepted_line, called_line, queued_line, taken_there_line,
                deferral("full@outside.test", "452 4.2.2 full"), deferral("late@outside.test", "452 4.2.2 full")});
    const std::vector<std::string> requeued{
        "postsuper: 4jb4Jr2f13zC0s: placed on hold",
        "postsuper: 4jb4Jr2f13zC0s: released from hold",
        "postsuper: 4jb4Jr2f13zC0s: requeued",
        "postfix/pickup: 4jb4Kx0000zC0w: uid=106 from=<alice@example.test> orig_id=4jb4Jr2f13zC0s",
        "postfix/cleanup: 4jb4Kx0000zC0w: message-id=<179571645965.3388@example.test>",
        "postfix/qmgr: 4jb4Kx0000zC0w: from=<alice@example.test>, size=1004, nrcpt=2 (queue active)"};
    server.log(requeued);
    CHECK(server.recipients()[1].queue_id == "4jb4Kx0000zC0w");
    CHECK(server.recipients()[0].queue_id == "4jb4Jr2f13zC0s");
    server.log({"postfix/smtp: 4jb4Kx0000zC0w: to=<late@outside.test>, relay=mx.outside.test[198.51.100.25]:25, "
                "delay=9, delays=9/0/0/0, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 4jb4Jr4Yq5z1W)"});
    CHECK(server.states() == std::vector<std::string>{"order@outside.test delivered", "full@outside.test deferred",
                                                      "late@outside.test delivered"});
    SECTION("expired") {
        server.log({"postfix/qmgr: 4jb4Kx0000zC0w: from=<alice@example.test>, status=expired, returned to sender"});
        CHECK(server.states()[1] == "full@outside.test expired");
    }
    SECTION("removed by hand") {
        server.log({"postsuper: 4jb4Kx0000zC0w: removed"});
        CHECK(server.states()[1] == "full@outside.test canceled");
    }
    SECTION("forgotten by Postfix without a word") {
        static_cast<void>(server.database.write([](store::Database& open) {
            open.execute("update recipients set updated_at = '2026-01-01T00:00:00.000Z' where status = 'deferred'");
            return 0;
        }));
        auto clock = mail::Reconciler::Clock::now();
        std::string list = R"([{"id":"4jb4Kx0000zC0w","sender":"alice@example.test","recipients":[]}])";
        mail::Reconciler reconciler(
            server.database, {.token_key = followed_key, .list = [&] { return list; }, .clock = [&] { return clock; }});
        CHECK(reconciler.look() == 0);
        list = "[]";
        clock += 11min;
        CHECK(reconciler.look() == 0);
        clock += 2min;
        CHECK(reconciler.look() == 1);
        CHECK(server.states()[1] == "full@outside.test unknown");
    }
    CHECK(server.messages().size() == 1);
    CHECK(server.number("select count(*) from recipients where status in ('sent', 'deferred')") == 0);
}

TEST_CASE("what a milter holds is a message once it is released, under whatever queue id") {
    FollowedMail server;
    server.log(
        {accepted_line, called_line, "postfix/cleanup: 4jb4Jr2f13zC0s: milter-hold: END-OF-MESSAGE from x: y; z"});
    CHECK(server.messages().empty());
    server.log({"postsuper: 4jb4Jr2f13zC0s: requeued",
                "postfix/pickup: 4jb4Kx0000zC0w: uid=106 from=<alice@example.test> orig_id=4jb4Jr2f13zC0s",
                "postfix/qmgr: 4jb4Kx0000zC0w: from=<alice@example.test>, size=1004, nrcpt=1 (queue active)"});
    REQUIRE(server.messages().size() == 1);
    CHECK(server.messages()[0].message_id == "179571645965.3388@example.test");
    server.log({"postsuper: 4jb4Kx0000zC0v: removed"});
    CHECK(server.number("select count(*) from submissions") == 1);
}

TEST_CASE("one address that is reached in two ways is two recipients, and a copy for an inbound route is none") {
    FollowedMail server;
    const auto to = [](const std::string& who) {
        return fmt::format("postfix/lmtp: 4jb4Jr2f13zC0s: {}, relay=mail.example.test[private/dovecot-lmtp], delay=1, "
                           "delays=1/0/0/0, dsn=2.0.0, status=sent (250 2.0.0 Saved)",
                           who);
    };
    server.log({accepted_line, called_line, queued_line, to("to=<bob@example.test>, orig_to=<many@example.test>"),
                to("to=<bob@example.test>"), to("to=<bob=example.test@inbound.internal>, orig_to=<bob@example.test>"),
                removed_line});
    const auto rows = server.recipients();
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].original_to == "many@example.test");
    CHECK(rows[1].original_to == std::nullopt);
}

TEST_CASE("what becomes of people's mail suppresses nobody, and is told to those webhooks alone that ask for it") {
    FollowedMail server;
    server.database.write([](store::Database& open) {
        store::Webhooks webhooks(open);
        for (const auto* origins : {R"(["api"])", R"(["api","submission"])", R"(["submission"])"}) {
            store::Webhook row{.id = fmt::format("w {}", origins),
                               .domain = std::nullopt,
                               .url = "https://hooks.outside.test/",
                               .description = {},
                               .events = R"(["*"])",
                               .secret = "s",
                               .old_secret = std::nullopt,
                               .old_secret_until = std::nullopt,
                               .enabled = true,
                               .disabled_because = std::nullopt,
                               .delivered_at = std::nullopt,
                               .created_at = rfc3339(morning),
                               .updated_at = rfc3339(morning),
                               .origins = origins};
            webhooks.add(row);
        }
        return 0;
    });
    server.log(whole_story());
    CHECK(server.number("select count(*) from suppressions") == 0);
    CHECK(server.number("select count(*) from webhook_deliveries where webhook = 'w [\"api\"]'") == 0);
    CHECK(server.number("select count(*) from webhook_deliveries where webhook = 'w [\"api\",\"submission\"]'") == 6);
    CHECK(server.number("select count(*) from webhook_deliveries where webhook = 'w [\"submission\"]'") == 6);
    // Nor is it told when everything is told again.
    const auto replayed = server.database.write([](store::Database& open) {
        store::Webhooks webhooks(open);
        return webhooks.replay_range(webhooks.find(R"(w ["api"])").value(), "2026-01-01T00:00:00.000Z",
                                     "2027-01-01T00:00:00.000Z", rfc3339(morning));
    });
    CHECK(replayed == 0);
    CHECK(server.number("select number from counts where span = 'day' and kind = 'all' and what = 'bounced'") == 1);
    CHECK(server.number("select number from counts where span = 'day' and kind = 'all' and what = 'sent'") == 3);
}

TEST_CASE("a thousand recipients of one message are followed in one transaction for each batch of lines") {
    FollowedMail server;
    std::vector<std::string> lines{accepted_line, called_line, queued_line};
    constexpr std::size_t many = 1200;
    for (std::size_t i = 0; i < many; ++i)
        lines.push_back(deferral(fmt::format("r{}@outside.test", i), "452 4.2.2 full"));
    server.log(lines);
    CHECK(server.recipients().size() == many);
    server.log({"postfix/qmgr: 4jb4Jr2f13zC0s: from=<alice@example.test>, status=expired, returned to sender"});
    CHECK(server.number("select count(*) from recipients where status = 'expired'") == many);
    CHECK(server.number("select count(*) from events where type = 'message.expired'") == many);
}

TEST_CASE("both releases' lines are understood as they stand in the journal") {
    FollowedMail server;
    SECTION("Postfix 3.7") {
        server.log(of_debian_12);
        CHECK(server.states() == std::vector<std::string>{"bert@outside.test delivered"});
        CHECK(server.messages()[0].sent_by == "anna@shop.test");
    }
    SECTION("Postfix 3.10, an alias of three among the recipients") {
        server.log(of_debian_13);
        std::vector<std::string> all;
        for (const auto& each : server.recipients())
            all.push_back(fmt::format("{} {} {}", each.address, each.original_to.value_or("-"), each.status));
        std::sort(all.begin(), all.end());
        CHECK(all == std::vector<std::string>{
                         "bob@example.test - delivered", "bob@example.test many@example.test delivered",
                         "carl@elsewhere.test many@example.test delivered", "order@outside.test - delivered",
                         "order@outside.test many@example.test delivered"});
    }
    SECTION("Postfix 3.10, requeued and expired by hand") {
        server.log(requeued_on_debian_13);
        CHECK(server.states() == std::vector<std::string>{"full@outside.test expired"});
        CHECK(server.recipients()[0].queue_id == "4jbdTV03RHzybf");
        CHECK(server.messages()[0].size == 765);
    }
}
