#include "api/dispatch.hpp"
#include "api/handlers/handlers.hpp"
#include "base/random.hpp"
#include "catch.hpp"

#include <nlohmann/json.hpp>

#include <set>

using namespace vectis;
using namespace vectis::api;

namespace {

struct Api {
    bool well = true;
    std::vector<std::string> logged;
    Services services{.health =
                          [this] {
                              return std::vector<std::pair<std::string, bool>>{{"directory", well}};
                          },
                      .log = [this](const std::string& line) { logged.push_back(line); }};

    Response ask(const std::string& method, const std::string& path, Door door = Door::proxy) {
        Request request{.id = uuid7(),
                        .peer = {.door = door, .address = "192.0.2.1", .user = 0},
                        .method = method,
                        .path = path,
                        .query = {},
                        .field = [](const std::string&) { return std::nullopt; },
                        .body = [](std::size_t) { return std::string(); }};
        return dispatch(services, request);
    }
};

std::string field(const Response& response, const std::string& name) {
    for (const auto& [key, value] : response.fields) {
        if (key == name)
            return value;
    }
    return {};
}

} // namespace

TEST_CASE("an answer is an envelope, a fault a problem document, and both name the request") {
    Api api;
    const auto version = api.ask("GET", "/api/v1/version");
    CHECK(version.status == 200);
    const Json json = parse_json(version.body);
    CHECK(json["data"]["version"] == VECTIS_VERSION);
    CHECK(json["meta"]["request_id"] == field(version, "X-Request-Id"));

    const auto lost = api.ask("GET", "/api/v1/heath");
    CHECK(lost.status == 404);
    CHECK(lost.type == "application/problem+json");
    const Json problem = parse_json(lost.body);
    CHECK(problem["code"] == "not_found");
    CHECK(problem["hint"] == "did you mean /api/v1/health?");
    CHECK(problem["request_id"] == field(lost, "X-Request-Id"));
    for (const auto* path : {"/", "/api/v1", "/api/v1/", "/api/v2/health", "/api/v1/health/", "/api/v1//health", ""})
        CHECK(api.ask("GET", path).status == 404);
}

TEST_CASE("a method that a path does not have is refused, with those it has") {
    Api api;
    const auto refused = api.ask("DELETE", "/api/v1/health");
    CHECK(refused.status == 405);
    CHECK(field(refused, "Allow") == "GET");
    CHECK(api.ask("HEAD", "/api/v1/health").status == 200);
}

TEST_CASE("health says whether all is well") {
    Api api;
    CHECK(api.ask("GET", "/api/v1/health").status == 200);
    api.well = false;
    const auto failing = api.ask("GET", "/api/v1/health");
    CHECK(failing.status == 503);
    CHECK(parse_json(failing.body)["data"]["checks"][0]["status"] == "failing");
}

TEST_CASE("the administrative socket is a credential, the network is none") {
    Api api;
    const auto me = api.ask("GET", "/api/v1/auth/me", Door::admin);
    CHECK(parse_json(me.body)["data"]["role"] == "super_admin");
    for (const auto door : {Door::proxy, Door::local}) {
        const auto refused = api.ask("GET", "/api/v1/auth/me", door);
        CHECK(refused.status == 401);
        CHECK(field(refused, "WWW-Authenticate") == "Bearer");
    }
}

TEST_CASE("what fails within is logged, and not told") {
    Api api;
    api.services.health = []() -> std::vector<std::pair<std::string, bool>> {
        throw Error(Code::system, "cannot read '/var/lib/vectis/secret'");
    };
    const auto failed = api.ask("GET", "/api/v1/health");
    CHECK(failed.status == 500);
    CHECK(failed.body.find("secret") == std::string::npos);
    REQUIRE(api.logged.size() == 1);
    CHECK(api.logged[0].find("secret") != std::string::npos);
    CHECK(api.logged[0].find(field(failed, "X-Request-Id")) != std::string::npos);
}

TEST_CASE("each route is one thing, has a handler, and says who may use it and why") {
    std::set<std::string> ids;
    std::set<std::string> places;
    for (const auto& route : surface::routes()) {
        INFO(route.id);
        CHECK(ids.insert(std::string(route.id)).second);
        CHECK(places.insert(std::string(surface::text(route.method)) + std::string(route.path)).second);
        CHECK(handlers::handler_of(route.operation) != nullptr);
        CHECK(route.role.has_value() == route.open_because.empty());
        CHECK(route.path.starts_with('/'));
        const auto groups = surface::groups();
        CHECK(std::any_of(groups.begin(), groups.end(), [&](const auto& each) { return each.name == route.group; }));
    }
}
