// Decides what to do about the suite's units as they change: a unit that failed is started again within its budget, one
// that systemd itself brings back is only told of, one that somebody stopped stays stopped (plan shows that as drift).
// Pure: changes and the time go in, notices and units to start come out. One thread.
#pragma once

#include "supervise/budget.hpp"
#include "systemd/journal.hpp"
#include "systemd/manager.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vectis::supervise {

/// Something to log and to put in the outbox.
struct Notice {
    std::string_view type; // "unit.failed", "unit.recovered", "unit.given_up"
    systemd::Priority priority;
    std::string unit;
    std::string message;
    std::string result; // systemd's word for why
};

class Keeper {
  public:
    explicit Keeper(BudgetRule rule = {}) : rule_(rule) {}

    /// A unit changed, or was seen for the first time.
    [[nodiscard]] std::vector<Notice> changed(const std::optional<systemd::UnitState>& before,
                                              const systemd::UnitState& after, Instant now);
    /// Units whose wait is over; each is given once.
    [[nodiscard]] std::vector<std::string> due(Instant now);
    /// When the next one is due.
    [[nodiscard]] std::optional<Instant> next() const;
    /// `unit` could not be started because systemd was away: once more in a second, within the same attempt.
    void postpone(const std::string& unit, Instant now);
    /// Units that are down against our will.
    [[nodiscard]] std::vector<std::string> down() const;

  private:
    struct Unit {
        Budget budget;
        std::optional<Instant> start_at;
        bool down = false;     // failed, and not yet seen active again
        bool starting = false; // we asked for a start whose outcome is not yet known
        bool given_up = false; // the budget is spent
    };

    Notice failed(Unit& unit, const systemd::UnitState& state, Instant now);

    BudgetRule rule_;
    std::map<std::string, Unit> units_;
};

} // namespace vectis::supervise
