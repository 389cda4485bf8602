// An error from the bus or from the supervisor's pipe takes any bytes without a crash; read once, it crosses the bus
// unchanged. The first line is the error's name, the rest its message.
#include "base/error.hpp"
#include "systemd/wire.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

using namespace vectis;
using namespace vectis::systemd;

namespace {

void must_cross(const Error& error) {
    const WireError once = to_wire(error);
    const WireError twice = to_wire(from_wire(once));
    if (once.name != twice.name || once.message != twice.message)
        std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string input(reinterpret_cast<const char*>(data), size);
    const auto end = input.find('\n');
    if (end != std::string::npos)
        must_cross(from_wire({input.substr(0, end), input.substr(end + 1)}));
    try {
        must_cross(from_event(parse_json(input)));
    } catch (const Error&) {
        return 0;
    }
    return 0;
}
