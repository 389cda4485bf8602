// Logging in, and what is known of those who have: one cookie each, which holds 256 random bits.
#pragma once

#include "accounts/ledger.hpp"
#include "accounts/throttle.hpp"
#include "store/admins.hpp"
#include "store/sessions.hpp"

#include <optional>
#include <string>
#include <vector>

namespace vectis::accounts {

/// Without a request for so long a session ends, and after so long in any case.
constexpr std::chrono::hours session_idle{12};
constexpr std::chrono::hours session_longest{24 * 7};

struct Login {
    std::string email;
    std::string password;
    std::optional<std::string> code; // of the second factor, or a recovery code
    std::string address;
    std::string agent;
};

struct LoggedIn {
    store::Admin admin;
    store::Session session;
    std::string secret; // for the cookie
};

/// Thrown where the address, the password or the code is wrong, and nobody learns which.
struct LoginRefused {};
/// Thrown where the password is good and the code of the second factor is missing.
struct CodeNeeded {};

/// Takes the same time, and says the same, for an unknown address, a wrong password and somebody suspended. Throws
/// LoginRefused, CodeNeeded and TooManyFailures.
[[nodiscard]] LoggedIn log_in(Ledger& ledger, Throttle& throttle, const Login& login, const std::string& request_id);

/// Whose session it is, if it is one; notes at most once a minute that it was seen.
struct InSession {
    Who who;
    store::Session session;
    bool must_change_password = false;
};
[[nodiscard]] std::optional<InSession> who_has_session(Ledger& ledger, const std::string& secret,
                                                       const std::string& address);

/// As the API shows it; `current`: the one that asks.
[[nodiscard]] Json session_json(const store::Session& session, const std::string& current);

void end_session(const Change& change, const std::string& admin, const std::string& id);
void end_sessions(const Change& change, const std::string& admin);
/// Whoever proved to be themselves. Throws Error(denied) if `password` is not theirs, and TooManyFailures. Takes 20 ms:
/// call it before a change begins.
store::Admin expect_own_password(Ledger& ledger, Throttle& throttle, const Who& who, const std::string& password);
/// Throws the same, and ends every session but this one.
void change_own_password(Ledger& ledger, Throttle& throttle, const Who& who, const std::string& current,
                         const std::string& chosen, const std::string& session, const std::string& request_id);

} // namespace vectis::accounts
