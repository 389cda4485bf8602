// The Debian releases that this version runs on: the one place that names them.
#pragma once

#include <array>
#include <string_view>

namespace vectis::installer {

struct Release {
    std::string_view id;      // ID in /etc/os-release
    std::string_view version; // VERSION_ID
    std::string_view name;
};

inline constexpr std::array releases{Release{"debian", "12", "Debian 12 (bookworm)"},
                                     Release{"debian", "13", "Debian 13 (trixie)"}};

/// What `uname -m` says on the architectures that Vectis is built for.
inline constexpr std::array<std::string_view, 1> machines{"x86_64"};

} // namespace vectis::installer
