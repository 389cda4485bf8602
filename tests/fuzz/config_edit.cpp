// set() takes any file, path and value without a crash; what it returns is valid and says what was set.
#include "base/error.hpp"
#include "config/edit.hpp"
#include "config/load.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace vectis;
using namespace vectis::config;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // The first line is the path, the second the value, the rest the file.
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto first = input.find('\n');
    const auto second = first == std::string_view::npos ? first : input.find('\n', first + 1);
    if (second == std::string_view::npos)
        return 0;
    const std::string_view path = input.substr(0, first);
    const std::string_view value = input.substr(first + 1, second - first - 1);
    std::string changed;
    try {
        changed = set(input.substr(second + 1), "config.yaml", path, value);
    } catch (const Error&) {
        return 0;
    }
    if (!load(changed, "changed").ok())
        std::abort();
    return 0;
}
