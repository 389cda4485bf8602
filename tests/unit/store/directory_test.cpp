#include "base/error.hpp"
#include "base/subprocess.hpp"
#include "catch.hpp"
#include "folder.hpp"
#include "store/directory.hpp"
#include "thrown.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <thread>

using namespace vectis;
using vectis::test::error_of;
using vectis::test::Folder;

namespace {

config::Config sample() {
    config::Config config;
    config.hostname = "mail.example.test";
    config.admin = "alice@example.test";
    config.domains.push_back({.name = "example.test",
                              .catch_all = "alice@example.test",
                              .alias_domains = {"example.net"},
                              .mailboxes = {{.local_part = "alice", .password_hash = "{A}1"}, {.local_part = "bob"}},
                              .aliases = {{.local_part = "info", .destinations = {"alice@example.test"}}}});
    return config;
}

std::string one(const fs::path& file, const std::string& sql) {
    auto database = store::Database::read_only(file);
    auto select = database.prepare(sql);
    return select.step() ? select.text(0) : "(none)";
}

} // namespace

TEST_CASE("rows come back as they were applied, with their generation") {
    const Folder folder;
    store::Directory directory(folder.path, fs::path(MIGRATIONS) / "directory", "");
    CHECK(directory.generation() == 0);
    const auto rows = directory::wanted(sample(), "{P}");
    directory.apply(directory::difference(directory.rows(), rows), 7, false);
    CHECK(directory.generation() == 7);
    CHECK(directory.rows() == rows);

    SECTION("a mailbox that goes is suspended and keeps its row, and comes back whole") {
        auto config = sample();
        config.domains[0].mailboxes.pop_back();
        const auto fewer = directory::wanted(config, "{P}");
        directory.apply(directory::difference(rows, fewer), 8, false);
        CHECK(directory.rows() == fewer);
        CHECK(one(folder.path / "directory.db", "select active from mailboxes where local_part = 'bob'") == "0");
        directory.apply(directory::difference(fewer, rows), 9, false);
        CHECK(directory.rows() == rows);
    }
    SECTION("a user's own password survives an apply that does not change the declared one, and every rollback") {
        auto change = [&] {
            store::Database writer(folder.path / "directory.db", store::Journal::wal_for_readers);
            writer.execute("update mailboxes set password = '{U}own' where local_part = 'alice'");
        };
        const std::string password = "select password from mailboxes where local_part = 'alice'";
        auto config = sample();
        config.domains[0].mailboxes[0].display_name = "Alice";
        const auto renamed = directory::wanted(config, "{P}");
        config.domains[0].mailboxes[0].password_hash = "{A}2";
        const auto repassworded = directory::wanted(config, "{P}");

        change();
        directory.apply(directory::difference(rows, renamed), 8, false);
        CHECK(one(folder.path / "directory.db", password) == "{U}own");
        directory.apply(directory::difference(renamed, repassworded), 9, false);
        CHECK(one(folder.path / "directory.db", password) == "{A}2");
        change();
        directory.apply(directory::difference(repassworded, rows), 7, true);
        CHECK(one(folder.path / "directory.db", password) == "{U}own");
        CHECK(directory.rows() == rows);
    }
    SECTION("an address that the API owns is refused and nothing is changed") {
        {
            store::Database writer(folder.path / "directory.db", store::Journal::wal_for_readers);
            writer.execute("insert into mailboxes (id, address, domain, local_part, managed_by) "
                           "values ('x', 'carol@example.test', 'example.test', 'carol', 'api')");
        }
        auto config = sample();
        config.domains[0].mailboxes[0].display_name = "changed";
        config.domains[0].mailboxes.push_back({.local_part = "carol"});
        CHECK_THROWS_AS(directory.apply(directory::difference(rows, directory::wanted(config, "{P}")), 8, false),
                        Error);
        CHECK(directory.rows() == rows);
        CHECK(directory.generation() == 7);
    }
}

TEST_CASE("the write-ahead log outlives its writer, so that readers without write permission go on") {
    const Folder folder;
    {
        store::Directory directory(folder.path, fs::path(MIGRATIONS) / "directory", "");
        directory.apply(directory::difference({}, directory::wanted(sample(), "{P}")), 1, false);
    }
    CHECK(fs::exists(folder.path / "directory.db-wal"));
    CHECK(fs::exists(folder.path / "directory.db-shm"));
}

TEST_CASE("another program that reads and closes while the directory is open leaves the write-ahead log alone") {
    const Folder folder;
    store::Directory directory(folder.path, fs::path(MIGRATIONS) / "directory", "");
    directory.apply(directory::difference({}, directory::wanted(sample(), "{P}")), 1, false);
    // It would be the last one to close, and remove the log, if we had lost our lock.
    const std::string script = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); "
                               "print(c.execute('select count(*) from mailboxes').fetchone()[0]); c.close()";
    const Finished finished =
        run({"python3", "-c", script, (folder.path / "directory.db").string()}, std::chrono::seconds(20));
    INFO(finished.status << " " << finished.err);
    REQUIRE(finished.out == "3\n");
    CHECK(fs::exists(folder.path / "directory.db-wal"));
    CHECK(fs::exists(folder.path / "directory.db-shm"));
}

TEST_CASE("a commit that its killed writer could not show any more does not come back with a power cut") {
    const Folder folder;
    const fs::path migrations = fs::path(MIGRATIONS) / "directory";
    const std::string index = (folder.path / "directory.db-shm").string();
    const std::string saved = (folder.path / "saved").string();
    // Another program: to close the file here would drop our own locks on it.
    const auto copy = [](std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), {"dd", "status=none", "conv=notrunc"});
        REQUIRE(run(arguments, std::chrono::seconds(20)).status == 0);
    };
    const auto after_a_power_cut = [&] {
        const Folder other;
        for (const char* name : {"directory.db", "directory.db-wal"})
            copy({"if=" + (folder.path / name).string(), "of=" + (other.path / name).string()});
        return store::read_directory_generation(other.path);
    };
    std::optional<store::Directory> writer(std::in_place, folder.path, migrations, "");
    writer->apply({}, 1, false);
    const std::string seen = "select value from meta where key = 'generation'";
    auto reader = store::Database::read_only(folder.path / "directory.db"); // others go on, so that -shm stays
    REQUIRE(reader.prepare(seen).step());

    // The kill: what the commit wrote last, the two copies of the index's header, is as it was before.
    copy({"if=" + index, "of=" + saved, "bs=96", "count=1"});
    writer->apply({}, 2, false);
    copy({"if=" + saved, "of=" + index});
    writer.reset();
    CHECK(one(folder.path / "directory.db", seen) == "1");
    CHECK(after_a_power_cut() == 2);

    writer.emplace(folder.path, migrations, "");
    CHECK(writer->generation() == 1);
    CHECK(after_a_power_cut() == 1);
}

TEST_CASE("a password that a user sets stays until config.yaml declares another") {
    const Folder folder;
    store::Directory directory(folder.path, fs::path(MIGRATIONS) / "directory", "");
    const auto file = folder.path / "directory.db";
    const auto password = [&] {
        return one(file, "select password from mailboxes where address = 'alice@example.test'");
    };
    auto config = sample();
    const auto apply = [&](bool going_back) {
        directory.apply(directory::difference(directory.rows(), directory::wanted(config, "{P}")), 1, going_back);
    };
    apply(false);
    directory.set_password("alice@example.test", "{B}2");
    CHECK(password() == "{B}2");

    SECTION("nothing is to be done afterwards") {
        CHECK(directory::difference(directory.rows(), directory::wanted(config, "{P}")).empty());
        config.domains[0].mailboxes[0].display_name = "Alice";
        apply(false);
        CHECK(password() == "{B}2");
    }
    SECTION("another one in config.yaml counts") {
        config.domains[0].mailboxes[0].password_hash = "{A}3";
        apply(false);
        CHECK(password() == "{A}3");
    }
    SECTION("going back to another one does not") {
        config.domains[0].mailboxes[0].password_hash = "{A}0";
        apply(true);
        CHECK(password() == "{B}2");
    }
    SECTION("who has none gets one") {
        directory.set_password("bob@example.test", "{B}4");
        CHECK(one(file, "select password from mailboxes where address = 'bob@example.test'") == "{B}4");
    }
    SECTION("only an active mailbox of somebody's has one") {
        const auto refused = [&](const std::string& address) {
            return error_of([&] { directory.set_password(address, "{B}5"); }).code() == Code::not_found;
        };
        CHECK(refused("carol@example.test"));
        CHECK(refused("info@example.test"));
        CHECK(refused("ALICE@example.test"));
        CHECK(refused("vectis-probe@mail.example.test"));
        config.domains[0].mailboxes.erase(config.domains[0].mailboxes.begin());
        config.domains[0].catch_all.clear();
        apply(false);
        CHECK(refused("alice@example.test"));
    }
}

TEST_CASE("a password may change while an apply writes") {
    const Folder folder;
    store::Directory directory(folder.path, fs::path(MIGRATIONS) / "directory", "");
    const auto rows = directory::wanted(sample(), "{P}");
    directory.apply(directory::difference({}, rows), 1, false);
    constexpr int times = 50;
    {
        const std::jthread applying([&] {
            for (int i = 2; i < times; ++i)
                directory.apply(directory::difference({}, rows), static_cast<std::uint64_t>(i), false);
        });
        for (int i = 0; i < times; ++i)
            directory.set_password("alice@example.test", "{B}" + std::to_string(i));
    }
    CHECK(directory.generation() == times - 1);
    CHECK(one(folder.path / "directory.db", "select password from mailboxes where address = 'alice@example.test'") ==
          "{B}" + std::to_string(times - 1));
}

TEST_CASE("what the API has made is refused, but never in the way of going back") {
    const Folder folder;
    store::Directory directory(folder.path, fs::path(MIGRATIONS) / "directory", "");
    const auto with_bob = directory::wanted(sample(), "{P}");
    auto config = sample();
    config.domains[0].aliases.clear();
    const auto without_info = directory::wanted(config, "{P}");
    directory.apply(directory::difference(directory.rows(), without_info), 1, false);
    const std::string id = "019dc1a6-6f5e-7a4c-b5c0-3f0b0a1f5d11";
    static_cast<void>(directory.change(id, directory::NewMailbox{.id = id, .address = "info@example.test"}));
    CHECK(directory.api_made() == std::set<std::string>{"info@example.test"});
    const auto changes = directory::difference(directory.rows(), with_bob);
    CHECK(error_of([&] { directory.apply(changes, 2, false); }).code() == Code::conflict);
    CHECK(directory.generation() == 1);
    CHECK(directory.undo(changes, 2) == std::vector<std::string>{"info@example.test"});
    CHECK(one(folder.path / "directory.db", "select count(*) from aliases where address = 'info@example.test'") == "0");
    CHECK(one(folder.path / "directory.db", "select managed_by from mailboxes where address = 'info@example.test'") ==
          "api");
    CHECK(directory.generation() == 2);
}

TEST_CASE("the roles of the API's domains follow the host when it is called something else") {
    const Folder folder;
    store::Directory directory(folder.path, fs::path(MIGRATIONS) / "directory", "");
    auto config = sample();
    const auto apply = [&](std::uint64_t generation) {
        directory.apply(directory::difference(directory.rows(), directory::wanted(config, "{P}")), generation, false);
    };
    apply(1);
    const std::string id = "019dc1a6-6f5e-7a4c-b5c0-3f0b0a1f5d11";
    static_cast<void>(directory.change(id, directory::NewDomain{.id = id, .name = "shop.test"}));
    const auto destination = [&] {
        return one(folder.path / "directory.db",
                   "select destination from alias_destinations join aliases on id = alias_id "
                   "where address = 'postmaster@shop.test'");
    };
    CHECK(destination() == "postmaster@mail.example.test");
    config.hostname = "mx.example.test";
    apply(2);
    CHECK(destination() == "postmaster@mx.example.test");
}
