// Finds recipients whose end will never be told: by the database Postfix has their message, and Postfix does not have
// it any more. The journal may have lost the line, `postsuper -d ALL` writes none, and a disk may have taken the file.
// They become `unknown`; a line of the log or a report that comes after all still wins.
#pragma once

#include "store/messages.hpp"
#include "store/vectis.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace vectis::mail {

/// What Postfix's queue has.
struct InQueue {
    std::set<std::string> queue_ids;
    /// By the token in the envelope sender: a message that was requeued has another queue id. And that id.
    std::map<std::int64_t, std::string> recipients;

    [[nodiscard]] bool has(const store::Recipient& recipient) const;
};
/// From the list that the supervisor gives: [{id, sender, ...}] as JSON.
[[nodiscard]] InQueue in_queue(const std::string& list, std::string_view token_key);

/// Who is missing from the queue, from one list of it to the next. One list alone proves nothing: Postfix moves
/// messages from folder to folder while they are read. Pure.
class Missing {
  public:
    using Clock = std::chrono::steady_clock;
    /// A list that begins this long after the end of another says the same by no accident.
    static constexpr std::chrono::seconds between_lists{60};

    /// `rows` are those that Postfix has by the database, read before it was `asked` for its queue. Gives those that
    /// are gone: missing now and in a list before, and not changed in between.
    [[nodiscard]] std::vector<store::Recipient> look(const std::vector<store::Recipient>& rows, const InQueue& queue,
                                                     Clock::time_point asked, Clock::time_point answered);
    /// Whether nobody is waiting for a second list.
    [[nodiscard]] bool empty() const { return missing_.empty(); }

  private:
    struct Since {
        store::Recipient row;
        Clock::time_point at;
    };
    std::map<std::int64_t, Since> missing_;
};

/// One thread at a time.
class Reconciler {
  public:
    using Clock = Missing::Clock;
    struct Options {
        std::string token_key;             // of the envelope senders
        std::function<std::string()> list; // Postfix's queue, see in_queue(); throws if it cannot be had
        std::function<Clock::time_point()> clock = Clock::now;
    };

    Reconciler(store::Vectis& database, Options options) : database_(database), options_(std::move(options)) {}

    /// Looks if it is time to: every ten minutes, and again after one while somebody is missing. To be called often,
    /// and not before the log was read to its end. How many recipients have become unknown. What `list` throws leaves
    /// everything as it was.
    [[nodiscard]] std::size_t look();
    /// Whom Postfix has although nobody has heard so is "sent": not handed over again while Postfix, which has much to
    /// do, has yet to log it. How many were.
    std::size_t adopt();

  private:
    [[nodiscard]] std::size_t give_up(const std::vector<store::Recipient>& gone);

    store::Vectis& database_;
    Options options_;
    Missing missing_;
    Clock::time_point next_look_;
};

} // namespace vectis::mail
