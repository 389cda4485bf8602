// Figures for whoever watches the server: what systemd, Postfix, Rspamd and the file systems say now.
#pragma once

#include "base/json.hpp"
#include "state/paths.hpp"

namespace vectis::supervise {

/// {"queues", "filter", "disks", "databases"}; without "filter" if Rspamd does not answer.
[[nodiscard]] Json figures(const state::Paths& paths);

} // namespace vectis::supervise
