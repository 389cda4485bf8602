// Inside the sandbox of one probe: what `vectis probe NAME` does.
#pragma once

#include "base/json.hpp"
#include "health/result.hpp"

#include <string>

namespace vectis::health {

/// Runs the probe with this name in this process; `input` is what the prober wrote to stdin. Never throws for what the
/// probe sees: that is in the result. Throws Error(not_found) for an unknown name, Error(invalid_input) for bad input.
[[nodiscard]] Result run_probe_here(const std::string& name, const std::string& input);

/// The result as the prober reads it from the probe's stdout, and as `vectis health --json` prints it.
[[nodiscard]] Json to_json(const Result& result);
[[nodiscard]] Result result_from_json(const std::string& text);

} // namespace vectis::health
