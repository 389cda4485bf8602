// THE table of the services of the suite: the word people and the API use, and the units it may be on the releases we
// know. Which of them it is here is asked of systemd, never assumed from the release.
#pragma once

#include "systemd/manager.hpp"

#include <array>
#include <span>
#include <string>
#include <string_view>

namespace vectis::systemd {

struct Service {
    std::string_view name;
    std::array<std::string_view, 2> units; // in order of preference; unused ones are empty
};

/// Every service, in the order in which they start: those that others need come first.
[[nodiscard]] std::span<const Service> services();
/// The row with this name. Throws Error(not_found) with the nearest name.
[[nodiscard]] const Service& service_named(std::string_view name);
/// The unit that is `service` here: the first candidate which is loaded and no dummy oneshot. If there is none, the
/// state of the first candidate as it is (load_state says what is wrong).
[[nodiscard]] UnitState resolve(Manager& manager, const Service& service);

} // namespace vectis::systemd
