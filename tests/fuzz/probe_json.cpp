// A probe's facts and its result take any bytes without a crash; what is accepted survives being written out and read
// again.
#include "base/error.hpp"
#include "health/facts.hpp"
#include "health/run_here.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

using namespace vectis;

namespace {

template<typename Read>
void round_trip(const std::string& text, Read read) {
    std::string written;
    try {
        written = to_text(to_json(read(text)));
    } catch (const Error& error) {
        if (error.code() != Code::invalid_input)
            std::abort();
        return;
    }
    if (to_text(to_json(read(written))) != written)
        std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    round_trip(text, health::facts_from_json);
    round_trip(text, health::result_from_json);
    return 0;
}
