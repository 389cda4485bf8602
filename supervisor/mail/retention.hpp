// Forgets what has been kept for long enough: messages that were sent or came in, with their events and deliveries, and
// figures. What it took on the disk is free afterwards.
#pragma once

#include "base/clock.hpp"
#include "base/file.hpp"
#include "store/vectis.hpp"

#include <cstdint>
#include <stop_token>

namespace vectis::mail {

/// Days; 0 is for ever.
struct Keep {
    std::int64_t messages = 0;   // and what is counted by the hour
    std::int64_t statistics = 0; // what is counted by the day
};

/// What retention.json in the configuration in force says (templates/api).
[[nodiscard]] Keep keep_in(const fs::path& file);

/// Some at a time, so that nobody waits for it long. Says how many messages it forgot.
std::int64_t forget_old(store::Vectis& database, const Keep& keep, Time now, const std::stop_token& stop);

} // namespace vectis::mail
