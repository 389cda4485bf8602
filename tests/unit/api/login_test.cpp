#include "accounts/totp.hpp"
#include "api.hpp"
#include "base/clock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <thread>

using namespace vectis;
using vectis::test::Api;

namespace {

constexpr auto anna = "anna@example.test";
constexpr auto good = "a good password";
// RFC 6238 appendix B: the ASCII letters 12345678901234567890.
constexpr auto rfc_secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

std::chrono::seconds unix_time() {
    return std::chrono::floor<std::chrono::seconds>(now().time_since_epoch());
}

/// The code that an authenticator would show `later`: found as a guesser would, since nothing here makes codes.
std::string code_of(const std::string& secret, std::chrono::seconds later = std::chrono::seconds(0)) {
    const auto at = unix_time() + later;
    const std::int64_t present = at.count() / 30;
    for (int guess = 0; guess < 1'000'000; ++guess) {
        const std::string code = fmt::format("{:06}", guess);
        if (accounts::totp_step(secret, code, present - 1, at) == present)
            return code;
    }
    FAIL("no code is good");
    return {};
}

} // namespace

TEST_CASE("one-time passwords are those of RFC 6238, each good once, a step early or late") {
    using std::chrono::seconds;
    const auto step = [](const std::string& code, std::int64_t last, std::int64_t at) {
        return accounts::totp_step(rfc_secret, code, last, seconds(at));
    };
    CHECK(step("287082", 0, 59) == 1);
    CHECK(step("081804", 0, 1111111109) == 37037036);
    CHECK(step("050471", 0, 1111111111) == 37037037);
    CHECK(step("005924", 0, 1234567890) == 41152263);
    CHECK(step("279037", 0, 2000000000) == 66666666);
    CHECK(step("353130", 0, 20000000000) == 666666666);
    CHECK(step("279037", 66666665, 2000000000 + 30) == 66666666);
    CHECK(step("279037", 66666665, 2000000000 - 30) == 66666666);
    CHECK_FALSE(step("279037", 0, 2000000000 + 60));
    CHECK_FALSE(step("279037", 0, 2000000000 - 60));
    CHECK_FALSE(step("279037", 66666666, 2000000000));
    for (const auto* bad : {"", "27903", "2790370", "27903a", " 79037", "-79037", "٢٧٩٠٣٧"})
        CHECK_FALSE(step(bad, 0, 2000000000));
    const std::string secret = accounts::new_totp_secret();
    CHECK(secret.size() == 32);
    CHECK(secret != accounts::new_totp_secret());
    CHECK(accounts::totp_uri(secret, anna, "mail.example.test") ==
          "otpauth://totp/mail.example.test:anna%40example.test?secret=" + secret + "&issuer=mail.example.test");
}

TEST_CASE("who logs in gets a cookie that no script sees, and changes need the token beside it") {
    Api api;
    api.make_admin(anna, "super_admin");
    const auto answer = api.try_login("ANNA@example.test", good);
    CHECK(answer.status == 200);
    const std::string cookie = answer.field("Set-Cookie");
    CHECK(cookie.starts_with("__Host-"));
    CHECK(cookie.ends_with("; Path=/; Secure; HttpOnly; SameSite=Strict"));
    const std::string secret = cookie.substr(cookie.find('=') + 1, cookie.find(';') - cookie.find('=') - 1);
    CHECK(secret.size() == 64);
    CHECK(answer.response.body.find(secret) == std::string::npos);

    const auto session = api.login(anna);
    CHECK(api.in_session(session, "GET", "/auth/me").json["data"]["credential"] == "session");
    const Json body{{"name", "one"}, {"scopes", {"keys:read"}}};
    for (const auto* bad : {"", "0", "undefined"}) {
        const auto refused = api.in_session({session.cookie, bad}, "POST", "/api-keys", body);
        CHECK(refused.status == 403);
        CHECK(refused.json["code"] == "csrf");
    }
    CHECK(api.in_session(session, "POST", "/api-keys", body).status == 201);
    CHECK(api.in_session({session.cookie + "0", session.csrf}, "GET", "/auth/me").status == 401);
    CHECK(api.in_session({"", ""}, "GET", "/auth/me").status == 401);
    const std::string file = read_file(api.folder.path / "vectis.db").value_or("") +
                             read_file(api.folder.path / "vectis.db-wal").value_or("");
    CHECK(file.find(secret) == std::string::npos);
}

TEST_CASE("an unknown address, a wrong password and a suspended one are told the same") {
    Api api;
    api.make_admin("root@example.test", "super_admin");
    const Json made = api.make_admin(anna, "admin");
    api.ask("PATCH", "/admins/" + made["id"].get<std::string>(),
            {.body = {{"suspended", true}}, .fields = {}, .raw = {}});
    std::set<std::string> told;
    for (const auto& [email, password] :
         std::vector<std::pair<std::string, std::string>>{{"nobody@example.test", good},
                                                          {"no address", good},
                                                          {"root@example.test", "a bad password"},
                                                          {anna, good}}) {
        auto answer = api.try_login(email, password);
        CHECK(answer.status == 401);
        CHECK(answer.field("Set-Cookie").empty());
        answer.json.erase("request_id");
        told.insert(to_text(answer.json));
    }
    CHECK(told.size() == 1);
}

TEST_CASE("guesses at the same time count each other, and so do those of one network") {
    Api api;
    api.make_admin(anna, "super_admin");
    std::vector<int> told(16);
    {
        std::vector<std::jthread> guessers;
        for (std::size_t i = 0; i < told.size(); ++i)
            guessers.emplace_back([&, i] {
                told[i] = api.try_login(anna, "a bad password", "", fmt::format("2001:db8::{:x}", i)).status;
            });
    }
    CHECK(std::count(told.begin(), told.end(), 401) == 5);
    CHECK(std::count(told.begin(), told.end(), 429) == 11);
    CHECK(api.try_login(anna, good, "", "2001:db8:0:1::1").status == 200);
    // Where they have logged in from before is a network as well.
    for (int i = 0; i < 60; ++i)
        api.try_login(anna, "a bad password", "", fmt::format("198.51.100.{}", i + 1));
    CHECK(api.try_login(anna, good, "", "198.51.100.99").status == 429);
    CHECK(api.try_login(anna, good, "", "2001:db8:0:1::2").status == 200);
}

TEST_CASE("whoever is logging in while the password is reset has no session afterwards") {
    Api api;
    const std::string id = api.make_admin(anna, "super_admin")["id"];
    std::atomic<bool> done = false;
    std::jthread intruder([&] {
        while (!done)
            static_cast<void>(api.try_login(anna, good, "", "192.0.2.2"));
    });
    for (int i = 0; i < 3; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        const Json body{{"password", "another password"}, {"must_change_password", false}};
        CHECK(api.ask("POST", "/admins/" + id + "/reset-password", {.body = body, .fields = {}, .raw = {}}).status ==
              200);
    }
    done = true;
    intruder.join();
    const auto session = api.login(anna, "another password");
    CHECK(api.in_session(session, "GET", "/auth/sessions").json["data"].size() == 1);
}

TEST_CASE("guessing ends after a few failures, and keeps nobody out who has been here before") {
    Api api;
    api.make_admin(anna, "super_admin");
    api.login(anna); // from 192.0.2.1
    for (int i = 0; i < 5; ++i)
        CHECK(api.try_login(anna, "a bad password", "", "198.51.100.1").status == 401);
    const auto refused = api.try_login(anna, good, "", "198.51.100.1");
    CHECK(refused.status == 429);
    CHECK(refused.json["code"] == "too_many_failures");
    CHECK_FALSE(refused.field("Retry-After").empty());
    CHECK(api.try_login(anna, good).status == 200);
    SECTION("from many addresses") {
        for (int i = 0; i < 45; ++i)
            CHECK(api.try_login(anna, "a bad password", "", fmt::format("203.0.113.{}", i)).status == 401);
        CHECK(api.try_login(anna, good, "", "198.51.100.77").status == 429);
        CHECK(api.try_login(anna, good).status == 200);
    }
    SECTION("of many accounts") {
        for (int i = 0; i < 15; ++i)
            CHECK(api.try_login(fmt::format("a{}@example.test", i), good, "", "198.51.100.1").status == 401);
        CHECK(api.try_login("another@example.test", good, "", "198.51.100.1").status == 429);
        CHECK(api.try_login("another@example.test", good, "", "198.51.100.2").status == 401);
    }
}

TEST_CASE("a password that was made allows nothing but another one") {
    Api api;
    const auto made =
        api.ask("POST", "/admins", {.body = {{"email", anna}, {"role", "super_admin"}}, .fields = {}, .raw = {}});
    const std::string password = made.json["data"]["one_time_password"];
    const auto session = api.login(anna, password);
    const auto other = api.login(anna, password);
    CHECK(api.in_session(session, "GET", "/auth/me").status == 200);
    const auto refused = api.in_session(session, "GET", "/admins");
    CHECK(refused.status == 403);
    CHECK(refused.json["code"] == "password_change_needed");
    const auto choose = [&](const std::string& current, const std::string& chosen) {
        return api.in_session(session, "POST", "/auth/password", {{"current", current}, {"password", chosen}}).status;
    };
    CHECK(choose("a bad password", "another good one") == 403);
    CHECK(choose(password, password) == 422);
    CHECK(choose(password, "short") == 422);
    CHECK(choose(password, anna) == 422);
    CHECK(choose(password, "another good one") == 200);
    CHECK(api.in_session(session, "GET", "/admins").status == 200);
    CHECK(api.in_session(other, "GET", "/auth/me").status == 401);
    CHECK(api.try_login(anna, password).status == 401);
    CHECK(api.try_login(anna, "another good one").status == 200);
}

TEST_CASE("sessions are listed and ended, one or all; nobody ends another's") {
    Api api;
    api.make_admin(anna, "super_admin");
    api.make_admin("bert@example.test", "super_admin");
    const auto first = api.login(anna);
    const auto second = api.login(anna);
    const auto berts = api.login("bert@example.test");
    const Json rows = api.in_session(first, "GET", "/auth/sessions").json["data"];
    REQUIRE(rows.size() == 2);
    CHECK(rows[0]["agent"] == "Browser/1");
    CHECK((rows[0]["current"] == false && rows[1]["current"] == true));
    const std::string target = "/auth/sessions/" + rows[0]["id"].get<std::string>();
    CHECK(api.in_session(berts, "DELETE", target).status == 404);
    CHECK(api.in_session(first, "DELETE", target).status == 200);
    CHECK(api.in_session(second, "GET", "/auth/me").status == 401);
    const auto out = api.in_session(first, "POST", "/auth/logout");
    CHECK(out.status == 200);
    CHECK(out.field("Set-Cookie").find("Max-Age=0") != std::string::npos);
    CHECK(api.in_session(first, "GET", "/auth/me").status == 401);

    const auto third = api.login(anna);
    const auto fourth = api.login(anna);
    CHECK(api.in_session(third, "POST", "/auth/logout-all").status == 200);
    CHECK(api.in_session(fourth, "GET", "/auth/me").status == 401);
    CHECK(api.in_session(berts, "GET", "/auth/me").status == 200);
}

TEST_CASE("a session ends with its administrator, and when it was not used or is old") {
    Api api;
    api.make_admin("root@example.test", "super_admin");
    const Json made = api.make_admin(anna, "admin");
    const std::string path = "/admins/" + made["id"].get<std::string>();
    const auto session = api.login(anna);
    const auto set = [&](const std::string& column, const std::string& at) {
        api.database.write([&](store::Database& database) {
            database.prepare("update sessions set " + column + " = ?1").bind(at).run();
            return 0;
        });
    };
    const auto ago = [](std::chrono::minutes minutes) { return rfc3339(now() - minutes); };
    const auto status = [&] { return api.in_session(session, "GET", "/auth/me").status; };
    using std::chrono::hours;
    SECTION("unused") {
        set("seen_at", ago(hours(12) - std::chrono::minutes(1)));
        CHECK(status() == 200); // and is used by that
        CHECK(status() == 200);
        set("seen_at", ago(hours(12) + std::chrono::minutes(1)));
        CHECK(status() == 401);
    }
    SECTION("old") {
        set("created_at", ago(hours(24 * 7) + std::chrono::minutes(1)));
        CHECK(status() == 401);
    }
    SECTION("suspended") {
        CHECK(api.ask("PATCH", path, {.body = {{"suspended", true}}, .fields = {}, .raw = {}}).status == 200);
        CHECK(status() == 401);
    }
    SECTION("another password by somebody else") {
        CHECK(api.ask("POST", path + "/reset-password", {.body = Json::object(), .fields = {}, .raw = {}}).status ==
              200);
        CHECK(status() == 401);
    }
    SECTION("gone") {
        CHECK(api.ask("DELETE", path + "?confirm=anna@example.test").status == 200);
        CHECK(status() == 401);
    }
}

TEST_CASE("on the host somebody is given a second factor, who needs it from its first good code on") {
    Api api;
    const std::string path = "/admins/" + api.make_admin(anna, "admin")["id"].get<std::string>() + "/totp";
    const auto begun = api.ask("POST", path + "/setup");
    REQUIRE(begun.status == 200);
    const std::string code = code_of(begun.json["data"]["secret"]);
    CHECK(api.ask("POST", path + "/verify", {.body = {{"code", "no code"}}, .fields = {}, .raw = {}}).status == 422);
    CHECK(api.try_login(anna, good).status == 200);
    const auto verified = api.ask("POST", path + "/verify", {.body = {{"code", code}}, .fields = {}, .raw = {}});
    CHECK(verified.status == 200);
    CHECK(verified.json["data"]["recovery_codes"].size() == 10);
    CHECK(api.try_login(anna, good).json["code"] == "code_needed");
}

TEST_CASE("a second factor counts from its first good code on; recovery codes are good once") {
    Api api;
    const Json made = api.make_admin(anna, "super_admin");
    const auto session = api.login(anna);
    const auto begun = api.in_session(session, "POST", "/auth/totp/setup", nullptr, {{"idempotency-key", "k"}});
    CHECK(begun.status == 200);
    const std::string secret = begun.json["data"]["secret"];
    CHECK(begun.json["data"]["svg"].get<std::string>().starts_with("<svg "));
    // Who asks again with the same key is not told again.
    const auto again = api.in_session(session, "POST", "/auth/totp/setup", nullptr, {{"idempotency-key", "k"}});
    CHECK((again.json["data"]["secret"].is_null() && again.json["data"]["uri"].is_null() &&
           again.json["data"]["svg"].is_null()));
    CHECK(api.try_login(anna, good).status == 200);
    const auto verify = [&](const std::string& code) {
        return api.in_session(session, "POST", "/auth/totp/verify", {{"code", code}});
    };
    const std::string code = code_of(secret);
    CHECK(verify(code == "000000" ? "000001" : "000000").faults() == std::vector<std::string>{"/code"});
    CHECK(api.try_login(anna, good).status == 200);
    const auto verified = verify(code);
    REQUIRE(verified.status == 200);
    const auto codes = verified.json["data"]["recovery_codes"].get<std::vector<std::string>>();
    CHECK(std::set<std::string>(codes.begin(), codes.end()).size() == 10);
    CHECK(verify(code).status == 409);
    CHECK(api.in_session(session, "POST", "/auth/totp/setup").status == 409);

    const auto needed = api.try_login(anna, good);
    CHECK((needed.status == 401 && needed.json["code"] == "code_needed"));
    CHECK(api.try_login(anna, "a bad password").json["code"] != "code_needed");
    CHECK(api.try_login(anna, good, code).status == 401); // it was taken
    const std::string next = code_of(secret, std::chrono::seconds(30));
    CHECK(api.try_login(anna, good, next).status == 200);
    CHECK(api.try_login(anna, good, next).status == 401);
    CHECK(api.try_login(anna, good, codes[0]).status == 200);
    CHECK(api.try_login(anna, good, codes[0]).status == 401);
    std::string typed = codes[1];
    std::replace(typed.begin(), typed.end(), '-', ' ');
    CHECK(api.try_login(anna, good, typed).status == 200);

    SECTION("its owner does without it") {
        const auto remove = [&](const std::string& password) {
            return api.in_session(session, "DELETE", "/auth/totp", {{"password", password}}).status;
        };
        CHECK(remove("a bad password") == 403);
        CHECK(remove(good) == 200);
        CHECK(remove(good) == 404);
        CHECK(api.try_login(anna, good).status == 200);
    }
    SECTION("it was lost") {
        CHECK(api.ask("DELETE", "/admins/" + made["id"].get<std::string>() + "/totp").status == 200);
        CHECK(api.try_login(anna, good).status == 200);
        CHECK(api.try_login(anna, good, codes[2]).status == 200); // not needed, not looked at
    }
    const std::string log = api.ask("GET", "/audit/export").response.body;
    CHECK(log.find("admin.enable_second_factor") != std::string::npos);
    for (const auto& each : {secret, codes[0], codes[5]})
        CHECK(log.find(each) == std::string::npos);
}
