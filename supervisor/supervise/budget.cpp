#include "supervise/budget.hpp"

namespace vectis::supervise {

std::size_t Budget::taken(Instant now) {
    while (!attempts_.empty() && now - attempts_.front() >= rule_.window)
        attempts_.pop_front();
    return attempts_.size();
}

std::optional<std::chrono::seconds> Budget::take(Instant now) {
    const std::size_t before = taken(now);
    if (before >= rule_.attempts)
        return std::nullopt;
    attempts_.push_back(now);
    return rule_.first_wait * (1U << (2 * before));
}

} // namespace vectis::supervise
