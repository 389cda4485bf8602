// A conversation with an SMTP server of this host over a unix socket: what Postfix takes, it answers with its queue id.
#pragma once

#include "base/file.hpp"
#include "base/unique_fd.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace vectis::mail {

struct Reply {
    int code = 0;     // 250
    std::string text; // lines joined by a blank, without the code

    [[nodiscard]] bool good() const { return code >= 200 && code < 300; }
    [[nodiscard]] bool for_good() const { return code >= 500; }
};

/// One thread uses it. Whatever fails but an answer of the server's is Error(unavailable); then it is of no use any
/// more.
class SmtpSession {
  public:
    /// Greets. `limit` is that of each answer.
    SmtpSession(const fs::path& socket, const std::string& helo, std::chrono::seconds limit);

    struct Envelope {
        std::string sender;
        std::string recipient;
        std::string id; // ENVID (RFC 3461): comes back in reports
    };
    /// One message for one recipient. The answer that decided: a good one is that to the whole message.
    [[nodiscard]] Reply send(const Envelope& envelope, std::string_view message);
    /// After send() has thrown: the message was given whole, and nobody knows whether it was taken.
    [[nodiscard]] bool in_doubt() const { return in_doubt_; }

  private:
    Reply command(const std::string& line);
    Reply reply();
    void write(std::string_view data);

    fs::path socket_;
    std::chrono::seconds limit_;
    UniqueFd fd_;
    std::string read_;
    bool in_doubt_ = false;
};

/// Postfix's queue id in its answer to a message; empty if there is none.
[[nodiscard]] std::string queue_id_in(const std::string& reply);
/// The enhanced status code (RFC 3463) at the beginning of an answer; empty if there is none.
[[nodiscard]] std::string enhanced_code_in(const std::string& reply);

} // namespace vectis::mail
