// The tables sessions and known_addresses of vectis.db.
#pragma once

#include "store/database.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace vectis::store {

/// One of the two: the id of an administrator, or that of a mailbox in directory.db.
struct SessionOwner {
    std::optional<std::string> admin;
    std::optional<std::string> mailbox;

    [[nodiscard]] const std::string& id() const { return admin ? *admin : *mailbox; }
};

struct Session {
    std::string id;
    SessionOwner owner;
    std::optional<std::string> password; // of a mailbox's: what tells its password of the login from any other
    std::string secret;                  // SHA-256, in hexadecimal
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
    [[nodiscard]] std::vector<Session> of(const SessionOwner& owner);
    void add(const Session& session);
    void set_seen(const std::string& id, const std::string& at);
    void set_password(const std::string& id, const std::string& password);
    /// False: they have none such.
    bool remove(const SessionOwner& owner, const std::string& id);
    void remove_all(const SessionOwner& owner, const std::string& but = {});
    /// All but so many, the newest.
    void remove_surplus(const SessionOwner& owner, std::size_t most);
    /// Those that began before, or were last seen before.
    void remove_old(const std::string& begun_before, const std::string& seen_before);

    void note_address(const SessionOwner& owner, const std::string& address, const std::string& at);
    [[nodiscard]] bool knows_address(const SessionOwner& owner, const std::string& address, const std::string& since);
    void forget_addresses(const std::string& seen_before);

  private:
    Database& database_;
};

} // namespace vectis::store
