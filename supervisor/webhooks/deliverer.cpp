#include "webhooks/deliverer.hpp"

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/random.hpp"
#include "base/unix_socket.hpp"
#include "store/messages.hpp"
#include "webhooks/payload.hpp"
#include "webhooks/schedule.hpp"
#include "webhooks/signature.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <random>

namespace vectis::webhooks {

namespace {

constexpr std::size_t most_for_quick = 16; // deliveries to one receiver at a time
constexpr std::size_t most_for_slow = 4;
constexpr std::chrono::milliseconds still_quick{2000};
constexpr std::chrono::seconds idle_courier{5};
constexpr std::chrono::seconds longest_between_looks{60};
/// An attempt takes 15 seconds at most, with a lookup that has a limit of its own.
constexpr std::chrono::seconds courier_limit{60};

UniqueFd connect_to_courier(const fs::path& socket) {
    try {
        UniqueFd fd = connect_unix(socket);
        const timeval limit{.tv_sec = courier_limit.count(), .tv_usec = 0};
        if (setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0)
            throw system_error(errno, "cannot limit how long the courier is waited for");
        return fd;
    } catch (const Error& error) {
        throw Error(Code::unavailable, fmt::format("cannot deliver webhooks: {}", error.what()),
                    "systemctl status vectis-webhooks.socket");
    }
}

double chance() {
    thread_local std::minstd_rand dice(std::random_device{}());
    return std::uniform_real_distribution<double>(0, 1)(dice);
}

/// It gets nothing more until somebody enables it; everybody else who wants to know is told.
void disable(store::Database& database, store::Webhook webhook, const std::string& why, const std::string& at) {
    webhook.enabled = false;
    webhook.disabled_because = why;
    webhook.updated_at = at;
    store::Webhooks webhooks(database);
    webhooks.update(webhook);
    webhooks.give_up(webhook.id, at);
    store::Messages(database).add_event(
        {.id = uuid7(),
         .at = at,
         .type = "webhook.disabled",
         .domain = webhook.domain.value_or(""),
         .message = "",
         .recipient = "",
         .data = to_text({{"webhook", webhook.id}, {"url", webhook.url}, {"reason", why}})});
}

} // namespace

Deliverer::Deliverer(store::Vectis& database, fs::path courier, std::size_t threads, Log log) :
    database_(database), courier_(std::move(courier)), threads_(threads), log_(std::move(log)) {}

void Deliverer::wake() {
    const std::lock_guard lock(mutex_);
    look_ = true;
    changed_.notify_one();
}

void Deliverer::run(const std::stop_token& stop) {
    std::optional<Lines> courier;
    while (!stop.stop_requested()) {
        const auto delivery = next(stop, courier ? std::optional<Clock::duration>(idle_courier) : std::nullopt);
        if (delivery)
            deliver(courier, *delivery);
        else
            courier.reset();
    }
}

std::optional<store::WebhookDelivery> Deliverer::next(const std::stop_token& stop,
                                                      std::optional<Clock::duration> patience) {
    const auto until = patience ? Clock::now() + *patience : Clock::time_point::max();
    std::unique_lock lock(mutex_);
    for (;;) {
        const auto now = Clock::now();
        if (stop.stop_requested() || now >= until)
            return std::nullopt;
        const bool allowed = may_begin();
        if (allowed && !ready_.empty()) {
            auto delivery = std::move(ready_.front());
            ready_.pop_front();
            if (!ready_.empty() || look_)
                changed_.notify_one();
            return delivery;
        }
        if (allowed && !loading_ && (look_ || now >= next_look_)) {
            loading_ = true;
            look_ = false;
            lock.unlock();
            load();
            lock.lock();
            loading_ = false;
            changed_.notify_one(); // somebody has to wake at the new time, while this one delivers
            continue;
        }
        // Who loads sets the time of the next look: until then it says nothing to the others.
        const auto next_time = !allowed ? not_before_ : loading_ ? Clock::time_point::max() : next_look_;
        const auto deadline = std::min({until, next_time, now + longest_between_looks});
        changed_.wait_until(lock, stop, deadline, [&] {
            return may_begin() && (!ready_.empty() || (!loading_ && (look_ || next_look_ < deadline)));
        });
    }
}

bool Deliverer::may_begin() const {
    return Clock::now() >= not_before_;
}

std::size_t Deliverer::room_for(const Receiver& receiver) const {
    const auto left = [](std::size_t most, std::size_t taken) { return most - std::min(most, taken); };
    switch (receiver.pace) {
    case Pace::quick:
        return left(most_for_quick, receiver.taken);
    case Pace::unknown:
        return std::min(left(threads_ / 4, taken_at(Pace::unknown)), left(1, receiver.taken));
    case Pace::slow:
    case Pace::failing:
        break;
    }
    return std::min(left(threads_ / 2, taken_at(Pace::slow) + taken_at(Pace::failing)),
                    left(receiver.pace == Pace::slow ? most_for_slow : 1, receiver.taken));
}

void Deliverer::take(store::WebhookDelivery delivery) {
    Receiver& receiver = receivers_.at(delivery.webhook);
    ++receiver.taken;
    ++taken_at(receiver.pace);
    taken_.insert(delivery.id);
    ready_.push_back(std::move(delivery));
}

void Deliverer::load() {
    try {
        database_.read([&](store::Database& database) {
            store::Webhooks webhooks(database);
            const std::string at = rfc3339(now());
            const auto enabled = webhooks.enabled();
            const auto later = webhooks.next_due(at);
            std::unique_lock lock(mutex_);
            next_look_ = Clock::now() + longest_between_looks;
            // What is due already and waits for room, or for what comes before it, is looked at when something is done.
            if (later)
                next_look_ = std::min(next_look_, Clock::now() + std::max(parse_rfc3339(*later) - now(), {}));
            for (const auto& webhook : enabled) {
                const auto [place, is_new] = receivers_.try_emplace(webhook.id);
                if (is_new && webhook.delivered_at)
                    place->second.pace = webhooks.has_failed(webhook.id) ? Pace::failing : Pace::quick;
                const Receiver receiver = place->second;
                std::size_t room = room_for(receiver);
                if (room == 0)
                    continue;
                // Nobody takes more meanwhile, and what is done is noted only once the database is free.
                lock.unlock();
                auto due = webhooks.due(webhook.id, at, receiver.taken + room);
                lock.lock();
                for (auto& delivery : due) {
                    if (room > 0 && !taken_.contains(delivery.id)) {
                        take(std::move(delivery));
                        --room;
                    }
                }
            }
            std::erase_if(receivers_, [&](const auto& each) {
                return each.second.taken == 0 && std::none_of(enabled.begin(), enabled.end(), [&](const auto& webhook) {
                           return webhook.id == each.first;
                       });
            });
        });
    } catch (const std::exception& fault) {
        pause(std::chrono::seconds(5), as_error(fault).text());
    }
}

void Deliverer::deliver(std::optional<Lines>& courier, const store::WebhookDelivery& delivery) {
    std::optional<Pace> pace;
    try {
        if (const auto request = compose(delivery)) {
            const Outcome outcome = post(courier, *request);
            const bool good = outcome.code >= 200 && outcome.code < 300;
            pace = !good ? Pace::failing : outcome.took > still_quick ? Pace::slow : Pace::quick;
            note(delivery, outcome);
        }
        const std::lock_guard lock(mutex_);
        said_.clear();
    } catch (const std::exception& fault) {
        courier.reset();
        pause(std::chrono::seconds(2), as_error(fault).text());
    }
    done(delivery, pace);
}

std::optional<Post> Deliverer::compose(const store::WebhookDelivery& delivery) {
    return database_.read([&](store::Database& database) -> std::optional<Post> {
        store::Webhooks webhooks(database);
        store::Messages messages(database);
        const auto current = webhooks.delivery(delivery.id);
        const auto webhook = webhooks.find(delivery.webhook);
        // Removed or disabled since it was found to be due.
        if (!current || current->status != "pending" || !webhook || !webhook->enabled)
            return std::nullopt;
        const auto event = messages.event(delivery.event);
        if (!event)
            throw Error(Code::internal, fmt::format("delivery {} has no event", delivery.id));
        const Time at = now();
        std::vector<std::string> secrets{webhook->secret};
        if (webhook->old_secret && webhook->old_secret_until && parse_rfc3339(*webhook->old_secret_until) > at)
            secrets.push_back(*webhook->old_secret);
        Post post{.url = webhook->url,
                  .headers = {{"content-type", "application/json"}, {"user-agent", "Vectis/" VECTIS_VERSION}},
                  .body = payload(*event, messages.find(event->message))};
        for (auto& header : signed_headers(event->id, at, post.body, secrets))
            post.headers.push_back(std::move(header));
        return post;
    });
}

Outcome Deliverer::post(std::optional<Lines>& courier, const Post& post) {
    const std::string line = to_line(post);
    // A connection that was kept may have ended meanwhile, with the courier.
    for (const bool kept : {courier.has_value(), false}) {
        if (!courier)
            courier.emplace(connect_to_courier(courier_));
        if (courier->write(line)) {
            if (const auto answer = courier->read())
                return read_outcome(*answer);
        }
        courier.reset();
        if (!kept)
            break;
    }
    throw Error(Code::unavailable, "cannot deliver webhooks: the courier went away",
                "systemctl status vectis-webhooks.service");
}

void Deliverer::note(const store::WebhookDelivery& delivery, const Outcome& outcome) {
    const Time time = now();
    const std::string at = rfc3339(time);
    const auto asked = outcome.retry_after ? retry_after(*outcome.retry_after, time) : std::nullopt;
    const std::string disabled = database_.write([&](store::Database& database) -> std::string {
        store::Webhooks webhooks(database);
        auto current = webhooks.delivery(delivery.id);
        auto webhook = webhooks.find(delivery.webhook);
        if (!current || !webhook)
            return "";
        ++current->attempts;
        const auto said = verdict(static_cast<unsigned>(current->attempts), outcome.code, asked, chance());
        std::string against;
        switch (said.fate) {
        case Fate::delivered:
            current->status = "delivered";
            break;
        case Fate::again:
            current->due_at = rfc3339(time + said.wait);
            break;
        case Fate::dead:
            current->status = "dead";
            if (webhook->delivered_at.value_or("") < current->created_at)
                against = fmt::format("{} attempts to deliver an event failed, and nothing was delivered meanwhile",
                                      current->attempts);
            break;
        case Fate::gone:
            current->status = "dead";
            against = "its receiver answered 410 (Gone)";
            break;
        }
        webhooks.note(*current, {.at = at,
                                 .code = outcome.code == 0 ? std::nullopt : std::optional<std::int64_t>(outcome.code),
                                 .fault = outcome.code == 0 ? std::optional(outcome.fault) : std::nullopt,
                                 .detail = outcome.detail,
                                 .milliseconds = outcome.took.count()});
        if (against.empty() || !webhook->enabled)
            return "";
        disable(database, *webhook, against, at);
        return fmt::format("webhook {} is disabled: {}", webhook->id, against);
    });
    if (!disabled.empty())
        log_(disabled);
}

void Deliverer::done(const store::WebhookDelivery& delivery, std::optional<Pace> pace) {
    const std::lock_guard lock(mutex_);
    taken_.erase(delivery.id);
    Receiver& receiver = receivers_.at(delivery.webhook);
    taken_at(receiver.pace) -= receiver.taken--;
    receiver.pace = pace.value_or(receiver.pace);
    taken_at(receiver.pace) += receiver.taken;
    look_ = true;
    changed_.notify_one();
}

void Deliverer::pause(Clock::duration wait, const std::string& why) {
    std::unique_lock lock(mutex_);
    not_before_ = Clock::now() + wait;
    if (said_ != why) {
        said_ = why;
        lock.unlock();
        log_("webhooks wait: " + why);
    }
}

} // namespace vectis::webhooks
