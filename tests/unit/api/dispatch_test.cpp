#include "api.hpp"
#include "api/handlers/handlers.hpp"

#include <set>

using namespace vectis;
using vectis::test::Api;

TEST_CASE("an answer is an envelope, a fault a problem document, and both name the request") {
    Api api;
    const auto version = api.ask("GET", "/version");
    CHECK(version.status == 200);
    CHECK(version.json["data"]["version"] == VECTIS_VERSION);
    CHECK(version.json["meta"]["request_id"] == version.field("X-Request-Id"));

    const auto lost = api.ask("GET", "/heath");
    CHECK(lost.status == 404);
    CHECK(lost.response.type == "application/problem+json");
    CHECK(lost.json["code"] == "not_found");
    CHECK(lost.json["hint"] == "did you mean /api/v1/health?");
    CHECK(lost.json["request_id"] == lost.field("X-Request-Id"));
    for (const auto* path : {"/", "", "/health/", "//health", "/../health"})
        CHECK(api.ask("GET", path).status == 404);
}

TEST_CASE("a method that a path does not have is refused, with those it has") {
    Api api;
    const auto refused = api.ask("DELETE", "/admins");
    CHECK(refused.status == 405);
    CHECK(refused.field("Allow") == "GET, POST");
    CHECK(api.ask("HEAD", "/health").status == 200);
}

TEST_CASE("health says whether all is well") {
    Api api;
    CHECK(api.ask("GET", "/health").status == 200);
    api.well = false;
    const auto failing = api.ask("GET", "/health");
    CHECK(failing.status == 503);
    CHECK(failing.json["data"]["checks"][0]["status"] == "failing");
}

TEST_CASE("what fails within is logged, and not told") {
    Api api;
    api.fail = [] { throw Error(Code::system, "cannot read '/var/lib/vectis/secret'"); };
    const auto failed = api.ask("GET", "/health");
    CHECK(failed.status == 500);
    CHECK(failed.response.body.find("secret") == std::string::npos);
    REQUIRE(api.logged.size() == 1);
    CHECK(api.logged[0].find("secret") != std::string::npos);
    CHECK(api.logged[0].find(failed.field("X-Request-Id")) != std::string::npos);
}

TEST_CASE("what is no JSON is refused before it is read, and so is what would take long to read") {
    Api api;
    const auto login = [&](const std::string& type, const std::string& raw) {
        return api.ask("POST", "/auth/login",
                       {.body = nullptr, .fields = {{"content-type", type}}, .door = api::Door::proxy, .raw = raw});
    };
    for (const auto* type : {"multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "", "text/json"}) {
        const auto refused = login(type, "no matter what");
        CHECK(refused.status == 415);
        CHECK(refused.json["code"] == "unsupported_media_type");
    }
    std::string many = "{";
    for (int i = 0; i < 2000; ++i)
        many += "\"" + std::to_string(i) + "\":0,";
    const auto refused = login("application/json", many + "\"x\":0}");
    CHECK(refused.status == 400);
    CHECK(refused.json["detail"].get<std::string>().find("1000 keys") != std::string::npos);
}

TEST_CASE("the query is judged: unknown names, double ones and bad values are all told at once") {
    Api api;
    const auto bad = api.ask("GET", "/admins?limit=0&ordr=asc&sort=password&cursor=%%");
    CHECK(bad.status == 422);
    CHECK(bad.faults() == std::vector<std::string>{"?limit", "?ordr", "?sort"});
    CHECK(api.ask("GET", "/admins?limit=5&limit=6").status == 422);
    CHECK(api.ask("GET", "/admins?cursor=abc").status == 422);
    CHECK(api.ask("GET", "/version?x=1").status == 422);
    CHECK(api.ask("GET", "/admins/not-an-id").status == 404);
}

TEST_CASE("a body is judged: what it is, that it is JSON, and every field") {
    Api api;
    const auto post = [&](const Json& body) {
        return api.ask("POST", "/admins", {.body = body, .fields = {}, .raw = {}});
    };
    const auto bad = post({{"email", "no address"},
                           {"rol", "admin"},
                           {"domains", {"example.test", "example.test", 5}},
                           {"password", "short"}});
    CHECK(bad.status == 422);
    auto faults = bad.faults();
    std::sort(faults.begin(), faults.end());
    CHECK(faults == std::vector<std::string>{"/domains/1", "/domains/2", "/email", "/password", "/rol", "/role"});
    CHECK(post(Json::array()).status == 422);
    CHECK(post("text").status == 422);
    CHECK(api.ask("POST", "/admins", {.body = nullptr, .fields = {}, .raw = "{\"email\": \"a"}).status == 400);
    CHECK(api.ask("POST", "/admins", {.body = nullptr, .fields = {}, .raw = "{\"email\": 1, \"email\": 2}"}).status ==
          400);
    CHECK(api.ask("POST", "/admins", {.body = Json::object(), .fields = {{"content-type", "text/plain"}}, .raw = {}})
              .status == 415);
    CHECK(api.ask("POST", "/admins",
                  {.body = Json::object(), .fields = {{"content-type", "Application/JSON; charset=utf-8"}}, .raw = {}})
              .status == 422);
    CHECK(api.ask("GET", "/admins").json["data"].empty());
}

TEST_CASE("each route is one thing, has a handler, and says who may use it and why") {
    std::set<std::string> ids;
    std::set<std::string> places;
    for (const auto& route : surface::routes()) {
        INFO(route.id);
        CHECK(ids.insert(std::string(route.id)).second);
        CHECK(places.insert(std::string(surface::text(route.method)) + std::string(route.path)).second);
        CHECK(api::handlers::handler_of(route.operation) != nullptr);
        CHECK(route.role.has_value() == route.open_because.empty());
        CHECK(route.path.starts_with('/'));
        const auto groups = surface::groups();
        CHECK(std::any_of(groups.begin(), groups.end(), [&](const auto& each) { return each.name == route.group; }));
        const auto scopes = surface::scopes();
        CHECK((route.scope.empty() || std::find(scopes.begin(), scopes.end(), route.scope) != scopes.end()));
        // What is one's own, or can be made again at once, goes without asking.
        const std::set<std::string_view> at_once{"end_session", "remove_totp", "remove_admin_totp"};
        const bool destroys = route.method == surface::Method::del || route.id == "discard_hold";
        CHECK((route.confirm == (destroys && !at_once.contains(route.id))));
    }
}
