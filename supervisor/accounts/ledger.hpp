// The one way in which the API changes vectis.db: the change, its row in the audit log and the answer that is kept for
// an Idempotency-Key are one transaction. What was answered is there, and nothing is there by half.
#pragma once

#include "accounts/who.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "store/vectis.hpp"

#include <functional>
#include <optional>
#include <set>
#include <string>

namespace vectis::accounts {

/// The first request with an Idempotency-Key is still being answered.
struct KeyInUse : Error {
    KeyInUse();
};
/// An Idempotency-Key was used for another request.
struct KeyOfAnother : Error {
    KeyOfAnother();
};

/// One change while it is made.
class Change {
  public:
    Change(store::Database& database, const Who& who, std::string request_id);

    [[nodiscard]] store::Database& database() const { return database_; }
    [[nodiscard]] const Who& who() const { return who_; }
    /// When it is made; the same for every row.
    [[nodiscard]] const std::string& at() const { return at_; }

    /// Null: it was not there, or is no more. Neither may hold a secret.
    void audit(const std::string& action, const std::string& target, const std::optional<std::string>& target_id,
               const Json& before, const Json& after) const;

  private:
    store::Database& database_;
    const Who& who_;
    std::string request_id_;
    std::string at_;
};

/// Any thread may call it.
class Ledger {
  public:
    explicit Ledger(store::Vectis& database) : database_(database) {}

    struct Asked {
        const Who& who;
        std::string request_id;
        std::optional<std::string> idempotency_key;
        std::string request; // SHA-256 of method, path and body: what the key stands for
    };
    struct Answered {
        std::string answer;
        bool replayed = false; // it is the one of an earlier request with this key
    };

    /// What `make` answers, once the change survives a power cut. With a key that was used before, the answer of then.
    /// Throws Error(conflict) while the first request with that key is being answered, and Error(invalid_input) if it
    /// was another request.
    [[nodiscard]] Answered change(const Asked& asked, const std::function<std::string(Change&)>& make);

    /// Runs `answer` unless a request with the same key is being answered: then Error(conflict).
    [[nodiscard]] Answered once(const Asked& asked, const std::function<Answered()>& answer);

    /// The same for what is done outside of this database: `tell` writes down that it was asked for, `act` does it, and
    /// `answer` looks at what came of it. What `act` throws is written down by `tell_failed`, too. Whoever is killed
    /// before the answer is kept does it once more when asked again.
    [[nodiscard]] Answered act(const Asked& asked, const std::function<void(Change&)>& tell,
                               const std::function<void()>& act, const std::function<std::string()>& answer,
                               const std::function<void(Change&, const Error&)>& tell_failed);
    /// What was answered to an earlier request with this key, for whoever has to look at something before making a
    /// change that may have been made already.
    [[nodiscard]] std::optional<Answered> answered(const Asked& asked);

    // For whoever makes a change of several transactions (accounts::Errands), within each.
    /// What was answered to an earlier request with this key. Throws Error(invalid_input) if that was another request.
    [[nodiscard]] static std::optional<Answered> earlier(store::Database& database, const Asked& asked);
    /// Throws Error(invalid_input) if the key stands for another request.
    static void expect_same(const std::string& request, const Asked& asked);
    static void keep(store::Database& database, const Who& who, const std::string& key, const std::string& request,
                     const std::string& answer, const std::string& at);

    template<typename Use>
    auto read(Use&& use) {
        return database_.read(std::forward<Use>(use));
    }

    /// For what is no change that anybody would look for in the audit log.
    template<typename Use>
    auto write(Use&& use) {
        return database_.write(std::forward<Use>(use));
    }

  private:
    store::Vectis& database_;
    std::mutex mutex_;
    std::set<std::pair<std::string, std::string>> running_; // credential and key
};

} // namespace vectis::accounts
