// One-time passwords by time (RFC 6238: SHA-1, 6 digits, 30 seconds), as authenticators make them, by liboath.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace vectis::accounts {

/// 160 random bits in base32: what an authenticator is given.
[[nodiscard]] std::string new_totp_secret();
/// otpauth://totp/... for a QR code.
[[nodiscard]] std::string totp_uri(const std::string& secret, const std::string& email, const std::string& hostname);
/// The time step that `code` is good for: the present one, or one beside it, but none up to `last_step`. Nothing if it
/// is not good.
[[nodiscard]] std::optional<std::int64_t> totp_step(const std::string& secret, const std::string& code,
                                                    std::int64_t last_step, std::chrono::seconds unix_time);

} // namespace vectis::accounts
