#include "accounts/password.hpp"
#include "mail_api.hpp"

#include <fmt/format.h>

#include <set>
#include <sstream>

using namespace vectis;
using vectis::test::MailApi;

namespace {

constexpr auto alices_address = "alice@example.test";
constexpr auto bobs_address = "bob@example.test";
constexpr auto the_password = "a good password";

/// alice is config.yaml's, bob is the API's; both have the same password.
struct OwnerApi : MailApi {
    std::string alice;
    std::string bob;

    OwnerApi() {
        declare(accounts::hash_password(the_password));
        alice = "/mailboxes/" + id_of("/mailboxes", "address", alices_address);
        bob = make_mailbox(bobs_address);
    }

    int status_in(const Session& session, const std::string& path = "/auth/me") {
        return in_session(session, "GET", path).status;
    }
    /// What Dovecot was asked since the last time.
    std::vector<std::pair<std::string, std::string>> asked() {
        return asked_dovecot.with([](auto& all) { return std::exchange(all, {}); });
    }
    std::size_t sessions() {
        return database.read([](store::Database& reader) {
            auto select = reader.prepare("select count(*) from sessions");
            return select.step() ? static_cast<std::size_t>(select.integer(0)) : 0;
        });
    }
    void write_directory(const std::string& sql) {
        store::Database(folder.path / "directory.db", store::Journal::wal_for_readers).execute(sql);
    }
    /// By a key, which is no administrator's.
    std::string app_password(const std::string& mailbox) {
        const auto made = post(mailbox + "/app-passwords", {{"name", "phone"}});
        REQUIRE(made.status == 201);
        return made.json["data"]["generated_password"];
    }
};

/// The query of a template from `begin` on, as one line: that of the passwords.
std::string passdb_query(const std::string& file, const std::string& begin) {
    std::istringstream text(read_file(fs::path(VECTIS_SOURCE_ROOT) / "templates/dovecot" / file).value_or(""));
    std::string query;
    for (std::string line; std::getline(text, line);) {
        if (query.empty() && std::string(trim(line)).starts_with(begin))
            line = std::string(trim(line)).substr(begin.size());
        else if (query.empty())
            continue;
        const bool more = line.ends_with('\\');
        query += line.substr(0, line.size() - (more ? 1 : 0));
        if (!more)
            break;
    }
    return query;
}

std::string filled_in(std::string query, const std::vector<std::pair<std::string, std::string>>& values) {
    for (const auto& [name, value] : values) {
        for (auto at = query.find(name); at != std::string::npos; at = query.find(name))
            query.replace(at, name.size(), value);
    }
    return query;
}

} // namespace

TEST_CASE("the owner of a mailbox logs in with its address and password, and is nobody's administrator") {
    OwnerApi api;
    for (const auto& [address, path] :
         {std::pair<std::string, std::string>{alices_address, api.alice}, {bobs_address, api.bob}}) {
        const auto session = api.login(address == bobs_address ? "BOB@Example.test" : address);
        const auto me = api.in_session(session, "GET", "/auth/me");
        CHECK(me.json["data"] == Json{{"name", address},
                                      {"admin_id", nullptr},
                                      {"mailbox_id", path.substr(path.rfind('/') + 1)},
                                      {"credential", "session"},
                                      {"role", "mailbox"},
                                      {"scopes", nullptr},
                                      {"domains", Json::array()}});
        CHECK(me.field("RateLimit-Limit") == "300");
        CHECK(api.status_in(session, path) == 200);
        CHECK(api.in_session(session, "POST", path + "/app-passwords", {{"name", "tablet"}}).status == 201);
        CHECK(api.in_session(session, "PUT", path + "/sieve/main", {{"script", "keep;"}}).status == 200);
        const Json row = api.ask("GET", "/audit?order=desc&sort=seq").json["data"][0];
        CHECK(row["actor"] == address);
        CHECK(row["actor_id"].is_null());
        CHECK(row["credential"] == "session");
        CHECK(row["address"] == "192.0.2.1");
        CHECK(api.in_session({session.cookie, ""}, "POST", "/auth/logout").json["code"] == "csrf");
        CHECK(api.in_session(session, "POST", "/auth/logout").status == 200);
        CHECK(api.status_in(session) == 401);
    }
    CHECK(api.ask("GET", "/audit/verify").json["data"]["whole"] == true);
}

TEST_CASE("an owner has their own mailbox, and of others not even those of the same domain") {
    OwnerApi api;
    const auto session = api.login(bobs_address);
    const std::string alices = api.app_password(api.alice);
    const std::string alices_id = api.ask("GET", api.alice + "/app-passwords").json["data"][0]["id"];
    const std::string domain = api.id_of("/domains", "name", "example.test");
    REQUIRE(api.post("/aliases", {{"address", "info@example.test"}, {"destinations", {bobs_address}}}).status == 201);
    const std::string alias = api.id_of("/aliases", "address", "info@example.test");
    const auto told = [&](const std::string& method, const std::string& path, const Json& body = nullptr) {
        return api.in_session(session, method, path, body).status;
    };
    for (const auto& other : {api.alice, "/mailboxes/" + uuid7(),
                              "/mailboxes/" + api.one("select id from mailboxes where managed_by = 'system'")}) {
        for (const auto* of : {"", "/use", "/sieve", "/sieve/main", "/app-passwords"})
            CHECK(told("GET", other + of) == 404);
        CHECK(told("PUT", other + "/sieve/main", {{"script", "keep;"}}) == 404);
        CHECK(told("POST", other + "/sieve/main/activate") == 404);
        CHECK(told("POST", other + "/sieve/main/deactivate") == 404);
        CHECK(told("DELETE", other + "/sieve/main?confirm=main") == 404);
        CHECK(told("POST", other + "/app-passwords", {{"name", "x"}}) == 404);
        CHECK(told("DELETE", other + "/app-passwords/" + alices_id + "?confirm=phone") == 404);
    }
    CHECK(told("DELETE", api.bob + "/app-passwords/" + alices_id + "?confirm=phone") == 404);
    for (const auto& path : {std::string("/mailboxes"), std::string("/aliases"), std::string("/domains"),
                             std::string("/api-keys"), std::string("/audit"), std::string("/config"),
                             "/domains/" + domain, "/domains/" + domain + "/dns", "/aliases/" + alias})
        CHECK(told("GET", path) == 403);
    CHECK(told("PATCH", api.bob, {{"display_name", "Bob"}}) == 403);
    CHECK(told("DELETE", api.bob + "?confirm=bob@example.test") == 403);
    CHECK(told("POST", api.bob + "/suspend") == 403);
    CHECK(told("POST", "/api-keys", {{"name", "x"}, {"scopes", {"mailboxes:read"}}}) == 403);
    CHECK(told("POST", "/auth/totp/setup") == 403);
    CHECK(told("POST", "/mailboxes", {{"address", "eve@example.test"}}) == 403);
    CHECK(api.one("select count(*) from app_passwords") == "1");
    // What is theirs, they have, whoever declared it; the administrator of their domain has not.
    const auto theirs = api.login(alices_address);
    CHECK(api.in_session(theirs, "PUT", api.alice + "/sieve/main", {{"script", "keep;"}}).status == 200);
    CHECK(api.in_session(theirs, "DELETE", api.alice + "/app-passwords/" + alices_id + "?confirm=phone").status == 200);
    api.make_admin("d@example.test", "domain_admin", {"example.test"});
    const auto admin = api.login("d@example.test");
    CHECK(api.in_session(admin, "PUT", api.alice + "/sieve/main", {{"script", "stop;"}}).status == 403);
    CHECK(api.in_session(admin, "PUT", api.bob + "/sieve/main", {{"script", "stop;"}}).status == 200);
}

TEST_CASE("nobody's sessions are another's: neither an administrator's of that address nor another mailbox's") {
    OwnerApi api;
    const auto first = api.login(alices_address);
    const auto second = api.login(alices_address);
    const auto bobs = api.login(bobs_address);
    const std::string bobs_id = api.in_session(bobs, "GET", "/auth/sessions").json["data"][0]["id"];
    CHECK(api.in_session(first, "GET", "/auth/sessions").json["data"].size() == 2);
    CHECK(api.in_session(first, "DELETE", "/auth/sessions/" + bobs_id).status == 404);
    // Who becomes an administrator has other sessions as such.
    api.make_admin(alices_address, "admin");
    const auto as_admin = api.login(alices_address);
    CHECK(api.in_session(as_admin, "GET", "/auth/me").json["data"]["role"] == "admin");
    CHECK(api.in_session(first, "GET", "/auth/me").json["data"]["role"] == "mailbox");
    CHECK(api.in_session(as_admin, "GET", "/auth/sessions").json["data"].size() == 1);
    CHECK(api.in_session(as_admin, "POST", "/auth/logout-all").status == 200);
    CHECK(api.status_in(first) == 200);
    CHECK(api.in_session(first, "POST", "/auth/logout-all").status == 200);
    CHECK(api.status_in(second) == 401);
    CHECK(api.status_in(bobs) == 200);
}

TEST_CASE("whoever is refused is told the same in the same way, and Dovecot sees no password but an owner's") {
    OwnerApi api;
    api.make_admin("root@example.test", "super_admin");
    const std::string kept_out = api.make_admin("out@example.test", "admin")["id"];
    CHECK(api.patch("/admins/" + kept_out, {{"suspended", true}}).status == 200);
    api.make_mailbox("root@example.test", "the mailbox's one");
    CHECK(api.post(api.make_mailbox("gone@example.test") + "/suspend", Json::object()).status == 200);
    REQUIRE(api.post("/domains", {{"name", "shop.test"}}).status == 201);
    api.make_mailbox("eve@shop.test");
    CHECK(api.patch("/domains/" + api.id_of("/domains", "name", "shop.test"), {{"active", false}}).status == 200);
    REQUIRE(api.post("/aliases", {{"address", "info@example.test"}, {"destinations", {bobs_address}}}).status == 201);
    const std::string probe = api.one("select address from mailboxes where managed_by = 'system'");
    api.write_directory(fmt::format("update mailboxes set password = '{}' where managed_by = 'system'",
                                    accounts::hash_password(the_password)));
    api.asked();
    std::set<std::string> told;
    int number = 0;
    for (const auto& [email, password] :
         std::vector<std::pair<std::string, std::string>>{{"nobody@example.test", the_password},
                                                          {"no address", the_password},
                                                          {"gone@example.test", the_password},
                                                          {"eve@shop.test", the_password},
                                                          {"info@example.test", the_password},
                                                          {probe, the_password},
                                                          {"out@example.test", the_password},
                                                          {"root@example.test", "a bad password"},
                                                          {"root@example.test", "the mailbox's one"},
                                                          {bobs_address, "a bad password"},
                                                          {bobs_address, api.app_password(api.bob)}}) {
        INFO(email << " " << password);
        auto answer = api.try_login(email, password, "", fmt::format("198.51.100.{}", ++number));
        CHECK(answer.status == 401);
        CHECK(answer.field("Set-Cookie").empty());
        answer.json.erase("request_id");
        told.insert(to_text(answer.json));
        const auto asked = api.asked();
        REQUIRE(asked.size() == 1);
        CHECK(asked[0].first == email);
        CHECK((asked[0].second == password) == (email == bobs_address));
    }
    CHECK(told.size() == 1);
    CHECK(api.try_login("root@example.test", the_password).status == 200);
    CHECK(api.asked().empty());
    CHECK(api.sessions() == 1);
}

TEST_CASE("while Dovecot cannot be asked all are told so, and every guess counts; a good administrator's password "
          "needs it not") {
    OwnerApi api;
    api.make_admin("root@example.test", "super_admin");
    const auto before = api.login(bobs_address);
    api.dovecot_away = true;
    std::set<std::string> told;
    int number = 0;
    for (const auto& [email, password] :
         std::vector<std::pair<std::string, std::string>>{{"nobody@example.test", the_password},
                                                          {"root@example.test", "a bad password"},
                                                          {alices_address, "a bad password"},
                                                          {bobs_address, the_password}}) {
        const std::string from = fmt::format("198.51.100.{}", ++number);
        for (int i = 0; i < 5; ++i) {
            auto answer = api.try_login(email, password, "", from);
            CHECK(answer.status == 503);
            CHECK_FALSE(answer.field("Retry-After").empty());
            answer.json.erase("request_id");
            told.insert(to_text(answer.json));
        }
        CHECK(api.try_login(email, password, "", from).status == 429);
    }
    CHECK(told.size() == 1);
    CHECK(api.try_login("root@example.test", the_password).status == 200);
    // Whoever is in stays so; whether their password is right is not known now, and no guess.
    CHECK(api.status_in(before) == 200);
    const Json body{{"current", the_password}, {"password", "another good one"}};
    for (int i = 0; i < 7; ++i)
        CHECK(api.in_session(before, "POST", "/auth/password", body).status == 503);
    api.dovecot_away = false;
    CHECK(api.in_session(before, "POST", "/auth/password", body).status == 200);
}

TEST_CASE("a mailbox's session ends when nobody may log in any more, or the password is another") {
    OwnerApi api;
    const auto alices = api.login(alices_address);
    const auto bobs = api.login(bobs_address);
    REQUIRE((api.status_in(alices) == 200 && api.status_in(bobs) == 200));
    SECTION("suspended, and for good") {
        CHECK(api.post(api.bob + "/suspend", Json::object()).status == 200);
        CHECK(api.status_in(bobs) == 401);
        CHECK(api.status_in(bobs, api.bob) == 401);
        CHECK(api.post(api.bob + "/resume", Json::object()).status == 200);
        CHECK(api.status_in(bobs) == 401);
        CHECK(api.status_in(api.login(bobs_address)) == 200);
    }
    SECTION("removed, whoever has the address next") {
        CHECK(api.ask("DELETE", api.bob + "?confirm=bob@example.test").status == 200);
        CHECK(api.status_in(bobs) == 401);
        api.make_mailbox(bobs_address);
        CHECK(api.status_in(bobs) == 401);
    }
    SECTION("removed and made again unseen") {
        CHECK(api.ask("DELETE", api.bob + "?confirm=bob@example.test").status == 200);
        api.make_mailbox(bobs_address);
        CHECK(api.status_in(bobs) == 401);
    }
    SECTION("its domain is suspended") {
        REQUIRE(api.post("/domains", {{"name", "shop.test"}}).status == 201);
        const std::string eve = api.make_mailbox("eve@shop.test");
        const auto eves = api.login("eve@shop.test");
        CHECK(api.status_in(eves, eve) == 200);
        CHECK(api.patch("/domains/" + api.id_of("/domains", "name", "shop.test"), {{"active", false}}).status == 200);
        CHECK(api.status_in(eves, eve) == 401);
        CHECK(api.status_in(bobs) == 200);
    }
    SECTION("an administrator gives it another password") {
        CHECK(api.patch(api.bob, {{"display_name", "Bob"}, {"quota", 7}}).status == 200);
        CHECK(api.status_in(bobs) == 200);
        CHECK(api.patch(api.bob, {{"password", "another good one"}}).status == 200);
        CHECK(api.status_in(bobs) == 401);
    }
    SECTION("its owner changes the password in webmail") {
        api.supervisor.set_password(alices_address, accounts::hash_password("another good one"));
        CHECK(api.status_in(alices) == 401);
        CHECK(api.status_in(bobs) == 200);
    }
    SECTION("config.yaml declares another password") {
        api.declare(accounts::hash_password("another good one"));
        CHECK(api.status_in(alices) == 401);
        CHECK(api.status_in(bobs) == 200);
    }
    SECTION("config.yaml declares none") {
        api.declare("");
        CHECK(api.status_in(alices) == 401);
    }
    SECTION("config.yaml declares the mailbox no more") {
        api.declare(std::nullopt);
        CHECK(api.status_in(alices) == 401);
    }
}

TEST_CASE("whoever logs in while the password is changed has no session with the old one") {
    OwnerApi api;
    api.after_judging = [&] {
        api.after_judging = {};
        api.supervisor.set_password(bobs_address, accounts::hash_password("another good one"));
    };
    const auto session = api.login(bobs_address);
    CHECK(api.status_in(session) == 401);
    CHECK(api.sessions() == 0);
}

TEST_CASE("owners change their password: their other sessions end, app passwords stay") {
    OwnerApi api;
    const auto session = api.login(bobs_address);
    const auto other = api.login(bobs_address);
    const auto alices = api.login(alices_address);
    api.app_password(api.bob);
    const auto choose = [&](const std::string& current, const std::string& chosen) {
        return api.in_session(session, "POST", "/auth/password", {{"current", current}, {"password", chosen}});
    };
    CHECK(choose("a bad password", "another good one").status == 403);
    CHECK(choose(the_password, the_password).status == 422);
    CHECK(choose(the_password, "short").status == 422);
    CHECK(choose(the_password, bobs_address).status == 422);
    CHECK(api.status_in(other) == 200);
    CHECK(choose(the_password, "another good one").status == 200);
    CHECK(api.status_in(session) == 200);
    CHECK(api.status_in(other) == 401);
    CHECK(api.status_in(alices) == 200);
    CHECK(api.one("select count(*) from app_passwords") == "1");
    CHECK(api.try_login(bobs_address, the_password).status == 401);
    CHECK(api.try_login(bobs_address, "another good one").status == 200);
    const Json row = api.ask("GET", "/audit?action=mailbox.change_password").json["data"][0];
    CHECK(row["actor"] == bobs_address);
    CHECK("/mailboxes/" + row["target_id"].get<std::string>() == api.bob);
    // What config.yaml declared counts again only when it declares another.
    CHECK(
        api.in_session(alices, "POST", "/auth/password", {{"current", the_password}, {"password", "another good one"}})
            .status == 200);
    const std::string mine = api.one("select password from mailboxes where address = 'alice@example.test'");
    CHECK(mine != api.one("select declared_password from mailboxes where address = 'alice@example.test'"));
    CHECK(api.status_in(alices) == 200);
    CHECK(api.ask("GET", "/audit/export").response.body.find("ARGON2ID") == std::string::npos);
}

TEST_CASE("a password that cannot be written, or was changed by somebody else meanwhile, stays as it is") {
    OwnerApi api;
    const auto session = api.login(bobs_address);
    const Json body{{"current", the_password}, {"password", "another good one"}};
    api.before_setting = [] { throw Error(Code::unavailable, "cannot reach the supervisor"); };
    CHECK(api.in_session(session, "POST", "/auth/password", body).status == 503);
    CHECK(api.actions()[0] == "mailbox.change_password.failed");
    CHECK(api.status_in(session) == 200);
    api.before_setting = [] { FAIL("it was written"); };
    api.after_judging = [&] {
        api.after_judging = {};
        api.supervisor.set_password(bobs_address, accounts::hash_password("an administrator's"));
    };
    CHECK(api.in_session(session, "POST", "/auth/password", body).status == 409);
    CHECK(api.status_in(session) == 401);
    CHECK(api.try_login(bobs_address, "an administrator's").status == 200);
}

TEST_CASE("guessing at a mailbox ends after a few failures, and keeps nobody out who has been here before") {
    OwnerApi api;
    api.login(bobs_address); // from 192.0.2.1
    for (int i = 0; i < 5; ++i)
        CHECK(api.try_login(bobs_address, "a bad password", "", "203.0.113.200").status == 401);
    CHECK(api.try_login(bobs_address, the_password, "", "203.0.113.200").status == 429);
    for (int i = 0; i < 45; ++i)
        CHECK(api.try_login(bobs_address, "a bad password", "", fmt::format("203.0.113.{}", i + 1)).status == 401);
    CHECK(api.try_login(bobs_address, the_password, "", "198.51.100.1").status == 429);
    CHECK(api.try_login(bobs_address, the_password).status == 200);
    // Who has the address next was never here.
    CHECK(api.ask("DELETE", api.bob + "?confirm=bob@example.test").status == 200);
    api.make_mailbox(bobs_address);
    CHECK(api.try_login(bobs_address, the_password).status == 429);
    // The present password is guessed at in a session, too.
    const auto session = api.login(alices_address);
    const auto guess = [&](const std::string& password) {
        return api
            .in_session(session, "POST", "/auth/password", {{"current", password}, {"password", "another good one"}})
            .status;
    };
    for (int i = 0; i < 5; ++i)
        CHECK(guess("a bad password") == 403);
    CHECK(guess(the_password) == 429);
}

TEST_CASE("a mailbox has so many sessions, the newest; nothing in the database lets anybody in") {
    OwnerApi api;
    const auto first = api.login(bobs_address);
    const auto alices = api.login(alices_address);
    std::optional<OwnerApi::Session> last;
    for (std::size_t i = 0; i < accounts::most_sessions_of_mailbox; ++i)
        last = api.login(bobs_address);
    CHECK(api.sessions() == accounts::most_sessions_of_mailbox + 1);
    CHECK(api.status_in(first) == 401);
    CHECK(api.status_in(*last) == 200);
    CHECK(api.status_in(alices) == 200);
    const std::string file = read_file(api.folder.path / "vectis.db").value_or("") +
                             read_file(api.folder.path / "vectis.db-wal").value_or("");
    CHECK(file.find("session.create") != std::string::npos);
    CHECK(file.find(last->cookie.substr(last->cookie.find('=') + 1)) == std::string::npos);
    CHECK(file.find(api.one("select password from mailboxes where address = 'alice@example.test'")) ==
          std::string::npos);
    CHECK(api.database.read([](store::Database& reader) {
        auto select = reader.prepare("select count(distinct password) from sessions where mailbox is not null");
        return select.step() ? select.integer(0) : 0;
    }) == static_cast<std::int64_t>(api.sessions()));
}

TEST_CASE("what asks both versions of Dovecot by the protocol 'password' is not let in by an app password") {
    OwnerApi api;
    const std::string app = api.app_password(api.bob);
    const std::string mailboxs = api.one("select password from mailboxes where address = 'bob@example.test'");
    for (const auto& query : {passdb_query("2.3/directory.conf.mustache", "password_query = "),
                              passdb_query("2.4/dovecot.conf.mustache", "query = ")}) {
        INFO(query);
        const auto hash = [&](const std::string& protocol) {
            const std::string sql = filled_in(query, {{"%w", app},
                                                      {"%u", bobs_address},
                                                      {"%s", protocol},
                                                      {"%{password}", app},
                                                      {"%{user}", bobs_address},
                                                      {"%{protocol}", protocol}});
            return api.one("select password from (" + sql + ")");
        };
        CHECK(hash("password") == mailboxs);
        CHECK(accounts::verify_password(app, hash("imap")));
    }
}
