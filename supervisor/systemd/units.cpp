#include "systemd/units.hpp"

#include <fmt/format.h>
#include <systemd/sd-bus.h>

#include <cstdlib>
#include <limits>
#include <map>

namespace vectis::systemd {

namespace {

constexpr const char* systemd_name = "org.freedesktop.systemd1";
constexpr const char* properties_interface = "org.freedesktop.DBus.Properties";

using Values = std::map<std::string, sdbus::Variant>;
using Exec = sdbus::Struct<std::string, std::vector<std::string>, bool, std::uint64_t, std::uint64_t, std::uint64_t,
                           std::uint64_t, std::uint32_t, std::int32_t, std::int32_t>;

std::string unit_path(const std::string& name) {
    char* raw = nullptr;
    if (const int result = sd_bus_path_encode("/org/freedesktop/systemd1/unit", name.c_str(), &raw); result < 0)
        throw system_error(-result, fmt::format("cannot name unit '{}'", name));
    const std::unique_ptr<char, decltype(&std::free)> path(raw, &std::free);
    return path.get();
}

Values all_properties(bus::Connection& bus, const std::string& name, const std::string& interface) {
    auto object = unit_object(name, interface);
    const std::string wanted = std::exchange(object.interface, properties_interface);
    auto reply = bus.call(object, "GetAll", [&](sdbus::Message& message) { message << wanted; });
    Values values;
    bus::translate([&] { reply >> values; });
    return values;
}

/// The value, or a default one if this systemd does not have the property or gives it another type.
template<typename T>
T value(const Values& values, const char* name) {
    const auto found = values.find(name);
    if (found == values.end() || !found->second.containsValueOfType<T>())
        return {};
    return found->second.get<T>();
}

std::string hex(const std::vector<std::uint8_t>& bytes) {
    std::string text;
    for (const auto byte : bytes)
        text += fmt::format("{:02x}", byte);
    return text;
}

bool has_suffix(const std::string& text, const std::string& end) {
    return text.size() > end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

} // namespace

bus::Target manager_object() {
    return {systemd_name, "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager"};
}

bus::Target unit_object(const std::string& name, const std::string& interface) {
    return {systemd_name, unit_path(name), "org.freedesktop.systemd1." + interface};
}

UnitState read_state(bus::Connection& bus, const std::string& name) {
    const auto unit = all_properties(bus, name, "Unit");
    UnitState state;
    state.name = name;
    state.load_state = value<std::string>(unit, "LoadState");
    state.active_state = value<std::string>(unit, "ActiveState");
    state.sub_state = value<std::string>(unit, "SubState");
    state.unit_file_state = value<std::string>(unit, "UnitFileState");
    state.invocation_id = hex(value<std::vector<std::uint8_t>>(unit, "InvocationID"));
    if (const auto since = value<std::uint64_t>(unit, "ActiveEnterTimestamp"); since != 0 && state.active())
        state.active_since = Time(std::chrono::milliseconds(since / 1000));
    if (!has_suffix(name, ".service"))
        return state;

    const auto service = all_properties(bus, name, "Service");
    state.result = value<std::string>(service, "Result");
    state.type = value<std::string>(service, "Type");
    state.main_pid = value<std::uint32_t>(service, "MainPID");
    state.n_restarts = value<std::uint32_t>(service, "NRestarts");
    state.exec_status = value<std::int32_t>(service, "ExecMainStatus");
    if (const auto bytes = value<std::uint64_t>(service, "MemoryCurrent");
        bytes != 0 && bytes != std::numeric_limits<std::uint64_t>::max())
        state.memory = bytes;
    if (const auto starts = value<std::vector<Exec>>(service, "ExecStart"); !starts.empty())
        state.exec_start = starts.front().get<1>();
    return state;
}

void subscribe(bus::Connection& bus) {
    try {
        bus.call(manager_object(), "Subscribe");
    } catch (const bus::Failure& failure) {
        if (failure.name() != "org.freedesktop.systemd1.AlreadySubscribed")
            throw;
    }
}

std::string job_removed_rule() {
    return fmt::format("type='signal',sender='{}',interface='org.freedesktop.systemd1.Manager',member='JobRemoved'",
                       systemd_name);
}

std::string unit_changed_rule(const std::string& name) {
    return fmt::format("type='signal',sender='{}',interface='{}',member='PropertiesChanged',path='{}'", systemd_name,
                       properties_interface, unit_path(name));
}

std::string systemd_owner_rule() {
    return fmt::format("type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
                       "member='NameOwnerChanged',arg0='{}'",
                       systemd_name);
}

} // namespace vectis::systemd
