// Logging in, and what is known of those who have: one cookie each, which holds 256 random bits. Whoever's address is
// no administrator's may be the owner of a mailbox.
#pragma once

#include "accounts/ledger.hpp"
#include "accounts/mailbox_owners.hpp"
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
/// How many there are of one mailbox: each may ask so often, and makes a row.
constexpr std::size_t most_sessions_of_mailbox = 50;

struct Login {
    std::string email;
    std::string password;
    std::optional<std::string> code; // of the second factor, or a recovery code
    std::string address;
    std::string agent;
};

struct LoggedIn {
    store::Session session;
    std::string secret; // for the cookie
    bool must_change_password = false;
};

/// Thrown where the address, the password or the code is wrong, and nobody learns which.
struct LoginRefused {};
/// Thrown where the password is good and the code of the second factor is missing.
struct CodeNeeded {};

/// Takes the same time, and says the same, for an unknown address, a wrong password, and somebody suspended or not
/// meant to log in, be it an administrator's address, a mailbox's or nobody's. Throws LoginRefused, CodeNeeded,
/// TooManyFailures; and Error(unavailable) where Dovecot cannot be asked, which only an administrator's good password
/// needs not: to them all alike, and it counts as a failure.
[[nodiscard]] LoggedIn log_in(Ledger& ledger, Throttle& throttle, MailboxOwners& owners, const Login& login,
                              const std::string& request_id);

/// Whose session it is, if it is one; notes at most once a minute that it was seen. One of a mailbox whose owner may
/// not log in any more, or that has another password now, ends here.
struct InSession {
    Who who;
    store::Session session;
    bool must_change_password = false;
};
[[nodiscard]] std::optional<InSession> who_has_session(Ledger& ledger, MailboxOwners& owners, const std::string& secret,
                                                       const std::string& address);

/// As the API shows it; `current`: the one that asks.
[[nodiscard]] Json session_json(const store::Session& session, const std::string& current);

void end_session(const Change& change, const store::SessionOwner& owner, const std::string& id);
void end_sessions(const Change& change, const store::SessionOwner& owner);
/// The administrator who proved to be themselves. Throws Error(denied) if `password` is not theirs, and
/// TooManyFailures. Takes 20 ms: call it before a change begins.
store::Admin expect_own_password(Ledger& ledger, Throttle& throttle, const Who& who, const std::string& password);

struct PasswordChange {
    std::string current;
    std::string chosen;
};
/// Throws the same, and ends every session but the one that asks. That of a mailbox is changed as webmail does it, so
/// that its app passwords stay; Error(unavailable) where Dovecot or the supervisor cannot be asked.
void change_own_password(Ledger& ledger, Throttle& throttle, MailboxOwners& owners, const Who& who,
                         const store::Session& session, const PasswordChange& passwords, const std::string& request_id);

} // namespace vectis::accounts
