#include "accounts/sessions.hpp"

#include "accounts/password.hpp"
#include "accounts/second_factor.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/ip_network.hpp"
#include "base/random.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace vectis::accounts {

namespace {

constexpr std::size_t session_secret_bytes = 32;
constexpr std::chrono::hours address_is_known{24 * 30};
constexpr std::size_t longest_agent = 300;

/// What an unknown address is compared with, so that it takes as long.
const std::string& nobodys_password() {
    static const std::string hash = hash_password(random_password(20));
    return hash;
}

struct Found {
    std::optional<store::Admin> admin;
    bool known_address = false;
};

Found find(Ledger& ledger, const Login& login) {
    return ledger.read([&](store::Database& database) {
        Found found{.admin = store::Admins(database).find_by_email(lower_ascii(login.email))};
        if (found.admin)
            found.known_address = store::Sessions(database).knows_address(found.admin->id, source_of(login.address),
                                                                          rfc3339(now() - address_is_known));
        return found;
    });
}

Who who_is(const store::Admin& admin, const std::string& session, const std::string& address) {
    constexpr std::int64_t rate = 600;
    const auto role = surface::role_named(admin.role).value_or(surface::Role::mailbox);
    Who who{.name = admin.email,
            .id = admin.id,
            .credential = "session",
            .credential_id = session,
            .role = role,
            .scopes = std::nullopt,
            .domains = std::nullopt,
            .networks = std::nullopt,
            .expires_at = std::nullopt,
            .address = address,
            .rate = rate};
    if (role == surface::Role::domain_admin)
        who.domains = admin.domains;
    return who;
}

store::Admin expect_there(std::optional<store::Admin> admin) {
    if (!admin)
        throw Error(Code::not_found, "there is no such administrator any more");
    return std::move(*admin);
}

store::Admin find_admin(Ledger& ledger, const Who& who) {
    return expect_there(ledger.read([&](store::Database& database) { return store::Admins(database).find(*who.id); }));
}

/// What was proved of them is proved no more if another password was set, or they were kept out, meanwhile.
bool still_as(store::Database& database, const store::Admin& admin) {
    const auto now = store::Admins(database).find(admin.id);
    return now && !now->suspended && now->password == admin.password;
}

LoggedIn begin_session(Ledger& ledger, const Login& login, const store::Admin& admin, CodeVerdict second,
                       const std::string& request_id) {
    LoggedIn made{.admin = admin, .session = {}, .secret = random_hex(session_secret_bytes)};
    const std::string id = uuid7();
    const Who who = who_is(admin, id, login.address);
    const auto answered = ledger.change(
        {.who = who, .request_id = request_id, .idempotency_key = std::nullopt, .request = {}}, [&](Change& change) {
            if (!still_as(change.database(), admin))
                throw LoginRefused();
            made.session = {.id = id,
                            .admin = admin.id,
                            .secret = sha256(made.secret),
                            .csrf = random_hex(session_secret_bytes),
                            .created_at = change.at(),
                            .seen_at = change.at(),
                            .address = login.address,
                            .agent = printable(login.agent.substr(0, longest_agent))};
            store::Sessions sessions(change.database());
            sessions.remove_old(rfc3339(now() - session_longest), rfc3339(now() - session_idle));
            sessions.add(made.session);
            sessions.note_address(admin.id, source_of(login.address), change.at());
            Json shown = session_json(made.session, id);
            shown["second_factor"] = second == CodeVerdict::good            ? Json("code")
                                     : second == CodeVerdict::recovery_code ? Json("recovery_code")
                                                                            : Json(nullptr);
            change.audit("session.create", admin.email, id, nullptr, shown);
            return std::string();
        });
    static_cast<void>(answered); // the session itself is the answer
    return made;
}

} // namespace

LoggedIn log_in(Ledger& ledger, Throttle& throttle, const Login& login, const std::string& request_id) {
    const std::string account = lower_ascii(login.email);
    const Found found = find(ledger, login);
    Throttle::Guess guess(throttle, account, login.address, found.known_address);
    const std::string& nobodys = nobodys_password(); // made for the first of all, whoever they are
    const bool good = verify_password(login.password, found.admin ? found.admin->password : nobodys);
    if (!good || !found.admin || found.admin->suspended)
        throw LoginRefused();
    const CodeVerdict second = check_second_factor(ledger, *found.admin, login.code);
    if (second == CodeVerdict::wrong)
        throw LoginRefused();
    if (second == CodeVerdict::needed) {
        guess.take_back();
        throw CodeNeeded();
    }
    auto made = begin_session(ledger, login, *found.admin, second, request_id);
    guess.succeeded();
    return made;
}

std::optional<InSession> who_has_session(Ledger& ledger, const std::string& secret, const std::string& address) {
    if (secret.size() != 2 * session_secret_bytes)
        return std::nullopt;
    const std::string hash = sha256(secret);
    const auto at = now();
    return ledger.read([&](store::Database& database) -> std::optional<InSession> {
        store::Sessions sessions(database);
        const auto session = sessions.find_by_secret(hash);
        if (!session || session->created_at < rfc3339(at - session_longest) ||
            session->seen_at < rfc3339(at - session_idle))
            return std::nullopt;
        const auto admin = store::Admins(database).find(session->admin);
        if (!admin || admin->suspended)
            return std::nullopt;
        if (session->seen_at < rfc3339(at - std::chrono::minutes(1)))
            sessions.set_seen(session->id, rfc3339(at));
        return InSession{.who = who_is(*admin, session->id, address),
                         .session = *session,
                         .must_change_password = admin->must_change_password};
    });
}

Json session_json(const store::Session& session, const std::string& current) {
    return {{"id", session.id},           {"address", session.address},
            {"agent", session.agent},     {"created_at", session.created_at},
            {"seen_at", session.seen_at}, {"current", session.id == current}};
}

void end_session(const Change& change, const std::string& admin, const std::string& id) {
    if (!store::Sessions(change.database()).remove(admin, id))
        throw Error(Code::not_found, fmt::format("there is no session '{}'", id));
    change.audit("session.delete", change.who().name, id, nullptr, nullptr);
}

void end_sessions(const Change& change, const std::string& admin) {
    store::Sessions(change.database()).remove_all(admin);
    change.audit("session.delete_all", change.who().name, admin, nullptr, nullptr);
}

store::Admin expect_own_password(Ledger& ledger, Throttle& throttle, const Who& who, const std::string& password) {
    auto admin = find_admin(ledger, who);
    Throttle::Guess guess(throttle, admin.email, who.address, true);
    if (!verify_password(password, admin.password))
        throw Error(Code::denied, "this is not your present password");
    guess.take_back();
    return admin;
}

void change_own_password(Ledger& ledger, Throttle& throttle, const Who& who, const std::string& current,
                         const std::string& chosen, const std::string& session, const std::string& request_id) {
    const auto proved = expect_own_password(ledger, throttle, who, current);
    if (chosen == current)
        throw Error(Code::invalid_input, "the new password is the present one");
    expect_good_password(chosen, who.name);
    const std::string hash = hash_password(chosen);
    const auto answered = ledger.change(
        {.who = who, .request_id = request_id, .idempotency_key = std::nullopt, .request = {}}, [&](Change& change) {
            if (!still_as(change.database(), proved))
                throw Error(Code::conflict, "your password was changed meanwhile");
            store::Admins admins(change.database());
            auto admin = expect_there(admins.find(*who.id));
            admin.password = hash;
            admin.must_change_password = false;
            admin.updated_at = change.at();
            admins.update(admin);
            store::Sessions(change.database()).remove_all(admin.id, session);
            change.audit("admin.change_password", admin.email, admin.id, nullptr, nullptr);
            return std::string();
        });
    static_cast<void>(answered);
}

} // namespace vectis::accounts
