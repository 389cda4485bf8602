// The supervisor's one loop: bus calls, unit changes, signals, timers and the watchdog, all on one thread. The work of
// a call runs on a thread of its own (systemd/service.hpp), so that nothing here waits for it.
#pragma once

#include "base/json.hpp"
#include "supervise/budget.hpp"
#include "systemd/service.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace vectis::supervise {

/// Where events about units go so that others learn of them; must not throw.
using Record = std::function<void(std::string_view type, const Json& data)>;

/// Called first of all. Blocks SIGTERM and SIGINT for this thread and those it makes later, and ignores SIGPIPE; makes
/// memory that a large plan needed go back to the system afterwards.
void prepare();

/// Serves `methods`, keeps `units` running, and returns the exit status after SIGTERM or SIGINT once running calls have
/// ended. Tells systemd READY=1 when the name on the bus is taken. Throws Error(unavailable) or Error(conflict).
int loop(systemd::SupervisorMethods& methods, std::vector<std::string> units, const BudgetRule& rule,
         const Record& record);

} // namespace vectis::supervise
