// The table sent_counts of vectis.db: to how many recipients each sender has sent lately, by the minute.
#pragma once

#include "store/database.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace vectis::store {

class SentCounts {
  public:
    explicit SentCounts(Database& database) : database_(database) {}

    struct Minute {
        std::int64_t minute = 0; // since 1970
        std::int64_t recipients = 0;
    };

    /// From `since` on, the oldest first.
    [[nodiscard]] std::vector<Minute> of(const std::string& kind, const std::string& name, std::int64_t since);
    void add(const std::string& kind, const std::string& name, const Minute& more);
    /// Everybody's of before; says how many rows.
    std::int64_t forget(std::int64_t before);

  private:
    Database& database_;
};

} // namespace vectis::store
