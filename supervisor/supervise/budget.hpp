// How often a failed unit is started again: each attempt waits longer than the one before, and when too many fall into
// the window it is left alone until somebody looks at it. Pure; the caller says what time it is.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>

namespace vectis::supervise {

using Instant = std::chrono::steady_clock::time_point;

struct BudgetRule {
    std::uint32_t attempts = 3;
    std::chrono::seconds window{600};
    std::chrono::seconds first_wait{1}; // then four times as long each: 1 s, 4 s, 16 s
};

class Budget {
  public:
    explicit Budget(BudgetRule rule) : rule_(rule) {}

    /// Takes one attempt and says how long to wait before it; nothing when the budget is spent.
    [[nodiscard]] std::optional<std::chrono::seconds> take(Instant now);
    /// Attempts within the window.
    [[nodiscard]] std::size_t taken(Instant now);
    /// Starts over: somebody has dealt with the cause.
    void refill() { attempts_.clear(); }

  private:
    BudgetRule rule_;
    std::deque<Instant> attempts_;
};

} // namespace vectis::supervise
