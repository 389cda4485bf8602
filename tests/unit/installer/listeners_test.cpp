#include "catch.hpp"
#include "installer/addresses.hpp"
#include "installer/listeners.hpp"

using namespace vectis::installer;

TEST_CASE("listening sockets are read from the kernel's tables, connections are not") {
    const auto tcp = waiting_sockets(
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
        "   0: 00000000:0019 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 "
        "10 0\n"
        "   1: 0100007F:0035 00000000:0000 0A 00000000:00000000 00:00000000 00000000   109        0 4712 1 0 100 0 0 "
        "10 0\n"
        "   2: 0A0A0A0A:0019 0B0B0B0B:C000 01 00000000:00000000 00:00000000 00000000   109        0 4713 1 0 20 4 30 "
        "10 -1\n"
        "nonsense\n   3: zz:zz 0:0 0A 0 0 0 0 0 x\n",
        false, false);
    REQUIRE(tcp.size() == 2);
    CHECK((tcp[0].port == 25 && tcp[0].address == "0.0.0.0" && tcp[0].inode == 4711));
    CHECK((tcp[1].port == 53 && tcp[1].address == "127.0.0.1"));

    const auto six = waiting_sockets(
        "head\n   0: 00000000000000000000000001000000:0035 00000000000000000000000000000000:0000 07 00000000:00000000 "
        "00:00000000 00000000   101        0 99 2 0 0\n",
        true, true);
    REQUIRE(six.size() == 1);
    CHECK((six[0].port == 53 && six[0].address == "::1"));
}

TEST_CASE("the unit of a process is the innermost one of its control group") {
    CHECK(unit_of("0::/system.slice/system-postfix.slice/postfix@-.service\n") == "postfix@-.service");
    CHECK(unit_of("0::/system.slice/exim4.service/sub\n") == "exim4.service");
    CHECK(unit_of("0::/user.slice/user-0.slice/session-3.scope\n") == "session-3.scope");
    CHECK(unit_of("0::/\n").empty());
    CHECK(unit_of("").empty());
}

TEST_CASE("addresses that strangers can reach are told from those they cannot") {
    for (const auto* address :
         {"192.0.2.1", "203.0.113.10", "9.9.9.9", "172.32.0.1", "100.128.0.1", "198.20.0.1", "2001:db8::1", "2a00::1"})
        CHECK(is_public(address));
    for (const auto* address :
         {"10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "127.0.0.1", "169.254.1.1",
          "198.18.25.1", "198.19.255.255", "0.0.0.0", "224.0.0.1", "255.255.255.255", "2001:2:0:2519::1", "::1",
          "fe80::1", "fd00::1", "::", "mail.test", ""})
        CHECK_FALSE(is_public(address));
}
