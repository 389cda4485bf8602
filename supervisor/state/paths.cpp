#include "state/paths.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

namespace vectis::state {

std::string read_config(const fs::path& file) {
    constexpr std::size_t largest = 256U << 20U;
    auto text = read_file(file, largest);
    if (!text)
        throw Error(Code::not_found, fmt::format("cannot read '{}': it does not exist", file.string()),
                    "run 'vectis setup', or name the file with --config");
    return std::move(*text);
}

} // namespace vectis::state
