#include "catch.hpp"
#include "web/address.hpp"

#include <string>

using namespace vectis;
using namespace vectis::web;

namespace {

bool is_closed(const std::string& address) {
    return closed_network(parse_ip_network(address).value()).has_value();
}

} // namespace

TEST_CASE("each network that is not the internet's is closed from its first address to its last, and no further") {
    struct Range {
        const char* before; // the open address before it, if there is one
        const char* first;
        const char* last;
        const char* after;
    };
    for (const auto& [before, first, last, after] : {
             Range{nullptr, "0.0.0.0", "0.255.255.255", "1.0.0.0"},
             Range{"9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"},
             Range{"100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"},
             Range{"126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"},
             Range{"168.63.129.15", "168.63.129.16", "168.63.129.16", "168.63.129.17"},
             Range{"169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"},
             Range{"172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"},
             Range{"191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0"},
             Range{"192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"},
             Range{"192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0"},
             Range{"192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"},
             Range{"198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"},
             Range{"198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0"},
             Range{"203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0"},
             Range{"223.255.255.255", "224.0.0.0", "239.255.255.255", nullptr},
             Range{nullptr, "240.0.0.0", "255.255.255.255", nullptr},
             Range{nullptr, "::", "::1", nullptr},
             Range{nullptr, "::2", "::ffff:ffff", nullptr},
             Range{nullptr, "::ffff:0.0.0.0", "::ffff:255.255.255.255", nullptr},
             Range{nullptr, "64:ff9b::", "64:ff9b::ffff:ffff", nullptr},
             Range{nullptr, "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", nullptr},
             Range{nullptr, "100::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2000::"},
             Range{"2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff",
                   nullptr},
             Range{nullptr, "2001:1::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::"},
             Range{"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
                   "2001:db9::"},
             Range{"2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                   "2003::"},
             Range{"3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
                   "3fff:1000::"},
             Range{"3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "4000::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                   nullptr},
             Range{nullptr, "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", nullptr},
             Range{nullptr, "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", nullptr},
             Range{nullptr, "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", nullptr},
             Range{nullptr, "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", nullptr},
         }) {
        INFO(first << " to " << last);
        CHECK(is_closed(first));
        CHECK(is_closed(last));
        CHECK((before == nullptr || !is_closed(before)));
        CHECK((after == nullptr || !is_closed(after)));
    }
}

TEST_CASE("addresses where clouds keep their secrets are closed") {
    for (const auto* address : {"169.254.169.254", "169.254.170.2", "100.100.100.200", "192.0.0.192", "fd00:ec2::254",
                                "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1"}) {
        INFO(address);
        CHECK(is_closed(address));
    }
}

TEST_CASE("addresses of the internet are open") {
    for (const auto* address : {"1.1.1.1", "8.8.8.8", "93.184.216.34", "193.0.14.129", "2606:4700:4700::1111",
                                "2a00:1450::1", "2001:4860:4860::8888"}) {
        INFO(address);
        CHECK_FALSE(is_closed(address));
    }
}

TEST_CASE("what a closed address is has a name") {
    CHECK(closed_network(parse_ip_network("127.0.0.1").value()) == "loopback");
    CHECK(closed_network(parse_ip_network("::1").value()) == "loopback");
    CHECK(closed_network(parse_ip_network("10.1.2.3").value()) == "private");
    CHECK(closed_network(parse_ip_network("4000::1").value()) == "reserved");
}
