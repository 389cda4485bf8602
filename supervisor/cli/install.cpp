// preflight, setup, dns, hash-password.
#include "accounts/password.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "cli/invocation.hpp"
#include "config/describe.hpp"
#include "config/load.hpp"
#include "installer/preflight.hpp"
#include "installer/setup.hpp"
#include "installer/upgrade.hpp"
#include "net/api_client.hpp"
#include "net/dns.hpp"
#include "state/desired.hpp"
#include "state/observed.hpp"
#include "state/zone_facts.hpp"
#include "systemd/client.hpp"
#include "systemd/manager.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <iostream>
#include <thread>
#include <unistd.h>
#include <utility>

namespace vectis::cli {

namespace {

using installer::Check;

std::vector<Check> run_checks(const std::string& hostname, const config::Config* config) {
    installer::Facts facts;
    facts.hostname = hostname;
    facts.host = installer::measure_host();
    if (config != nullptr) {
        facts.relays = !config->network.relay_host.host.empty();
        facts.pop3 = config->dovecot.pop3;
        facts.managesieve = config->dovecot.managesieve;
    }
    facts.network = installer::measure_network(hostname, facts.host.addresses,
                                               [](std::string_view what) { note(fmt::format("  {}", what)); });
    return installer::judge(facts);
}

/// config.yaml if it is there and valid.
std::optional<config::Config> present_config(const Invocation& invocation) {
    const auto text = read_file(invocation.config_file());
    if (!text)
        return std::nullopt;
    auto loaded = config::load(*text, invocation.config_file().string());
    return loaded.ok() ? std::optional(std::move(loaded.config)) : std::nullopt;
}

/// Whether config.yaml can be rendered for what the release brings: what the packages there are called stays the same.
std::optional<Error> problem_with(const installer::Release& release, const state::Paths& paths) {
    auto platform = state::observe_platform(paths);
    for (const auto& package : release.brings)
        platform.versions[std::string(package.name)] = package.version;
    try {
        static_cast<void>(state::desired_from_disk(platform, paths, {}));
    } catch (const Error& error) {
        return error;
    }
    return std::nullopt;
}

std::optional<bool> changes_pending() {
    try {
        systemd::SupervisorClient client;
        return parse_json(client.plan()).value("changes", true);
    } catch (const Error&) {
        return std::nullopt; // told as such
    }
}

int preflight_upgrade(const Invocation& invocation) {
    auto facts = installer::measure_upgrade();
    facts.target = invocation.value("--upgrade-to").value();
    facts.versions = state::installed_packages();
    if (const auto* to = installer::next_release(facts.release_id, facts.release_version, facts.target)) {
        facts.configuration = problem_with(*to, invocation.paths);
        facts.pending = changes_pending();
    }
    const auto upgrade = installer::judge_upgrade(facts);
    print(invocation.json() ? to_pretty_text(installer::upgrade_json(upgrade))
                            : installer::upgrade_text(upgrade, isatty(STDOUT_FILENO) == 1));
    return installer::blocking(upgrade.checks, {}).empty() ? 0 : 1;
}

int run_preflight(const Invocation& invocation) {
    if (invocation.has("--upgrade-to"))
        return preflight_upgrade(invocation);
    const auto config = present_config(invocation);
    const auto checks =
        run_checks(config ? config->hostname : installer::system_hostname(), config ? &*config : nullptr);
    print(invocation.json() ? to_pretty_text(installer::preflight_json(checks))
                            : installer::preflight_text(checks, isatty(STDOUT_FILENO) == 1));
    return installer::blocking(checks, {}).empty() ? 0 : 1;
}

std::vector<zone::DnsRecord> records(const Invocation& invocation, const config::Config& config) {
    // What the hostname points to is published already, whatever the interfaces are called.
    std::vector<std::string> published;
    for (const auto& answer :
         net::Resolver().lookup_all({{config.hostname, net::RecordType::a}, {config.hostname, net::RecordType::aaaa}}))
        published.insert(published.end(), answer.values.begin(), answer.values.end());
    return zone::dns_records(config, state::zone_facts(config, invocation.paths, published));
}

int run_dns(const Invocation& invocation) {
    const auto config = present_config(invocation);
    if (!config)
        throw Error(Code::not_found, "cannot list DNS records: there is no valid config.yaml", "run 'vectis setup'");
    const auto list = records(invocation, *config);
    print(invocation.json() ? zone::dns_records_json(list) : zone::dns_records_text(list));
    return 0;
}

/// Starts what the package installed; answers whether anything had to be done.
bool enable_units() {
    systemd::Manager manager;
    bool changed = false;
    for (const auto* unit : {"vectis.target", "vectis-supervisor.service"}) {
        const auto state = manager.state(unit);
        if (state.unit_file_state != "enabled") {
            manager.enable({unit});
            changed = true;
        }
    }
    if (!manager.state("vectis-supervisor.service").active()) {
        manager.act("vectis-supervisor.service", systemd::Action::start, std::chrono::seconds(60));
        changed = true;
    }
    return changed;
}

/// Nobody has looked at the plan of a setup, so one that is no longer true (a server that is still booting starts its
/// units meanwhile) is made again, and a change that is under way (what a power cut interrupted is ended at the next
/// boot) is waited for.
Json apply_what_is_planned(systemd::SupervisorClient& client) {
    constexpr int most_plans = 5;
    const auto patience = std::chrono::steady_clock::now() + std::chrono::minutes(10);
    int plans = 0;
    bool told = false;
    for (;;) {
        try {
            const Json plan = parse_json(client.plan());
            return client.apply(plan.value("plan_id", ""), [](const Json& event) {
                if (event.value("state", "") != "started")
                    note(fmt::format("  {:<18} {} {}", printable(event.value("step", "")), event.value("state", ""),
                                     printable(event.value("detail", ""))));
            });
        } catch (const Error& error) {
            const bool overtaken = error.code() == Code::stale && ++plans < most_plans;
            const bool busy = error.code() == Code::busy && std::chrono::steady_clock::now() < patience;
            if (!overtaken && !busy)
                throw;
            if (!busy)
                continue;
            if (!std::exchange(told, true))
                note("  waiting for another change of this server to end");
            // The supervisor itself holds a call back for a while, but not the one that finds no room.
            std::this_thread::sleep_for(std::chrono::seconds(1));
        }
    }
}

installer::Applied apply_now() {
    systemd::SupervisorClient client;
    const Json done = apply_what_is_planned(client);
    // With a directory there is something to keep, and the target holds the suite together from now on.
    systemd::Manager manager;
    for (const auto* unit : {"vectis-directory.service", "vectis.target"}) {
        if (!manager.state(unit).active())
            manager.act(unit, systemd::Action::start, std::chrono::seconds(120));
    }
    return {done.value("changed", false), done.value("generation", std::uint64_t{0}), done.value("summary", "")};
}

std::string ask(std::string_view question, const std::string& guess) {
    fmt::print(stderr, "{}{}: ", question, guess.empty() ? "" : fmt::format(" [{}]", guess));
    std::string line;
    if (!std::getline(std::cin, line))
        throw Error(Code::invalid_input, "cannot go on without an answer", "use --unattended --config FILE");
    const std::string answer(trim(line));
    return answer.empty() ? guess : answer;
}

std::optional<installer::OneTimePassword> first_admin(net::ApiClient& client, const std::string& email,
                                                      const std::optional<std::string>& password) {
    const Json first = client.ask("GET", "/admins?sort=created_at&limit=1").at("data");
    if (!first.empty() && first[0].at("announced").get<bool>())
        return std::nullopt;
    Json body{{"must_change_password", true}, {"announced", false}};
    if (password)
        body["password"] = *password;
    if (first.empty()) {
        body["email"] = email;
        body["role"] = "super_admin";
    }
    const std::string path =
        first.empty() ? "/admins" : fmt::format("/admins/{}/reset-password", first[0].at("id").get<std::string>());
    const Json made = client.ask("POST", path, body).at("data");
    return installer::OneTimePassword{
        .email = made.at("email"), .password = password ? *password : made.at("one_time_password").get<std::string>()};
}

void first_admin_announced(net::ApiClient& client) {
    const Json first = client.ask("GET", "/admins?sort=created_at&limit=1").at("data").at(0);
    client.ask("POST", fmt::format("/admins/{}/announce", first.at("id").get<std::string>()));
}

int run_setup(const Invocation& invocation) {
    require_root("set the server up");
    const bool unattended = invocation.has("--unattended") || invocation.has("--config");
    if (!unattended && isatty(STDIN_FILENO) != 1)
        throw Error(Code::invalid_input, "cannot ask: standard input is no terminal", "use --unattended --config FILE");
    installer::SetupOptions options;
    options.config = invocation.paths.config();
    if (const auto file = invocation.value("--config"))
        options.from = *file;
    for (const auto& name : split(invocation.value("--ignore").value_or(""), ',')) {
        const auto& known = installer::check_names();
        if (!name.empty() && std::find(known.begin(), known.end(), name) == known.end()) {
            const auto near = nearest(name, known);
            throw Error(Code::invalid_input, fmt::format("cannot ignore '{}': there is no such check", printable(name)),
                        near ? fmt::format("did you mean '{}'?", *near) : "'vectis preflight' lists them");
        }
        if (!name.empty())
            options.ignored.insert(name);
    }
    std::optional<installer::OneTimePassword> announced;
    installer::SetupSteps steps;
    if (!unattended)
        steps.ask = ask;
    steps.progress = [](std::string_view what) { note(fmt::format("== {}", what)); };
    steps.example = config::example;
    steps.preflight = [](const config::Config& config) { return run_checks(config.hostname, &config); };
    steps.enable_units = enable_units;
    steps.apply = apply_now;
    steps.records = [&](const config::Config& config) { return records(invocation, config); };
    steps.announce = [&](const installer::OneTimePassword& password) {
        announced = password;
        if (!invocation.json())
            print(
                fmt::format("\nFirst administrator: {}\nOne-time password:   {}\n", password.email, password.password));
    };
    net::ApiClient client(invocation.paths.api_socket());
    steps.first_admin = [&](const std::string& email, const std::optional<std::string>& password) {
        return first_admin(client, email, password);
    };
    steps.announced = [&] { first_admin_announced(client); };
    const auto result = installer::setup(options, steps);
    print(invocation.json() ? installer::setup_json(result, announced)
                            : installer::setup_text(result, isatty(STDOUT_FILENO) == 1));
    return 0;
}

} // namespace

int run_install(const Invocation& invocation) {
    switch (invocation.command) {
    case surface::Command::preflight:
        return run_preflight(invocation);
    case surface::Command::setup:
        return run_setup(invocation);
    case surface::Command::dns:
        return run_dns(invocation);
    default:
        print(accounts::hash_password(ask_password(invocation.has("--password-stdin"))) + "\n");
        return 0;
    }
}

} // namespace vectis::cli
