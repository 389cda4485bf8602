// The tables second_factors and recovery_codes of vectis.db.
#pragma once

#include "store/database.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vectis::store {

struct SecondFactor {
    std::string admin;
    std::string secret; // base32
    std::optional<std::string> enabled_at;
    std::int64_t last_step = 0;
};

class SecondFactors {
  public:
    explicit SecondFactors(Database& database) : database_(database) {}

    [[nodiscard]] std::optional<SecondFactor> find(const std::string& admin);
    /// In place of the one that may be there.
    void put(const SecondFactor& factor);
    /// With its recovery codes.
    void remove(const std::string& admin);

    void set_recovery_codes(const std::string& admin, const std::vector<std::string>& hashes);
    /// Uses one up; false if there is none such.
    bool take_recovery_code(const std::string& admin, const std::string& hash);
    [[nodiscard]] std::int64_t recovery_codes_left(const std::string& admin);

  private:
    Database& database_;
};

} // namespace vectis::store
