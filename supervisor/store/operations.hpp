// The table operations of vectis.db.
#pragma once

#include "store/page.hpp"

#include <optional>
#include <string>
#include <vector>

namespace vectis::store {

struct Operation {
    std::string id;
    std::string kind; // apply, rollback, probes
    std::string argument;
    std::string status = "running";    // or done, failed, interrupted: nobody here knows how it ended
    std::optional<std::string> result; // JSON
    std::optional<std::string> error;  // JSON
    std::string started_by;
    std::string started_at;
    std::optional<std::string> finished_at;
};

class Operations {
  public:
    explicit Operations(Database& database) : database_(database) {}

    /// Forgets the oldest beyond the last thousand.
    void add(const Operation& operation);
    [[nodiscard]] std::optional<Operation> find(const std::string& id);
    [[nodiscard]] std::vector<Operation> page(const Page& page);
    /// One of this kind that has not ended.
    [[nodiscard]] std::optional<Operation> running(const std::string& kind);
    /// The last of this kind that is done.
    [[nodiscard]] std::optional<Operation> last_done(const std::string& kind);
    /// Writes status, result, error and finished_at down.
    void finish(const Operation& operation);
    /// Every one that is running becomes interrupted.
    void interrupt(const std::string& error, const std::string& at);

  private:
    Database& database_;
};

} // namespace vectis::store
