// What follows from an attempt to deliver a webhook, and when it is tried again (Standard Webhooks). Pure: clock and
// dice are the caller's.
#pragma once

#include "base/clock.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace vectis::webhooks {

/// How long to wait after so many failed attempts: 0 before the first. After as many as there are there is no next one.
inline constexpr std::array<std::chrono::seconds, 10> waits{
    std::chrono::seconds(0), std::chrono::seconds(5), std::chrono::minutes(5), std::chrono::minutes(30),
    std::chrono::hours(2),   std::chrono::hours(5),   std::chrono::hours(10),  std::chrono::hours(14),
    std::chrono::hours(20),  std::chrono::hours(24)};

enum class Fate : std::uint8_t {
    delivered, // 2xx, and nothing else
    again,     // anything else, a redirect and no answer at all, too
    dead,      // the same, and there is no next attempt
    gone,      // 410: the endpoint wants nothing any more, and is to be disabled
};

struct Verdict {
    Fate fate = Fate::dead;
    std::chrono::milliseconds wait{0}; // before the next attempt, if there is one
};

/// What follows from attempt number `attempt`, the first being 1. `status` is 0 if there was no answer; `asked` is the
/// answer's retry_after(): the wait is at least that long. `chance` from 0 to 1 makes it up to a fifth longer, so that
/// what failed together does not come back together.
[[nodiscard]] Verdict verdict(unsigned attempt, int status, std::optional<std::chrono::seconds> asked, double chance);

/// What a Retry-After field asks for (RFC 9110 section 10.2.3: seconds or a date), at most as long as the longest of
/// `waits`. Nothing if it says neither.
[[nodiscard]] std::optional<std::chrono::seconds> retry_after(const std::string& value, Time now);

} // namespace vectis::webhooks
