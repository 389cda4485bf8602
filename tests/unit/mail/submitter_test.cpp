#include "base/clock.hpp"
#include "catch.hpp"
#include "folder.hpp"
#include "mail/submitter.hpp"
#include "store/suppressions.hpp"

#include <fmt/format.h>

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
