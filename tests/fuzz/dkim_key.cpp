// dkim_record() takes any bytes without a crash; the record of a key that it accepts is one in printable ASCII.
#include "base/error.hpp"
#include "keys/dkim.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace vectis;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const std::string record = keys::dkim_record({reinterpret_cast<const char*>(data), size});
        const bool ascii =
            std::all_of(record.begin(), record.end(), [](char each) { return each >= ' ' && each <= '~'; });
        if (!record.starts_with("v=DKIM1; k=") || !ascii)
            std::abort();
    } catch (const Error& error) {
        if (error.code() != Code::invalid_input)
            std::abort();
    }
    return 0;
}
