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
constexpr std::size_t nobodys_length = 20; // of a password that nobody has

/// What an unknown address is compared with, so that it takes as long.
const std::string& nobodys_password() {
    static const std::string hash = hash_password(random_password(nobodys_length));
    return hash;
}

/// Whose address it is: an administrator's, a mailbox's whose owner may log in, or nobody's.
struct Found {
    std::optional<store::Admin> admin;
    std::optional<store::MailboxLogin> mailbox;
    bool known_address = false;

    [[nodiscard]] bool somebody() const { return admin || mailbox; }
    [[nodiscard]] store::SessionOwner owner() const {
        if (admin)
            return {.admin = admin->id, .mailbox = std::nullopt};
        return {.admin = std::nullopt, .mailbox = mailbox->id};
    }
    [[nodiscard]] const std::string& name() const { return admin ? admin->email : mailbox->address; }
};

Found find(Ledger& ledger, MailboxOwners& owners, const std::string& account, const std::string& address) {
    Found found{.admin = ledger.read(
                    [&](store::Database& database) { return store::Admins(database).find_by_email(account); })};
    if (!found.admin)
        found.mailbox = owners.named(account);
    if (found.somebody())
        found.known_address = ledger.read([&](store::Database& database) {
            return store::Sessions(database).knows_address(found.owner(), source_of(address),
                                                           rfc3339(now() - address_is_known));
        });
    return found;
}

Who who_is(const store::Admin& admin, const std::string& session, const std::string& address) {
    constexpr std::int64_t rate = 600;
    const auto role = surface::role_named(admin.role);
    if (!role || *role == surface::Role::mailbox)
        throw Error(Code::internal, fmt::format("there is no administrators' role '{}'", admin.role));
    Who who{.name = admin.email,
            .id = admin.id,
            .mailbox = std::nullopt,
            .credential = "session",
            .credential_id = session,
            .role = *role,
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

Who who_owns(const store::MailboxLogin& mailbox, const std::string& session, const std::string& address) {
    constexpr std::int64_t rate = 300;
    return {.name = mailbox.address,
            .id = std::nullopt,
            .mailbox = mailbox.id,
            .credential = "session",
            .credential_id = session,
            .role = surface::Role::mailbox,
            .scopes = std::nullopt,
            .domains = std::vector<std::string>(), // none as a whole
            .networks = std::nullopt,
            .expires_at = std::nullopt,
            .address = address,
            .rate = rate};
}

/// What a session keeps of its mailbox's password: of another password, and in another session, it is another. `secret`
/// is the session's, as the database has it.
std::string mark_of(const std::string& password, const std::string& secret) {
    return Sha256().part(secret).part(password).finish();
}

/// The mailbox of this session, if it still has the password of its beginning.
std::optional<store::MailboxLogin> still_as(MailboxOwners& owners, const store::Session& session) {
    auto mailbox = owners.find(*session.owner.mailbox);
    return mailbox && session.password == mark_of(mailbox->password, session.secret) ? std::move(mailbox)
                                                                                     : std::nullopt;
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

void expect_another(const PasswordChange& passwords, const std::string& name) {
    if (passwords.chosen == passwords.current)
        throw Error(Code::invalid_input, "the new password is the present one");
    expect_good_password(passwords.chosen, name);
}

Error not_your_password() {
    return {Code::denied, "this is not your present password"};
}

Error changed_by_somebody() {
    return {Code::conflict, "your password was changed meanwhile"};
}

LoggedIn begin_session(Ledger& ledger, const Login& login, const Found& found, CodeVerdict second,
                       const std::string& request_id) {
    LoggedIn made{.session = {},
                  .secret = random_hex(session_secret_bytes),
                  .must_change_password = found.admin && found.admin->must_change_password};
    const std::string id = uuid7();
    const Who who = found.admin ? who_is(*found.admin, id, login.address) : who_owns(*found.mailbox, id, login.address);
    const auto answered = ledger.change(
        {.who = who, .request_id = request_id, .idempotency_key = std::nullopt, .request = {}}, [&](Change& change) {
            // A mailbox's session tells by itself.
            if (found.admin && !still_as(change.database(), *found.admin))
                throw LoginRefused();
            const std::string secret = sha256(made.secret);
            made.session = {.id = id,
                            .owner = found.owner(),
                            .password = std::nullopt,
                            .secret = secret,
                            .csrf = random_hex(session_secret_bytes),
                            .created_at = change.at(),
                            .seen_at = change.at(),
                            .address = login.address,
                            .agent = printable(login.agent.substr(0, longest_agent))};
            if (found.mailbox)
                made.session.password = mark_of(found.mailbox->password, secret);
            store::Sessions sessions(change.database());
            sessions.remove_old(rfc3339(now() - session_longest), rfc3339(now() - session_idle));
            sessions.add(made.session);
            if (found.mailbox)
                sessions.remove_surplus(made.session.owner, most_sessions_of_mailbox);
            sessions.forget_addresses(rfc3339(now() - address_is_known));
            sessions.note_address(made.session.owner, source_of(login.address), change.at());
            Json shown = session_json(made.session, id);
            shown["second_factor"] = second == CodeVerdict::good            ? Json("code")
                                     : second == CodeVerdict::recovery_code ? Json("recovery_code")
                                                                            : Json(nullptr);
            change.audit("session.create", found.name(), id, nullptr, shown);
            return std::string();
        });
    static_cast<void>(answered); // the session itself is the answer
    return made;
}

/// Dovecot is asked about everybody but an administrator whose password was good: what is answered, and when, tells
/// nobody who has a mailbox here, who administers this server, or who is neither. A password that is no owner's to show
/// stays here.
bool proved_to_dovecot(MailboxOwners& owners, const Found& found, const std::string& account,
                       const std::string& password) {
    return owners.proves(account, found.mailbox ? password : random_password(nobodys_length)) && found.mailbox;
}

void change_admins_password(Ledger& ledger, Throttle& throttle, const Who& who, const store::Session& session,
                            const PasswordChange& passwords, const std::string& request_id) {
    const auto proved = expect_own_password(ledger, throttle, who, passwords.current);
    expect_another(passwords, who.name);
    const std::string hash = hash_password(passwords.chosen);
    const auto answered = ledger.change(
        {.who = who, .request_id = request_id, .idempotency_key = std::nullopt, .request = {}}, [&](Change& change) {
            if (!still_as(change.database(), proved))
                throw changed_by_somebody();
            store::Admins admins(change.database());
            auto admin = expect_there(admins.find(*who.id));
            admin.password = hash;
            admin.must_change_password = false;
            admin.updated_at = change.at();
            admins.update(admin);
            store::Sessions(change.database()).remove_all(session.owner, session.id);
            change.audit("admin.change_password", admin.email, admin.id, nullptr, nullptr);
            return std::string();
        });
    static_cast<void>(answered);
}

void expect_mailboxs_password(Throttle& throttle, MailboxOwners& owners, const Who& who, const std::string& password) {
    Throttle::Guess guess(throttle, who.name, who.address, true);
    const bool good = [&] {
        try {
            return owners.proves(who.name, password);
        } catch (const Error&) {
            guess.take_back(); // nobody knows whether it was wrong
            throw;
        }
    }();
    if (!good)
        throw not_your_password();
    guess.take_back();
}

/// Whoever is killed in between has the new password, and no session.
void change_mailboxs_password(Ledger& ledger, Throttle& throttle, MailboxOwners& owners, const Who& who,
                              const store::Session& session, const PasswordChange& passwords,
                              const std::string& request_id) {
    expect_mailboxs_password(throttle, owners, who, passwords.current);
    expect_another(passwords, who.name);
    const std::string hash = hash_password(passwords.chosen);
    const std::string action = "mailbox.change_password";
    const auto answered = ledger.act(
        {.who = who, .request_id = request_id, .idempotency_key = std::nullopt, .request = {}},
        [&](Change& change) { change.audit(action, who.name, who.mailbox, nullptr, nullptr); },
        [&] {
            if (!still_as(owners, session))
                throw changed_by_somebody();
            owners.set_password(who.name, hash);
        },
        [&] {
            return ledger.write([&](store::Database& database) {
                store::Sessions sessions(database);
                sessions.set_password(session.id, mark_of(hash, session.secret));
                sessions.remove_all(session.owner, session.id);
                return std::string();
            });
        },
        [&](Change& change, const Error& error) {
            change.audit(action + ".failed", who.name, who.mailbox, nullptr,
                         {{"code", info(error.code()).name}, {"detail", error.what()}});
        });
    static_cast<void>(answered);
}

} // namespace

LoggedIn log_in(Ledger& ledger, Throttle& throttle, MailboxOwners& owners, const Login& login,
                const std::string& request_id) {
    const std::string account = lower_ascii(login.email);
    const Found found = find(ledger, owners, account, login.address);
    Throttle::Guess guess(throttle, account, login.address, found.known_address);
    const std::string& nobodys = nobodys_password(); // made for the first of all, whoever they are
    const bool good = verify_password(login.password, found.admin ? found.admin->password : nobodys);
    const CodeVerdict second = good && found.admin && !found.admin->suspended
                                   ? check_second_factor(ledger, *found.admin, login.code)
                                   : CodeVerdict::wrong;
    if (second == CodeVerdict::needed) {
        guess.take_back();
        throw CodeNeeded();
    }
    if (second == CodeVerdict::wrong && !proved_to_dovecot(owners, found, account, login.password))
        throw LoginRefused();
    auto made = begin_session(ledger, login, found, second, request_id);
    guess.succeeded();
    return made;
}

std::optional<InSession> who_has_session(Ledger& ledger, MailboxOwners& owners, const std::string& secret,
                                         const std::string& address) {
    if (secret.size() != 2 * session_secret_bytes)
        return std::nullopt;
    const std::string hash = sha256(secret);
    const auto at = now();
    const auto note_seen = [&](store::Database& database, const store::Session& session) {
        if (session.seen_at < rfc3339(at - std::chrono::minutes(1)))
            store::Sessions(database).set_seen(session.id, rfc3339(at));
    };
    std::optional<store::Session> session;
    auto in = ledger.read([&](store::Database& database) -> std::optional<InSession> {
        session = store::Sessions(database).find_by_secret(hash);
        if (session &&
            (session->created_at < rfc3339(at - session_longest) || session->seen_at < rfc3339(at - session_idle)))
            session.reset();
        if (!session || !session->owner.admin)
            return std::nullopt;
        const auto admin = store::Admins(database).find(*session->owner.admin);
        if (!admin || admin->suspended)
            return std::nullopt;
        note_seen(database, *session);
        return InSession{.who = who_is(*admin, session->id, address),
                         .session = *session,
                         .must_change_password = admin->must_change_password};
    });
    if (!session || session->owner.admin)
        return in;
    const auto mailbox = still_as(owners, *session);
    if (!mailbox) {
        ledger.write(
            [&](store::Database& database) { return store::Sessions(database).remove(session->owner, session->id); });
        return std::nullopt;
    }
    ledger.read([&](store::Database& database) { note_seen(database, *session); });
    return InSession{.who = who_owns(*mailbox, session->id, address), .session = *session};
}

Json session_json(const store::Session& session, const std::string& current) {
    return {{"id", session.id},           {"address", session.address},
            {"agent", session.agent},     {"created_at", session.created_at},
            {"seen_at", session.seen_at}, {"current", session.id == current}};
}

void end_session(const Change& change, const store::SessionOwner& owner, const std::string& id) {
    if (!store::Sessions(change.database()).remove(owner, id))
        throw Error(Code::not_found, fmt::format("there is no session '{}'", id));
    change.audit("session.delete", change.who().name, id, nullptr, nullptr);
}

void end_sessions(const Change& change, const store::SessionOwner& owner) {
    store::Sessions(change.database()).remove_all(owner);
    change.audit("session.delete_all", change.who().name, owner.id(), nullptr, nullptr);
}

store::Admin expect_own_password(Ledger& ledger, Throttle& throttle, const Who& who, const std::string& password) {
    auto admin = find_admin(ledger, who);
    Throttle::Guess guess(throttle, admin.email, who.address, true);
    if (!verify_password(password, admin.password))
        throw not_your_password();
    guess.take_back();
    return admin;
}

void change_own_password(Ledger& ledger, Throttle& throttle, MailboxOwners& owners, const Who& who,
                         const store::Session& session, const PasswordChange& passwords,
                         const std::string& request_id) {
    if (session.owner.mailbox)
        change_mailboxs_password(ledger, throttle, owners, who, session, passwords, request_id);
    else
        change_admins_password(ledger, throttle, who, session, passwords, request_id);
}

} // namespace vectis::accounts
