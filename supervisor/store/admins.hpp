// The table admins of vectis.db. Every change is durable when the call returns.
#pragma once

#include "store/database.hpp"

#include <optional>
#include <string>

namespace vectis::store {

struct Admin {
    std::string id;
    std::string email;
    std::string password; // with its scheme
    bool must_change_password = false;
    std::string role;
    std::string created_at;
    std::optional<std::string> announced_at;
};

class Admins {
  public:
    /// Opens or makes the file, which belongs to `owner` alone (user and group; empty: whoever runs this), and migrates
    /// it.
    Admins(const fs::path& file, const fs::path& migrations, const std::string& owner);

    /// The one that was made first.
    [[nodiscard]] std::optional<Admin> first();
    void add(const Admin& admin);
    void set_password(const std::string& id, const std::string& password);
    void set_announced(const std::string& id, const std::string& at);

  private:
    Database database_;
};

} // namespace vectis::store
