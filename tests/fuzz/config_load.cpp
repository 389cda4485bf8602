// load() takes any bytes without a crash; what it accepts survives being written out and read again.
#include "config/load.hpp"
#include "config/write.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string_view>

using namespace vectis::config;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const Loaded first = load(text, "config.yaml");
    for (const auto& problem : first.problems)
        (void)problem.text();
    (void)load_secrets(text, "secrets.yaml");
    if (!first.ok())
        return 0;
    const std::string written = to_yaml(first.config);
    const Loaded second = load(written, "written");
    if (!second.ok() || second.config != first.config || to_yaml(second.config) != written) {
        std::cerr << written;
        for (const auto& problem : second.problems)
            std::cerr << problem.text() << "\n";
        std::abort();
    }
    return 0;
}
