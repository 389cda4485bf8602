#include "api/dispatch.hpp"

#include "accounts/api_keys.hpp"
#include "api/handlers/handlers.hpp"
#include "base/ip_network.hpp"
#include "base/text.hpp"
#include "base/user.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>

namespace vectis::api {

namespace {

using Parameters = Call::Parameters;

/// The parameters in `path` if it is one of this route's.
std::optional<Parameters> match(const std::string& path, std::string_view route) {
    const auto found = split(path, '/');
    const auto expected = split(route, '/');
    if (found.size() != expected.size())
        return std::nullopt;
    Parameters parameters;
    for (std::size_t i = 0; i < found.size(); ++i) {
        if (expected[i].starts_with('{'))
            parameters[expected[i].substr(1, expected[i].size() - 2)] = found[i];
        else if (expected[i] != found[i])
            return std::nullopt;
    }
    return parameters;
}

[[noreturn]] void no_such_path(const std::string& path) {
    std::vector<std::string_view> paths;
    for (const auto& route : surface::routes())
        paths.push_back(route.path);
    const auto near = nearest(path, paths);
    throw HttpError{404,
                    "not_found",
                    fmt::format("there is nothing at '{}'", printable(path.substr(0, 200))),
                    near ? fmt::format("did you mean {}{}?", surface::api_base, *near)
                         : fmt::format("{}/docs lists what there is", surface::api_base),
                    {}};
}

struct Routed {
    const surface::Route* route;
    Parameters parameters;
};

Routed find_route(const Request& request) {
    if (!request.path.starts_with(std::string(surface::api_base) + "/"))
        no_such_path(request.path);
    const std::string path = request.path.substr(surface::api_base.size());
    const std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
    std::vector<std::string> allowed;
    for (const auto& route : surface::routes()) {
        auto parameters = match(path, route.path);
        if (parameters && surface::text(route.method) == method)
            return {&route, std::move(*parameters)};
        if (parameters)
            allowed.emplace_back(surface::text(route.method));
    }
    if (allowed.empty())
        no_such_path(path);
    throw HttpError{405,
                    "method_not_allowed",
                    fmt::format("{} cannot be used here", request.method),
                    "use " + join(allowed, " or "),
                    {{"Allow", join(allowed, ", ")}}};
}

/// Throws unless they may use the route.
void let_in(const std::optional<accounts::Who>& who, const surface::Route& route) {
    if (!route.role)
        return;
    if (!who)
        throw HttpError{401,
                        "unauthorized",
                        "this needs a credential that is good",
                        "send an API key: Authorization: Bearer vk_...",
                        {{"WWW-Authenticate", "Bearer"}}};
    if (who->role < *route.role)
        throw HttpError{403, "forbidden", fmt::format("this needs the role {}", surface::text(*route.role)), {}, {}};
    if (who->scopes && !route.scope.empty() &&
        std::find(who->scopes->begin(), who->scopes->end(), route.scope) == who->scopes->end())
        throw HttpError{403, "forbidden", fmt::format("this needs a key with the scope {}", route.scope), {}, {}};
}

/// Whoever has one address of IPv6 has all of its network.
std::string source_of(const std::string& address) {
    constexpr unsigned subnet = 64;
    auto network = parse_ip_network(address);
    if (!network)
        return address;
    if (network->ipv6)
        network->prefix = subnet;
    return network->base().text();
}

void add_rate(Response& response, const RateLimits::Verdict& rate) {
    response.fields.emplace_back("RateLimit-Limit", std::to_string(rate.limit));
    response.fields.emplace_back("RateLimit-Remaining", std::to_string(rate.remaining));
    response.fields.emplace_back("RateLimit-Reset", std::to_string(rate.reset.count()));
}

} // namespace

std::optional<accounts::Who> Dispatch::who_is_it(const Request& request) const {
    if (request.peer.door == Door::admin)
        return accounts::who_at_socket(user_name(request.peer.user));
    const auto credential = request.field("Authorization");
    constexpr std::string_view scheme = "bearer ";
    if (!credential || !lower_ascii(credential->substr(0, scheme.size())).starts_with(scheme))
        return std::nullopt;
    const std::string token(trim(std::string_view(*credential).substr(scheme.size())));
    return services_.ledger.read(
        [&](store::Database& database) { return accounts::who_has_key(database, token, request.peer.address); });
}

Response Dispatch::answer(Request& request, RateLimits::Verdict& rate) {
    const auto who = who_is_it(request);
    constexpr std::int64_t strangers_rate = 300;
    rate = limits_.count(who ? who->credential_id : "address:" + source_of(request.peer.address),
                         who ? who->rate : strangers_rate, RateLimits::Clock::now());
    if (!rate.allowed)
        throw HttpError{429,
                        "too_many_requests",
                        fmt::format("more than {} requests in a minute", rate.limit),
                        {},
                        {{"Retry-After", std::to_string(rate.reset.count())}}};
    auto [route, parameters] = find_route(request);
    let_in(who, *route);
    Call call(services_, request, *route, who.value_or(accounts::Who{}), std::move(parameters));
    call.expect_good_parameters();
    return handlers::handler_of(route->operation)(call);
}

Response Dispatch::operator()(Request& request) {
    Response response;
    RateLimits::Verdict rate;
    try {
        response = answer(request, rate);
    } catch (const HttpError& error) {
        response = problem(request.id, error);
    } catch (const std::exception& fault) {
        const Error error = as_error(fault);
        if (info(error.code()).http_status == 500)
            services_.log(
                fmt::format("request {} {} {}: {}", request.id, request.method, printable(request.path), error.text()));
        response = problem(request.id, error);
    }
    add_rate(response, rate);
    response.fields.emplace_back("X-Request-Id", request.id);
    response.fields.emplace_back("Cache-Control", "no-store");
    response.fields.emplace_back("X-Content-Type-Options", "nosniff");
    return response;
}

} // namespace vectis::api
