// Whether this server can become a mail server: measured first, judged then.
#pragma once

#include "base/json.hpp"
#include "installer/check.hpp"
#include "installer/facts.hpp"

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace vectis::installer {

/// Every check's name, in the order in which they are reported.
[[nodiscard]] const std::vector<std::string_view>& check_names();

/// Pure. DNS that is not published yet, and blocklists, only ever warn: setup prints the records to publish.
[[nodiscard]] std::vector<Check> judge(const Facts& facts);

/// Reads /proc, /etc/os-release, dpkg's records and the interfaces; as root it also finds who owns a port.
[[nodiscard]] HostFacts measure_host();

/// Asks DNS and tries port 25; takes at most about 25 seconds when nobody answers. `progress` hears what is going on.
[[nodiscard]] NetworkFacts measure_network(const std::string& hostname, const std::vector<std::string>& addresses,
                                           const std::function<void(std::string_view)>& progress);

/// The server's name as the system knows it: its fully qualified one if it has one. Empty if it has none.
[[nodiscard]] std::string system_hostname();

/// Checks that stop setup: failed and not in `ignored`.
[[nodiscard]] std::vector<Check> blocking(const std::vector<Check>& checks, const std::set<std::string>& ignored);

/// For people, and as JSON: {"checks": [...], "passed": n, "warned": n, "failed": n}.
[[nodiscard]] std::string preflight_text(const std::vector<Check>& checks, bool colour);
[[nodiscard]] Json preflight_json(const std::vector<Check>& checks);

} // namespace vectis::installer
