// `vectis supervise`: the root process. Serves the bus, watches the units, proves to systemd that it is alive.
#pragma once

#include "state/paths.hpp"

namespace vectis::supervise {

/// Runs until SIGTERM or SIGINT; returns the exit status.
int run(const state::Paths& paths);

} // namespace vectis::supervise
