// What an upgrade of Debian in place will do to this mail server: measured first, judged then.
#pragma once

#include "base/error.hpp"
#include "base/json.hpp"
#include "installer/check.hpp"
#include "installer/releases.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vectis::installer {

struct UpgradeFacts {
    std::string release_id;                      // ID
    std::string release_version;                 // VERSION_ID
    std::string release_name;                    // PRETTY_NAME
    std::string target;                          // the release's number, as it was asked for
    std::uint64_t free = 0;                      // bytes where packages are fetched to and unpacked
    std::string audit;                           // what `dpkg --audit` complains about
    std::vector<std::string> held;               // packages that `apt-mark hold` keeps as they are
    std::map<std::string, std::string> versions; // of the suite's installed packages, upstream's
    /// Why config.yaml cannot be rendered for what the release brings; nothing if it can.
    std::optional<Error> configuration;
    /// Whether `vectis plan` shows changes; nothing if that could not be found out.
    std::optional<bool> pending;
};

/// Something to do, in its order.
struct UpgradeStep {
    std::string what;
    std::string command; // empty: the administrator's own way
};

struct Upgrade {
    const Release* from = nullptr; // null: not a release that is known
    const Release* to = nullptr;   // null: there is no way to what was asked for
    std::vector<Check> checks;
    std::vector<UpgradeStep> steps; // empty without a way
    std::map<std::string, std::string> versions;
};

/// The release that `version` names, if it can be reached from the one that runs: it is the one after it.
[[nodiscard]] const Release* next_release(std::string_view id, std::string_view from, std::string_view version);

/// Everything but `target`, `versions`, `configuration` and `pending`.
[[nodiscard]] UpgradeFacts measure_upgrade();
/// Pure.
[[nodiscard]] Upgrade judge_upgrade(const UpgradeFacts& facts);

/// For people, and as JSON: preflight's, with {"upgrade": {"from", "to", "packages": [...], "steps": [...]}}.
[[nodiscard]] std::string upgrade_text(const Upgrade& upgrade, bool colour);
[[nodiscard]] Json upgrade_json(const Upgrade& upgrade);

} // namespace vectis::installer
