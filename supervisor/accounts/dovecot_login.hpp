// Asks Dovecot whether a password is right, as its own login processes do (Dovecot's authentication protocol, version
// 1): every scheme that Dovecot knows works, and a suspended mailbox is refused.
#pragma once

#include "base/file.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace vectis::accounts {

/// Dovecot's socket for it (templates/dovecot), which is the user vectis's alone. What comes by it is the protocol
/// "password", which no app password is for.
inline constexpr const char* dovecot_password_socket = "/run/dovecot/auth-password";

/// The mailbox's address as Dovecot names it, or nothing if user and password do not go together (Dovecot answers that
/// after auth_failure_delay). Throws Error(unavailable) if it cannot tell, or not within `limit`.
[[nodiscard]] std::optional<std::string> dovecot_login(const fs::path& socket, const std::string& user,
                                                       const std::string& password, std::chrono::seconds limit);

} // namespace vectis::accounts
