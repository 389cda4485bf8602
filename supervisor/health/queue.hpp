// What `postqueue -j` says about the queue. Pure; senders and recipients in it were written by strangers.
#pragma once

#include "base/clock.hpp"

#include <string>
#include <string_view>

namespace vectis::health {

struct Queue {
    std::size_t messages = 0;
    std::size_t deferred = 0;
    std::string stalled; // a message that nobody takes up, in words; empty if there is none
};

/// One JSON object per line. Throws Error(invalid_input) if a line is none.
[[nodiscard]] Queue read_queue(std::string_view lines, Time now);

} // namespace vectis::health
