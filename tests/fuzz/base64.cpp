// from_base64() takes any bytes without a crash; what it reads goes back into the same base64, and comes out again.
#include "base/base64.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace vectis;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    if (size != 0 && from_base64(base64(input)) != input)
        std::abort();
    const auto bytes = from_base64(input);
    if (bytes && from_base64(base64(*bytes)) != bytes)
        std::abort();
    return 0;
}
