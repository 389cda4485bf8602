// The table idempotency of vectis.db: what an Idempotency-Key was answered.
#pragma once

#include "store/database.hpp"

#include <optional>
#include <string>

namespace vectis::store {

struct KeptAnswer {
    std::string request; // SHA-256 of what was asked
    std::string answer;
};

class Idempotency {
  public:
    explicit Idempotency(Database& database) : database_(database) {}

    [[nodiscard]] std::optional<KeptAnswer> find(const std::string& actor, const std::string& key);
    void add(const std::string& actor, const std::string& key, const KeptAnswer& kept, const std::string& at);
    /// Forgets what is older than that.
    void forget_before(const std::string& at);

  private:
    Database& database_;
};

} // namespace vectis::store
