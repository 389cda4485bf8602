#include "base/clock.hpp"
#include "catch.hpp"
#include "folder.hpp"
#include "mail/compose.hpp"
#include "mail/submitter.hpp"
#include "mail/tracking.hpp"
#include "mail/unsubscribe.hpp"
#include "script.hpp"
#include "store/suppressions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <semaphore>
#include <thread>

using namespace vectis;

// Nobody listens where Postfix would: what is suppressed is done with before it is asked.
TEST_CASE("what is to be sent is looked at when the sender is woken, not when it looks the next time") {
    const test::Folder folder;
    store::Vectis database(folder.path / "vectis.db", fs::path(MIGRATIONS) / "vectis", "");
    const std::string at = rfc3339(now());
    database.write([&](store::Database& own) {
        return store::Suppressions(own).add({.id = "s",
                                             .domain = "example.test",
                                             .address = "zoe@outside.test",
                                             .reason = "manual",
                                             .source = "a test",
                                             .created_at = at,
                                             .expires_at = std::nullopt});
    });
    mail::Submitter submitter(database, {.socket = folder.path / "nobody", .token_key = std::string(64, '0')},
                              [](const std::string&) {});
    submitter.begin();
    std::vector<std::jthread> sending;
    for (int i = 0; i < 2; ++i)
        sending.emplace_back([&](const std::stop_token& stop) { submitter.run(stop); });
    for (int i = 0; i < 5; ++i) {
        std::vector<store::Recipient> rows{{.address = "zoe@outside.test", .due_at = at, .updated_at = at}};
        database.write([&](store::Database& own) {
            store::Messages(own).add({.id = fmt::format("m{}", i),
                                      .domain = "example.test",
                                      .sent_by = "k",
                                      .sender = "shop@example.test",
                                      .subject = "s",
                                      .message_id = fmt::format("m{}@example.test", i),
                                      .tags = "[]",
                                      .metadata = "{}",
                                      .size = 1,
                                      .created_at = at,
                                      .send_at = std::nullopt},
                                     "x", rows);
            return 0;
        });
        submitter.wake();
        const auto status = [&] {
            return database.read(
                [&](store::Database& own) { return store::Messages(own).recipient(rows[0].id).value().status; });
        };
        // Less than the minute between its own looks.
        for (int tries = 0; tries < 3000 && status() == "queued"; ++tries)
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        REQUIRE(status() == "suppressed");
    }
}

TEST_CASE("each recipient is handed fields of their own by which they unsubscribe, and HTML of their own") {
    constexpr const char* id = "019dc1a6-6f5e-7a4c-b5c0-3f0b0a1f5d11";
    const test::Folder folder;
    const std::pair<std::string, std::string> envelope{"DATA\r\n", "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 go on\r\n"};
    test::Script postfix(folder.path / "s", {test::greeting,
                                             test::hello,
                                             envelope,
                                             {"\r\n.\r\n", "250 2.0.0 Ok: queued as 4ZtBcd1\r\n"},
                                             envelope,
                                             {"\r\n.\r\n", "250 2.0.0 Ok: queued as 4ZtBcd2\r\n"}});
    store::Vectis database(folder.path / "vectis.db", fs::path(MIGRATIONS) / "vectis", "");
    const std::string at = rfc3339(now());
    std::vector<store::Recipient> rows{{.address = "anna@outside.test", .due_at = at, .updated_at = at},
                                       {.address = "bert@outside.test", .due_at = at, .updated_at = at}};
    const std::string header = "Subject: s\r\n";
    store::TrackedHtml html{.html = "<a href='https://a.test/'>Hello</a>\n", .pixel = 35, .base = "https://m.test/"};
    html.at = header.size();
    html.length = mail::html_part(html.html).size();
    html.links = {{.url = "https://a.test/", .at = 9, .length = 15}};
    const std::string content = header + mail::html_part(html.html);
    database.write([&](store::Database& own) {
        store::Message message{.id = id,
                               .domain = "example.test",
                               .sent_by = "k",
                               .sender = "shop@example.test",
                               .subject = "s",
                               .message_id = "m@example.test",
                               .tags = "[]",
                               .metadata = "{}",
                               .size = 1,
                               .created_at = at,
                               .send_at = std::nullopt,
                               .unsubscribe_url = "https://mail.example.test/unsubscribe/",
                               .unsubscribe_mailto = "mailto:leave@example.test"};
        store::Messages(own).add(message, content, rows);
        store::Messages(own).readings().add(id, html);
        return 0;
    });
    const std::string links_key(64, 'u');
    const std::string reading_key(64, 't');
    mail::Submitter submitter(database,
                              {.socket = folder.path / "s",
                               .token_key = std::string(64, '0'),
                               .unsubscribe_key = links_key,
                               .tracking_key = reading_key},
                              [](const std::string&) {});
    // What is due when it starts waits: a process that was killed may have sent it.
    database.write([&](store::Database& own) {
        store::Messages(own).hold_back(rfc3339(now() + std::chrono::hours(1)), at);
        return 0;
    });
    std::counting_semaphore<> changes(0);
    database.when_changed([&changes] { changes.release(); });
    submitter.begin();
    std::jthread sending([&](const std::stop_token& stop) { submitter.run(stop); });
    const auto sent = [&] {
        const auto all = database.read([&](store::Database& own) { return store::Messages(own).recipients(id); });
        return std::all_of(all.begin(), all.end(), [](const auto& each) { return each.status == "sent"; });
    };
    while (!sent())
        REQUIRE(changes.try_acquire_for(std::chrono::seconds(20)));
    sending.request_stop();
    sending.join();
    const std::string seen = postfix.seen();
    for (const auto& row : rows) {
        const mail::Subscriber reader{.recipient = row.id, .message = id};
        const std::string token = mail::unsubscribe_token(reader, links_key);
        const std::string theirs = mail::content_for(content, html, reader, reading_key);
        CHECK(theirs.find("https://m.test/click/" + mail::reading_token(mail::Reading::clicked, reader, reading_key) +
                          "/0") != std::string::npos);
        const std::string expected = fmt::format("List-Unsubscribe: <https://mail.example.test/unsubscribe/{}>,\r\n"
                                                 " <mailto:leave@example.test>\r\n"
                                                 "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
                                                 "{}.\r\n",
                                                 token, theirs);
        const auto whose = seen.find("RCPT TO:<" + row.address + ">");
        REQUIRE(whose != std::string::npos);
        CHECK(seen.substr(seen.find("DATA\r\n", whose) + 6, expected.size()) == expected);
    }
}
