#include "systemd/session.hpp"

#include "systemd/units.hpp"

#include <algorithm>
#include <cerrno>

namespace vectis::systemd {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

bus::Connection& Manager::Session::open() {
    if (bus_)
        return *bus_;
    auto fresh = std::make_unique<bus::Connection>();
    had_bus_ = true;
    jobs_slot_ = fresh->match(job_removed_rule(), [this](sdbus::Message& message) {
        std::uint32_t id = 0;
        sdbus::ObjectPath path;
        std::string unit;
        std::string result;
        message >> id >> path >> unit >> result;
        finished_jobs_[path] = result;
    });
    owner_slot_ = fresh->match(systemd_owner_rule(), [this](sdbus::Message&) {
        systemd_changed_ = true;
        subscribed_ = false;
    });
    subscribed_ = false;
    bus_ = std::move(fresh);
    return *bus_;
}

bus::Connection& Manager::Session::bus() {
    open();
    if (!subscribed_)
        subscribe(*bus_);
    subscribed_ = true;
    return *bus_;
}

void Manager::Session::drop() {
    jobs_slot_.reset();
    owner_slot_.reset();
    bus_.reset();
}

bool Manager::Session::wait(Deadline deadline, const std::function<bool()>& ready) {
    for (;;) {
        while (open().process()) {
        }
        if (ready())
            return true;
        const auto now = steady_clock::now();
        if (now >= deadline)
            return false;
        auto left = std::chrono::ceil<milliseconds>(deadline - now);
        if (const auto own = open().patience())
            left = std::min(left, *own);
        auto wait = open().descriptor();
        if (poll(&wait, 1, static_cast<int>(std::min<milliseconds::rep>(left.count(), 1 << 30))) < 0 && errno != EINTR)
            throw system_error(errno, "cannot wait for the bus");
    }
}

void Manager::Session::recover(Deadline deadline) {
    systemd_changed_ = false;
    try {
        // systemd left and is on its way back: its return is a signal. It may have come already, hence the limit.
        wait(std::min(deadline, in(milliseconds(500))), [this] { return systemd_changed_; });
    } catch (const bus::Failure&) {
        drop();
        // Nothing announces that a bus which is away has come back.
        poll(nullptr, 0, 100);
    }
}

std::optional<std::string> Manager::Session::wait_for_job(const std::string& job, Deadline deadline) {
    wait(deadline, [&] { return finished_jobs_.contains(job) || systemd_changed_; });
    if (const auto found = finished_jobs_.find(job); found != finished_jobs_.end())
        return found->second;
    return std::nullopt;
}

std::string Manager::Session::job_of(const std::string& name) {
    auto object = unit_object(name, "Unit");
    const std::string interface = std::exchange(object.interface, "org.freedesktop.DBus.Properties");
    auto reply =
        bus().call(object, "Get", [&](sdbus::Message& message) { message << interface << std::string("Job"); });
    sdbus::Variant value;
    using Job = sdbus::Struct<std::uint32_t, sdbus::ObjectPath>;
    Job job;
    bus::translate([&] {
        reply >> value;
        job = value.get<Job>();
    });
    return job.get<0>() == 0 ? std::string() : std::string(job.get<1>());
}

UnitState Manager::Session::state(const std::string& name, Deadline deadline) {
    return ask("cannot ask systemd for unit '" + name + "'", deadline,
               [&](bus::Connection& connection) { return read_state(connection, name); });
}

} // namespace vectis::systemd
