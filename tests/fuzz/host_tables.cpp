// What preflight reads from /proc takes any bytes without a crash; an address that comes out is one, and a unit is a
// unit's name.
#include "installer/listeners.hpp"

#include <arpa/inet.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace vectis::installer;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    std::array<unsigned char, 16> address{};
    for (const bool ipv6 : {false, true}) {
        for (const bool udp : {false, true}) {
            for (const auto& row : waiting_sockets(text, ipv6, udp)) {
                if (inet_pton(ipv6 ? AF_INET6 : AF_INET, row.address.c_str(), address.data()) != 1)
                    std::abort();
            }
        }
    }
    const std::string unit = unit_of(text);
    if (unit.find_first_of("/\n") != std::string::npos)
        std::abort();
    return 0;
}
