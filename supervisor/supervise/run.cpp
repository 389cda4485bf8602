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

} // namespace

int run(const state::Paths& paths) {
    prepare();
    Methods methods(paths);
    const auto units = watched_units();
    // Beside the loop: what recovery starts may itself be waiting until we have told systemd that we are up.
    const std::jthread recovery([&] {
        try {
            methods.recover();
        } catch (const std::exception& fault) {
            systemd::log(systemd::Priority::error, "recovery failed: " + as_error(fault).text());
        }
    });
    return loop(methods, units, {}, [&](std::string_view type, const Json& data) {
        try {
            methods.add_event(std::string(type), data);
        } catch (const std::exception& fault) {
            systemd::log(systemd::Priority::error, "cannot record an event: " + as_error(fault).text());
        }
    });
}

} // namespace vectis::supervise
