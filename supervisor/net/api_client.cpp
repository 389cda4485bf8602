#include "net/api_client.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "surface/routes.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <httplib.h>

namespace vectis::net {

namespace {

[[noreturn]] void throw_problem(int status, const std::string& body) {
    Json json;
    try {
        json = parse_json(body);
    } catch (const Error&) {
        throw Error(Code::unavailable, fmt::format("cannot understand the API: it answered {}", status),
                    "vectis logs vectis");
    }
    std::vector<Problem> problems;
    for (const auto& each : json.value("errors", Json::array()))
        problems.push_back(
            {.where = {}, .path = each.value("pointer", ""), .what = each.value("detail", ""), .hint = {}});
    // HTTP has words of its own, too: what is none of ours is the caller's fault below 500.
    const Code named = code_named(json.value("code", ""));
    const Code code = named == Code::internal && status < 500 ? Code::invalid_input : named;
    throw Error(code, json.value("detail", ""), json.value("hint", ""), std::move(problems));
}

} // namespace

std::string query_escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           std::string_view("-._~").find(c) != std::string_view::npos;
        out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

Json ApiClient::ask(const std::string& method, const std::string& path) {
    return parse_json(send(method, path, ""));
}

Json ApiClient::ask(const std::string& method, const std::string& path, const Json& body) {
    return parse_json(send(method, path, to_text(body)));
}

std::string ApiClient::fetch(const std::string& path) {
    return send("GET", path, "");
}

std::string ApiClient::send(const std::string& method, const std::string& path, const std::string& body) {
    httplib::Client client(socket_.string());
    client.set_address_family(AF_UNIX);
    client.set_read_timeout(std::chrono::seconds(120));
    httplib::Request request;
    request.method = method;
    request.path = std::string(surface::api_base) + path;
    request.headers = {{"Host", "localhost"}};
    request.body = body;
    if (!body.empty())
        request.headers.emplace("Content-Type", "application/json");
    const auto result = client.send(request);
    if (!result)
        throw Error(Code::unavailable,
                    fmt::format("cannot ask the API at '{}': {}", socket_.string(), httplib::to_string(result.error())),
                    "run it as root or as a member of vectis-admin; systemctl status vectis-api.service");
    if (result->status >= 300)
        throw_problem(result->status, result->body);
    return result->body;
}

} // namespace vectis::net
