// Drop-ins for the daemons' units: they make them part of vectis.target, order them, restart and confine them. The package
// keeps them aside, because before setup the daemons run with somebody else's configuration, which they would confine to
// death. In /etc they outlive the package, as the configuration that was applied does.
#pragma once

#include "base/file.hpp"

#include <string>
#include <vector>

namespace vectis::installer {

/// Copies /usr/share/vectis/units/UNIT.d/vectis.conf to /etc/systemd/system where it is missing or another, has systemd
/// read it, and returns the paths that were written. `root` is "/" but in tests.
std::vector<std::string> place_drop_ins(const fs::path& root = "/");

} // namespace vectis::installer
