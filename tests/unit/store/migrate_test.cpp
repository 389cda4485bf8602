#include "base/error.hpp"
#include "catch.hpp"
#include "folder.hpp"
#include "store/migrate.hpp"

using namespace vectis;
using vectis::test::Folder;

TEST_CASE("migrations run once, in order, and a failing one leaves nothing") {
    const Folder folder;
    store::Database database(folder.path / "x.db", store::Journal::rollback);
    write_new_file(folder.path / "0001_first.sql", "create table one (id text) strict;", {});
    store::migrate(database, folder.path);
    store::migrate(database, folder.path);
    write_new_file(folder.path / "0002_second.sql",
                   "create table two (id text) strict; insert into nowhere values (1);", {});
    CHECK_THROWS_AS(store::migrate(database, folder.path), Error);
    CHECK_THROWS_AS(database.prepare("select * from two"), Error);

    SECTION("a file that was changed after it ran is refused") {
        replace_file(folder.path / "0001_first.sql", "create table one (id text, more text) strict;", {});
        CHECK_THROWS_AS(store::migrate(database, folder.path), Error);
    }
    SECTION("a database that is newer than the program is refused") {
        database.execute("insert into migrations values ('0009_later.sql', 'x', 'x')");
        try {
            store::migrate(database, folder.path);
            FAIL("it was used");
        } catch (const Error& error) {
            CHECK(error.code() == Code::not_supported);
        }
    }
}
