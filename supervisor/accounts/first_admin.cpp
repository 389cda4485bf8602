#include "accounts/first_admin.hpp"

#include "accounts/password.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"

namespace vectis::accounts {

std::optional<OneTimePassword> ensure_first_admin(store::Admins& admins, const std::string& email) {
    const auto first = admins.first();
    if (first && first->announced_at)
        return std::nullopt;
    constexpr std::size_t length = 20; // of 57 letters and digits: 116 bits
    const std::string password = random_password(length);
    if (first)
        admins.set_password(first->id, hash_password(password));
    else
        admins.add({.id = uuid7(),
                    .email = email,
                    .password = hash_password(password),
                    .must_change_password = true,
                    .role = "super_admin",
                    .created_at = rfc3339(now())});
    return OneTimePassword{.email = first ? first->email : email, .password = password};
}

void first_admin_announced(store::Admins& admins) {
    if (const auto first = admins.first())
        admins.set_announced(first->id, rfc3339(now()));
}

} // namespace vectis::accounts
