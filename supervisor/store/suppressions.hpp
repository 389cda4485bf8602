// The table suppressions of vectis.db: to whom a domain sends nothing more.
#pragma once

#include "store/page.hpp"

#include <optional>
#include <string>
#include <vector>

namespace vectis::store {

struct Suppression {
    std::string id;
    std::string domain;  // that sends
    std::string address; // in lower case
    std::string reason;  // bounce, complaint, unsubscribe, manual
    std::string source;  // the message's id, or the name of whoever said so
    std::string created_at;
    std::optional<std::string> expires_at;
};

class Suppressions {
  public:
    explicit Suppressions(Database& database) : database_(database) {}

    /// Adds it, unless the address is suppressed for the domain already; says whether it did. One that has expired by
    /// the new one's created_at gives way.
    bool add(const Suppression& suppression);
    [[nodiscard]] std::optional<Suppression> find(const std::string& id);
    /// What counts for an address, in any case of its letters, at this time.
    [[nodiscard]] std::optional<Suppression> find(const std::string& domain, const std::string& address,
                                                  const std::string& at);
    /// Expired ones included.
    [[nodiscard]] std::vector<Suppression> page(const Page& page);
    void remove(const std::string& id);

  private:
    Database& database_;
};

} // namespace vectis::store
