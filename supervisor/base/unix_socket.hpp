// Sockets of this host (unix(7)).
#pragma once

#include "base/file.hpp"
#include "base/unique_fd.hpp"

namespace vectis {

/// A stream to whoever listens at `socket`. Throws Error(system) if nobody does.
[[nodiscard]] UniqueFd connect_unix(const fs::path& socket);

} // namespace vectis
