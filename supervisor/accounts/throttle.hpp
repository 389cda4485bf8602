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

/// Thrown where it was guessed too often.
struct TooManyFailures {
    std::chrono::seconds wait;
};

class Throttle {
  public:
    using Clock = std::chrono::steady_clock;

    /// Failures that are borne in a quarter of an hour: of one source with one account, of one source, of one account
    /// from wherever it has not logged in from before.
    static constexpr std::size_t per_pair = 5;
    static constexpr std::size_t per_source = 20;
    static constexpr std::size_t per_account = 50;
    static constexpr std::chrono::minutes window{15};

    /// A guess, counted as a failure from before it is looked at, so that guesses at the same time count each other.
    /// Throws TooManyFailures.
    class Guess {
      public:
        /// `known`: the account has logged in from there, so that others' failures do not keep its owner out.
        Guess(Throttle& throttle, const std::string& account, const std::string& address, bool known,
              Clock::time_point now = Clock::now());
        /// It was none, or it was not wrong.
        void take_back();
        /// The owner got in: what they mistyped from there before is forgotten, too.
        void succeeded();

      private:
        Throttle& throttle_;
        std::string pair_;
        std::string source_;
        std::string account_;
        Clock::time_point at_;
    };

  private:
    using Failures = std::deque<Clock::time_point>;

    void forget(const std::string& key, Clock::time_point at);
    void sweep(Clock::time_point now);
    std::optional<std::chrono::seconds> wait_of(const std::string& key, std::size_t most, Clock::time_point now);

    std::mutex mutex_;
    std::map<std::string, Failures> failures_;
    Clock::time_point swept_;
};

} // namespace vectis::accounts
