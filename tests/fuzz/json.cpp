// parse_json() takes any bytes without a crash; what it accepts survives being written out and read again.
#include "base/json.hpp"

#include "base/error.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>

using namespace vectis;

namespace {

std::optional<Json> parsed(std::string_view text) {
    try {
        return parse_json(text);
    } catch (const Error&) {
        return std::nullopt;
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto first = parsed({reinterpret_cast<const char*>(data), size});
    if (!first)
        return 0;
    const auto second = parsed(to_text(*first));
    if (!second || to_text(*second) != to_text(*first))
        std::abort();
    return 0;
}
