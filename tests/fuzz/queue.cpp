// read_queue() takes any bytes without a crash; what it says of a message can be printed.
#include "health/queue.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace vectis;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const auto queue =
            health::read_queue({reinterpret_cast<const char*>(data), size}, Time(std::chrono::days(20'000)));
        if (queue.deferred > queue.messages || has_control(queue.stalled))
            std::abort();
    } catch (const Error& error) {
        if (error.code() != Code::invalid_input)
            std::abort();
    }
    return 0;
}
