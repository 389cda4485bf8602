#include "installer/setup.hpp"

#include "accounts/password.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "config/load.hpp"
#include "installer/diversions.hpp"
#include "keys/certificate.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vectis::installer {

namespace {

struct Chosen {
    std::string text;
    config::Config config;
    bool is_new = false;                     // not yet in its place
    std::optional<OneTimePassword> password; // of the mailbox that the answers declared
};

constexpr std::size_t most_bytes = 256U << 20U;

Chosen chosen_file(const SetupOptions& options, const std::optional<std::string>& present) {
    auto text = read_file(*options.from, most_bytes);
    if (!text)
        throw Error(Code::not_found, fmt::format("cannot read '{}': it does not exist", options.from->string()));
    auto config = config::load_valid(*text, options.from->string());
    if (present && present != text)
        throw Error(Code::conflict,
                    fmt::format("cannot use '{}': this server is set up already, with another {}",
                                options.from->string(), options.config.string()),
                    fmt::format("put what you want into {}, then run 'vectis plan' and 'vectis apply'",
                                options.config.string()));
    return {.text = std::move(*text), .config = std::move(config), .is_new = !present};
}

/// Asks until the answers make a valid configuration; the problems are shown between two attempts.
Chosen asked_for(const SetupOptions& options, const SetupSteps& steps) {
    const std::string name = system_hostname();
    const Guesses first = guesses(name, name);
    Guesses guess = first;
    for (;;) {
        const std::string hostname =
            lower_ascii(trim(steps.ask("The server's own name, as in its DNS record", guess.hostname)));
        if (guess.admin.empty() || hostname != guess.hostname)
            guess.admin = guesses(name, hostname).admin;
        const std::string admin =
            lower_ascii(trim(steps.ask("Your address: mail to postmaster goes there", guess.admin)));
        const OneTimePassword password{.email = admin, .password = random_password(20)};
        const bool clean = !has_control(hostname) && !has_control(admin);
        const std::string text =
            clean ? first_config(steps.example(), hostname, admin, accounts::hash_password(password.password)) : "";
        auto loaded = config::load(text, options.config.string());
        if (clean && loaded.ok())
            return {.text = text, .config = std::move(loaded.config), .is_new = true, .password = password};
        // A good answer is offered again, a bad one is not.
        guess = clean ? Guesses{.hostname = hostname, .admin = admin} : first;
        for (const auto& problem : loaded.problems) {
            steps.progress(fmt::format("{}: {}", problem.path, problem.what));
            if (problem.path == "hostname")
                guess.hostname = first.hostname;
            if (problem.path != "hostname")
                guess.admin.clear();
        }
    }
}

Chosen choose(const SetupOptions& options, const SetupSteps& steps) {
    const auto present = read_file(options.config, most_bytes);
    if (options.from)
        return chosen_file(options, present);
    if (present)
        return {.text = *present, .config = config::load_valid(*present, options.config.string())};
    if (steps.ask)
        return asked_for(options, steps);
    throw Error(Code::invalid_input, "cannot set up without a configuration",
                "name one: vectis setup --unattended --config FILE; 'vectis setup' alone asks on a terminal");
}

void check_certificate(const config::Config& config) {
    if (config.tls.mode != config::TlsMode::files)
        return;
    auto problems = keys::certificate_problems(config.tls.certificate, config.tls.key, config.hostname, now());
    if (!problems.empty())
        throw Error(Code::invalid_input, "cannot use the certificate",
                    "mend it and run setup again; nothing was changed", std::move(problems));
}

std::vector<Check> checked(const SetupOptions& options, const SetupSteps& steps, const config::Config& config) {
    steps.progress("checking this server");
    auto checks = steps.preflight(config);
    const auto failed = blocking(checks, options.ignored);
    if (failed.empty())
        return checks;
    std::vector<Problem> problems;
    std::vector<std::string> names;
    for (const auto& each : failed) {
        problems.push_back({.where = {},
                            .path = each.name,
                            .what = fmt::format("{}; expected {}", each.found, each.expected),
                            .hint = each.hint});
        names.push_back(each.name);
    }
    throw Error(Code::check_failed, fmt::format("cannot set up: {} of preflight's checks failed", failed.size()),
                fmt::format("mend it and run setup again, or go on all the same with --ignore {}; nothing was changed",
                            join(names, ",")),
                std::move(problems));
}

void refuse_unknown(const std::set<std::string>& ignored) {
    for (const auto& name : ignored) {
        const auto& known = check_names();
        if (std::find(known.begin(), known.end(), name) != known.end())
            continue;
        const auto close = nearest(name, known);
        throw Error(Code::invalid_input,
                    fmt::format("cannot ignore '{}': preflight has no such check", printable(name)),
                    close ? fmt::format("did you mean '{}'?", *close)
                          : "the checks are: " + fmt::format("{}", fmt::join(known, ", ")));
    }
}

} // namespace

SetupResult setup(const SetupOptions& options, const SetupSteps& steps) {
    refuse_unknown(options.ignored);
    Chosen chosen = choose(options, steps);
    check_certificate(chosen.config);
    SetupResult result;
    result.checks = checked(options, steps, chosen.config);

    if (chosen.is_new) {
        steps.progress(fmt::format("writing {}", options.config.string()));
        ensure_folder(options.config.parent_path(), {.mode = 0750, .user = "", .group = options.config_group});
        result.wrote_config =
            create_file(options.config, chosen.text, {.mode = 0640, .user = "", .group = options.config_group});
        if (!result.wrote_config)
            throw Error(Code::conflict,
                        fmt::format("cannot write '{}': somebody else has just made it", options.config.string()),
                        "run setup again");
    }
    result.diverted = divert_files(diverted_files(), options.root);
    for (const auto& path : result.diverted)
        steps.progress(fmt::format("diverted {}", path));
    const bool enabled = steps.enable_units();
    steps.progress("applying the configuration");
    result.applied = steps.apply();

    const auto password = chosen.password ? std::optional(chosen.password->password) : std::nullopt;
    if (const auto made = steps.first_admin(chosen.config.admin, password)) {
        result.first_admin = made->email;
        steps.announce(*made);
        steps.announced();
    }
    result.records = steps.records(chosen.config);
    result.changed = result.wrote_config || enabled || !result.diverted.empty() || result.applied.changed ||
                     result.first_admin.has_value();
    return result;
}

} // namespace vectis::installer
