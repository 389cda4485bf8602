// needs_restart() reads any two main.cf without a crash, says the same of both directions, and nothing of a file that
// stays. The files stand before and after the first NUL.
#include "render/files.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

using vectis::render::needs_restart;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto nul = std::min(input.find('\0'), size);
    const std::string_view before = input.substr(0, nul);
    const std::string_view after = input.substr(std::min(nul + 1, size));
    const bool needed = needs_restart("postfix/main.cf", before, after);
    if (needed != needs_restart("postfix/main.cf", after, before) || (needed && before == after))
        std::abort();
    return 0;
}
