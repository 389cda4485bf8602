// As much of HTTP/1.0 (RFC 1945) as it takes to log in to webmail: one request, the head of its answer, and its body by
// lines.
#pragma once

#include "health/connection.hpp"

#include <optional>
#include <string>
#include <vector>

namespace vectis::health {

/// The head of an answer.
struct HttpHead {
    int status = 0;
    std::string location;
    std::vector<std::string> cookies; // "name=value", without what a browser would do with it

    /// The value of the cookie with this name, the last that was set.
    [[nodiscard]] std::optional<std::string> cookie(const std::string& name) const;
};

/// Reads up to the empty line. Throws Error(unavailable) for what is no HTTP answer.
[[nodiscard]] HttpHead read_head(Incoming& in);

class Http {
  public:
    /// Connects by TLS; `name` is the host.
    Http(Peer peer, std::string name, Deadline deadline);

    /// Sends the request; a body makes it a POST of a form. One request per connection.
    HttpHead request(const std::string& target, const std::vector<std::string>& cookies, const std::string& form = {});
    /// What stands between `before` and the next quotation mark in the body. Throws Error(unavailable) if the body ends
    /// first.
    [[nodiscard]] std::string text_after(const std::string& before);

  private:
    std::string name_;
    Connection connection_;
};

/// A value for a form (application/x-www-form-urlencoded).
[[nodiscard]] std::string form_encoded(std::string_view text);

} // namespace vectis::health
