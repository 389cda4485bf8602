// How often passwords may be guessed: by whom they are guessed for, and from where. Kept in memory; whoever can restart
// the process can do worse.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace vectis::accounts {

class Throttle {
  public:
    using Clock = std::chrono::steady_clock;

    /// Failures that are borne in a quarter of an hour: of one source with one account, of one source, of one account
    /// from wherever it has not logged in from before.
    static constexpr std::size_t per_pair = 5;
    static constexpr std::size_t per_source = 20;
    static constexpr std::size_t per_account = 50;
    static constexpr std::chrono::minutes window{15};

    /// How long this source has to wait before it may try this account again; nothing: it may now. `known`: the account
    /// has logged in from there, so that others' failures do not keep its owner out.
    [[nodiscard]] std::optional<std::chrono::seconds> wait(const std::string& account, const std::string& source,
                                                           bool known, Clock::time_point now);
    void failed(const std::string& account, const std::string& source, Clock::time_point now);
    /// The owner got in: what they mistyped from there before is forgotten.
    void succeeded(const std::string& account, const std::string& source);

  private:
    using Failures = std::deque<Clock::time_point>;

    void sweep(Clock::time_point now);
    std::optional<std::chrono::seconds> wait_of(const std::string& key, std::size_t most, Clock::time_point now);

    std::mutex mutex_;
    std::map<std::string, Failures> failures_;
    Clock::time_point swept_;
};

} // namespace vectis::accounts
