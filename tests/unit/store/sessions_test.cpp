#include "base/error.hpp"
#include "catch.hpp"
#include "folder.hpp"
#include "store/admins.hpp"
#include "store/migrate.hpp"
#include "store/sessions.hpp"

using namespace vectis;
using vectis::test::Folder;

TEST_CASE("administrators stay in their sessions when mailboxes get theirs") {
    const Folder folder;
    const fs::path before = folder.path / "before";
    fs::create_directory(before);
    for (const auto& entry : fs::directory_iterator(fs::path(MIGRATIONS) / "vectis")) {
        if (entry.path().filename().string() < "0006")
            fs::copy(entry.path(), before);
    }
    store::Database database(folder.path / "vectis.db", store::Journal::wal);
    store::migrate(database, before);
    store::Admins(database).add({.id = "a1", .email = "anna@example.test", .role = "admin"});
    database.execute("insert into sessions values ('s1', 'a1', 'secret', 'csrf', '2026-01-01', '2026-01-02', "
                     "'192.0.2.1', 'Browser/1'); "
                     "insert into known_addresses values ('a1', '192.0.2.1', '2026-01-01')");
    store::migrate(database, fs::path(MIGRATIONS) / "vectis");
    store::Sessions sessions(database);
    const auto session = sessions.find_by_secret("secret");
    REQUIRE(session);
    CHECK(session->id == "s1");
    CHECK(session->owner.admin == "a1");
    CHECK_FALSE(session->owner.mailbox);
    CHECK(session->csrf == "csrf");
    CHECK(session->agent == "Browser/1");
    CHECK(sessions.knows_address({.admin = "a1"}, "192.0.2.1", "2025-12-31"));
    CHECK_FALSE(sessions.knows_address({.mailbox = "a1"}, "192.0.2.1", "2025-12-31"));
    // They still go with the administrator.
    store::Admins(database).remove("a1");
    CHECK_FALSE(sessions.find_by_secret("secret"));
    CHECK_FALSE(sessions.knows_address({.admin = "a1"}, "192.0.2.1", "2025-12-31"));
}

TEST_CASE("a session is an administrator's or a mailbox's, and nobody's of both") {
    const Folder folder;
    store::Database database(folder.path / "vectis.db", store::Journal::wal);
    store::migrate(database, fs::path(MIGRATIONS) / "vectis");
    store::Admins(database).add({.id = "one", .email = "anna@example.test", .role = "admin"});
    store::Sessions sessions(database);
    const auto add = [&](const std::string& id, const store::SessionOwner& owner,
                         const std::optional<std::string>& password, const std::string& at = "2026-01-01") {
        sessions.add({.id = id, .owner = owner, .password = password, .secret = id, .created_at = at, .seen_at = at});
    };
    CHECK_THROWS_AS(add("x", {}, std::nullopt), Error);
    CHECK_THROWS_AS(add("x", {.admin = "one", .mailbox = "two"}, "mark"), Error);
    CHECK_THROWS_AS(add("x", {.admin = "one"}, "mark"), Error);
    CHECK_THROWS_AS(add("x", {.mailbox = "two"}, std::nullopt), Error);
    CHECK_THROWS_AS(add("x", {.admin = "nobody"}, std::nullopt), Error);
    // The same id is another's.
    add("admins", {.admin = "one"}, std::nullopt);
    add("first", {.mailbox = "one"}, "mark", "2026-01-01");
    add("second", {.mailbox = "one"}, "mark", "2026-01-02");
    add("third", {.mailbox = "one"}, "mark", "2026-01-03");
    CHECK(sessions.of({.admin = "one"}).size() == 1);
    CHECK(sessions.of({.mailbox = "one"}).size() == 3);
    CHECK_FALSE(sessions.remove({.mailbox = "one"}, "admins"));
    CHECK_FALSE(sessions.remove({.admin = "one"}, "first"));
    sessions.remove_surplus({.mailbox = "one"}, 2);
    const auto left = sessions.of({.mailbox = "one"});
    REQUIRE(left.size() == 2);
    CHECK((left[0].id == "third" && left[1].id == "second"));
    sessions.remove_all({.mailbox = "one"}, "third");
    CHECK(sessions.of({.mailbox = "one"}).size() == 1);
    CHECK(sessions.of({.admin = "one"}).size() == 1);
    for (const auto* at : {"2026-01-01", "2026-01-03"})
        sessions.note_address({.mailbox = "one"}, "192.0.2.1", at);
    CHECK(sessions.knows_address({.mailbox = "one"}, "192.0.2.1", "2026-01-02"));
    CHECK_FALSE(sessions.knows_address({.admin = "one"}, "192.0.2.1", "2026-01-02"));
    sessions.forget_addresses("2026-01-04");
    CHECK_FALSE(sessions.knows_address({.mailbox = "one"}, "192.0.2.1", "2026-01-02"));
}
