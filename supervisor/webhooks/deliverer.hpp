// Delivers events to webhooks, through the courier. What is to be delivered is in vectis.db, written with the event
// itself; what became of an attempt is written before the next one. Whatever ends this process or the courier, an event
// is delivered at least once, each time with the same webhook-id.
//
// A webhook whose receiver is slow or dead delays no other: it gets few of the threads, and all such webhooks together
// at most half of them; those of which nothing is known yet get a quarter.
#pragma once

#include "store/vectis.hpp"
#include "store/webhooks.hpp"
#include "webhooks/wire.hpp"

#include <array>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>

namespace vectis::webhooks {

class Deliverer {
  public:
    using Log = std::function<void(const std::string&)>;

    /// `threads` will run it; `courier` is the socket of the process that posts.
    Deliverer(store::Vectis& database, fs::path courier, std::size_t threads, Log log);

    /// Returns when asked to stop, after the attempt that is under way.
    void run(const std::stop_token& stop);
    /// Something may be due.
    void wake();

  private:
    using Clock = std::chrono::steady_clock;

    enum class Pace : std::uint8_t { unknown, failing, slow, quick };
    static constexpr std::size_t paces = 4;

    /// What this process knows of a webhook's receiver.
    struct Receiver {
        Pace pace = Pace::unknown;
        std::size_t taken = 0; // deliveries that are ready or under way
    };

    std::optional<store::WebhookDelivery> next(const std::stop_token& stop, std::optional<Clock::duration> patience);
    /// Now, as far as the courier is concerned.
    [[nodiscard]] bool may_begin() const;
    void load();
    /// How many more deliveries its receiver may be given now.
    [[nodiscard]] std::size_t room_for(const Receiver& receiver) const;
    [[nodiscard]] std::size_t& taken_at(Pace pace) { return taken_by_pace_.at(static_cast<std::size_t>(pace)); }
    [[nodiscard]] std::size_t taken_at(Pace pace) const { return taken_by_pace_.at(static_cast<std::size_t>(pace)); }
    void take(store::WebhookDelivery delivery);
    void deliver(std::optional<Lines>& courier, const store::WebhookDelivery& delivery);
    [[nodiscard]] std::optional<Post> compose(const store::WebhookDelivery& delivery);
    Outcome post(std::optional<Lines>& courier, const Post& post);
    void note(const store::WebhookDelivery& delivery, const Outcome& outcome);
    void done(const store::WebhookDelivery& delivery, std::optional<Pace> pace);
    void pause(Clock::duration wait, const std::string& why);

    store::Vectis& database_;
    fs::path courier_;
    std::size_t threads_;
    Log log_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<store::WebhookDelivery> ready_;
    std::set<std::string> taken_; // deliveries that are ready or under way
    std::map<std::string, Receiver> receivers_;
    std::array<std::size_t, paces> taken_by_pace_{};
    bool look_ = true;
    bool loading_ = false;
    Clock::time_point next_look_ = Clock::time_point::max();
    Clock::time_point not_before_;
    std::string said_; // why nothing is delivered
};

} // namespace vectis::webhooks
