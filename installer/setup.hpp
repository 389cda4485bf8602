// `vectis setup`: from a bare server and one file to flowing mail. Every step may be repeated: what is done already is
// left alone, so a second run changes nothing, and after a power cut a second run finishes.
//
// The order: choose and check the configuration -> preflight -> (from here on things change) write config.yaml ->
// divert -> units -> plan and apply -> first administrator -> the records to publish.
#pragma once

#include "config/model.hpp"
#include "installer/preflight.hpp"
#include "zone/records.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace vectis::installer {

struct Applied {
    bool changed = false;
    std::uint64_t generation = 0;
    std::string summary;
};

/// What setup does through others; the command line builds them, tests replace them. None is empty but `ask`.
struct OneTimePassword {
    std::string email;
    std::string password; // clear text: to be shown, and forgotten
};

struct SetupSteps {
    /// Asks on the terminal, offering `guess`; empty: there is nobody to ask.
    std::function<std::string(std::string_view question, const std::string& guess)> ask;
    /// One line about what begins now.
    std::function<void(std::string_view)> progress;
    /// The commented config.yaml that interactive answers are put into.
    std::function<std::string()> example;
    std::function<std::vector<Check>(const config::Config&)> preflight;
    /// Enables vectis.target and starts the supervisor; answers whether that changed anything.
    std::function<bool()> enable_units;
    std::function<Applied()> apply;
    std::function<std::vector<zone::DnsRecord>(const config::Config&)> records;
    /// Makes the first administrator of the API with this password, or with one that is made; gives the one whose
    /// password nobody has seen (setup was cut off before it was shown) another. Otherwise nothing.
    std::function<std::optional<OneTimePassword>(const std::string& email, const std::optional<std::string>& password)>
        first_admin;
    /// Shows the one-time password.
    std::function<void(const OneTimePassword&)> announce;
    /// It has been seen.
    std::function<void()> announced;
};

struct SetupOptions {
    fs::path config = "/etc/vectis/config.yaml";
    std::optional<fs::path> from;        // --config FILE: becomes config.yaml
    std::set<std::string> ignored;       // preflight checks that may fail
    std::string config_group = "vectis"; // may read config.yaml; empty: root alone
    fs::path root = "/";                 // of the package system
};

struct SetupResult {
    bool changed = false; // anything at all
    bool wrote_config = false;
    std::vector<std::string> diverted;
    std::vector<Check> checks;
    Applied applied;
    std::optional<std::string> first_admin; // the address of the one that was made now
    std::vector<zone::DnsRecord> records;
};

/// Throws Error(invalid_input) with every problem of the configuration, Error(check_failed) if preflight fails, and
/// Error(conflict) if `from` differs from the config.yaml that is there: in these cases nothing was changed. Otherwise
/// what apply throws.
[[nodiscard]] SetupResult setup(const SetupOptions& options, const SetupSteps& steps);

/// A hostname and an address of the administrator to offer, from what the system calls itself.
struct Guesses {
    std::string hostname; // empty: nothing good
    std::string admin;
};
[[nodiscard]] Guesses guesses(const std::string& system_name, const std::string& hostname);

/// `example` with these answers. If the administrator's address is in a domain that the hostname belongs to, that
/// domain and mailbox are declared, with `password_hash`; otherwise no domain is. Pure.
[[nodiscard]] std::string first_config(const std::string& example, const std::string& hostname,
                                       const std::string& admin, const std::string& password_hash);

/// What is said at the end. `colour` is for a terminal.
[[nodiscard]] std::string setup_text(const SetupResult& result, bool colour);
/// {"changed", "config_written", "diverted", "checks", "applied", "first_admin", "one_time_password", "records"}
[[nodiscard]] std::string setup_json(const SetupResult& result, const std::optional<OneTimePassword>& announced);

} // namespace vectis::installer
