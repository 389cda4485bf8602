// Files of Debian packages whose place our links take, and which the package system would write there again on an
// upgrade: dpkg's conffiles, and those that ucf keeps, which follows diversions, too. They are diverted, so that an
// upgrade puts its new version beside our link and asks nothing. What else stood where we place a link is kept by
// apply.
#pragma once

#include "base/file.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vectis::installer {

/// Absolute paths.
[[nodiscard]] std::span<const std::string_view> diverted_files();

/// Where a diverted file goes: "<path>.distrib".
[[nodiscard]] fs::path diverted_name(const fs::path& path);

/// Diverts what is not diverted yet, and returns it. The file itself stays in place until apply replaces it by a link,
/// so that its daemon is never without one; a copy stands at the diverted name. `root` is "/" but in tests. Throws
/// Error(conflict) if somebody else has diverted such a file, or something else stands at the diverted name.
std::vector<std::string> divert_files(std::span<const std::string_view> files, const fs::path& root = "/");

} // namespace vectis::installer
