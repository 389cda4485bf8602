// Whose mail is kept back. What an API key sends waits in vectis.db, what a mailbox sends on Postfix's hold queue, and
// so does what Postfix had of either before. Nothing of it is lost: it goes on when the hold is released, and only
// somebody's word throws it away (discard).
#pragma once

#include "store/holds.hpp"
#include "store/messages.hpp"
#include "store/vectis.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <stop_token>
#include <string>

namespace vectis::mail {

/// Within a transaction: what the sender sends from now on waits, and webhooks are told. False: it is held already.
[[nodiscard]] bool hold(store::Database& database, const store::Hold& hold);
/// Keeps back a recipient of what a held key has sent.
void tell_held(store::Messages& messages, store::Recipient& recipient, const store::Hold& hold, const std::string& at);

/// Does what a hold, and its end, ask for: in the database some at a time, and in Postfix's queue. Whatever is killed
/// in between is done once more. One thread at a time.
class Holder {
  public:
    struct Options {
        std::string token_key;             // of the envelope senders
        std::function<std::string()> list; // Postfix's queue, as the supervisor has it
        std::function<void(const std::string& id, const std::string& action)> act; // on one message there
        std::function<bool(std::int64_t recipient)> is_being_sent;                 // to be asked within a transaction
        std::function<void()> wake_sender;
    };

    Holder(store::Vectis& database, Options options) : database_(database), options_(std::move(options)) {}

    /// To be called often, and not before Postfix's log was read to its end: it says whose a message there is.
    void look(const std::stop_token& stop);

  private:
    struct Queued;

    [[nodiscard]] std::size_t settle_here(const store::Hold& hold, const std::stop_token& stop);
    [[nodiscard]] std::size_t settle_in_queue(const store::Hold& hold, const std::vector<Queued>& queue,
                                              const std::stop_token& stop);
    [[nodiscard]] std::vector<Queued> queue();
    void finish(const store::Hold& hold);

    store::Vectis& database_;
    Options options_;
    /// How often nothing was left to do, by the hold and its ending.
    std::map<std::pair<std::string, std::string>, int> nothing_left_;
};

} // namespace vectis::mail
