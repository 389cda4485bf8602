// record_value() takes any bytes without a crash, and what it makes of a name, an address or a policy is printable
// ASCII: only the strings of a TXT record come through as they are. The first byte chooses the type.
#include "base/text.hpp"
#include "net/wire.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

using vectis::net::RecordType;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::array types{RecordType::a,   RecordType::ns,    RecordType::cname, RecordType::ptr,
                               RecordType::mx,  RecordType::txt,   RecordType::aaaa,  RecordType::tlsa,
                               RecordType::caa, RecordType::dnskey};
    if (size == 0)
        return 0;
    const RecordType type = types.at(data[0] % types.size());
    const auto value = vectis::net::record_value(type, {reinterpret_cast<const char*>(data) + 1, size - 1});
    if (!value || type == RecordType::txt)
        return 0;
    if (value->empty())
        std::abort();
    for (const char each : *value) {
        if (static_cast<unsigned char>(each) < 0x20 || static_cast<unsigned char>(each) > 0x7E)
            std::abort();
    }
    return 0;
}
