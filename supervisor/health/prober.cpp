#include "health/prober.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "config/load.hpp"
#include "health/probes.hpp"
#include "health/run_here.hpp"
#include "state/observed.hpp"
#include "systemd/manager.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <thread>

namespace vectis::health {

namespace {

constexpr auto program = "/usr/bin/vectis";
constexpr auto network_unit = "vectis-probe-net.service";
constexpr auto network_namespace = "/run/netns/vectis-probe";
constexpr auto signer = "_rspamd";
constexpr std::chrono::seconds probe_limit{40};
constexpr std::chrono::seconds network_limit{20};
// Most of the time a probe waits for somebody else.
constexpr std::size_t at_a_time = 5;

/// Each probe gets what it needs to know, and a secret only where it logs in.
std::string input_for(const Probe& probe, Facts facts) {
    if (probe.place != Place::outside)
        facts.password.clear();
    if (probe.place != Place::signer)
        facts.keys.clear();
    return to_text(to_json(facts));
}

systemd::Transient unit_for(const Probe& probe, const Facts& facts) {
    systemd::Transient unit;
    unit.name = fmt::format("probe-{}", probe.name);
    unit.arguments = {program, "probe", std::string(probe.name)};
    unit.input = input_for(probe, facts);
    unit.limit = probe_limit;
    switch (probe.place) {
    case Place::outside:
        unit.dynamic_user = true;
        unit.network_namespace = network_namespace;
        unit.inaccessible = {facts.lib, "/var/vmail", "/etc/vectis"};
        break;
    case Place::host:
        unit.dynamic_user = true;
        unit.inaccessible = {facts.lib, "/var/vmail", "/etc/vectis"};
        break;
    case Place::root:
        unit.private_network = true;
        break;
    case Place::signer:
        unit.user = signer;
        unit.private_network = true;
        unit.inaccessible = {"/var/vmail", "/etc/vectis"};
        break;
    }
    return unit;
}

Result run_one(systemd::Manager& manager, const Probe& probe, const Facts& facts) {
    const auto start = std::chrono::steady_clock::now();
    Result result;
    try {
        const auto finished = manager.run_transient(unit_for(probe, facts));
        if (finished.status != 0 && finished.out.empty())
            throw Error(Code::system, fmt::format("cannot run the probe: status {}: {}", finished.status,
                                                  printable(trim(finished.err).substr(0, 500))));
        result = result_from_json(finished.out);
    } catch (const std::exception& error) {
        result.detail = error.what();
        result.took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
    }
    result.probe = probe.name;
    return result;
}

} // namespace

Prober::Prober(state::Paths paths) : paths_(std::move(paths)) {}

Facts Prober::current_facts() {
    std::shared_ptr<const config::Config> config;
    {
        const std::lock_guard lock(mutex_);
        std::error_code error;
        const std::string link = fs::read_symlink(paths_.current(), error).string();
        const auto text = error ? std::nullopt : read_file(paths_.lib / link / "config.yaml", 256U << 20U);
        if (!text)
            throw Error(Code::not_found, "cannot probe: no configuration has been applied yet", "run 'vectis apply'");
        if (link != config_of_ || config_ == nullptr) {
            auto applied = config::load_valid(*text, link + "/config.yaml");
            // No probe asks for anybody's address; of a large configuration they are nearly all.
            for (auto& domain : applied.domains) {
                domain.mailboxes = std::vector<config::Mailbox>();
                domain.aliases = std::vector<config::Alias>();
            }
            config_ = std::make_shared<const config::Config>(std::move(applied));
            config_of_ = link;
        }
        config = config_;
    }
    return facts(*config,
                 config->network.interfaces.empty() ? decltype(render::Platform::interface_addresses){}
                                                    : state::observe_platform(paths_).interface_addresses,
                 paths_);
}

std::vector<Result> Prober::run(Set set, const std::function<void(const Result&)>& tell) {
    const Facts facts = current_facts();
    std::vector<const Probe*> chosen;
    for (const auto& probe : probes()) {
        if ((probe.quick || set == Set::all) && probe.applies(facts))
            chosen.push_back(&probe);
    }
    systemd::Manager manager;
    if (const auto network = manager.state(network_unit); !network.active() || !fs::exists(network_namespace))
        manager.act(network_unit, network.active() ? systemd::Action::restart : systemd::Action::start, network_limit);

    std::vector<Result> results(chosen.size());
    std::atomic<std::size_t> next = 0;
    std::mutex telling;
    const auto work = [&] {
        systemd::Manager own;
        for (std::size_t index = next++; index < chosen.size(); index = next++) {
            results[index] = run_one(own, *chosen[index], facts);
            const std::lock_guard lock(telling);
            if (tell)
                tell(results[index]);
        }
    };
    {
        std::vector<std::jthread> workers;
        for (std::size_t count = 0; count < std::min(at_a_time, chosen.size()); ++count)
            workers.emplace_back(work);
    }
    return results;
}

} // namespace vectis::health
