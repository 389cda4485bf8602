// How the API answers: what was asked for in an envelope, or a problem document (RFC 9457).
#pragma once

#include "api/message.hpp"
#include "base/error.hpp"
#include "base/json.hpp"

namespace vectis::api {

/// Answers with this status and these words: for what HTTP itself has a status for and Error has no code.
struct HttpError {
    int status = 400;
    std::string code; // stable, snake_case
    std::string detail;
    std::string hint;
    std::vector<std::pair<std::string, std::string>> fields;
};

/// {"data": ..., "meta": {"request_id", "timestamp"}}
[[nodiscard]] Response data(const std::string& request_id, Json data, int status = 200);
/// The same for one page of a list: meta has "pagination".
[[nodiscard]] Response page(const std::string& request_id, Json data, Json pagination);
[[nodiscard]] Response problem(const std::string& request_id, const HttpError& error);
/// Every problem in it is named by its JSON pointer.
[[nodiscard]] Response problem(const std::string& request_id, const Error& error);

} // namespace vectis::api
