// verify_dkim() takes any message and any record without a crash; a signature is valid or says why not, and one that is
// valid says whose it is. The first line is the record of every key, the rest the message.
#include "health/dkim_verify.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace vectis::health;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto end = input.find('\n');
    if (end == std::string_view::npos)
        return 0;
    const std::string record(input.substr(0, end));
    const auto signatures = verify_dkim(input.substr(end + 1),
                                        [&](const std::string&, const std::string&) { return std::optional(record); });
    for (const auto& each : signatures) {
        if (each.valid != each.why.empty() || (each.valid && (each.domain.empty() || each.selector.empty())))
            std::abort();
    }
    return 0;
}
