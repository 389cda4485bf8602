#include "api/dispatch.hpp"

#include "api/handlers/handlers.hpp"
#include "base/text.hpp"
#include "base/user.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>

namespace vectis::api {

namespace {

using Parameters = std::map<std::string, std::string>;

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

/// Who it is; nothing if no credential says so.
std::optional<Caller> caller_of(const Request& request) {
    if (request.peer.door == Door::admin)
        return Caller{user_name(request.peer.user), "socket", surface::Role::super_admin};
    return std::nullopt;
}

Caller let_in(const Request& request, const surface::Route& route) {
    const auto caller = caller_of(request);
    if (!route.role)
        return caller.value_or(Caller{});
    if (!caller)
        throw HttpError{401, "unauthorized", "this needs a credential", {}, {{"WWW-Authenticate", "Bearer"}}};
    if (caller->role < *route.role)
        throw HttpError{403, "forbidden", fmt::format("this needs the role {}", surface::text(*route.role)), {}, {}};
    return *caller;
}

Response answer(const Services& services, Request& request) {
    auto [route, parameters] = find_route(request);
    Call call{request, *route, let_in(request, *route), std::move(parameters)};
    return handlers::handler_of(route->operation)(services, call);
}

} // namespace

Response dispatch(const Services& services, Request& request) {
    Response response;
    try {
        response = answer(services, request);
    } catch (const HttpError& error) {
        response = problem(request.id, error);
    } catch (const std::exception& fault) {
        const Error error = as_error(fault);
        if (info(error.code()).http_status == 500)
            services.log(
                fmt::format("request {} {} {}: {}", request.id, request.method, printable(request.path), error.text()));
        response = problem(request.id, error);
    }
    response.fields.emplace_back("X-Request-Id", request.id);
    response.fields.emplace_back("Cache-Control", "no-store");
    response.fields.emplace_back("X-Content-Type-Options", "nosniff");
    return response;
}

} // namespace vectis::api
