// What is: the files that `current` names, the links in /etc, the directory's rows, the units and what each has loaded.
#pragma once

#include "state/desired.hpp"
#include "store/directory.hpp"
#include "store/supervisor.hpp"
#include "surface/services.hpp"
#include "systemd/manager.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace vectis::state {

struct ObservedUnit {
    std::string unit; // systemd's name of it on this release
    systemd::UnitState state;
    /// The digest of what the running process has read; empty if that is not known.
    std::string loaded;
};

struct Observed {
    std::uint64_t generation = 0;             // 0: nothing was applied yet
    std::map<std::string, std::string> files; // path -> bytes, as they are on disk now
    std::set<std::string> edited;             // paths whose bytes are not what was written
    /// What stands where a placement should be: "missing", "a plain file", "a link to ..." (absolute path -> what).
    std::map<std::string, std::string> misplaced;
    /// What this generation put in /etc, as it stands there, and what is desired does not.
    std::vector<render::Placement> left_over;
    directory::Rows rows;
    std::set<std::string> api_made; // domains and addresses that are not config.yaml's
    std::vector<KeyWanted> missing_keys;
    /// A self-signed certificate has to be made or renewed before the daemons can show it.
    bool certificate_due = false;
    Certificates certificates;
    std::map<std::string, ObservedUnit> units; // by service; empty when nobody asked systemd (offline)
    std::vector<std::string> missing_packages;
};

/// The packages among those of the table that are installed, with their upstream versions (dpkg-query).
[[nodiscard]] std::map<std::string, std::string> installed_packages();
/// Versions and addresses of this machine, for templates.
[[nodiscard]] render::Platform observe_platform(const Paths& paths);

/// The unit that runs `service` here: the first candidate that systemd knows and that is not a dummy, as
/// postfix.service may be beside the real postfix@-.service. Error(not_found) names the missing package.
[[nodiscard]] systemd::UnitState unit_of(systemd::Manager& manager, const surface::Service& service);

/// Its name, whether it is installed already or not.
[[nodiscard]] std::string name_of_unit(systemd::Manager& manager, const surface::Service& service);

/// The units whose entries in the journal are those of `service`: a name of surface/services.hpp, or "vectis" for our
/// own. Error(not_found) names the nearest one.
[[nodiscard]] std::vector<std::string> log_units(const std::string& service);

/// Looks at everything that `desired` speaks of. Without `manager` units are left out.
[[nodiscard]] Observed observe(const Desired& desired, const Paths& paths, store::Directory& directory,
                               store::Supervisor& supervisor, systemd::Manager& manager);
/// The same for a caller that may only read: no unit, and rows if directory.db can be read.
[[nodiscard]] Observed observe_offline(const Desired& desired, const Paths& paths);

} // namespace vectis::state
