// What is searched, counted and forgotten.
#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/random.hpp"
#include "catch.hpp"
#include "folder.hpp"
#include "mail/retention.hpp"
#include "mail/story.hpp"
#include "store/counts.hpp"
#include "store/messages.hpp"
#include "store/vectis.hpp"
#include "store/webhooks.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

using namespace vectis;
using namespace std::chrono_literals;

namespace {

struct HistoryOf {
    test::Folder folder;
    store::Vectis database{folder.path / "vectis.db", fs::path(MIGRATIONS) / "vectis", ""};

    /// Accepted at a time; each recipient becomes `status`.
    std::string add(Time at, const std::string& subject, const std::string& tags, const std::string& status,
                    const std::string& domain = "example.test", std::size_t size = 4) {
        return database.write([&](store::Database& open) {
            store::Messages messages(open);
            const std::string id = first_uuid7(at).substr(0, 19) + random_hex(8).insert(4, "-");
            std::vector<store::Recipient> rows{{.message = id,
                                                .address = "anna@outside.test",
                                                .queue_id = "4Zt",
                                                .due_at = rfc3339(at),
                                                .code = std::nullopt,
                                                .answer = "said so",
                                                .relay = "mx1.outside.test[198.51.100.25]:25",
                                                .updated_at = rfc3339(at)}};
            messages.add({.id = id,
                          .domain = domain,
                          .sent_by = "k",
                          .sender = "shop@" + domain,
                          .subject = subject,
                          .message_id = id + "@" + domain,
                          .tags = tags,
                          .metadata = "{}",
                          .size = size,
                          .created_at = rfc3339(at),
                          .send_at = std::nullopt},
                         std::string(size, 'x'), rows);
            rows[0].relay = "mx1.outside.test[198.51.100.25]:25";
            mail::tell(messages, rows[0], "queued", {}, rfc3339(at));
            if (status != "queued")
                mail::tell(messages, rows[0], "sent", {}, rfc3339(at + 1s));
            if (status != "queued" && status != "sent")
                mail::tell(messages, rows[0], status,
                           status == "bounced" ? Json{{"bounce_class", "hard"}} : Json::object(), rfc3339(at + 10s));
            return id;
        });
    }
    std::vector<std::string> found(const store::Messages::Search& search, const store::Page& page = {}) {
        std::vector<std::string> ids;
        database.read([&](store::Database& open) {
            for (const auto& each : store::Messages(open).search(search, page))
                ids.push_back(each.id);
        });
        return ids;
    }
    store::Figures counted(const std::string& span, const std::string& kind, const std::string& name) {
        auto sums = database.read([&](store::Database& open) {
            return store::Counts(open).sums({.span = span,
                                             .kind = kind,
                                             .since = "2000-01-01T00:00:00.000Z",
                                             .until = "2100-01-01T00:00:00.000Z",
                                             .domains = std::nullopt});
        });
        store::Figures figures;
        for (const auto& each : sums[name].spans) {
            for (const auto& [what, number] : each.second)
                figures[what] += number;
        }
        return figures;
    }
    std::int64_t rows(const std::string& table) {
        return database.read([&](store::Database& open) {
            auto select = open.prepare("select count(*) from " + table);
            return select.step() ? select.integer(0) : -1;
        });
    }
};

store::Messages::Search searched(const std::string& subject) {
    return {.recipient = std::nullopt,
            .status = std::nullopt,
            .tag = std::nullopt,
            .subject = subject,
            .since = std::nullopt,
            .until = std::nullopt};
}

const Time noon = parse_rfc3339("2026-11-24T12:00:00.000Z");

} // namespace

TEST_CASE("messages are found by recipient, status, tag, words of the subject and time") {
    HistoryOf server;
    const auto first = server.add(noon, "Your order 1047 is on its way", R"(["order","shop"])", "delivered");
    const auto second = server.add(noon + 1h, "Caf\u00e9 \"open\" again", "[]", "bounced");
    const auto third = server.add(noon + 2h, "Your invoice", R"(["shop"])", "queued");

    CHECK(server.found(searched("order way")) == std::vector{first});
    CHECK(server.found(searched("YOUR ord")) == std::vector{first});
    CHECK(server.found(searched("ord your")).empty()); // only the last word may be begun
    CHECK(server.found(searched("cafe")) == std::vector{second});
    CHECK(server.found(searched("\"open\" AND -")).empty());
    CHECK(server.found(searched("!")).empty());
    CHECK(server.found(searched(" ")).size() == 3); // no word is in all
    auto by = searched("your");
    by.tag = "shop";
    CHECK(server.found(by) == std::vector{first, third});
    by.status = "queued";
    CHECK(server.found(by) == std::vector{third});
    by.recipient = "bert@outside.test";
    CHECK(server.found(by).empty());
    store::Messages::Search status;
    status.status = "delivered";
    CHECK(server.found(status) == std::vector{first});
    status.status = "bounced";
    status.recipient = "anna@outside.test";
    CHECK(server.found(status) == std::vector{second});
    store::Messages::Search time;
    time.since = rfc3339(noon + 1h);
    CHECK(server.found(time) == std::vector{second, third});
    time.until = rfc3339(noon + 2h);
    CHECK(server.found(time) == std::vector{second});
    store::Page newest;
    newest.descending = true;
    newest.limit = 1;
    CHECK(server.found({}, newest) == std::vector{third, second});
}

TEST_CASE("what happens is counted once, by hour and day, of all, by provider and by tag") {
    HistoryOf server;
    server.add(noon, "a", R"(["order"])", "delivered", "example.test", 100);
    server.add(noon + 1min, "b", R"(["order"])", "bounced", "example.test", 50);
    server.add(noon + 1h, "c", "[]", "delivered", "other.test", 7);
    for (const std::string span : {"hour", "day"}) {
        const auto all = server.counted(span, "all", "");
        CHECK(all.at("queued") == 3);
        CHECK(all.at("sent") == 3);
        CHECK(all.at("delivered") == 2);
        CHECK(all.at("bounced") == 1);
        CHECK(all.at("bounced.hard") == 1);
        CHECK(all.at("bytes") == 157);
        const auto tag = server.counted(span, "tag", "order");
        CHECK(tag.at("queued") == 2);
        CHECK(tag.at("delivered") == 1);
        CHECK(server.counted(span, "provider", "outside.test").at("bounced.hard") == 1);
    }
    auto hours = server.database.read([](store::Database& open) {
        return store::Counts(open).sums({.span = "hour",
                                         .kind = "all",
                                         .since = "2026-11-24T12:00:00.000Z",
                                         .until = "2026-11-24T13:00:00.000Z",
                                         .domains = std::vector<std::string>{"example.test"}});
    });
    REQUIRE(hours[""].spans.size() == 1);
    CHECK(hours[""].spans.begin()->first == "2026-11-24T12:00:00.000Z");
    CHECK(*hours[""].times.quantile(0.5) > 8000); // of both, whichever way they are looked for
    CHECK(*hours[""].times.quantile(0.5) < 12000);
}

TEST_CASE("words that most subjects have are found from where the page begins, in either direction") {
    HistoryOf server;
    // Their ids are made of their numbers: of some in the other order.
    server.database.write([](store::Database& open) {
        open.execute("with recursive rows (n) as (select 1 union all select n + 1 from rows where n < 30000) "
                     "insert into messages (id, domain, sent_by, sender, subject, message_id, tags, metadata, size, "
                     "created_at, seq) select printf('019dc1a6-%08d', iif(n % 100 = 7, n - 3, iif(n % 100 = 4, n + 3, "
                     "n))), iif(n % 10000 = 0, 'small.test', 'example.test'), 'k', 'a@example.test', "
                     "'Common news ' || n, n, '[]', '{}', 1, '2026-11-24T12:00:00.000Z', n from rows");
        open.execute("insert into message_subjects (rowid, subject) select seq, subject from messages");
        return 0;
    });
    const auto id = [](int number) { return fmt::format("019dc1a6-{:08}", number); };
    store::Page page;
    for (const bool descending : {true, false}) {
        page.descending = descending;
        page.after.reset();
        for (int next = descending ? 30000 : 1, pages = 0; pages < 3; ++pages) {
            auto found = server.found(searched("common"), page);
            REQUIRE(found.size() == page.limit + 1);
            found.pop_back();
            for (const auto& each : found) {
                CHECK(each == id(next));
                next += descending ? -1 : 1;
            }
            page.after = std::pair(found.back(), found.back());
        }
    }
    page.after = std::pair(id(29990), id(29990));
    CHECK(server.found(searched("common"), page) == std::vector{id(29991), id(29992), id(29993), id(29994), id(29995),
                                                                id(29996), id(29997), id(29998), id(29999), id(30000)});
    page.after.reset();
    page.descending = true;
    page.where = {{"domain", "small.test"}};
    CHECK(server.found(searched("news common"), page) == std::vector{id(30000), id(20000), id(10000)});
    page.where = {{"domain", "nowhere.test"}};
    CHECK(server.found(searched("common"), page).empty());
    page.where.clear();
    page.after = std::pair("0", "0");
    CHECK(server.found(searched("common"), page).empty());
}

TEST_CASE("a time to delivery is right within 12 percent") {
    for (const std::int64_t milliseconds : {1, 9, 250, 1000, 61000, 3600000, 86400000}) {
        store::DeliveryTimes times;
        CHECK(times.take(store::DeliveryTimes::figure(milliseconds), 3));
        const auto middle = static_cast<double>(*times.quantile(0.5));
        const auto real = static_cast<double>(milliseconds);
        CHECK(std::abs(middle - real) <= 0.12 * real + 0.5);
    }
    store::DeliveryTimes times;
    CHECK_FALSE(times.quantile(0.5));
    CHECK_FALSE(times.take("delivered", 1));
    CHECK(times.take(store::DeliveryTimes::figure(100), 95));
    CHECK(times.take(store::DeliveryTimes::figure(100000), 5));
    CHECK(*times.quantile(0.5) < 120);
    CHECK(*times.quantile(0.95) < 120);
    CHECK(*times.quantile(0.96) > 80000);
}

TEST_CASE("what is old is forgotten with all that belongs to it, and its room is free") {
    HistoryOf server;
    constexpr int many = 600;
    for (int i = 0; i < many; ++i)
        server.add(noon - 24h * 100, fmt::format("old {}", i), R"(["order"])", "delivered", "example.test", 4000);
    const auto waits = server.add(noon - 24h * 100, "old and deferred", "[]", "deferred");
    const auto young = server.add(noon - 24h * 89, "young", "[]", "delivered");
    // An event about none.
    server.database.write([](store::Database& open) {
        store::insert_event(open, {.id = uuid7(),
                                   .at = rfc3339(noon - 24h * 100),
                                   .type = "webhook.disabled",
                                   .domain = "",
                                   .message = "",
                                   .recipient = "",
                                   .data = "{}"});
        return 0;
    });
    const auto file = server.folder.path / "vectis.db";
    CHECK(server.database.forget());
    const auto before = fs::file_size(file);
    CHECK(mail::forget_old(server.database, {.messages = 0, .statistics = 0}, noon, {}) == 0);
    CHECK(server.rows("messages") == many + 2);

    CHECK(mail::forget_old(server.database, {.messages = 90, .statistics = 1000}, noon, {}) == many);
    CHECK(server.found({}) == std::vector{waits, young});
    CHECK(server.found(searched("old")) == std::vector{waits});
    CHECK(server.rows("recipients") == 2);
    CHECK(server.rows("message_tags") == 0);
    CHECK(server.rows("events") == 6);
    CHECK(server.counted("hour", "tag", "order").empty());
    CHECK(server.counted("day", "tag", "order").at("delivered") == many);
    CHECK(server.database.forget());
    CHECK(fs::file_size(file) * 3 < before);

    CHECK(mail::forget_old(server.database, {.messages = 90, .statistics = 95}, noon, {}) == 0);
    CHECK(server.counted("day", "tag", "order").empty());
    CHECK_FALSE(server.counted("day", "all", "").empty());

    // No number of a recipient is given twice: a link or a bounce address of before would be another's.
    CHECK(mail::forget_old(server.database, {.messages = 10, .statistics = 0}, noon, {}) == 0);
    CHECK(server.found({}) == std::vector{waits, young});
}
