// Takes messages from this host's Postfix (LMTP, RFC 2033) on a socket that systemd listens on. What is answered with
// 250 has been seen to: until then Postfix keeps it and comes again.
#pragma once

#include "base/unique_fd.hpp"
#include "mail/smtp_session.hpp"

#include <functional>
#include <stop_token>
#include <string>

namespace vectis::mail {

class LmtpServer {
  public:
    struct Receive {
        /// Whether there is somebody with this address: a good reply, or why not.
        std::function<Reply(const std::string& recipient)> recipient;
        /// A message for one of them. What it throws is answered 451.
        std::function<Reply(const std::string& sender, const std::string& recipient, const std::string& message)>
            message;
    };

    LmtpServer(UniqueFd listening, Receive receive) : listening_(std::move(listening)), receive_(std::move(receive)) {}

    /// Several threads may run it, each with one connection at a time; it returns soon after it is asked to stop.
    void run(const std::stop_token& stop);

  private:
    UniqueFd listening_;
    Receive receive_;
};

} // namespace vectis::mail
