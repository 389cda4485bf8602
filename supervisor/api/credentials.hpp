// Which credential a request shows: the administrators' socket, an API key, or the cookie of a session.
#pragma once

#include "accounts/sessions.hpp"
#include "api/message.hpp"

#include <optional>

namespace vectis::api {

/// "__Host-": a browser takes it over TLS alone, from this host alone, for every path (RFC 6265bis section 4.1.3.2).
constexpr std::string_view session_cookie = "__Host-vectis";

struct Credential {
    accounts::Who who;
    std::optional<accounts::InSession> session; // of a cookie
};

/// Nothing if it shows none that is good. A key counts before a cookie.
[[nodiscard]] std::optional<Credential> credential_of(accounts::Ledger& ledger, accounts::MailboxOwners& owners,
                                                      const Request& request);

/// What an answer says about the cookie: it holds `secret`, or is no more if that is empty.
[[nodiscard]] std::pair<std::string, std::string> set_session_cookie(const std::string& secret);

} // namespace vectis::api
