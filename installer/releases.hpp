// The Debian releases that this version runs on: the one place that names them.
#pragma once

#include <array>
#include <span>
#include <string_view>

namespace vectis::installer {

struct Package {
    std::string_view name;
    std::string_view version; // upstream's, as far as it is known beforehand
};

struct Release {
    std::string_view id;       // ID in /etc/os-release
    std::string_view version;  // VERSION_ID
    std::string_view codename; // VERSION_CODENAME
    std::string_view name;
    /// What an upgrade to it brings.
    std::span<const Package> brings;
};

inline constexpr std::array debian_13{
    Package{"dovecot-core", "2.4"}, Package{"fail2ban", "1.1"}, Package{"nginx", "1.26"},  Package{"postfix", "3.10"},
    Package{"redis-server", "8.0"}, Package{"rspamd", "3.12"},  Package{"certbot", "4.0"},
};

/// From the oldest on: each can be upgraded to the one after it.
inline constexpr std::array releases{Release{"debian", "12", "bookworm", "Debian 12 (bookworm)", {}},
                                     Release{"debian", "13", "trixie", "Debian 13 (trixie)", debian_13}};

/// What `uname -m` says on the architectures that Vectis is built for.
inline constexpr std::array<std::string_view, 1> machines{"x86_64"};

} // namespace vectis::installer
