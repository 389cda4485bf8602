#include "catch.hpp"
#include "directory/rows.hpp"

#include <stdexcept>

using namespace vectis;
using namespace vectis::directory;

namespace {

config::Config sample() {
    config::Config config;
    config.hostname = "mail.example.test";
    config.admin = "alice@example.test";
    config.dovecot.quota = 1000;
    config.domains.push_back(
        {.name = "example.test",
         .alias_domains = {"example.net"},
         .mailboxes = {{.local_part = "alice"}, {.local_part = "bob", .quota = 5}},
         .aliases = {{.local_part = "abuse", .destinations = {"b@x.test", "a@x.test", "b@x.test"}}}});
    return config;
}

template<typename Row>
const Row& find(const std::vector<Row>& rows, std::string_view key) {
    for (const auto& row : rows) {
        if (row.key() == key)
            return row;
    }
    throw std::out_of_range(std::string(key));
}

} // namespace

TEST_CASE("wanted holds what is declared, the role addresses and the probe") {
    const Rows rows = wanted(sample(), "{X}hash");
    CHECK(find(rows.mailboxes, "alice@example.test").quota == 1000);
    CHECK(find(rows.mailboxes, "bob@example.test").quota == 5);
    CHECK(find(rows.mailboxes, "vectis-probe@mail.example.test").password == "{X}hash");
    CHECK(find(rows.domains, "example.net").alias_of == "example.test");
    CHECK(find(rows.domains, "mail.example.test").owner == Owner::system);
    CHECK(find(rows.aliases, "postmaster@example.test").destinations == std::vector<std::string>{"alice@example.test"});
    CHECK_NOTHROW(find(rows.aliases, "root@mail.example.test"));
    SECTION("a declared alias wins over the role address of that name") {
        const auto& abuse = find(rows.aliases, "abuse@example.test");
        CHECK(abuse.owner == Owner::config);
        CHECK(abuse.destinations == std::vector<std::string>{"a@x.test", "b@x.test"});
    }
}

TEST_CASE("difference finds added, removed and changed rows and nothing else") {
    const Rows before = wanted(sample(), "{X}hash");
    config::Config config = sample();
    config.domains[0].mailboxes[0].display_name = "Alice";
    config.domains[0].mailboxes[1].local_part = "carol";
    const Changes changes = difference(before, wanted(config, "{X}hash"));
    REQUIRE(changes.mailboxes.size() == 3);
    CHECK((changes.mailboxes[0].before && changes.mailboxes[0].after));
    CHECK((changes.mailboxes[1].before && !changes.mailboxes[1].after));
    CHECK((!changes.mailboxes[2].before && changes.mailboxes[2].after));
    CHECK(changes.domains.empty());
    CHECK(changes.aliases.empty());
    CHECK(difference(before, before).empty());
}
