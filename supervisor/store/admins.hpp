// The table admins of vectis.db.
#pragma once

#include "store/page.hpp"

#include <optional>
#include <string>
#include <vector>

namespace vectis::store {

struct Admin {
    std::string id;
    std::string email; // in lower case
    std::string name;
    std::string password; // with its scheme
    bool must_change_password = false;
    std::string role;
    std::vector<std::string> domains;
    bool suspended = false;
    std::string created_at;
    std::string updated_at;
    std::optional<std::string> announced_at;
};

class Admins {
  public:
    explicit Admins(Database& database) : database_(database) {}

    /// The one that was made first.
    [[nodiscard]] std::optional<Admin> first();
    [[nodiscard]] std::optional<Admin> find(const std::string& id);
    [[nodiscard]] std::optional<Admin> find_by_email(const std::string& email);
    [[nodiscard]] std::vector<Admin> page(const Page& page);
    /// How many may do everything and are not suspended.
    [[nodiscard]] std::int64_t count_in_charge();
    void add(const Admin& admin);
    /// Everything but id and created_at.
    void update(const Admin& admin);
    void remove(const std::string& id);

  private:
    Database& database_;
};

} // namespace vectis::store
