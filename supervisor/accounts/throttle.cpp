#include "accounts/throttle.hpp"

#include "base/ip_network.hpp"

#include <algorithm>
#include <array>

namespace vectis::accounts {

Throttle::Guess::Guess(Throttle& throttle, const std::string& account, const std::string& address, bool known,
                       Clock::time_point now) :
    throttle_(throttle),
    pair_("pair\n" + source_of(address) + "\n" + account), source_("source\n" + source_of(address)),
    account_("account\n" + account), at_(now) {
    const std::scoped_lock lock(throttle_.mutex_);
    throttle_.sweep(now);
    const std::array waits{throttle_.wait_of(pair_, per_pair, now), throttle_.wait_of(source_, per_source, now),
                           known ? std::nullopt : throttle_.wait_of(account_, per_account, now)};
    if (const auto longest = *std::max_element(waits.begin(), waits.end()))
        throw TooManyFailures{*longest};
    for (const auto& key : {pair_, source_, account_})
        throttle_.failures_[key].push_back(now);
}

void Throttle::Guess::take_back() {
    const std::scoped_lock lock(throttle_.mutex_);
    for (const auto& key : {pair_, source_, account_})
        throttle_.forget(key, at_);
}

void Throttle::Guess::succeeded() {
    take_back();
    const std::scoped_lock lock(throttle_.mutex_);
    throttle_.failures_.erase(pair_);
}

void Throttle::forget(const std::string& key, Clock::time_point at) {
    const auto found = failures_.find(key);
    if (found == failures_.end())
        return;
    if (const auto one = std::find(found->second.begin(), found->second.end(), at); one != found->second.end())
        found->second.erase(one);
}

void Throttle::sweep(Clock::time_point now) {
    if (now - swept_ < std::chrono::seconds(1))
        return;
    swept_ = now;
    for (auto& [key, times] : failures_) {
        while (!times.empty() && now - times.front() >= window)
            times.pop_front();
    }
    std::erase_if(failures_, [](const auto& each) { return each.second.empty(); });
}

std::optional<std::chrono::seconds> Throttle::wait_of(const std::string& key, std::size_t most, Clock::time_point now) {
    const auto found = failures_.find(key);
    if (found == failures_.end() || found->second.size() < most)
        return std::nullopt;
    // Until the oldest of the last `most` is out of the window.
    const auto oldest = found->second.at(found->second.size() - most);
    const auto left = std::chrono::ceil<std::chrono::seconds>(oldest + window - now);
    return left.count() > 0 ? std::optional(left) : std::nullopt;
}

} // namespace vectis::accounts
