#include "installer/addresses.hpp"

#include "base/error.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ifaddrs.h>
#include <memory>

namespace vectis::installer {

namespace {

struct Network {
    std::uint32_t address;
    unsigned bits;
};

/// RFC 1122, 1918, 2544 (for tests: the readiness probes' network), 3927, 6598; multicast and above (RFC 5771).
constexpr std::array closed{Network{0x00000000, 8},  Network{0x0A000000, 8},  Network{0x64400000, 10},
                            Network{0x7F000000, 8},  Network{0xA9FE0000, 16}, Network{0xAC100000, 12},
                            Network{0xC0A80000, 16}, Network{0xC6120000, 15}, Network{0xE0000000, 3}};

bool is_public4(const in_addr& address) {
    const std::uint32_t value = ntohl(address.s_addr);
    return std::none_of(closed.begin(), closed.end(), [&](const Network& each) {
        return (value >> (32U - each.bits)) == (each.address >> (32U - each.bits));
    });
}

/// Global unicast is 2000::/3 (RFC 4291 section 2.4), without 2001:2::/48, which is for tests (RFC 5180): the readiness
/// probes' network.
bool is_public6(const in6_addr& address) {
    constexpr std::array<std::uint8_t, 6> tests{0x20, 0x01, 0x00, 0x02, 0x00, 0x00};
    return (address.s6_addr[0] & 0xE0U) == 0x20U &&
           !std::equal(tests.begin(), tests.end(), std::begin(address.s6_addr));
}

} // namespace

bool is_public(const std::string& address) {
    in_addr four{};
    in6_addr six{};
    if (inet_pton(AF_INET, address.c_str(), &four) == 1)
        return is_public4(four);
    return inet_pton(AF_INET6, address.c_str(), &six) == 1 && is_public6(six);
}

std::vector<std::string> host_addresses() {
    ifaddrs* raw = nullptr;
    if (getifaddrs(&raw) != 0)
        throw system_error(errno, "cannot list the network interfaces");
    const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> list(raw, freeifaddrs);
    std::vector<std::string> four;
    std::vector<std::string> six;
    for (const ifaddrs* each = raw; each != nullptr; each = each->ifa_next) {
        if (each->ifa_addr == nullptr || (each->ifa_flags & IFF_UP) == 0 || (each->ifa_flags & IFF_LOOPBACK) != 0)
            continue;
        std::array<char, INET6_ADDRSTRLEN> text{};
        if (each->ifa_addr->sa_family == AF_INET) {
            const auto* address = reinterpret_cast<const sockaddr_in*>(each->ifa_addr);
            if ((ntohl(address->sin_addr.s_addr) >> 16U) == 0xA9FE)
                continue;
            inet_ntop(AF_INET, &address->sin_addr, text.data(), text.size());
            four.emplace_back(text.data());
        } else if (each->ifa_addr->sa_family == AF_INET6) {
            const auto* address = reinterpret_cast<const sockaddr_in6*>(each->ifa_addr);
            if (IN6_IS_ADDR_LINKLOCAL(&address->sin6_addr))
                continue;
            inet_ntop(AF_INET6, &address->sin6_addr, text.data(), text.size());
            six.emplace_back(text.data());
        }
    }
    four.insert(four.end(), six.begin(), six.end());
    return four;
}

} // namespace vectis::installer
