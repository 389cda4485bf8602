#include "web/address.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace vectis::web {

namespace {

struct Closed {
    std::string_view network;
    std::string_view what;
};

constexpr std::array closed_networks{
    Closed{"0.0.0.0/8", "this network"}, // Linux connects 0.0.0.0 to itself
    Closed{"10.0.0.0/8", "private"},
    Closed{"100.64.0.0/10", "shared by a carrier's customers"}, // RFC 6598
    Closed{"127.0.0.0/8", "loopback"},
    Closed{"168.63.129.16", "a cloud's own"}, // Azure's, reached from within alone
    Closed{"169.254.0.0/16", "link-local"},   // clouds' metadata
    Closed{"172.16.0.0/12", "private"},
    Closed{"192.0.0.0/24", "for protocols"},
    Closed{"192.0.2.0/24", "for documentation"},
    Closed{"192.88.99.0/24", "a 6to4 relay"}, // RFC 7526
    Closed{"192.168.0.0/16", "private"},
    Closed{"198.18.0.0/15", "for measurements"}, // RFC 2544
    Closed{"198.51.100.0/24", "for documentation"},
    Closed{"203.0.113.0/24", "for documentation"},
    Closed{"224.0.0.0/4", "multicast"},
    Closed{"240.0.0.0/4", "reserved"}, // and broadcast
    // Those that carry an address of IPv4 could lead to a closed one.
    Closed{"::1", "loopback"},
    Closed{"::/96", "unspecified"},
    Closed{"::ffff:0:0/96", "an address of IPv4"},
    Closed{"64:ff9b::/96", "an address of IPv4"},   // RFC 6052
    Closed{"64:ff9b:1::/48", "an address of IPv4"}, // RFC 8215
    Closed{"2001::/23", "for protocols"},           // Teredo (2001::/32), measurements, ORCHID
    Closed{"2001:db8::/32", "for documentation"},
    Closed{"2002::/16", "an address of IPv4"}, // 6to4
    Closed{"3fff::/20", "for documentation"},  // RFC 9637
    Closed{"fc00::/7", "private"},
    Closed{"fe80::/10", "link-local"},
    Closed{"fec0::/10", "private"}, // site-local, RFC 3879
    Closed{"ff00::/8", "multicast"},
};

struct Row {
    IpNetwork network;
    std::string_view what;
};

std::vector<Row> rows_of(const auto& table) {
    std::vector<Row> rows;
    for (const auto& each : table)
        rows.push_back({parse_ip_network(each.network).value(), each.what});
    return rows;
}

} // namespace

std::optional<std::string_view> closed_network(const IpNetwork& address) {
    static const std::vector<Row> rows = rows_of(closed_networks);
    static const IpNetwork global = parse_ip_network("2000::/3").value(); // RFC 4291 section 2.4
    const auto row =
        std::find_if(rows.begin(), rows.end(), [&](const Row& each) { return each.network.contains(address); });
    if (row != rows.end())
        return row->what;
    return address.ipv6 && !global.contains(address) ? std::optional<std::string_view>("reserved") : std::nullopt;
}

} // namespace vectis::web
