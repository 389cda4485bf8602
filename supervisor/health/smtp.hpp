// The client's side of SMTP (RFC 5321, RFC 3207, RFC 4954), step by step, so that a probe can look at every single
// answer.
#pragma once

#include "health/connection.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace vectis::health {

struct Reply {
    int code = 0;
    std::vector<std::string> lines; // without the code

    [[nodiscard]] bool positive() const { return code >= 200 && code < 400; }
    [[nodiscard]] bool permanent() const { return code >= 500; }
    /// "550 5.1.1 no such user", safe to print.
    [[nodiscard]] std::string text() const;
};

/// The next answer, of any number of lines (RFC 5321 section 4.2). Throws Error(unavailable) if it is none.
[[nodiscard]] Reply read_reply(Incoming& in);

class Smtp {
  public:
    enum class Tls : std::uint8_t { none, starttls, wrapper };

    /// Connects, reads the greeting, says EHLO, and starts TLS where asked (then EHLO again). `name` is the server's,
    /// `helo` ours. Throws Error(unavailable) if any of that is refused.
    Smtp(Peer peer, Tls tls, const std::string& name, const std::string& helo, Deadline deadline);

    /// Whether the last EHLO offered this keyword: "STARTTLS", "AUTH".
    [[nodiscard]] bool offers(std::string_view keyword) const;
    [[nodiscard]] Reply command(const std::string& line);
    /// AUTH PLAIN (RFC 4616).
    [[nodiscard]] Reply authenticate(const std::string& user, const std::string& password);
    /// DATA and the message; the answer to its end, or to DATA itself if that is refused.
    [[nodiscard]] Reply data(std::string_view message);
    /// Leaves without a word about how that went.
    void quit();

    [[nodiscard]] const Connection& connection() const { return connection_; }

  private:
    void hello();

    Connection connection_;
    std::string helo_;
    std::vector<std::string> keywords_;
};

} // namespace vectis::health
