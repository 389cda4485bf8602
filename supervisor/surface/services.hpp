// THE table of the suite's services: the word that people and the API use, the systemd units it may be on the releases
// we know, and the Debian packages it needs. Which unit it is here is asked of systemd, never assumed from the release.
#pragma once

#include <span>
#include <string_view>

namespace vectis::surface {

struct Service {
    std::string_view name;
    std::span<const std::string_view> units; // in order of preference
    std::span<const std::string_view> packages;
};

/// Every service, in the order in which they start: those that others need come first.
[[nodiscard]] std::span<const Service> services();
/// The row with this name; null if there is none.
[[nodiscard]] const Service* find_service(std::string_view name);

} // namespace vectis::surface
