// What printable() makes of any bytes is safe to print and needs no second time; a size or a time that is accepted says
// the same once it is written out.
#include "base/text.hpp"

#include "base/clock.hpp"
#include "base/error.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

using namespace vectis;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::string safe = printable(input);
    if (has_control(safe) || !is_utf8(safe) || printable(safe) != safe || (!has_control(input) && safe != input))
        std::abort();
    if (is_utf8(input) ? false : !has_control(input))
        std::abort();
    const auto bytes = parse_size(input);
    if (bytes && parse_size(format_size(*bytes)) != bytes)
        std::abort();
    try {
        if (rfc3339(parse_rfc3339(std::string(input))) != input)
            std::abort();
    } catch (const Error&) {
        return 0;
    }
    return 0;
}
