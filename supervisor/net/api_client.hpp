// Asks this server's own API over the administrators' socket. A problem document is thrown as the Error it was there.
#pragma once

#include "base/file.hpp"
#include "base/json.hpp"

#include <string>

namespace vectis::net {

class ApiClient {
  public:
    explicit ApiClient(fs::path socket) : socket_(std::move(socket)) {}

    /// The envelope, {"data", "meta"}. `path` is below /api/v1 and has its query. Throws Error(unavailable) if nobody
    /// answers: then a change may have been made all the same.
    Json ask(const std::string& method, const std::string& path);
    Json ask(const std::string& method, const std::string& path, const Json& body);
    /// The answer as it is, where it is no envelope.
    [[nodiscard]] std::string fetch(const std::string& path);

  private:
    std::string send(const std::string& method, const std::string& path, const std::string& body);

    fs::path socket_;
};

/// `text` as a value in a query (RFC 3986 section 2.1).
[[nodiscard]] std::string query_escaped(std::string_view text);

} // namespace vectis::net
