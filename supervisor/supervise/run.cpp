#include "supervise/run.hpp"

#include "state/observed.hpp"
#include "supervise/loop.hpp"
#include "supervise/methods.hpp"
#include "surface/services.hpp"
#include "systemd/journal.hpp"

#include <fmt/format.h>

#include <thread>

namespace vectis::supervise {

namespace {

std::vector<std::string> watched_units() {
    systemd::Manager manager;
    std::vector<std::string> units;
    for (const auto& service : surface::services())
        units.push_back(state::name_of_unit(manager, service));
    return units;
}

constexpr std::chrono::seconds between_recoveries{30};

bool recover(Methods& methods) {
    try {
        methods.recover();
        return true;
    } catch (const std::exception& fault) {
        systemd::log(systemd::Priority::error, "recovery failed: " + as_error(fault).text());
        return false;
    }
}

} // namespace

int run(const state::Paths& paths) {
    prepare();
    Methods methods(paths);
    const auto units = watched_units();
    // Beside the loop: what recovery starts may itself be waiting until we have told systemd that we are up.
    const std::jthread recovery([&](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            const bool recovered = recover(methods);
            // Nothing announces that a disk has room again or that the bus is back.
            methods.await_unended(stop, recovered ? std::nullopt : std::optional(between_recoveries));
        }
    });
    const std::jthread signing([&](const std::stop_token& stop) { methods.keep_signing(stop); });
    return loop(methods, units, {}, [&](std::string_view type, const Json& data) {
        try {
            methods.add_event(std::string(type), data);
        } catch (const std::exception& fault) {
            systemd::log(systemd::Priority::error, "cannot record an event: " + as_error(fault).text());
        }
    });
}

} // namespace vectis::supervise
