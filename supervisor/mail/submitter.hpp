// Hands what was accepted to Postfix: one message for one recipient at a time, over connections that are kept. A
// recipient is "sent" once Postfix has answered with its queue id; until then it is due again, whatever happens to this
// process.
#pragma once

#include "mail/smtp_session.hpp"
#include "mail/token.hpp"
#include "store/messages.hpp"
#include "store/vectis.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>

namespace vectis::mail {

class Submitter {
  public:
    struct Options {
        fs::path socket;
        std::string token_key;       // of the envelope senders
        std::string unsubscribe_key; // of the links to unsubscribe
        std::string tracking_key;    // of the links that tell what readers do
    };
    using Log = std::function<void(const std::string&)>;

    /// What is due now waits for half a minute: it may have been handed over by a process that was killed then.
    Submitter(store::Vectis& database, Options options, Log log);

    /// Several threads may run it; it returns when asked to stop, after what is under way.
    void run(const std::stop_token& stop);
    /// Postfix's log was read to its end. Nothing is handed over before: the log says what was handed over when the
    /// process before this one ended.
    void begin();
    /// Something may be due.
    void wake();
    /// Whether a recipient is being handed over. Asked within a transaction the answer holds until its end.
    [[nodiscard]] bool is_handing_over(std::int64_t recipient);
    /// Whether Postfix may have something by now that nobody has heard of: a connection ended before its answer, or
    /// the process before this one did.
    [[nodiscard]] bool is_in_doubt();

  private:
    using Clock = std::chrono::steady_clock;

    /// One to hand over; nothing when it is time to stop, or `patience` is over.
    std::optional<store::Recipient> next(const std::stop_token& stop, std::optional<Clock::duration> patience);
    /// Now, as far as Postfix is concerned.
    [[nodiscard]] bool may_begin() const;
    void load();
    void hand_over(std::optional<SmtpSession>& session, store::Recipient recipient);
    void note(store::Recipient recipient, const Reply& reply);
    /// It is due again then, unless its story goes on meanwhile.
    /// Sends it to nobody: the address was suppressed since it was accepted.
    void give_up(const store::Recipient& recipient, const store::Suppression& why);
    void postpone(store::Recipient recipient, std::chrono::seconds wait);
    /// Nobody's before then.
    void pause(Clock::duration wait, const std::string& why);

    store::Vectis& database_;
    Options options_;
    Log log_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<store::Recipient> ready_;
    std::set<std::int64_t> under_way_; // ready, or being handed over
    std::set<std::int64_t> handing_over_;
    bool begun_ = false;
    bool look_ = false; // something may be due
    bool loading_ = false;
    Clock::time_point next_look_ = Clock::time_point::max();
    Clock::time_point not_before_;
    Clock::time_point in_doubt_until_;
    std::string said_; // why Postfix takes nothing
};

} // namespace vectis::mail
