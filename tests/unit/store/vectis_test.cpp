#include "base/error.hpp"
#include "catch.hpp"
#include "folder.hpp"
#include "store/counts.hpp"
#include "store/messages.hpp"
#include "store/vectis.hpp"

#include <fmt/format.h>

#include <atomic>
#include <thread>

using namespace vectis;
using vectis::test::Folder;

namespace {

store::Vectis open(const Folder& folder) {
    return {folder.path / "vectis.db", fs::path(MIGRATIONS) / "vectis", ""};
}

int add_secret(store::Database& database, const std::string& name) {
    database.prepare("insert into own_secrets (name, value) values (?1, 'x')").bind(name).run();
    return 1;
}

std::int64_t secrets(store::Vectis& database) {
    return database.read([](store::Database& open) {
        auto select = open.prepare("select count(*) from own_secrets");
        return select.step() ? select.integer(0) : -1;
    });
}

} // namespace

TEST_CASE("changes of many threads are each there whole, or not at all") {
    const Folder folder;
    auto database = open(folder);
    constexpr int threads = 8;
    constexpr int rounds = 100;
    struct Refused {};
    std::atomic<int> made{0};
    std::atomic<int> refused{0};
    {
        std::vector<std::jthread> all;
        for (int t = 0; t < threads; ++t)
            all.emplace_back([&, t] {
                for (int i = 0; i < rounds; ++i) {
                    try {
                        made += database.write([&](store::Database& open) {
                            static_cast<void>(add_secret(open, fmt::format("{}-{}", t, i)));
                            if (i % 3 == 0)
                                throw Refused(); // after its row was written
                            if (i % 7 == 0)
                                static_cast<void>(
                                    add_secret(open, fmt::format("{}-{}", t, i - 1))); // is there, or was refused
                            return 1;
                        });
                    } catch (const Refused&) {
                        ++refused;
                    } catch (const Error&) {
                        ++refused;
                    }
                }
            });
    }
    CHECK(made + refused == threads * rounds);
    CHECK(refused >= threads * rounds / 3);
    // Of those that made it, one in some has made two.
    CHECK(secrets(database) >= made);
    database.read([](store::Database& open) {
        auto check = open.prepare("pragma integrity_check");
        CHECK(check.step());
        CHECK(check.text(0) == "ok");
    });
}

TEST_CASE("a change that throws leaves those that are committed with it alone") {
    const Folder folder;
    auto database = open(folder);
    CHECK(database.write([](store::Database& open) { return add_secret(open, "one"); }) == 1);
    CHECK_THROWS_AS(database.write([](store::Database& open) {
        static_cast<void>(add_secret(open, "two"));
        return add_secret(open, "one");
    }),
                    Error);
    CHECK(secrets(database) == 1);
    CHECK(database.write([](store::Database& open) { return add_secret(open, "two"); }) == 1);
}

TEST_CASE("a statement may be used within itself, after it has failed, and after a table has changed") {
    const Folder folder;
    auto database = open(folder);
    database.write([](store::Database& open) {
        const std::string sql = "select name from own_secrets order by name";
        for (const auto* name : {"a", "b"})
            static_cast<void>(add_secret(open, name));
        std::string told;
        auto outer = open.prepare(sql);
        while (outer.step()) {
            told += outer.text(0);
            auto inner = open.prepare(sql);
            while (inner.step())
                told += inner.text(0);
        }
        CHECK(told == "aabbab");
        CHECK_THROWS_AS(static_cast<void>(add_secret(open, "a")), Error);
        CHECK(add_secret(open, "c") == 1);
        CHECK_FALSE(open.prepare("select 1 from own_secrets where name = ?1").step()); // nothing of before is bound
        open.execute("alter table own_secrets rename column name to title");
        CHECK_THROWS_AS(static_cast<void>(open.prepare(sql).step()), Error);
        open.execute("alter table own_secrets rename column title to name");
        auto again = open.prepare(sql);
        CHECK(again.step());
        CHECK(again.text(0) == "a");
        for (int i = 0; i < 1000; ++i)
            CHECK(open.prepare(fmt::format("select {}", i)).step());
        return 0;
    });
}

TEST_CASE("recipients of an earlier release keep their ids, their events and their messages' content") {
    const Folder folder;
    const fs::path earlier = folder.path / "earlier";
    fs::create_directory(earlier);
    for (const auto& each : fs::directory_iterator(fs::path(MIGRATIONS) / "vectis")) {
        if (each.path().filename() < "0009")
            fs::copy(each.path(), earlier);
    }
    const std::string at = "2026-11-24T10:00:00.000Z";
    std::vector<store::Recipient> recipients{{.address = "a@outside.test", .due_at = at, .updated_at = at},
                                             {.address = "b@outside.test", .due_at = at, .updated_at = at}};
    store::Vectis(folder.path / "vectis.db", earlier, "").write([&](store::Database& open) {
        // In that release's own words: today's know columns that came later.
        open.execute(
            "insert into messages (id, domain, sent_by, sender, subject, message_id, tags, metadata, size, created_at) "
            "values ('m1', 'example.test', 'k', 'a@example.test', 'Your order', 'm1@example.test', '[\"shop\"]', '{}', "
            "4, "
            "'2026-11-24T10:00:00.000Z')");
        open.execute("insert into message_contents (message, content) values ('m1', cast('content' as blob))");
        for (std::size_t i = 0; i < recipients.size(); ++i) {
            recipients[i].id = static_cast<std::int64_t>(i) + 1;
            recipients[i].message = "m1";
            open.prepare("insert into recipients (id, message, address, status, due_at, updated_at) "
                         "values (?1, 'm1', ?2, 'queued', ?3, ?3)")
                .bind(recipients[i].id, recipients[i].address, at)
                .run();
        }
        recipients[1].status = "deferred";
        recipients[1].queue_id = "Q";
        recipients[1].answer = "later";
        open.execute("update recipients set status = 'deferred', queue_id = 'Q', answer = 'later' where id = 2");
        store::insert_event(open, {.id = "e1",
                                   .at = at,
                                   .type = "message.queued",
                                   .domain = "example.test",
                                   .message = "m1",
                                   .recipient = "a@outside.test",
                                   .data = "{}"});
        return 0;
    });
    auto database = open(folder);
    database.write([&](store::Database& open) {
        store::Messages messages(open);
        CHECK(messages.recipients("m1") == recipients);
        store::Messages::Search words;
        words.subject = "order";
        words.tag = "shop";
        CHECK(messages.search(words, {}).size() == 1);
        for (const auto* span : {"hour", "day"}) {
            auto counted = store::Counts(open).sums({.span = span,
                                                     .since = "2026-01-01T00:00:00.000Z",
                                                     .until = "2027-01-01T00:00:00.000Z",
                                                     .domains = std::nullopt});
            REQUIRE(counted[""].spans.size() == 1);
            CHECK(counted[""].spans.begin()->second == store::Figures{{"queued", 1}});
        }
        CHECK(messages.content("m1") == "content");
        recipients[1].status = "unknown";
        messages.update(recipients[1]);
        CHECK(messages.recipient(recipients[1].id) == recipients[1]);
        recipients[1].status = "lost";
        CHECK_THROWS_AS(messages.update(recipients[1]), Error);
        open.execute("delete from messages");
        CHECK(messages.recipients("m1").empty());
        return 0;
    });
}

TEST_CASE("what goes out is kept until nobody waits for Postfix, and what is due is found") {
    const Folder folder;
    auto database = open(folder);
    database.write([](store::Database& open) {
        store::Messages messages(open);
        std::vector<store::Recipient> recipients(2);
        recipients[0].address = "a@outside.test";
        recipients[0].due_at = "2026-11-24T10:00:00.000Z";
        recipients[1].address = "b@outside.test";
        recipients[1].due_at = "2026-11-24T11:00:00.000Z";
        const std::string content("line\r\n\0binary", 13);
        messages.add({.id = "m1",
                      .domain = "example.test",
                      .sent_by = "k",
                      .sender = "a@example.test",
                      .subject = "s",
                      .message_id = "m1@example.test",
                      .tags = "[]",
                      .metadata = "{}",
                      .size = 4,
                      .created_at = "2026-11-24T10:00:00.000Z",
                      .send_at = std::nullopt},
                     content, recipients);
        CHECK(recipients[0].id != recipients[1].id);
        CHECK(messages.content("m1") == content);
        CHECK(messages.due("2026-11-24T10:30:00.000Z", 10).size() == 1);
        CHECK(messages.next_due() == "2026-11-24T10:00:00.000Z");
        for (auto& each : recipients) {
            messages.drop_content_if_handed_over("m1");
            CHECK(messages.content("m1"));
            each.status = "sent";
            each.queue_id = "Q" + each.address;
            messages.update(each);
        }
        messages.drop_content_if_handed_over("m1");
        CHECK_FALSE(messages.content("m1"));
        CHECK_FALSE(messages.next_due());
        CHECK(messages.recipient_in_queue("Qb@outside.test")->address == "b@outside.test");
        CHECK(messages.own_secret("bounce", "first") == "first");
        CHECK(messages.own_secret("bounce", "second") == "first");
        return 0;
    });
}
