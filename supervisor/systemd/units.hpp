// What Manager and UnitWatch share: systemd's names on the bus and how a unit's properties become a UnitState.
#pragma once

#include "systemd/bus.hpp"
#include "systemd/manager.hpp"

#include <string>

namespace vectis::systemd {

/// The object of the manager.
[[nodiscard]] bus::Target manager_object();
/// The object of a unit, for one of its interfaces ("Unit", "Service").
[[nodiscard]] bus::Target unit_object(const std::string& name, const std::string& interface);
/// Reads the state; systemd loads the unit for it. Throws bus::Failure.
[[nodiscard]] UnitState read_state(bus::Connection& bus, const std::string& name);
/// Asks for signals about units and jobs. Throws bus::Failure.
void subscribe(bus::Connection& bus);
/// Match rules for the signals.
[[nodiscard]] std::string job_removed_rule();
[[nodiscard]] std::string unit_changed_rule(const std::string& name);
[[nodiscard]] std::string systemd_owner_rule();

} // namespace vectis::systemd
