#include "supervise/keeper.hpp"

#include <fmt/format.h>

#include <utility>

namespace vectis::supervise {

namespace {

using systemd::Priority;
using systemd::UnitState;

/// systemd's own Restart= has brought it back, or is about to, since `before`.
bool restarted_by_systemd(const std::optional<UnitState>& before, const UnitState& after) {
    return before && after.n_restarts > before->n_restarts;
}

} // namespace

std::vector<Notice> Keeper::changed(const std::optional<UnitState>& before, const UnitState& after, Instant now) {
    if (!after.loaded() || after.dummy())
        return {};
    std::vector<Notice> notices;
    Unit& unit = units_.try_emplace(after.name, Unit{Budget(rule_), {}}).first->second;

    if (after.failed()) {
        if (!before || !before->failed() || before->invocation_id != after.invocation_id)
            notices.push_back(failed(unit, after, now));
        return notices;
    }
    const bool waits_for_systemd = after.sub_state == "auto-restart";
    if (!unit.down && (waits_for_systemd || restarted_by_systemd(before, after))) {
        unit.down = true;
        const std::string why = waits_for_systemd ? after.why() : "its process ended";
        notices.push_back({"unit.failed", Priority::warning, after.name,
                           fmt::format("unit '{}' failed: {}; systemd restarts it", after.name, why), after.result});
    }
    if (after.active() && unit.down) {
        unit.down = false;
        unit.starting = false;
        unit.start_at.reset();
        if (std::exchange(unit.given_up, false))
            unit.budget.refill(); // somebody has mended it
        notices.push_back({"unit.recovered", Priority::notice, after.name,
                           fmt::format("unit '{}' runs again", after.name), after.result});
    }
    if (after.active_state == "inactive" && !unit.starting) { // stopped or reset by somebody: theirs to start
        unit.down = false;
        unit.start_at.reset();
    }
    return notices;
}

Notice Keeper::failed(Unit& unit, const UnitState& state, Instant now) {
    unit.down = true;
    unit.starting = false;
    unit.start_at.reset();
    if (const auto wait = unit.budget.take(now)) {
        unit.start_at = now + *wait;
        return {"unit.failed", Priority::error, state.name,
                fmt::format("unit '{}' failed: {}; starting it again in {} s (attempt {} of {})", state.name,
                            state.why(), wait->count(), unit.budget.taken(now), rule_.attempts),
                state.result};
    }
    unit.given_up = true;
    return {"unit.given_up", Priority::critical, state.name,
            fmt::format("unit '{}' failed again: {}; left alone after {} attempts in {} minutes, see journalctl -u {}",
                        state.name, state.why(), rule_.attempts, rule_.window.count() / 60, state.name),
            state.result};
}

std::vector<std::string> Keeper::due(Instant now) {
    std::vector<std::string> names;
    for (auto& [name, unit] : units_) {
        if (unit.start_at && *unit.start_at <= now) {
            unit.start_at.reset();
            unit.starting = true;
            names.push_back(name);
        }
    }
    return names;
}

std::optional<Instant> Keeper::next() const {
    std::optional<Instant> first;
    for (const auto& [name, unit] : units_)
        if (unit.start_at && (!first || *unit.start_at < *first))
            first = unit.start_at;
    return first;
}

void Keeper::postpone(const std::string& name, Instant now) {
    if (const auto found = units_.find(name); found != units_.end() && found->second.down)
        found->second.start_at = now + std::chrono::seconds(1);
}

std::vector<std::string> Keeper::down() const {
    std::vector<std::string> names;
    for (const auto& [name, unit] : units_)
        if (unit.down)
            names.push_back(name);
    return names;
}

} // namespace vectis::supervise
