// What rendering yields, and what it needs to know of this machine. Pure values.
#pragma once

#include "base/error.hpp"
#include "base/file.hpp"
#include "config/model.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace vectis::render {

/// A rendered file. `path` is relative to the generation's folder: postfix/main.cf.
struct File {
    std::string path;
    std::string bytes;
    Access access;
    /// Services that read it (names of surface/services).
    std::vector<std::string> services;
};

/// Where a daemon finds what it reads.
enum class Placed : std::uint8_t {
    link, // a symlink to /var/lib/vectis/current/<path>
    copy, // a real file: the daemon's AppArmor profile lets it read nothing of ours
};

struct Placement {
    std::string path;  // in the generation; a file, or a whole folder (rspamd/local.d)
    std::string where; // absolute: /etc/postfix/main.cf
    Placed placed = Placed::link;
};

/// Placements for the files that `files` holds (all of them, in a fixed order).
[[nodiscard]] std::vector<Placement> placements(const std::vector<File>& files);

/// The service that reads the file of a generation at this path; empty if this version of Vectis has no such file.
[[nodiscard]] std::string_view service_of(std::string_view path);

/// Whether the change of one file needs a restart where a reload is not enough: Redis reads its file only at start,
/// Postfix binds addresses only at start (inet_interfaces, inet_protocols).
[[nodiscard]] bool needs_restart(const std::string& path, std::string_view before, std::string_view after);

/// Facts of this machine that templates depend on. Filled by state/observed; versions come from what is installed.
struct Platform {
    std::map<std::string, std::string> versions;                         // dovecot -> 2.3.19.1
    std::map<std::string, std::vector<std::string>> interface_addresses; // eth0 -> 192.0.2.1, 2001:db8::1
    std::string templates = "/usr/share/vectis/templates";
};

/// Every file of a generation for this configuration, sorted by path. Throws Error(invalid_input) if a value holds a
/// control character or a secret is missing, Error(not_supported) if there are no templates for an installed version.
[[nodiscard]] std::vector<File> render(const config::Config& config, const config::Secrets& secrets,
                                       const Platform& platform);

} // namespace vectis::render
