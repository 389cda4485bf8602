// Passwords as they are stored: argon2id by libsodium, with Dovecot's scheme in front, so that Dovecot and Vectis read
// the same text.
#pragma once

#include <string>
#include <string_view>

namespace vectis::accounts {

/// "{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$...": 19 MiB and two passes, the OWASP minimum, about 20 ms of one core.
/// Throws Error(system) if the memory cannot be had.
[[nodiscard]] std::string hash_password(std::string_view password);

/// Whether `password` is the one that `stored` was made from. False, too, for any scheme but {ARGON2ID}.
[[nodiscard]] bool verify_password(std::string_view password, const std::string& stored);

} // namespace vectis::accounts
