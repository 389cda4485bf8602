#include "api/credentials.hpp"

#include "accounts/api_keys.hpp"
#include "base/text.hpp"
#include "base/user.hpp"

#include <fmt/format.h>

namespace vectis::api {

namespace {

std::optional<std::string> bearer(const Request& request) {
    constexpr std::string_view scheme = "bearer ";
    const auto field = request.field("Authorization");
    if (!field || lower_ascii(field->substr(0, scheme.size())) != scheme)
        return std::nullopt;
    return std::string(trim(std::string_view(*field).substr(scheme.size())));
}

std::optional<std::string> cookie(const Request& request) {
    for (const auto& pair : split(request.field("Cookie").value_or(""), ';')) {
        const auto text = trim(pair);
        const auto equals = text.find('=');
        if (equals != std::string_view::npos && text.substr(0, equals) == session_cookie)
            return std::string(text.substr(equals + 1));
    }
    return std::nullopt;
}

} // namespace

std::optional<Credential> credential_of(accounts::Ledger& ledger, accounts::MailboxOwners& owners,
                                        const Request& request) {
    if (request.peer.door == Door::admin)
        return Credential{.who = accounts::who_at_socket(user_name(request.peer.user)), .session = std::nullopt};
    const std::string& address = request.peer.address;
    if (const auto token = bearer(request)) {
        auto who =
            ledger.read([&](store::Database& database) { return accounts::who_has_key(database, *token, address); });
        return who ? std::optional(Credential{.who = std::move(*who), .session = std::nullopt}) : std::nullopt;
    }
    if (const auto secret = cookie(request)) {
        if (auto session = accounts::who_has_session(ledger, owners, *secret, address))
            return Credential{.who = session->who, .session = session};
    }
    return std::nullopt;
}

std::pair<std::string, std::string> set_session_cookie(const std::string& secret) {
    return {"Set-Cookie", fmt::format("{}={}; Path=/; Secure; HttpOnly; SameSite=Strict{}", session_cookie, secret,
                                      secret.empty() ? "; Max-Age=0" : "")};
}

} // namespace vectis::api
