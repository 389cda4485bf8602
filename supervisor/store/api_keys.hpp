// The table api_keys of vectis.db.
#pragma once

#include "store/lists.hpp"
#include "store/page.hpp"

#include <cstdint>

namespace vectis::store {

struct ApiKey {
    std::string id;
    std::string name;
    std::optional<std::string> admin; // whose rights it never exceeds
    std::string secret;               // SHA-256, in hexadecimal
    std::optional<std::string> old_secret;
    std::optional<std::string> old_until;
    std::string role;
    Words scopes;
    std::optional<Words> domains;           // nothing: every domain of its role
    std::optional<Words> networks;          // nothing: from everywhere
    std::int64_t rate = 0;                  // requests a minute
    std::optional<std::int64_t> recipients; // of what it sends in an hour; nothing: as config.yaml says
    std::optional<std::string> expires_at;
    std::string created_at;
    std::string updated_at;
};

class ApiKeys {
  public:
    explicit ApiKeys(Database& database) : database_(database) {}

    [[nodiscard]] std::optional<ApiKey> find(const std::string& id);
    [[nodiscard]] std::optional<ApiKey> find_by_name(const std::string& name);
    [[nodiscard]] std::vector<ApiKey> page(const Page& page);
    void add(const ApiKey& key);
    /// Everything but id, admin, role and created_at.
    void update(const ApiKey& key);
    void remove(const std::string& id);

  private:
    Database& database_;
};

} // namespace vectis::store
