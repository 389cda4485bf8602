// Who is asking the API, by which credential, and how far it reaches.
#pragma once

#include "surface/routes.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vectis::accounts {

struct Who {
    std::string name;                   // as the audit log has it: an address, a user of this host
    std::optional<std::string> id;      // of the administrator; nothing: one of this host, or the owner of a mailbox
    std::optional<std::string> mailbox; // the id of the only one that they reach, whose owner they are
    std::string credential;             // socket, key, session
    std::string credential_id;          // what limits and idempotency go by
    surface::Role role = surface::Role::mailbox;
    std::optional<std::vector<std::string>> scopes;   // nothing: all
    std::optional<std::vector<std::string>> domains;  // nothing: all
    std::optional<std::vector<std::string>> networks; // from where the key is good; nothing: from anywhere
    std::optional<std::string> expires_at;            // of the key
    std::string address;                              // empty on the administrators' socket
    std::int64_t rate = 0;                            // requests a minute
    std::optional<std::int64_t> recipients;           // that the key may send to in an hour, if it says so

    /// Whether a domain, and what is in it, is theirs. The owner of a mailbox reaches that one and no domain.
    [[nodiscard]] bool reaches(const std::string& domain) const;
};

/// Somebody at the administrators' socket: root, or a member of vectis-admin.
[[nodiscard]] Who who_at_socket(const std::string& user);

} // namespace vectis::accounts
