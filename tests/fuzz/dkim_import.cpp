// imported_dkim_key() takes any bytes without a crash; a key that it accepts has a record of its algorithm.
#include "base/error.hpp"
#include "keys/dkim.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

using namespace vectis;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const auto key = keys::imported_dkim_key({reinterpret_cast<const char*>(data), size});
        const std::string start = "v=DKIM1; k=" + std::string(keys::text(key.algorithm)) + "; p=";
        if (!keys::dkim_record(key.text).starts_with(start))
            std::abort();
    } catch (const Error& error) {
        if (error.code() != Code::invalid_input)
            std::abort();
    }
    return 0;
}
