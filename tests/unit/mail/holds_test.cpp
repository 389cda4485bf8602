// Whose mail is kept back: by what it is found, and what becomes of what waits.
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "catch.hpp"
#include "folder.hpp"
#include "mail/abuse.hpp"
#include "mail/holds.hpp"
#include "mail/limits.hpp"
#include "mail/token.hpp"
#include "store/messages.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

using namespace vectis;

namespace {

constexpr const char* held_key = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const store::SenderHours::Sender shop{.kind = "key", .name = "k1"};
const store::SenderHours::Sender anna{.kind = "mailbox", .name = "anna@example.test"};
const mail::AbuseRules abuse_settings{.enabled = true,
                                      .hold = true,
                                      .recipients = 200,
                                      .spike = 10,
                                      .bounces = 10,
                                      .complaints = 2,
                                      .postmaster = "postmaster@mail.example.test"};
constexpr const char* judged_at = "2026-11-27T12:40:00.000Z";

store::SenderHour sender_hour(const std::string& at, std::int64_t recipients, std::int64_t bounced = 0,
                              std::int64_t complained = 0) {
    return {.hour = at + ":00:00.000Z",
            .domain = "example.test",
            .recipients = recipients,
            .bounced = bounced,
            .complained = complained};
}

std::string suspected(const std::string& kind, const std::vector<store::SenderHour>& hours) {
    const auto found = mail::suspicion(kind, hours, judged_at, abuse_settings);
    return found ? found->reason : "";
}

/// Two keys and a mailbox have sent. Postfix's queue is what a test says it is: the flow tests ask a real one.
struct HeldServer {
    test::Folder folder;
    store::Vectis database{folder.path / "vectis.db", fs::path(MIGRATIONS) / "vectis", ""};
    Json queue = Json::array();
    std::vector<std::string> acts;
    std::set<std::int64_t> being_sent;
    int wakes = 0;
    mail::Holder holder{database,
                        {.token_key = held_key,
                         .list = [this] { return to_text(queue); },
                         .act =
                             [this](const std::string& id, const std::string& action) {
                                 acts.push_back(action + " " + id);
                                 act(id, action);
                             },
                         .is_being_sent = [this](std::int64_t id) { return being_sent.contains(id); },
                         .wake_sender = [this] { ++wakes; }}};

    void act(const std::string& id, const std::string& action) {
        for (auto each = queue.begin(); each != queue.end(); ++each) {
            if (each->at("id") != id)
                continue;
            if (action == "remove")
                queue.erase(each);
            else
                (*each)["queue"] = action == "hold" ? "hold" : "active";
            return;
        }
        throw Error(Code::not_found, "it is not there");
    }
    void put(const std::string& id, const std::string& sender, const std::string& where = "active") {
        queue.push_back({{"id", id}, {"queue", where}, {"sender", sender}});
    }
    std::string queue_of(const std::string& id) {
        for (const auto& each : queue) {
            if (each.at("id") == id)
                return each.at("queue");
        }
        return "";
    }

    template<typename Use>
    auto change(Use&& use) {
        return database.write([&](store::Database& open) { return use(open); });
    }
    /// A message of this key with so many recipients; gives the row of the first.
    std::int64_t add(const std::string& id, const std::string& key, std::size_t recipients) {
        return change([&](store::Database& open) {
            std::vector<store::Recipient> rows;
            for (std::size_t i = 0; i < recipients; ++i)
                rows.push_back({.message = id,
                                .address = fmt::format("{}@outside.test", i),
                                .queue_id = std::nullopt,
                                .due_at = "2026-11-27T12:00:00.000Z",
                                .code = std::nullopt,
                                .answer = std::nullopt,
                                .relay = std::nullopt,
                                .updated_at = "2026-11-27T12:00:00.000Z"});
            store::Messages(open).add({.id = id,
                                       .domain = "example.test",
                                       .sent_by = "shop",
                                       .sender = "shop@example.test",
                                       .subject = "s",
                                       .message_id = id + "@example.test",
                                       .tags = "[]",
                                       .metadata = "{}",
                                       .size = 1,
                                       .created_at = "2026-11-27T12:00:00.000Z",
                                       .send_at = std::nullopt,
                                       .unsubscribe_url = std::nullopt,
                                       .unsubscribe_mailto = std::nullopt,
                                       .key = key},
                                      "x", rows);
            return rows.front().id;
        });
    }
    void hold(const store::SenderHours::Sender& who) {
        CHECK(change([&](store::Database& open) {
            return mail::hold(open, {.id = "h-" + who.name,
                                     .who = who,
                                     .sender = who.name,
                                     .domain = "example.test",
                                     .reason = "manual",
                                     .detail = "",
                                     .held_by = "root",
                                     .created_at = judged_at,
                                     .ending = std::nullopt});
        }));
    }
    void end(const store::SenderHours::Sender& who, const std::string& ending) {
        change([&](store::Database& open) {
            store::Holds(open).end("h-" + who.name, ending);
            return 0;
        });
    }
    void look() { holder.look(std::stop_token()); }
    bool is_held(const store::SenderHours::Sender& who) {
        return change([&](store::Database& open) { return store::Holds(open).of(who).has_value(); });
    }
    /// status: how many recipients of a message have it
    std::map<std::string, int> states(const std::string& id) {
        return change([&](store::Database& open) {
            std::map<std::string, int> all;
            for (const auto& each : store::Messages(open).recipients(id))
                ++all[each.shown_status()];
            return all;
        });
    }
    std::size_t due() {
        return change([](store::Database& open) { return store::Messages(open).due(rfc3339(now()), 5000).size(); });
    }
    std::vector<std::string> events(const std::string& message) {
        return change([&](store::Database& open) {
            std::vector<std::string> all;
            for (const auto& each : store::Messages(open).events(message))
                all.push_back(each.type);
            return all;
        });
    }
    void take(const std::string& queue_id, const std::string& mailbox, const std::string& at = judged_at) {
        change([&](store::Database& open) {
            store::Submissions(open).add(
                {.queue_id = queue_id, .message = std::nullopt, .mailbox = mailbox, .message_id = {}, .at = at});
            return 0;
        });
    }
};

} // namespace

TEST_CASE("who sends to many more than ever before is suspicious, a new program that begins is not") {
    const std::vector<store::SenderHour> quiet{sender_hour("2026-11-20T09", 19), sender_hour("2026-11-27T11", 12)};
    const auto with = [&](const store::SenderHour& last) {
        auto all = quiet;
        all.push_back(last);
        return all;
    };
    CHECK(suspected("mailbox", with(sender_hour("2026-11-27T12", 199))).empty()); // so few are not judged
    CHECK(suspected("mailbox", with(sender_hour("2026-11-27T12", 200))) == "spike");
    CHECK(suspected("mailbox", {sender_hour("2026-11-20T09", 20), sender_hour("2026-11-27T12", 200)})
              .empty()); // ten times, and no more
    CHECK(suspected("mailbox", {sender_hour("2026-11-20T09", 20), sender_hour("2026-11-27T12", 201)}) == "spike");
    CHECK(suspected("mailbox", {sender_hour("2026-11-27T12", 200)}) == "spike");
    CHECK(suspected("mailbox", {sender_hour("2026-11-27T11", 5000)}) == "spike"); // perhaps a moment before its end
    CHECK(suspected("mailbox", {sender_hour("2026-11-27T10", 5000)}).empty());
    CHECK(suspected("mailbox", {sender_hour("2026-11-27T11", 199), sender_hour("2026-11-27T12", 1991)}) == "spike");
    // A key is compared with itself once it is known.
    CHECK(suspected("key", {sender_hour("2026-11-27T12", 5000)}).empty());
    CHECK(suspected("key", {sender_hour("2026-11-25T12", 1), sender_hour("2026-11-26T12", 1),
                            sender_hour("2026-11-27T12", 5000)})
              .empty());
    CHECK(suspected("key", {sender_hour("2026-11-24T12", 1), sender_hour("2026-11-25T12", 1),
                            sender_hour("2026-11-26T12", 1), sender_hour("2026-11-27T12", 5000)}) == "spike");
    CHECK(mail::suspicion("mailbox", with(sender_hour("2026-11-27T12", 640)), judged_at, abuse_settings)->detail ==
          "it has sent to 640 recipients in the hour from 12:00 UTC on; in its busiest hour of the 14 days before it "
          "sent "
          "to 19");
}

TEST_CASE("who sends to many who refuse it, or call it spam, is suspicious") {
    const auto day_of = [](std::int64_t bounced, std::int64_t complained) {
        return std::vector{sender_hour("2026-11-26T12", 1000, 1000, 1000), // a day ago, and an hour of the day before
                           sender_hour("2026-11-26T13", 150, 0, complained), sender_hour("2026-11-27T12", 50, bounced)};
    };
    CHECK(suspected("key", day_of(19, 0)).empty());
    CHECK(suspected("key", day_of(20, 0)) == "bounces");
    CHECK(suspected("key", day_of(0, 3)).empty());
    CHECK(suspected("key", day_of(0, 4)) == "complaints");
    CHECK(suspected("key", {sender_hour("2026-11-27T12", 199, 199)}).empty());
    CHECK(mail::suspicion("key", day_of(61, 0), judged_at, abuse_settings)->detail ==
          "of 200 recipients in the last 24 hours 61 were refused for good");
}

TEST_CASE("whoever looks like a thief is held once, and people are told; or they are told alone") {
    for (const bool holds : {true, false}) {
        HeldServer server;
        auto these = abuse_settings;
        these.hold = holds;
        const std::string this_hour = store::SenderHours::hour_of(rfc3339(now()));
        server.change([&](store::Database& open) {
            open.prepare("insert into sender_hours (kind, name, hour, domain, recipients) values "
                         "('mailbox', 'anna@example.test', ?1, 'example.test', 300), "
                         "('mailbox', 'bert@example.test', ?1, 'example.test', 100)")
                .bind(this_hour)
                .run();
            return 0;
        });
        CHECK(mail::look_for_abuse(server.database, {}).empty()); // of a configuration from before
        const auto lines = mail::look_for_abuse(server.database, these);
        REQUIRE(lines.size() == 1);
        CHECK(lines[0].starts_with(holds
                                       ? "the mail of mailbox anna@example.test is kept back: it has sent to 300"
                                       : "the mail of mailbox anna@example.test looks like abuse: it has sent to 300"));
        CHECK(mail::look_for_abuse(server.database, these).empty());
        CHECK(server.is_held(anna) == holds);

        const auto messages =
            server.database.read([](store::Database& open) { return store::Messages(open).search({}, {}); });
        REQUIRE(messages.size() == 1);
        CHECK(messages[0].sender == "postmaster@example.test");
        CHECK(messages[0].sent_by == "vectis");
        const auto [content, recipients] = server.change([&](store::Database& open) {
            store::Messages all(open);
            return std::pair{all.content(messages[0].id).value_or(""), all.recipients(messages[0].id)};
        });
        CHECK(content.find("Auto-Submitted: auto-generated") != std::string::npos);
        CHECK((content.find("vectis hold release anna@example.test") != std::string::npos) == holds);
        std::vector<std::string> to;
        for (const auto& each : recipients)
            to.push_back(each.address);
        CHECK(to ==
              std::vector<std::string>{"postmaster@mail.example.test", "postmaster@example.test", "anna@example.test"});
        CHECK(server.due() == 3);
    }
}

TEST_CASE("what a held key has sent waits, and goes on when it is released") {
    HeldServer server;
    server.add("m1", "k1", 1200);
    server.add("m2", "k2", 1);
    const auto under_way = server.add("m3", "k1", 1);
    const auto at_postfix = server.add("m4", "k1", 1);
    server.change([&](store::Database& open) {
        store::Messages messages(open);
        auto row = messages.recipient(at_postfix).value();
        row.status = "deferred";
        messages.update(row);
        return 0;
    });
    server.put("Q1", mail::bounce_address(at_postfix, "example.test", held_key), "deferred");
    server.put("Q2", "somebody@outside.test");
    server.being_sent = {under_way};
    server.hold(shop);
    server.look();
    CHECK(server.states("m1") == std::map<std::string, int>{{"held", 1200}});
    CHECK(server.states("m2") == std::map<std::string, int>{{"queued", 1}});
    CHECK(server.states("m3") == std::map<std::string, int>{{"queued", 1}});
    CHECK(server.acts == std::vector<std::string>{"hold Q1"});
    CHECK(server.due() == 2);
    server.being_sent = {}; // Postfix did not take it
    server.look();
    CHECK(server.states("m3") == std::map<std::string, int>{{"held", 1}});
    CHECK(server.due() == 1);
    CHECK(server.events("m3") == std::vector<std::string>{"message.held"});
    CHECK(server.change(
              [](store::Database& open) { return store::Holds(open).waiting(*store::Holds(open).of(shop)); }) == 2);
    CHECK(server.wakes == 0);

    server.end(shop, "release");
    server.look();
    CHECK(server.due() == 1202);
    CHECK(server.queue_of("Q1") == "active");
    CHECK(server.events("m3") == std::vector<std::string>{"message.held", "message.released"});
    CHECK(server.wakes == 1);
    CHECK(server.is_held(shop)); // until nothing was left twice
    server.look();
    server.look();
    CHECK_FALSE(server.is_held(shop));
    CHECK(server.change([](store::Database& open) {
        return store::Holds(open).is_left_alone(shop, rfc3339(now())) &&
               !store::Holds(open).is_left_alone(anna, rfc3339(now()));
    }));
    const std::size_t acts = server.acts.size();
    server.look();
    CHECK(server.acts.size() == acts);
}

TEST_CASE("the end of a hold goes on where it was cut off") {
    HeldServer server;
    server.add("m1", "k1", 700);
    const auto first = server.add("m2", "k1", 1);
    const auto second = server.add("m3", "k1", 1);
    server.put("Q1", mail::bounce_address(first, "example.test", held_key));
    server.put("Q2", mail::bounce_address(second, "example.test", held_key));
    server.hold(shop);
    server.look();
    server.end(shop, "release");
    // By a process that ends once 500 are released; by one whose supervisor goes away between two messages; by another.
    std::stop_source stop;
    int looked_at = 0;
    const auto options = [&](auto act) {
        return mail::Holder::Options{.token_key = held_key,
                                     .list = [&] { return to_text(server.queue); },
                                     .act = act,
                                     .is_being_sent = [](std::int64_t) { return false; },
                                     .wake_sender = [&] { ++looked_at; }};
    };
    const auto act = [&](const std::string& id, const std::string& action) { server.act(id, action); };
    auto ending = options(act);
    ending.is_being_sent = [&](std::int64_t) {
        stop.request_stop();
        return false;
    };
    mail::Holder(server.database, ending).look(stop.get_token());
    CHECK(server.due() == 500);
    CHECK(server.is_held(shop));
    const auto once = [&](const std::string& id, const std::string& action) {
        if (id == "Q2")
            throw Error(Code::unavailable, "the supervisor is not there");
        server.act(id, action);
    };
    CHECK_THROWS_AS(mail::Holder(server.database, options(once)).look(std::stop_token()), Error);
    CHECK(server.due() == 702);
    CHECK(server.queue_of("Q1") == "active");
    CHECK(server.queue_of("Q2") == "hold");
    CHECK(server.is_held(shop));
    mail::Holder last(server.database, options(act));
    for (int i = 0; i < 3; ++i)
        last.look(std::stop_token());
    CHECK(server.queue_of("Q2") == "active");
    CHECK_FALSE(server.is_held(shop));
    CHECK(server.events("m2") == std::vector<std::string>{"message.held", "message.released"});
    CHECK(looked_at == 2);
}

TEST_CASE("what is thrown away goes to nobody, here and at Postfix") {
    HeldServer server;
    server.add("m1", "k1", 2);
    const auto at_postfix = server.add("m2", "k1", 1);
    server.put("Q1", mail::bounce_address(at_postfix, "example.test", held_key));
    server.hold(shop);
    server.look();
    server.add("m3", "k1", 1); // as if it had been accepted just before
    server.end(shop, "discard");
    for (int i = 0; i < 3; ++i)
        server.look();
    CHECK_FALSE(server.is_held(shop));
    CHECK(server.states("m1") == std::map<std::string, int>{{"canceled", 2}});
    CHECK(server.states("m3") == std::map<std::string, int>{{"queued", 1}}); // it was never held
    CHECK(server.queue_of("Q1").empty());
}

TEST_CASE("what a held mailbox sends Postfix holds, for as long as it takes") {
    HeldServer server;
    const auto asked = [&](const std::string& who) {
        return mail::submission_action(
            server.database, {}, {{"protocol_state", "DATA"}, {"sasl_username", who}, {"recipient_count", "1"}}, now());
    };
    CHECK(asked("anna@example.test") == "DUNNO");
    server.hold(anna);
    CHECK(asked("Anna@example.test").starts_with("HOLD "));
    CHECK(asked("bert@example.test") == "DUNNO");
    server.take("Q1", "anna@example.test");
    server.take("Q2", "Anna@example.test");
    server.take("Q3", "bert@example.test");
    server.put("Q1", "anna@example.test", "hold");
    server.put("Q2", "anna@example.test", "active"); // was asked about just before
    server.put("Q3", "bert@example.test", "hold");   // by hand
    server.look();
    CHECK(server.acts == std::vector<std::string>{"hold Q2"});
    // What was being taken a day ago never came to be in the queue, but for what waits there.
    CHECK(server.change([](store::Database& open) { return store::Submissions(open).forget(rfc3339(now()), 10); }) ==
          1);
    server.end(anna, "release");
    CHECK(asked("anna@example.test") == "DUNNO");
    for (int i = 0; i < 3; ++i)
        server.look();
    CHECK(server.queue_of("Q1") == "active");
    CHECK(server.queue_of("Q2") == "active");
    CHECK(server.queue_of("Q3") == "hold");
    CHECK_FALSE(server.is_held(anna));
}
