// The process of the REST API (vectis-api.service).
#pragma once

#include "state/paths.hpp"

namespace vectis::serve {

/// Answers on the sockets that systemd hands over, sends what it accepted and follows it, until SIGTERM or SIGINT; then
/// finishes what it has begun. Throws an Error if it cannot begin.
void run(const state::Paths& paths);

} // namespace vectis::serve
