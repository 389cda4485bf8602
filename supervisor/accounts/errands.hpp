// How the API has the supervisor change something: the request is written down first, carried out, and then answered,
// with its row in the audit log and the answer that is kept for an Idempotency-Key. Whoever is killed in between finds
// it written down and asks the supervisor again, which does nothing twice.
#pragma once

#include "accounts/ledger.hpp"
#include "directory/account.hpp"
#include "store/errands.hpp"

#include <functional>
#include <string>

namespace vectis::accounts {

/// Any thread may call it.
class Errands {
  public:
    /// The supervisor's {"before", "after"} for a change with this id. Error(unavailable): nobody knows whether it did.
    using Carry = std::function<std::string(const std::string& id, const std::string& change)>;
    /// The answer that is kept of an errand and its result.
    using Answer = std::function<std::string(const store::Errand& errand, const Json& result)>;

    Errands(store::Vectis& database, Ledger& ledger, Carry carry, Answer answer) :
        database_(database), ledger_(ledger), carry_(std::move(carry)), answer_(std::move(answer)) {}

    /// `answer` is handed to Answer as it is. Throws what the supervisor throws; Error(unavailable) means that it will
    /// be done as soon as the supervisor is there again.
    [[nodiscard]] Ledger::Answered run(const Ledger::Asked& asked, const std::string& action,
                                       const directory::AccountChange& change, const Json& answer);

    /// Carries out what was left unfinished, by whoever was killed or found no supervisor; called again and again.
    void finish_left(const std::function<void(const std::string&)>& log);

  private:
    std::string finish(const store::Errand& errand);

    store::Vectis& database_;
    Ledger& ledger_;
    Carry carry_;
    Answer answer_;
};

} // namespace vectis::accounts
