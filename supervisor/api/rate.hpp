// How many requests each credential, or without one each address, may make in a minute. Token buckets in memory: a
// restart fills them.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace vectis::api {

class RateLimits {
  public:
    using Clock = std::chrono::steady_clock;

    struct Verdict {
        bool allowed = true;
        std::int64_t limit = 0;       // requests a minute
        std::int64_t remaining = 0;   // of them, now
        std::chrono::seconds reset{}; // until all are there again; if refused, until the next one is
    };

    /// Counts one request of `who`. Any thread may call it.
    [[nodiscard]] Verdict count(const std::string& who, std::int64_t limit, Clock::time_point now);

  private:
    struct Bucket {
        double tokens = 0;
        Clock::time_point at;
    };

    std::mutex mutex_;
    std::map<std::string, Bucket> buckets_;
    Clock::time_point swept_;
};

} // namespace vectis::api
