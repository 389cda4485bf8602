// The names under which the server is looked for on the web.
#pragma once

#include "config/model.hpp"

#include <string>
#include <vector>

namespace vectis::config {

/// autoconfig, autodiscover and, with a policy, mta-sts of every domain and alias domain; without the hostname, which
/// may be one of them. Which of them point here is up to DNS.
[[nodiscard]] std::vector<std::string> service_names(const Config& config);

} // namespace vectis::config
