// Every daemon's own checker reads a generation before anything is switched to it.
#pragma once

#include "state/desired.hpp"
#include "systemd/manager.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace vectis::apply {

/// Runs the checkers of `services` in a mount namespace where generation `number` stands where the daemons will find
/// it. `elsewhere` are the placements that do not show it through `current`. Throws Error(check_failed) with what each
/// said.
void check(systemd::Manager& manager, const state::Paths& paths, std::uint64_t current, std::uint64_t number,
           const std::vector<render::Placement>& elsewhere, const std::vector<std::string>& services);

} // namespace vectis::apply
