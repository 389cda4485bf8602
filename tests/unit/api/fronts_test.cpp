#include "api/fronts/fields.hpp"
#include "api/fronts/front.hpp"
#include "front.hpp"
#include "surface/fronts.hpp"

#include <fmt/format.h>

#include <algorithm>

using namespace vectis;
using vectis::test::FrontApi;

namespace {

std::string path_of(const surface::Front& front) {
    std::string path(front.route.path.substr(surface::text(front.vendor).size() + 1));
    for (const auto& [name, value] : {std::pair<std::string, std::string>{"{id}", uuid7()},
                                      {"{domain}", "example.test"},
                                      {"{stream}", "outbound"}}) {
        if (const auto at = path.find(name); at != std::string::npos)
            path.replace(at, name.size(), value);
    }
    return path;
}

} // namespace

TEST_CASE("each row of the fronts has a handler, and lies where its vendor's lie") {
    for (const auto& front : surface::fronts()) {
        CHECK(api::fronts::handler_of(front.operation) != nullptr);
        CHECK(surface::vendor_of(std::string(surface::compat_base) + std::string(front.route.path)) == front.vendor);
        CHECK(front.route.role.has_value());
        CHECK_FALSE(front.route.scope.empty());
        // What may be done with a key is the same as with the route that does the same.
        const auto routes = surface::routes();
        const auto same = std::find_if(routes.begin(), routes.end(),
                                       [&](const auto& route) { return route.operation == front.route.operation; });
        REQUIRE(same != routes.end());
        CHECK(same->scope == front.route.scope);
        CHECK(same->role == front.route.role);
        CHECK(same->most_body == front.route.most_body);
    }
    CHECK_FALSE(surface::vendor_of("/compat/resendx/emails"));
    CHECK_FALSE(surface::vendor_of("/compat"));
    CHECK_FALSE(surface::vendor_of("/api/v1/send"));
}

TEST_CASE("no row of the fronts lets anybody in but a key with its scope") {
    for (const auto& front : surface::fronts()) {
        FrontApi api{std::string(surface::text(front.vendor))};
        const std::string method(surface::text(front.route.method));
        const std::string path = path_of(front);
        INFO(method << " " << path);
        const auto refused = [](const test::Answer& answer) { return answer.status == 401 || answer.status == 403; };
        // Root's socket is no key.
        CHECK(refused(api.ask(method, api.base + path)));
        CHECK(refused(api.call(method, path, nullptr, {}, "vk_0000_wrong")));
        const auto other = api.make_key({{"name", "other"}, {"scopes", {"keys:read"}}})["token"].get<std::string>();
        CHECK(refused(api.call(method, path, nullptr, {}, other)));
        const auto elsewhere = api.make_key({{"name", "elsewhere"},
                                             {"scopes", {"send", "messages:read", "suppressions:read"}},
                                             {"networks", {"203.0.113.0/24"}}})["token"]
                                   .get<std::string>();
        CHECK(refused(api.call(method, path, nullptr, {}, elsewhere)));
        CHECK(api.messages().empty());
        CHECK(api.call("DELETE", path).status == 405);
        CHECK(api.call("GET", "/nothing/here").status == 404);
        CHECK_FALSE(refused(api.call(method, path)));
    }
}

TEST_CASE("a key's rate counts for fronts, too") {
    for (const auto* vendor : {"resend", "postmark", "sendgrid", "mailgun"}) {
        FrontApi api{vendor};
        const auto slow =
            api.make_key({{"name", "slow"}, {"scopes", {"send"}}, {"rate", 1}})["token"].get<std::string>();
        CHECK(api.call("GET", "/nothing", nullptr, {}, slow).status == 404);
        const auto refused = api.call("GET", "/nothing", nullptr, {}, slow);
        CHECK(refused.status == 429);
        CHECK_FALSE(refused.field("Retry-After").empty());
    }
}

TEST_CASE("who sends to too many is told by fronts, too, and when to come again") {
    const auto fault = api::fronts::fault_of(
        api::HttpError{429, "too_many_recipients", "the key shop may send to 5", {}, {{"Retry-After", "60"}}});
    for (const auto vendor :
         {surface::Vendor::resend, surface::Vendor::postmark, surface::Vendor::sendgrid, surface::Vendor::mailgun}) {
        const auto told = api::fronts::refusal(vendor, fault);
        CHECK(told.status == 429);
        CHECK(told.body.find("the key shop may send to 5") != std::string::npos);
        CHECK(std::count(told.fields.begin(), told.fields.end(),
                         std::pair<std::string, std::string>{"Retry-After", "60"}) == 1);
    }
}

TEST_CASE("what failed within is told without its words") {
    const auto fault = api::fronts::fault_of(Error(Code::system, "cannot read '/var/lib/vectis/secret'"));
    CHECK(fault.status == 500);
    CHECK(api::fronts::words_of(fault).find("secret") == std::string::npos);
    for (const auto vendor :
         {surface::Vendor::resend, surface::Vendor::postmark, surface::Vendor::sendgrid, surface::Vendor::mailgun})
        CHECK(api::fronts::refusal(vendor, fault).status == 500);
    const auto away = api::fronts::fault_of(Error(Code::unavailable, "the disk is away"));
    CHECK(api::fronts::refusal(surface::Vendor::postmark, away).status == 503);
}

TEST_CASE("what stands for something is replaced once, the longest first") {
    using api::fronts::substituted;
    CHECK(substituted("Dear %name%, %names%!", {{"%name%", "%names%"}, {"%names%", "all"}}) == "Dear %names%, all!");
    CHECK(substituted("aab", {{"a", "x"}, {"aa", "y"}}) == "yb");
    CHECK(substituted("ab", {{"", "x"}}) == "ab");
}
