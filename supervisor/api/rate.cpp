#include "api/rate.hpp"

#include <algorithm>
#include <cmath>

namespace vectis::api {

namespace {

constexpr std::chrono::minutes window{1};

std::chrono::seconds time_for(double tokens, std::int64_t limit) {
    const double seconds = tokens * std::chrono::seconds(window).count() / static_cast<double>(limit);
    return std::chrono::seconds(static_cast<std::int64_t>(std::ceil(seconds)));
}

} // namespace

RateLimits::Verdict RateLimits::count(const std::string& who, std::int64_t limit, Clock::time_point now) {
    const std::scoped_lock lock(mutex_);
    if (now - swept_ > window) {
        // After a window without a request a bucket is full, as a new one is.
        swept_ = now;
        std::erase_if(buckets_, [&](const auto& each) { return now - each.second.at > window; });
    }
    const auto full = static_cast<double>(limit);
    auto& bucket = buckets_.try_emplace(who, Bucket{full, now}).first->second;
    const double passed = std::chrono::duration<double>(now - bucket.at) / window;
    bucket = {std::min(full, bucket.tokens + passed * full), now};
    const bool allowed = bucket.tokens >= 1;
    if (allowed)
        bucket.tokens -= 1;
    return {.allowed = allowed,
            .limit = limit,
            .remaining = static_cast<std::int64_t>(bucket.tokens),
            .reset = time_for(allowed ? full - bucket.tokens : 1 - bucket.tokens, limit)};
}

} // namespace vectis::api
