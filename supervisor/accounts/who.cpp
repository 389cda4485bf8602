#include "accounts/who.hpp"

#include <algorithm>

namespace vectis::accounts {

bool Who::reaches(const std::string& domain) const {
    return role != surface::Role::mailbox &&
           (!domains || std::find(domains->begin(), domains->end(), domain) != domains->end());
}

Who who_at_socket(const std::string& user) {
    constexpr std::int64_t rate = 60000; // a loop gone wild shall not keep other people from this server
    return {.name = user,
            .id = std::nullopt,
            .mailbox = std::nullopt,
            .credential = "socket",
            .credential_id = "socket:" + user,
            .role = surface::Role::super_admin,
            .scopes = std::nullopt,
            .domains = std::nullopt,
            .networks = std::nullopt,
            .expires_at = std::nullopt,
            .address = {},
            .rate = rate};
}

} // namespace vectis::accounts
