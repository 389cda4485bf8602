#include "accounts/throttle.hpp"

#include <algorithm>
#include <array>

namespace vectis::accounts {

namespace {

std::string pair_key(const std::string& account, const std::string& source) {
    return "pair\n" + source + "\n" + account;
}

} // namespace

std::optional<std::chrono::seconds> Throttle::wait(const std::string& account, const std::string& source, bool known,
                                                   Clock::time_point now) {
    const std::scoped_lock lock(mutex_);
    sweep(now);
    const std::array waits{wait_of(pair_key(account, source), per_pair, now),
                           wait_of("source\n" + source, per_source, now),
                           known ? std::nullopt : wait_of("account\n" + account, per_account, now)};
    return *std::max_element(waits.begin(), waits.end());
}

void Throttle::failed(const std::string& account, const std::string& source, Clock::time_point now) {
    const std::scoped_lock lock(mutex_);
    for (const auto& key : {pair_key(account, source), "source\n" + source, "account\n" + account})
        failures_[key].push_back(now);
}

void Throttle::succeeded(const std::string& account, const std::string& source) {
    const std::scoped_lock lock(mutex_);
    failures_.erase(pair_key(account, source));
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
