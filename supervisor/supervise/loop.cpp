#include "supervise/loop.hpp"

#include "base/error.hpp"
#include "base/unique_fd.hpp"
#include "supervise/keeper.hpp"
#include "systemd/journal.hpp"
#include "systemd/notify.hpp"
#include "systemd/watch.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/signalfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <malloc.h>
#include <utility>

namespace vectis::supervise {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

sigset_t ending_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    return set;
}

class Loop {
  public:
    Loop(systemd::SupervisorMethods& methods, std::vector<std::string> units, const BudgetRule& rule,
         const Record& record) :
        record_(record),
        keeper_(rule), service_(methods),
        watch_(std::move(units), [this](const auto& before, const auto& after) { unit_changed(before, after); }),
        interval_(systemd::watchdog_interval()) {
        const sigset_t set = ending_signals();
        signals_.reset(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
        if (!signals_)
            throw system_error(errno, "cannot wait for signals");
    }

    int run() {
        systemd::notify_ready();
        systemd::log(systemd::Priority::info, "supervisor ready");
        show_status();
        while (!ending_ || service_.running() > 0) {
            service_.dispatch();
            watch_.dispatch();
            start_due();
            prove_alive();
            give_back();
            wait();
        }
        return 0;
    }

  private:
    void wait() {
        std::vector<pollfd> waits{{signals_.get(), POLLIN, 0}};
        std::optional<milliseconds> patience = interval_;
        const auto shorten = [&](std::optional<milliseconds> other) {
            if (other && (!patience || *other < *patience))
                patience = other;
        };
        for (systemd::Pollable* each :
             {static_cast<systemd::Pollable*>(&service_), static_cast<systemd::Pollable*>(&watch_)}) {
            const auto descriptors = each->descriptors();
            waits.insert(waits.end(), descriptors.begin(), descriptors.end());
            shorten(each->patience());
        }
        // While an apply runs, nothing is started; its end wakes the loop.
        if (const auto due = keeper_.next(); due && !service_.changing())
            shorten(std::max(milliseconds(0), std::chrono::ceil<milliseconds>(*due - steady_clock::now())));
        if (poll(waits.data(), waits.size(), patience ? static_cast<int>(patience->count()) : -1) < 0 && errno != EINTR)
            throw system_error(errno, "cannot wait for events");
        if (waits.front().revents != 0)
            end();
    }

    void end() {
        signalfd_siginfo info{};
        if (::read(signals_.get(), &info, sizeof info) != sizeof info || std::exchange(ending_, true))
            return;
        service_.refuse();
        systemd::notify_stopping();
        systemd::log(systemd::Priority::info,
                     service_.running() == 0
                         ? "supervisor stopping"
                         : fmt::format("supervisor stopping after {} running calls", service_.running()));
    }

    /// A loop that turns, and no call that has hung: only then are we alive.
    void prove_alive() {
        if (!interval_)
            return;
        if (service_.healthy()) {
            systemd::notify_watchdog();
            return;
        }
        if (!std::exchange(unhealthy_, true))
            systemd::log(systemd::Priority::critical,
                         "a call has outlived its limit; leaving it to the watchdog to restart the supervisor");
    }

    void start_due() {
        if (service_.changing() || ending_)
            return;
        for (const auto& unit : keeper_.due(steady_clock::now())) {
            systemd::log(systemd::Priority::notice, fmt::format("starting unit '{}' again", unit),
                         {{"VECTIS_EVENT", "unit.starting"}, {"VECTIS_UNIT", unit}});
            if (!watch_.start(unit))
                keeper_.postpone(unit, steady_clock::now());
        }
    }

    void unit_changed(const std::optional<systemd::UnitState>& before, const systemd::UnitState& after) {
        const auto notices = keeper_.changed(before, after, steady_clock::now());
        for (const auto& notice : notices) {
            systemd::log(notice.priority, notice.message,
                         {{"VECTIS_EVENT", std::string(notice.type)},
                          {"VECTIS_UNIT", notice.unit},
                          {"VECTIS_RESULT", notice.result}});
            Json data = Json::object();
            data["unit"] = notice.unit;
            data["result"] = notice.result;
            data["message"] = notice.message;
            record_(notice.type, data);
        }
        if (!notices.empty())
            show_status();
    }

    /// What the answers of ended calls took.
    void give_back() {
        if (const auto running = service_.running(); std::exchange(calls_, running) > running)
            malloc_trim(0);
    }

    void show_status() {
        std::string text = "All units are as they should be";
        if (const auto down = keeper_.down(); !down.empty()) {
            text = "Failed:";
            for (const auto& unit : down)
                text += " " + unit;
        }
        systemd::notify_status(text);
    }

    const Record& record_;
    Keeper keeper_;
    systemd::SupervisorService service_;
    systemd::UnitWatch watch_;
    UniqueFd signals_;
    std::optional<milliseconds> interval_;
    std::size_t calls_ = 0;
    bool ending_ = false;
    bool unhealthy_ = false;
};

} // namespace

void prepare() {
    // glibc raises its thresholds with each large block that is freed, and from then on keeps as much for itself in
    // each thread's arena. Fixed ones, and two arenas instead of one for each thread that ever took a call.
    constexpr int keep_at_most = 128 << 10;
    mallopt(M_MMAP_THRESHOLD, keep_at_most);
    mallopt(M_TRIM_THRESHOLD, keep_at_most);
    mallopt(M_ARENA_MAX, 1);
    const sigset_t set = ending_signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
}

int loop(systemd::SupervisorMethods& methods, std::vector<std::string> units, const BudgetRule& rule,
         const Record& record) {
    return Loop(methods, std::move(units), rule, record).run();
}

} // namespace vectis::supervise
