#include "base/ip_network.hpp"
#include "catch.hpp"

using namespace vectis;

TEST_CASE("an IP address or a network is read and written back in one form") {
    const auto text = [](std::string_view from) { return parse_ip_network(from).value().text(); };
    CHECK(text("192.0.2.1") == "192.0.2.1");
    CHECK(text("192.0.2.1/32") == "192.0.2.1");
    CHECK(text("192.0.2.0/24") == "192.0.2.0/24");
    CHECK(text("2001:DB8:0::1/128") == "2001:db8::1");
    CHECK(text("2001:db8::/33") == "2001:db8::/33");
    CHECK(text("::/0") == "::/0");
}

TEST_CASE("what is neither an address nor a network is nothing") {
    for (const std::string_view wrong : {"",
                                         "/",
                                         "/24",
                                         "192.0.2.0/",
                                         "192.0.2",
                                         "192.0.2.256",
                                         "192.0.2.010",
                                         "192.0.2.0/33",
                                         "192.0.2.0/-1",
                                         "192.0.2.0/+1",
                                         "192.0.2.0/024",
                                         "192.0.2.0/24 ",
                                         " 192.0.2.0",
                                         "192.0.2.0/24/24",
                                         "2001:db8::/129",
                                         "2001:db8:::1",
                                         "fe80::1%eth0",
                                         "[2001:db8::1]",
                                         "client.outside.test",
                                         "192.0.2.1;reboot"}) {
        INFO(wrong);
        CHECK_FALSE(parse_ip_network(wrong).has_value());
    }
    CHECK_FALSE(parse_ip_network(std::string_view("192.0.2.1\0x", 11)).has_value());
}

TEST_CASE("a network contains what begins as it does") {
    const auto contains = [](std::string_view network, std::string_view other) {
        return parse_ip_network(network).value().contains(parse_ip_network(other).value());
    };
    CHECK(contains("192.0.2.0/24", "192.0.2.255"));
    CHECK(contains("192.0.2.0/24", "192.0.2.128/25"));
    CHECK(contains("192.0.2.1", "192.0.2.1"));
    CHECK(contains("198.18.25.0/29", "198.18.25.7"));
    CHECK(contains("2001:db8:8000::/33", "2001:db8:ffff::1"));
    CHECK(contains("0.0.0.0/0", "192.0.2.1"));
    CHECK_FALSE(contains("198.18.25.0/29", "198.18.25.8"));
    CHECK_FALSE(contains("2001:db8:8000::/33", "2001:db8:7fff::1"));
    CHECK_FALSE(contains("192.0.2.0/25", "192.0.2.0/24"));
    CHECK_FALSE(contains("::/0", "192.0.2.1"));
    CHECK(parse_ip_network("192.0.2.77/26").value().base().text() == "192.0.2.64/26");
}
