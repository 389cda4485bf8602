#include "api/dispatch.hpp"

#include "api/fronts/front.hpp"
#include "api/handlers/handlers.hpp"
#include "api/tracking.hpp"
#include "api/unsubscribe.hpp"
#include "base/ip_network.hpp"
#include "base/text.hpp"

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

[[noreturn]] void no_such_method(const Request& request, const std::vector<std::string>& allowed) {
    throw HttpError{405,
                    "method_not_allowed",
                    fmt::format("{} cannot be used here", request.method),
                    "use " + join(allowed, " or "),
                    {{"Allow", join(allowed, ", ")}}};
}

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
    no_such_method(request, allowed);
}

std::pair<const surface::Front*, Parameters> find_front(const Request& request) {
    const std::string path = request.path.substr(surface::compat_base.size());
    const std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
    std::vector<std::string> allowed;
    for (const auto& front : surface::fronts()) {
        auto parameters = match(path, front.route.path);
        if (parameters && surface::text(front.route.method) == method)
            return {&front, std::move(*parameters)};
        if (parameters)
            allowed.emplace_back(surface::text(front.route.method));
    }
    if (!allowed.empty())
        no_such_method(request, allowed);
    throw HttpError{404,
                    "not_found",
                    fmt::format("there is nothing at '{}'", printable(request.path.substr(0, 200))),
                    "docs/api.md says what of this service is here",
                    {}};
}

HttpError forbidden(const std::string& code, const std::string& detail, const std::string& hint = {}) {
    return {403, code, detail, hint, {}};
}

/// RFC 9110 section 11.6.1.
HttpError unauthorized(const std::string& code, const std::string& detail, const std::string& hint = {}) {
    return {401, code, detail, hint, {{"WWW-Authenticate", "Bearer"}}};
}

/// What a session owes beside its cookie.
void let_session_in(const accounts::InSession& session, const Request& request, const surface::Route& route) {
    // A browser sends the cookie for whoever makes it send a request; only our own pages know this (RFC 9110 section
    // 9.2.1: what is safe changes nothing).
    const bool safe = request.method == "GET" || request.method == "HEAD";
    if (!safe && request.field("X-CSRF-Token") != session.session.csrf)
        throw forbidden("csrf", "a change in a session needs its X-CSRF-Token", "it is in the answer to the login");
    if (session.must_change_password && !route.before_change)
        throw forbidden("password_change_needed", "your password was made for you: choose another one first",
                        "POST /api/v1/auth/password");
}

/// Throws unless they may use the route.
void let_in(const std::optional<Credential>& credential, const Request& request, const surface::Route& route) {
    if (!route.role)
        return;
    if (!credential)
        throw unauthorized("unauthorized", "this needs a credential that is good",
                           "log in, or send an API key: Authorization: Bearer vk_...");
    const accounts::Who& who = credential->who;
    if (who.role < *route.role)
        throw forbidden("forbidden", fmt::format("this needs the role {}", surface::text(*route.role)));
    if (who.scopes && !route.scope.empty() &&
        std::find(who.scopes->begin(), who.scopes->end(), route.scope) == who.scopes->end())
        throw forbidden("forbidden", fmt::format("this needs a key with the scope {}", route.scope));
    if (who.domains && surface::group_of(route).whole_server)
        throw forbidden("forbidden", "this is about the whole server, and you are bound to some of its domains");
    if (route.session && !credential->session)
        throw forbidden("forbidden", "this is for those who have logged in");
    if (credential->session)
        let_session_in(*credential->session, request, route);
}

void add_rate(Response& response, const RateLimits::Verdict& rate) {
    response.fields.emplace_back("RateLimit-Limit", std::to_string(rate.limit));
    response.fields.emplace_back("RateLimit-Remaining", std::to_string(rate.remaining));
    response.fields.emplace_back("RateLimit-Reset", std::to_string(rate.reset.count()));
}

} // namespace

Response Dispatch::answer(Request& request, RateLimits::Verdict& rate) {
    const auto vendor = surface::vendor_of(request.path);
    const std::string token = vendor ? fronts::token_of(*vendor, request) : "";
    const auto credential = vendor ? fronts::credential_of(services_.ledger, token, request)
                                   : credential_of(services_.ledger, services_.owners, request);
    constexpr std::int64_t strangers_rate = 300;
    rate = limits_.count(credential ? credential->who.credential_id : "address:" + source_of(request.peer.address),
                         credential ? credential->who.rate : strangers_rate, RateLimits::Clock::now());
    if (!rate.allowed)
        throw HttpError{429,
                        "too_many_requests",
                        fmt::format("more than {} requests in a minute", rate.limit),
                        {},
                        {{"Retry-After", std::to_string(rate.reset.count())}}};
    if (vendor)
        return answer_as_another(request, token, credential);
    if (request.path.starts_with(unsubscribe_base))
        return unsubscribe(services_, request);
    if (request.path.starts_with(open_base))
        return follow_open(services_, request);
    if (request.path.starts_with(click_base))
        return follow_click(services_, request);
    auto [route, parameters] = find_route(request);
    if (!route->signed_url || !request.query.contains("signature"))
        let_in(credential, request, *route);
    Call call(services_, request, *route, credential.value_or(Credential{}), std::move(parameters));
    call.expect_good_parameters();
    return handlers::handler_of(route->operation)(call);
}

Response Dispatch::answer_as_another(Request& request, const std::string& token,
                                     const std::optional<Credential>& credential) {
    constexpr std::size_t most_of_a_stranger = 1U << 20U;
    auto [front, parameters] = find_front(request);
    surface::Route route = front->route;
    if (!credential && !front->test_token.empty() && token == front->test_token)
        route.most_body = most_of_a_stranger;
    else if (!credential)
        throw HttpError{401,
                        token.empty() ? "missing_key" : "bad_key",
                        token.empty() ? "an API key of this server is missing"
                                      : "the API key is not good, or not from here",
                        "vectis key add makes one",
                        {}};
    else
        let_in(credential, request, route);
    Call call(services_, request, route, credential.value_or(Credential{}), std::move(parameters));
    return fronts::handler_of(front->operation)(call);
}

Response Dispatch::operator()(Request& request) {
    Response response;
    RateLimits::Verdict rate;
    const auto vendor = surface::vendor_of(request.path);
    try {
        response = answer(request, rate);
    } catch (const HttpError& error) {
        response = vendor ? fronts::refusal(*vendor, fronts::fault_of(error)) : problem(request.id, error);
    } catch (const accounts::LoginRefused&) {
        response =
            problem(request.id, unauthorized("wrong_credentials", "the address or the password is wrong, or the code"));
    } catch (const accounts::CodeNeeded&) {
        response = problem(request.id, unauthorized("code_needed", "you have a second factor: its code is missing"));
    } catch (const accounts::TooManyFailures& error) {
        const std::string wait = std::to_string(error.wait.count());
        response = problem(request.id, HttpError{429,
                                                 "too_many_failures",
                                                 "it was tried too often",
                                                 fmt::format("wait {} seconds", wait),
                                                 {{"Retry-After", wait}}});
    } catch (const std::exception& fault) {
        Error error = as_error(fault);
        if (error.code() == Code::busy)
            error = Error(Code::unavailable, error.what(), "ask again in a moment");
        if (info(error.code()).http_status == 500)
            services_.log(
                fmt::format("request {} {} {}: {}", request.id, request.method, printable(request.path), error.text()));
        response = vendor ? fronts::refusal(*vendor, fronts::fault_of(fault)) : problem(request.id, error);
    }
    ++services_.answered->at(static_cast<std::size_t>(response.status) / 100);
    add_rate(response, rate);
    response.fields.emplace_back("X-Request-Id", request.id);
    response.fields.emplace_back("Cache-Control", "no-store");
    response.fields.emplace_back("X-Content-Type-Options", "nosniff");
    return response;
}

} // namespace vectis::api
