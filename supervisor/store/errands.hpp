// The table errands of vectis.db.
#pragma once

#include "store/database.hpp"

#include <optional>
#include <string>
#include <vector>

namespace vectis::store {

struct Errand {
    std::string id;
    std::string at;
    std::string who; // JSON
    std::string credential_id;
    std::string request_id;
    std::optional<std::string> idempotency_key;
    std::string request; // SHA-256
    std::string action;
    std::string change; // JSON
    std::string answer; // JSON
};

class Errands {
  public:
    explicit Errands(Database& database) : database_(database) {}

    void add(const Errand& errand);
    [[nodiscard]] std::optional<Errand> find_by_key(const std::string& credential_id, const std::string& key);
    /// All, the oldest first; or those that were added before the one with the id `before`.
    [[nodiscard]] std::vector<Errand> all(const std::string& before = {});
    /// False: it is not there any more.
    bool remove(const std::string& id);

  private:
    Database& database_;
};

} // namespace vectis::store
