#include "mail_api.hpp"

using namespace vectis;
using vectis::test::Api;
using vectis::test::MailApi;

namespace {

/// A path of the route that leads to something that is not there, unless `id` is there.
std::string target_of(const surface::Route& route, const std::string& id = "019dc1a6-6f5e-7a4c-b5c0-3f0b0a1f5d11") {
    std::string path(route.path);
    for (const auto& [name, value] : {std::pair<std::string, std::string>{"{id}", id},
                                      {"{app_password}", "019dc1a6-6f5e-7a4c-b5c0-3f0b0a1f5d12"},
                                      {"{selector}", "r1"},
                                      {"{script}", "main"},
                                      {"{service}", "redis"},
                                      {"{queue_id}", "4gFw2xPqz9z1"},
                                      {"{generation}", "1"}}) {
        if (const auto at = path.find(name); at != std::string::npos)
            path.replace(at, name.size(), value);
    }
    return path;
}

/// One that is in order, for what the owner of a mailbox may do to it.
Json body_of(const surface::Route& route) {
    if (route.operation == surface::Operation::sieve_put)
        return {{"script", "keep;"}};
    return route.operation == surface::Operation::app_passwords_create ? Json{{"name", "phone"}} : Json();
}

Json key_body(const std::string& name, const Json& scopes) {
    return {{"name", name}, {"scopes", scopes}};
}

} // namespace

TEST_CASE("every credential against every route: whoever may not is refused before anything else happens") {
    MailApi api;
    api.make_admin("root@example.test", "super_admin");
    Json scopes = Json::array();
    for (const auto scope : surface::scopes())
        scopes.push_back(scope);
    std::map<std::string, std::string> keys;
    for (const auto* role : {"domain_admin", "admin", "super_admin"}) {
        Json body = key_body(role, scopes);
        body["role"] = role;
        keys[role] = api.make_key(body)["token"];
    }
    std::map<std::string, std::string> scoped;
    for (const auto scope : surface::scopes())
        scoped[std::string(scope)] = api.make_key(key_body(std::string(scope), {scope}))["token"];

    Json bound_body = key_body("bound", scopes);
    bound_body["domains"] = {"example.test"};
    const std::string bound = api.make_key(bound_body)["token"]; // of every role and scope, and of one domain

    std::map<std::string, Api::Session> sessions;
    for (const auto* role : {"domain_admin", "admin", "super_admin"}) {
        const std::string email = std::string(role) + "@example.test";
        api.make_admin(email, role, role == std::string("domain_admin") ? Json{"example.test"} : Json::array());
        sessions[role] = api.login(email);
    }
    const std::string owned = api.make_mailbox("mailbox@example.test").substr(std::string("/mailboxes/").size());
    const std::string foreign = api.id_of("/mailboxes", "address", "alice@example.test");
    sessions["mailbox"] = api.login("mailbox@example.test");
    const auto owner = api.login("mailbox@example.test");
    api.scripts["mailbox@example.test"]["main"] = "keep;";
    std::size_t theirs = 0;

    int number = 0;
    for (const auto& route : surface::routes()) {
        const std::string method(surface::text(route.method));
        const std::string target = target_of(route);
        const std::string stranger = "192.0.2." + std::to_string(++number); // each may ask so often only
        const bool open = !route.role.has_value();
        INFO(method << " " << target);
        for (const auto* bad : {"", "Bearer", "Bearer vk_", "Basic cm9vdDpyb290", "Bearer vk_0_0"}) {
            const auto answer = api.ask(method, target,
                                        {.body = nullptr,
                                         .fields = {{"authorization", bad}},
                                         .door = api::Door::proxy,
                                         .address = stranger,
                                         .raw = {}});
            CHECK((answer.status == 401) == !open);
        }
        for (const auto& [name, token] : keys) {
            const bool enough = open || *surface::role_named(name) >= *route.role;
            CHECK((api.with_key(token, method, target).status == 403) == !(enough && !route.session));
        }
        for (const auto& [name, session] : sessions) {
            const bool enough = open || *surface::role_named(name) >= *route.role;
            Api::Session forged = session;
            forged.csrf = sessions.at(name == "admin" ? "super_admin" : "admin").csrf;
            const auto refused = api.in_session(forged, method, target);
            CHECK((refused.status == 403) == (!open && (!enough || method != "GET")));
            // Its own end comes last.
            if (route.id == "log_out" || route.id == "log_out_everywhere")
                continue;
            CHECK((api.in_session(session, method, target).status == 403) == !enough);
        }
        // Of what is done to a mailbox, its owner may do some; any other is not there for them.
        if (route.path.find("{id}") != std::string_view::npos) {
            const bool owners = route.role == surface::Role::mailbox && route.group == "mailboxes";
            const auto status = [&](const std::string& id) {
                return api
                    .in_session(owner, method, target_of(route, id) + (route.confirm ? "?confirm=main" : ""),
                                owners ? body_of(route) : Json())
                    .status;
            };
            const int of_own = status(owned);
            if (owners && route.operation != surface::Operation::app_passwords_delete)
                CHECK(of_own < 300);
            else
                CHECK((of_own == 403) == (*route.role > surface::Role::mailbox));
            CHECK(status(foreign) == (*route.role > surface::Role::mailbox ? 403 : 404));
            theirs += owners ? 1 : 0;
        }
        for (const auto& [scope, token] : scoped) {
            const bool enough = (route.scope.empty() || route.scope == scope) && !route.session;
            CHECK((api.with_key(token, method, target).status == 403) == !enough);
        }
        CHECK((api.with_key(bound, method, target).status == 403) ==
              (route.session || (!open && surface::group_of(route).whole_server)));
        const int at_socket = api.ask(method, target).status;
        CHECK((at_socket == 403) == route.session);
        CHECK(at_socket != 401);
    }
    CHECK(theirs == 11);
}

TEST_CASE("who is at the administrators' socket may do everything, the network is no credential") {
    Api api;
    CHECK(api.ask("GET", "/auth/me").json["data"]["role"] == "super_admin");
    CHECK(api.ask("GET", "/auth/me").json["data"]["name"] == "root");
    for (const auto door : {api::Door::proxy, api::Door::local}) {
        const auto refused = api.ask("GET", "/auth/me", {.body = nullptr, .fields = {}, .door = door, .raw = {}});
        CHECK(refused.status == 401);
        CHECK(refused.field("WWW-Authenticate") == "Bearer");
    }
}

TEST_CASE("a key is shown once, is stored as a hash, and is taken until it is removed") {
    Api api;
    const Json made = api.make_key(key_body("one", {"keys:read"}));
    const std::string token = made["token"];
    CHECK(api.with_key(token, "GET", "/auth/me").json["data"]["scopes"] == Json{"keys:read"});
    const std::string id = made["id"];
    CHECK_FALSE(api.ask("GET", "/api-keys/" + id).json["data"].contains("token"));
    const std::string secret = token.substr(token.rfind('_') + 1);
    const std::string file = read_file(api.folder.path / "vectis.db").value_or("") +
                             read_file(api.folder.path / "vectis.db-wal").value_or("");
    CHECK(file.find("one") != std::string::npos);
    CHECK(file.find(secret) == std::string::npos);

    for (std::size_t i = 3; i < token.size(); ++i) {
        std::string other = token;
        other[i] = other[i] == 'a' ? 'b' : 'a';
        CHECK(api.with_key(other, "GET", "/auth/me").status == 401);
    }
    CHECK(api.ask("DELETE", "/api-keys/" + id).status == 422);
    CHECK(api.ask("DELETE", "/api-keys/" + id + "?confirm=two").status == 422);
    CHECK(api.with_key(token, "GET", "/auth/me").status == 200);
    CHECK(api.ask("DELETE", "/api-keys/" + id + "?confirm=one").status == 200);
    CHECK(api.with_key(token, "GET", "/auth/me").status == 401);
    CHECK(api.ask("DELETE", "/api-keys/" + id + "?confirm=one").status == 404);
}

TEST_CASE("a key is taken from its networks alone, until it expires, and so often in a minute") {
    Api api;
    Json body = key_body("one", {"keys:read"});
    SECTION("networks") {
        body["networks"] = {"198.51.100.0/24", "2001:db8::/32"};
        const std::string token = api.make_key(body)["token"];
        CHECK(api.with_key(token, "GET", "/auth/me", nullptr, "198.51.100.7").status == 200);
        CHECK(api.with_key(token, "GET", "/auth/me", nullptr, "2001:db8::7").status == 200);
        for (const auto* elsewhere : {"192.0.2.1", "2001:db9::1", "", "localhost"})
            CHECK(api.with_key(token, "GET", "/auth/me", nullptr, elsewhere).status == 401);
    }
    SECTION("expiry") {
        body["expires_at"] = "2020-01-01T00:00:00.000Z";
        CHECK(api.with_key(api.make_key(body)["token"], "GET", "/auth/me").status == 401);
    }
    SECTION("rate") {
        body["rate"] = 3;
        const std::string token = api.make_key(body)["token"];
        for (int i = 2; i >= 0; --i) {
            const auto answer = api.with_key(token, "GET", "/auth/me");
            CHECK(answer.status == 200);
            CHECK(answer.field("RateLimit-Remaining") == std::to_string(i));
        }
        const auto refused = api.with_key(token, "GET", "/auth/me");
        CHECK(refused.status == 429);
        CHECK(refused.field("RateLimit-Limit") == "3");
        CHECK_FALSE(refused.field("Retry-After").empty());
    }
}

TEST_CASE("after a rotation the secret of before is taken for a while, and no longer") {
    Api api;
    const Json made = api.make_key(key_body("one", {"keys:read"}));
    const std::string path = "/api-keys/" + made["id"].get<std::string>() + "/rotate";
    const auto rotate = [&](int overlap) {
        return api.ask("POST", path, {.body = {{"overlap_seconds", overlap}}, .fields = {}, .raw = {}})
            .json["data"]["token"]
            .get<std::string>();
    };
    const std::string second = rotate(60);
    CHECK(second != made["token"].get<std::string>());
    CHECK(api.with_key(made["token"], "GET", "/auth/me").status == 200);
    CHECK(api.with_key(second, "GET", "/auth/me").status == 200);
    const std::string third = rotate(0);
    CHECK(api.with_key(made["token"], "GET", "/auth/me").status == 401);
    CHECK(api.with_key(second, "GET", "/auth/me").status == 401);
    CHECK(api.with_key(third, "GET", "/auth/me").status == 200);
}

TEST_CASE("a key reaches no further than who makes it, then and later") {
    Api api;
    Json body = key_body("maker", {"keys:read", "keys:write"});
    body["role"] = "domain_admin";
    body["domains"] = {"a.test", "b.test"};
    body["rate"] = 100;
    const std::string maker = api.make_key(body)["token"];
    const auto refused = [&](const Json& wanted) {
        const auto answer = api.with_key(maker, "POST", "/api-keys", wanted);
        CHECK(answer.status == 403);
        return answer.faults();
    };
    CHECK(refused({{"name", "x"},
                   {"scopes", {"keys:read", "audit:read"}},
                   {"domains", {"a.test", "c.test"}},
                   {"rate", 101}}) == std::vector<std::string>{"/scopes/1", "/domains/1", "/rate"});
    CHECK(refused({{"name", "x"}, {"scopes", {"keys:read"}}, {"domains", nullptr}}) ==
          std::vector<std::string>{"/domains"});
    refused({{"name", "x"}, {"scopes", {"keys:read"}}, {"role", "admin"}});
    const Json made = api.make_key(key_body("made", {"keys:read"}), maker);
    CHECK(made["domains"] == Json{"a.test", "b.test"});
    CHECK(made["rate"] == 100);
}

TEST_CASE("what somebody else has made is not there") {
    Api api;
    const auto key_of = [&](const std::string& email, const std::string& role) {
        const Json admin = api.make_admin(email, role, role == "domain_admin" ? Json{"a.test"} : Json::array());
        const Json key = api.make_key(key_body("first of " + email, {"keys:read", "keys:write"}));
        api.ledger.read([&](store::Database& database) {
            database.prepare("update api_keys set admin = ?1 where id = ?2")
                .bind(admin["id"].get<std::string>(), key["id"].get<std::string>())
                .run();
        });
        return std::pair{admin, key};
    };
    const auto [boss, boss_key] = key_of("boss@example.test", "super_admin");
    const auto [anna, anna_key] = key_of("anna@example.test", "admin");
    const auto [bert, bert_key] = key_of("bert@example.test", "domain_admin");
    CHECK(api.with_key(anna_key["token"], "GET", "/auth/me").json["data"]["role"] == "admin");
    CHECK(api.with_key(bert_key["token"], "GET", "/auth/me").json["data"]["domains"] == Json{"a.test"});
    const std::string other = "/api-keys/" + anna_key["id"].get<std::string>();
    for (const auto* method : {"GET", "PATCH", "DELETE"})
        CHECK(api.with_key(bert_key["token"], method, other, Json(nullptr)).status == 404);
    CHECK(api.with_key(bert_key["token"], "POST", other + "/rotate").status == 404);
    CHECK(api.with_key(bert_key["token"], "GET", "/api-keys").json["data"].size() == 1);
    CHECK(api.with_key(boss_key["token"], "GET", "/api-keys").json["data"].size() == 3);

    // Who may do less has keys that do less; who is kept out has none.
    const auto change = [&, &anna = anna](const Json& body) {
        return api.ask("PATCH", "/admins/" + anna["id"].get<std::string>(), {.body = body, .fields = {}, .raw = {}})
            .status;
    };
    CHECK(change({{"role", "domain_admin"}, {"domains", {"b.test"}}}) == 200);
    CHECK(api.with_key(anna_key["token"], "GET", "/auth/me").json["data"]["role"] == "domain_admin");
    CHECK(api.with_key(anna_key["token"], "GET", "/auth/me").json["data"]["domains"] == Json{"b.test"});
    CHECK(change({{"suspended", true}}) == 200);
    CHECK(api.with_key(anna_key["token"], "GET", "/auth/me").status == 401);
    CHECK(api.ask("DELETE", "/admins/" + bert["id"].get<std::string>() + "?confirm=bert@example.test").status == 200);
    CHECK(api.with_key(bert_key["token"], "GET", "/auth/me").status == 401);
}

TEST_CASE("a key gives neither itself nor another what it does not have") {
    Api api;
    const auto session = [&] {
        api.make_admin("anna@example.test", "super_admin");
        return api.login("anna@example.test");
    }();
    const auto make = [&](Json body, const std::string& role) {
        body["role"] = role;
        const auto made = api.in_session(session, "POST", "/api-keys", body);
        REQUIRE(made.status == 201);
        return made.json["data"];
    };
    SECTION("a role") {
        const std::string low = make(key_body("low", {"keys:write", "admins:write"}), "domain_admin")["token"];
        const std::string high = make(key_body("high", {"admins:write"}), "super_admin")["id"];
        CHECK(api.with_key(low, "POST", "/api-keys/" + high + "/rotate", Json::object()).status == 403);
        CHECK(api.with_key(low, "PATCH", "/api-keys/" + high, {{"name", "higher"}}).status == 403);
    }
    SECTION("a limit of recipients") {
        Json body = key_body("limited", {"keys:write"});
        body["recipients"] = 100;
        const std::string token = make(body, "admin")["token"];
        const auto add = [&](const std::string& name, const Json& recipients) {
            Json another = key_body(name, {"keys:write"});
            another["role"] = "domain_admin";
            if (!recipients.is_null())
                another["recipients"] = recipients;
            return api.with_key(token, "POST", "/api-keys", another);
        };
        CHECK(add("more", 101).faults() == std::vector<std::string>{"/recipients"});
        CHECK(add("same", nullptr).json["data"]["recipients"] == 100);
        CHECK(add("less", 1).json["data"]["recipients"] == 1);
    }
    SECTION("networks and an end") {
        const std::string end = "2099-01-01T00:00:00.000Z";
        Json body = key_body("bound", {"keys:write"});
        body["networks"] = {"192.0.2.0/24"};
        body["expires_at"] = end;
        const Json bound = make(body, "admin");
        const std::string path = "/api-keys/" + bound["id"].get<std::string>();
        const auto ask = [&](const std::string& method, const std::string& target, const Json& what) {
            return api.with_key(bound["token"], method, target, what);
        };
        CHECK(ask("PATCH", path, {{"networks", nullptr}}).faults() == std::vector<std::string>{"/networks"});
        CHECK(ask("PATCH", path, {{"networks", {"192.0.2.0/25", "192.0.0.0/16"}}}).faults() ==
              std::vector<std::string>{"/networks/1"});
        CHECK(ask("PATCH", path, {{"expires_at", nullptr}}).faults() == std::vector<std::string>{"/expires_at"});
        CHECK(ask("PATCH", path, {{"expires_at", "2099-01-01T00:00:00.001Z"}}).status == 403);
        CHECK(ask("PATCH", path, {{"networks", {"192.0.2.0/25"}}}).status == 200);
        Json another = key_body("another", {"keys:write"});
        another["role"] = "domain_admin";
        const auto made = ask("POST", "/api-keys", another).json["data"];
        CHECK(made["networks"] == Json{"192.0.2.0/25"});
        CHECK(made["expires_at"] == end);
    }
}
