// The tables sessions and known_addresses of vectis.db.
#pragma once

#include "store/database.hpp"

#include <optional>
#include <string>
#include <vector>

namespace vectis::store {

struct Session {
    std::string id;
    std::string admin;
    std::string secret; // SHA-256, in hexadecimal
    std::string csrf;
    std::string created_at;
    std::string seen_at;
    std::string address;
    std::string agent;
};

class Sessions {
  public:
    explicit Sessions(Database& database) : database_(database) {}

    [[nodiscard]] std::optional<Session> find_by_secret(const std::string& secret);
    /// The newest first.
    [[nodiscard]] std::vector<Session> of(const std::string& admin);
    void add(const Session& session);
    void set_seen(const std::string& id, const std::string& at);
    /// False: they have none such.
    bool remove(const std::string& admin, const std::string& id);
    void remove_all(const std::string& admin, const std::string& but = {});
    /// Those that began before, or were last seen before.
    void remove_old(const std::string& begun_before, const std::string& seen_before);

    void note_address(const std::string& admin, const std::string& address, const std::string& at);
    [[nodiscard]] bool knows_address(const std::string& admin, const std::string& address, const std::string& since);

  private:
    Database& database_;
};

} // namespace vectis::store
