#include "api/answer.hpp"

#include "base/clock.hpp"

#include <nlohmann/json.hpp>

namespace vectis::api {

namespace {

/// The reason phrase of a status (RFC 9110 section 15).
std::string_view title(int status) {
    switch (status) {
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 409:
        return "Conflict";
    case 411:
        return "Length Required";
    case 412:
        return "Precondition Failed";
    case 413:
        return "Content Too Large";
    case 414:
        return "URI Too Long";
    case 415:
        return "Unsupported Media Type";
    case 417:
        return "Expectation Failed";
    case 422:
        return "Unprocessable Content";
    case 429:
        return "Too Many Requests";
    case 431:
        return "Request Header Fields Too Large";
    case 501:
        return "Not Implemented";
    case 503:
        return "Service Unavailable";
    case 505:
        return "HTTP Version Not Supported";
    default:
        return "Internal Server Error";
    }
}

Response document(const std::string& request_id, int status, const std::string& code, const std::string& detail,
                  const std::string& hint) {
    Json json{{"type", "/api/v1/docs#" + code},
              {"title", title(status)},
              {"status", status},
              {"code", code},
              {"detail", detail},
              {"request_id", request_id}};
    if (!hint.empty())
        json["hint"] = hint;
    return {.status = status, .type = "application/problem+json", .body = to_text(json) + "\n", .fields = {}};
}

} // namespace

Response data(const std::string& request_id, Json data, int status) {
    const Json json{{"data", std::move(data)}, {"meta", {{"request_id", request_id}, {"timestamp", rfc3339(now())}}}};
    return {.status = status, .type = "application/json", .body = to_text(json) + "\n", .fields = {}};
}

Response page(const std::string& request_id, Json data, Json pagination) {
    const Json json{
        {"data", std::move(data)},
        {"meta", {{"request_id", request_id}, {"timestamp", rfc3339(now())}, {"pagination", std::move(pagination)}}}};
    return {.status = 200, .type = "application/json", .body = to_text(json) + "\n", .fields = {}};
}

Response problem(const std::string& request_id, const HttpError& error) {
    Response response = document(request_id, error.status, error.code, error.detail, error.hint);
    response.fields = error.fields;
    return response;
}

Response problem(const std::string& request_id, const Error& error) {
    const CodeInfo& row = info(error.code());
    Json errors = Json::array();
    for (const auto& each : error.problems())
        errors.push_back({{"pointer", each.path},
                          {"code", row.name},
                          {"detail", each.hint.empty() ? each.what : each.what + "; " + each.hint}});
    // What went wrong within is for the log: it may name files and strangers' data.
    const std::string detail =
        row.http_status == 500 ? "something failed here; the log names it by request_id" : error.what();
    Response response = document(request_id, row.http_status, std::string(row.name), detail,
                                 row.http_status == 500 ? std::string() : error.hint());
    if (response.status == 503)
        response.fields.emplace_back("Retry-After", "5");
    if (!errors.empty()) {
        Json json = parse_json(response.body);
        json["errors"] = std::move(errors);
        response.body = to_text(json) + "\n";
    }
    return response;
}

} // namespace vectis::api
