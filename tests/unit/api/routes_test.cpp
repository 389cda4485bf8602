#include "api.hpp"
#include "closing.hpp"
#include "surface/fronts.hpp"

#include <fmt/format.h>

using namespace vectis;

namespace {

/// Whether a path is one of a route's.
bool matches(std::string_view pattern, const std::string& path) {
    const auto wanted = split(pattern, '/');
    const auto found = split(path, '/');
    return wanted.size() == found.size() &&
           std::equal(wanted.begin(), wanted.end(), found.begin(),
                      [](const auto& part, const auto& given) { return part.starts_with('{') || part == given; });
}

/// Every route has been asked by some test for what it is there for, and has given it.
std::vector<std::string> untested_routes() {
    const auto answered = test::answered_well().with([](const auto& all) { return all; });
    std::vector<std::string> untested;
    const auto look = [&](const surface::Route& route, const std::string& path) {
        const bool tested = std::any_of(answered.begin(), answered.end(), [&](const auto& each) {
            return each.first == surface::text(route.method) && matches(path, each.second);
        });
        if (!tested)
            untested.push_back(
                fmt::format("no test has had a good answer of {} {}", surface::text(route.method), path));
    };
    for (const auto& route : surface::routes())
        look(route, std::string(route.path));
    for (const auto& front : surface::fronts()) {
        if (front.operation != surface::FrontOperation::postmark_template) // all of it is refused
            look(front.route, std::string(surface::compat_base) + std::string(front.route.path));
    }
    return untested;
}

const bool registered = (test::closing_checks().emplace_back(untested_routes), true);

} // namespace

TEST_CASE("a path is one of a route's") {
    CHECK(registered);
    CHECK(matches("/domains/{id}/dns", "/domains/x/dns"));
    CHECK_FALSE(matches("/domains/{id}", "/domains/x/dns"));
    CHECK_FALSE(matches("/domains/{id}/dns", "/domains/x/verify"));
}
