// How the API has the supervisor change something: the request is written down first, carried out, and then answered,
// with its row in the audit log and the answer that is kept for an Idempotency-Key. Whoever is killed in between finds
// it written down and asks the supervisor again, which does nothing twice.
#pragma once

#include "accounts/ledger.hpp"
#include "directory/account.hpp"
#include "store/errands.hpp"

#include <functional>
#include <mutex>
#include <set>
#include <string>

namespace vectis::accounts {

/// Any thread may call it.
class Errands {
  public:
    /// The supervisor's {"before", "after"} for a change with this id. Error(unavailable) and Error(busy): nobody knows
    /// whether it did; any other: it did not.
    using Carry = std::function<std::string(const std::string& id, const std::string& change)>;
    /// The answer that is kept of an errand and its result.
    using Answer = std::function<std::string(const store::Errand& errand, const Json& result)>;
    /// Hears what became of those that nobody waits for.
    using Log = std::function<void(const std::string&)>;

    Errands(store::Vectis& database, Ledger& ledger, Carry carry, Answer answer, Log log) :
        database_(database), ledger_(ledger), carry_(std::move(carry)), answer_(std::move(answer)),
        log_(std::move(log)) {}

    /// `answer` is handed to Answer as it is. Throws what the supervisor throws; after Error(unavailable) it will be
    /// done as soon as that is possible, and before any that is asked for later.
    [[nodiscard]] Ledger::Answered run(const Ledger::Asked& asked, const std::string& action,
                                       const directory::AccountChange& change, const Json& answer);

    /// Carries out what was left unfinished, by whoever was killed or found no supervisor, in the order in which it was
    /// asked for; called again and again.
    void finish_left();

  private:
    class Running;

    std::string finish(const store::Errand& errand);
    /// Leaves nothing of the private keys of finished errands in the database's files, or tries again later.
    void forget_keys();
    /// Those that were written down before this one and that nobody waits for; all if it is empty. Throws
    /// Error(unavailable).
    void finish_before(const std::string& id);

    store::Vectis& database_;
    Ledger& ledger_;
    Carry carry_;
    Answer answer_;
    Log log_;
    std::timed_mutex carrying_;
    bool keys_left_ = true; // while carrying_; at first by whoever was killed
    std::mutex mutex_;
    std::set<std::string> running_;
};

} // namespace vectis::accounts
