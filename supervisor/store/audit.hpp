// The tables audit and audit_head of vectis.db: written to, never changed. Each row's hash covers the row and the hash
// of the one before; the head has that of the last, so that a row missing at the end is seen too.
#pragma once

#include "store/page.hpp"

#include <cstdint>

namespace vectis::store {

struct AuditEntry {
    std::string at;
    std::string actor;
    std::optional<std::string> actor_id;
    std::string credential;
    std::string address;
    std::string action; // admin.create
    std::string target;
    std::optional<std::string> target_id;
    std::optional<std::string> before; // JSON
    std::optional<std::string> after;
    std::string request_id;
};

struct AuditRow {
    std::int64_t seq = 0;
    AuditEntry entry;
    std::string hash;
};

struct AuditQuery {
    std::size_t limit = 50; // one more is given if there are more
    std::optional<std::int64_t> after;
    bool descending = true;
    std::vector<std::pair<std::string, std::string>> where; // column, value
};

class Audit {
  public:
    explicit Audit(Database& database) : database_(database) {}

    void add(const AuditEntry& entry);
    [[nodiscard]] std::vector<AuditRow> page(const AuditQuery& query);
    /// How many rows there are, or what is wrong with them.
    struct Verdict {
        std::int64_t rows = 0;
        std::string fault; // empty: the chain is whole
    };
    [[nodiscard]] Verdict verify();

  private:
    Database& database_;
};

} // namespace vectis::store
