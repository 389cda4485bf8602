#include "catch.hpp"
#include "health/facts.hpp"

#include <set>

using namespace vectis;

TEST_CASE("wrong passwords come from two addresses that share nothing a server could hold against both") {
    std::set<std::string> seen;
    for (int run = 0; run < 1000; ++run) {
        const auto v4 = health::fresh_wrong_clients(false);
        CHECK(v4.smtp != v4.imap);
        CHECK(v4.smtp.starts_with("198.18.26."));
        CHECK(v4.imap.starts_with("198.18.26."));
        const auto v6 = health::fresh_wrong_clients(true);
        const auto network = [](const std::string& address) { return address.substr(0, 14); }; // 2001:db8:xxxx:
        CHECK(network(v6.smtp) != network(v6.imap));
        for (const auto& address : {v6.smtp, v6.imap}) {
            CHECK(address.starts_with("2001:db8:"));
            CHECK(address.size() == 16);
            CHECK(std::string("89abcdef").find(address[9]) != std::string::npos); // 2001:db8:8000::/33
        }
        seen.insert({v4.smtp, v4.imap, v6.smtp, v6.imap});
    }
    CHECK(seen.size() > 1000);
    CHECK_FALSE(seen.contains("198.18.26.0"));
    CHECK_FALSE(seen.contains("198.18.26.255"));
}
