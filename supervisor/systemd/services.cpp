#include "systemd/services.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vectis::systemd {

namespace {

// Debian 12 runs Postfix as the instance postfix@-.service and keeps a dummy postfix.service; Debian 13 runs
// postfix.service itself.
constexpr std::array table{
    Service{"unbound", {"unbound.service", ""}},
    Service{"redis", {"redis-server@vectis.service", ""}},
    Service{"rspamd", {"rspamd.service", ""}},
    Service{"dovecot", {"dovecot.service", ""}},
    Service{"postfix", {"postfix@-.service", "postfix.service"}},
};

} // namespace

std::span<const Service> services() { return table; }

const Service& service_named(std::string_view name) {
    const auto* found = std::find_if(table.begin(), table.end(), [&](const Service& row) { return row.name == name; });
    if (found != table.end())
        return *found;
    std::vector<std::string_view> names;
    for (const auto& row : table)
        names.push_back(row.name);
    const auto near = nearest(name, names);
    throw Error(Code::not_found, fmt::format("cannot find service '{}'", printable(name)),
                near ? fmt::format("did you mean '{}'?", *near)
                     : "services are unbound, redis, rspamd, dovecot and postfix");
}

UnitState resolve(Manager& manager, const Service& service) {
    UnitState first;
    for (const auto unit : service.units) {
        if (unit.empty())
            continue;
        UnitState state = manager.state(std::string(unit));
        if (state.loaded() && !state.dummy())
            return state;
        if (first.name.empty())
            first = std::move(state);
    }
    return first;
}

} // namespace vectis::systemd
