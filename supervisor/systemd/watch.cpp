#include "systemd/watch.hpp"

#include "systemd/units.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace vectis::systemd {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

/// Nothing announces that a bus which is away has come back: how often to try.
constexpr milliseconds watch_retry{1000};

/// Memory changes all the time and nobody is told of it.
bool same(UnitState a, UnitState b) {
    a.memory.reset();
    b.memory.reset();
    return a == b;
}

} // namespace

class UnitWatch::Session {
  public:
    Session(std::vector<std::string> names, Changed changed) : names_(std::move(names)), changed_(std::move(changed)) {}

    std::vector<pollfd> descriptors() {
        if (!bus_)
            return {};
        return {bus_->descriptor()};
    }

    std::optional<milliseconds> patience() {
        if (!bus_)
            return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(retry_at_ - steady_clock::now()));
        if (again_)
            return watch_retry;
        return bus_->patience();
    }

    void dispatch() {
        try {
            if (!bus_) {
                if (steady_clock::now() < retry_at_)
                    return;
                connect();
            }
            while (bus_->process()) {
            }
            if (again_) { // systemd left or came back: signals may be missing
                again_ = false;
                subscribe(*bus_);
                dirty_.insert(names_.begin(), names_.end());
            }
            while (!dirty_.empty()) {
                look(*dirty_.begin());
                dirty_.erase(dirty_.begin());
            }
        } catch (const bus::Failure& failure) {
            again_ = true;
            if (failure.disconnected())
                drop();
        }
    }

    bool start(const std::string& name) {
        if (!bus_)
            return false;
        try {
            bus_->call(manager_object(), "ResetFailedUnit", [&](sdbus::Message& message) { message << name; });
            bus_->call(manager_object(), "StartUnit",
                       [&](sdbus::Message& message) { message << name << std::string("replace"); });
            return true;
        } catch (const bus::Failure& failure) {
            again_ = true;
            if (failure.disconnected())
                drop();
            return false;
        }
    }

  private:
    void connect() {
        retry_at_ = steady_clock::now() + watch_retry;
        auto fresh = std::make_unique<bus::Connection>();
        std::vector<sdbus::Slot> slots;
        slots.push_back(fresh->match(systemd_owner_rule(), [this](sdbus::Message&) { again_ = true; }));
        for (const auto& name : names_)
            slots.push_back(
                fresh->match(unit_changed_rule(name), [this, name](sdbus::Message&) { dirty_.insert(name); }));
        bus_ = std::move(fresh);
        slots_ = std::move(slots);
        again_ = true;
    }

    void drop() {
        slots_.clear();
        bus_.reset();
        retry_at_ = steady_clock::now() + watch_retry;
    }

    void look(const std::string& name) {
        UnitState after = read_state(*bus_, name);
        const auto known = states_.find(name);
        std::optional<UnitState> before;
        if (known != states_.end())
            before = known->second;
        states_.insert_or_assign(name, after);
        if (!before || !same(*before, after))
            changed_(before, after);
    }

    std::vector<std::string> names_;
    Changed changed_;
    std::map<std::string, UnitState> states_;
    std::set<std::string> dirty_;
    bool again_ = true;
    steady_clock::time_point retry_at_;
    std::unique_ptr<bus::Connection> bus_;
    std::vector<sdbus::Slot> slots_; // after bus_, so that they go first
};

UnitWatch::UnitWatch(std::vector<std::string> names, Changed changed) :
    session_(std::make_unique<Session>(std::move(names), std::move(changed))) {}
UnitWatch::~UnitWatch() = default;

std::vector<pollfd> UnitWatch::descriptors() {
    return session_->descriptors();
}
std::optional<milliseconds> UnitWatch::patience() {
    return session_->patience();
}
void UnitWatch::dispatch() {
    session_->dispatch();
}
bool UnitWatch::start(const std::string& name) {
    return session_->start(name);
}

} // namespace vectis::systemd
