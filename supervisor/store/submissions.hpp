// The table submissions of vectis.db: the queue ids under which Postfix has had mail that came by submission.
#pragma once

#include "store/database.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace vectis::store {

struct Submission {
    std::string queue_id;
    std::optional<std::string> message; // nothing: it is on its way in
    std::string mailbox;                // whose login it was
    std::string message_id;             // without its angle brackets; empty: not known
    std::string at;                     // when Postfix began to take it
};

class Submissions {
  public:
    explicit Submissions(Database& database) : database_(database) {}

    [[nodiscard]] std::optional<Submission> find(const std::string& queue_id);
    /// Changes nothing if the queue id is there already.
    void add(const Submission& submission);
    /// What a message that is on its way in is called; one that is not here, or is in the queue already, stays as it
    /// is.
    void name(const std::string& queue_id, const std::string& message_id);
    /// From now on it is the message `id`.
    void arrived(const std::string& queue_id, const std::string& id);
    /// Forgets it if it is on its way in: it never came to be in the queue.
    void drop(const std::string& queue_id);
    /// Forgets up to `most` that are on their way in since before `before`, but for those of a mailbox that is held:
    /// they wait with Postfix. Says how many.
    std::int64_t forget(const std::string& before, std::size_t most);

  private:
    Database& database_;
};

} // namespace vectis::store
