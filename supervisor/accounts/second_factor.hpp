// The second factor of an administrator: codes of an authenticator, and recovery codes for the day it is lost.
#pragma once

#include "accounts/ledger.hpp"
#include "store/admins.hpp"

#include <optional>
#include <string>
#include <vector>

namespace vectis::accounts {

enum class CodeVerdict : std::uint8_t { none, good, recovery_code, needed, wrong };

/// `good` for whoever has no second factor. A code that is taken, a recovery code above all, is taken once.
[[nodiscard]] CodeVerdict check_second_factor(Ledger& ledger, const store::Admin& admin,
                                              const std::optional<std::string>& code);

/// A secret that counts from enable_second_factor() on. Throws Error(conflict) if there is one that counts.
[[nodiscard]] std::string prepare_second_factor(const Change& change, const store::Admin& admin);
/// Throws Error(invalid_input) if `code` does not prove that the authenticator has the secret. Answers the recovery
/// codes, to be shown once.
[[nodiscard]] std::vector<std::string> enable_second_factor(const Change& change, const store::Admin& admin,
                                                            const std::string& code);
void remove_second_factor(const Change& change, const store::Admin& admin);

} // namespace vectis::accounts
