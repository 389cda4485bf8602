#include "catch.hpp"
#include "folder.hpp"
#include "store/supervisor.hpp"

using namespace vectis;
using vectis::test::Folder;

TEST_CASE("a generation's files come back byte by byte, and its number is never used again") {
    const Folder folder;
    store::Supervisor store(folder.path / "supervisor.db", fs::path(MIGRATIONS) / "supervisor");
    CHECK(store.next_generation() == 1);
    const std::string bytes("a\0b\xff\n", 5);
    store.add_generation({1, "now", "hash", "first"},
                         {{"postfix/main.cf", bytes, {0640, "root", "postfix"}, {"postfix", "dovecot"}}});
    CHECK(store.files(1).at(0).bytes == bytes);
    CHECK(store.files(1).at(0).access.mode == 0640);
    CHECK(store.files(1).at(0).services == std::vector<std::string>{"postfix", "dovecot"});
    CHECK(store.next_generation() == 2);
    store.finish_apply(store.begin_apply("apply", 1, 2), "discarded", "x");
    CHECK(store.next_generation() == 3);
    store.remove_generation(1);
    CHECK(store.files(1).empty());
}

TEST_CASE("the generation before is the one that ran, not the one with the next lower number") {
    const Folder folder;
    store::Supervisor store(folder.path / "supervisor.db", fs::path(MIGRATIONS) / "supervisor");
    CHECK(store.generation_before(1) == 0);
    const auto change = [&](const std::string& kind, std::uint64_t from, std::uint64_t to, const std::string& outcome) {
        if (kind == "apply" && outcome == "confirmed")
            store.add_generation({to, "now", "hash", "change"}, {});
        store.finish_apply(store.begin_apply(kind, from, to), outcome, "");
    };
    change("apply", 0, 1, "confirmed");
    change("apply", 1, 2, "confirmed");
    change("apply", 2, 3, "confirmed");
    CHECK(store.generation_before(1) == 0);
    CHECK(store.generation_before(3) == 2);
    change("rollback", 3, 1, "confirmed");
    CHECK(store.generation_before(1) == 0);
    change("apply", 1, 4, "undone");
    change("apply", 1, 5, "confirmed");
    CHECK(store.generation_before(5) == 1);
    store.remove_generation(1);
    CHECK(store.generation_before(5) == 3);
    CHECK(store.generation_before(2) == 0);
}

TEST_CASE("an apply without an outcome is found again") {
    const Folder folder;
    store::Supervisor store(folder.path / "supervisor.db", fs::path(MIGRATIONS) / "supervisor");
    CHECK_FALSE(store.unfinished_apply());
    const std::string id = store.begin_apply("apply", 3, 4);
    REQUIRE(store.unfinished_apply());
    CHECK(store.unfinished_apply()->to == 4);
    store.begin_undo(id, "probe");
    CHECK(store.unfinished_apply()->undoing);
    store.finish_apply(id, "undone", "probe");
    CHECK_FALSE(store.unfinished_apply());
    CHECK(store.last_apply()->outcome == "undone");
}
