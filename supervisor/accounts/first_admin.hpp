// The first administrator, made by `vectis setup` with a password that is shown once.
#pragma once

#include "store/admins.hpp"

#include <optional>
#include <string>

namespace vectis::accounts {

struct OneTimePassword {
    std::string email;
    std::string password; // clear text: to be shown, and forgotten
};

/// Makes the first administrator if there is none. If there is one whose password nobody has seen (setup was cut off
/// before it was shown), gives them another. Otherwise nothing. Call first_admin_announced() once it was shown.
[[nodiscard]] std::optional<OneTimePassword> ensure_first_admin(store::Admins& admins, const std::string& email);
void first_admin_announced(store::Admins& admins);

} // namespace vectis::accounts
