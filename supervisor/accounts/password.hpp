// Passwords as they are stored: argon2id by libsodium, with Dovecot's scheme in front, so that Dovecot and Vectis read
// the same text.
#pragma once

#include <string>
#include <string_view>

namespace vectis::accounts {

/// "{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$...": 19 MiB and two passes, the OWASP minimum, about 20 ms of one core.
/// Throws Error(system) if the memory cannot be had.
[[nodiscard]] std::string hash_password(std::string_view password);

/// The same scheme with the least memory and one pass, at next to no cost: for what random_password() made long enough
/// that nobody guesses it (32 characters: 186 bits), and what is checked all day long. Never for what people choose.
[[nodiscard]] std::string hash_random_password(std::string_view password);

/// Throws Error(invalid_input) unless people may choose `password` for the mailbox `address`: 8 characters or more
/// (NIST SP 800-63B section 5.1.1.2), no control character, and not the address or a part of it.
void expect_good_password(std::string_view password, std::string_view address);

/// Whether `password` is the one that `stored` was made from. False, too, for any scheme but {ARGON2ID}. Throws
/// Error(system) if the memory cannot be had.
[[nodiscard]] bool verify_password(std::string_view password, const std::string& stored);

/// The same for the same password and salt, and as hard to guess from as what is stored: 64 hexadecimal digits.
[[nodiscard]] std::string password_fingerprint(std::string_view password, const std::string& salt);

} // namespace vectis::accounts
