#include "accounts/password.hpp"
#include "api.hpp"
#include "store/admins.hpp"

#include <fmt/format.h>

using namespace vectis;
using vectis::test::Api;

TEST_CASE("an administrator is made with a password of ours, shown once, or with a chosen one") {
    Api api;
    const auto post = [&](const Json& body) {
        return api.ask("POST", "/admins", {.body = body, .fields = {}, .raw = {}});
    };
    CHECK(post({{"email", "first@example.test"}, {"role", "admin"}}).json["data"]["announced"] == true);
    const auto made = post({{"email", "Anna@Example.TEST"}, {"role", "super_admin"}, {"announced", false}});
    REQUIRE(made.status == 201);
    const Json& admin = made.json["data"];
    CHECK(admin["email"] == "anna@example.test");
    CHECK(admin["must_change_password"] == true);
    CHECK(admin["announced"] == false);
    CHECK(made.field("Location") == "/api/v1/admins/" + admin["id"].get<std::string>());
    const auto stored = [&] {
        return api.ledger.read([](store::Database& database) {
            return store::Admins(database).find_by_email("anna@example.test")->password;
        });
    };
    CHECK(accounts::verify_password(admin["one_time_password"].get<std::string>(), stored()));
    const std::string path = "/admins/" + admin["id"].get<std::string>();
    CHECK_FALSE(api.ask("GET", path).json["data"].contains("one_time_password"));
    CHECK(api.ask("POST", path + "/announce").json["data"]["announced"] == true);

    const auto chosen =
        api.ask("POST", path + "/reset-password", {.body = {{"password", "a good password"}}, .fields = {}, .raw = {}});
    CHECK(chosen.json["data"]["one_time_password"].is_null());
    CHECK(chosen.json["data"]["must_change_password"] == false);
    CHECK(accounts::verify_password("a good password", stored()));

    CHECK(post({{"email", "ANNA@example.test"}, {"role", "admin"}}).status == 409);
    CHECK(post({{"email", "b@example.test"}, {"role", "domain_admin"}}).faults() ==
          std::vector<std::string>{"/domains"});
    CHECK(post({{"email", "b@example.test"}, {"role", "admin"}, {"domains", {"a.test"}}}).faults() ==
          std::vector<std::string>{"/domains"});
}

TEST_CASE("nobody locks everybody out") {
    Api api;
    const std::string only = "/admins/" + api.make_admin("anna@example.test", "super_admin")["id"].get<std::string>();
    const auto patch = [&](const Json& body) {
        return api.ask("PATCH", only, {.body = body, .fields = {}, .raw = {}}).status;
    };
    CHECK(patch({{"suspended", true}}) == 409);
    CHECK(patch({{"role", "admin"}}) == 409);
    CHECK(api.ask("DELETE", only + "?confirm=anna@example.test").status == 409);
    CHECK(patch({{"name", "Anna"}}) == 200);
    api.make_admin("bert@example.test", "super_admin");
    CHECK(api.ask("DELETE", only + "?confirm=anna@example.test").status == 200);
    CHECK(api.ask("GET", only).status == 404);
}

TEST_CASE("a change of what was changed meanwhile is refused") {
    Api api;
    const std::string path = "/admins/" + api.make_admin("anna@example.test", "super_admin")["id"].get<std::string>();
    const std::string tag = api.ask("GET", path).field("ETag");
    const auto rename = [&](const std::string& name, const std::string& match) {
        return api.ask("PATCH", path, {.body = {{"name", name}}, .fields = {{"if-match", match}}, .raw = {}});
    };
    const auto first = rename("Anna", tag);
    CHECK(first.status == 200);
    CHECK(rename("Berta", tag).status == 412);
    CHECK(rename("Berta", "\"other\", " + first.field("ETag")).status == 200);
    CHECK(rename("Clara", "*").status == 200);
}

TEST_CASE("a list comes in pages, in any order it offers, and picks what is asked for") {
    Api api;
    for (int i = 0; i < 7; ++i)
        api.make_key({{"name", fmt::format("key {}", (i * 3) % 7)}, {"scopes", {"keys:read"}}});
    for (const auto& [order, first] : {std::pair{"asc", "key 0"}, std::pair{"desc", "key 6"}}) {
        std::vector<std::string> names;
        std::string cursor;
        int pages = 0;
        for (bool more = true; more; ++pages) {
            const auto page = api.ask("GET", fmt::format("/api-keys?limit=3&sort=name&order={}{}", order, cursor));
            for (const auto& each : page.json["data"])
                names.push_back(each["name"]);
            more = page.json["meta"]["pagination"]["has_more"];
            cursor = more ? "&cursor=" + page.json["meta"]["pagination"]["next_cursor"].get<std::string>() : "";
        }
        CHECK(pages == 3);
        REQUIRE(names.size() == 7);
        CHECK(names.front() == first);
        CHECK((std::string(order) == "asc" ? std::is_sorted(names.begin(), names.end())
                                           : std::is_sorted(names.rbegin(), names.rend())));
    }
    CHECK(api.ask("GET", "/api-keys?name=key 3").json["data"].size() == 1);
}

TEST_CASE("the same Idempotency-Key does nothing twice, and keeps no secret") {
    Api api;
    const auto post = [&](const std::string& key, const std::string& name) {
        return api.ask(
            "POST", "/api-keys",
            {.body = {{"name", name}, {"scopes", {"keys:read"}}}, .fields = {{"idempotency-key", key}}, .raw = {}});
    };
    const auto first = post("k1", "one");
    const auto again = post("k1", "one");
    CHECK(first.status == 201);
    CHECK(again.status == 201);
    CHECK(again.json["data"]["id"] == first.json["data"]["id"]);
    CHECK(again.json["data"]["token"].is_null());
    CHECK(again.field("Idempotent-Replayed") == "true");
    CHECK(post("k1", "two").status == 422);
    CHECK(post("k2", "one").status == 409);
    CHECK(post("k2", "two").status == 201); // what was refused may be tried again
    CHECK(post("", "three").status == 400);
    CHECK(api.ask("GET", "/api-keys").json["data"].size() == 2);
    const std::string secret = first.json["data"]["token"].get<std::string>().substr(36);
    CHECK(read_file(api.folder.path / "vectis.db-wal").value_or("").find(secret) == std::string::npos);
}

TEST_CASE("the same Idempotency-Key with another password is another request") {
    Api api;
    const std::string path =
        "/admins/" + api.make_admin("anna@example.test", "super_admin")["id"].get<std::string>() + "/reset-password";
    const auto reset = [&](const Json& body) {
        return api.ask("POST", path, {.body = body, .fields = {{"idempotency-key", "k"}}, .raw = {}});
    };
    CHECK(reset({{"password", "the first password"}}).status == 200);
    const auto again = reset({{"password", "the first password"}});
    CHECK(again.field("Idempotent-Replayed") == "true");
    CHECK(again.json["meta"]["request_id"] == again.field("X-Request-Id"));
    CHECK(reset({{"password", "the second password"}}).status == 422);
    CHECK(reset(Json::object()).status == 422);
}

TEST_CASE("the audit log says who did what, and shows what was done to itself") {
    Api api;
    const std::string anna = api.make_admin("anna@example.test", "super_admin")["id"];
    const auto renamed =
        api.ask("PATCH", "/admins/" + anna, {.body = {{"name", "=HYPERLINK(\"x\")"}}, .fields = {}, .raw = {}});
    api.make_key({{"name", "one"}, {"scopes", {"keys:read"}}});
    CHECK(api.ask("DELETE", "/admins/" + anna + "?confirm=anna@example.test").status == 409); // leaves no row
    const Json rows = api.ask("GET", "/audit").json["data"];
    REQUIRE(rows.size() == 3);
    CHECK(rows[0]["action"] == "api_key.create");
    CHECK(rows[1]["action"] == "admin.update");
    CHECK(rows[1]["request_id"] == renamed.field("X-Request-Id"));
    CHECK(rows[1]["before"]["name"] == "");
    CHECK(rows[1]["after"]["name"] == "=HYPERLINK(\"x\")");
    CHECK(rows[2]["actor"] == "root");
    CHECK(api.ask("GET", "/audit?limit=2").json["meta"]["pagination"]["has_more"] == true);
    CHECK(api.ask("GET", "/audit?action=admin.update").json["data"].size() == 1);
    CHECK(api.ask("GET", "/audit").response.body.find("a good password") == std::string::npos);

    const std::string lines = api.ask("GET", "/audit/export").response.body;
    CHECK(std::count(lines.begin(), lines.end(), '\n') == 3);
    const std::string csv = api.ask("GET", "/audit/export?format=csv").response.body;
    CHECK(csv.starts_with("\"seq\",\"at\",\"actor\""));

    const auto whole = [&] { return api.ask("GET", "/audit/verify").json["data"]["whole"].get<bool>(); };
    const auto tamper = [&](const std::string& sql) {
        api.ledger.read([&](store::Database& database) {
            CHECK_THROWS_AS(database.execute(sql), Error);
            database.execute("drop trigger audit_is_not_changed; drop trigger audit_is_not_shortened");
            database.execute(sql);
        });
    };
    CHECK(whole());
    SECTION("one byte changed") {
        tamper("update audit set target = replace(target, 'anna', 'bnna') where seq = 2");
    }
    SECTION("one row removed") {
        tamper("delete from audit where seq = 2");
    }
    SECTION("the last row removed") {
        tamper("delete from audit where seq = 3");
    }
    SECTION("a null made a text") {
        tamper("update audit set before = '' where seq = 1");
    }
    CHECK_FALSE(whole());
}
