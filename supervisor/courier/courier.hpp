// The courier (vectis-webhooks.service): posts what `vectis serve` asks for and says what came of it. It has the
// internet and nothing else: no file, no database, no bus.
#pragma once

#include "base/file.hpp"

namespace vectis::courier {

/// Serves the socket that systemd hands over until SIGTERM or SIGINT; then finishes what is under way. `networks` is a
/// JSON file: {"allow_networks": "..."}, with spaces between, the closed networks that may be reached all the same.
/// Throws an Error if it cannot begin.
void run(const fs::path& networks);

} // namespace vectis::courier
