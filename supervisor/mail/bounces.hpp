// What comes back for what was sent: reports of servers that did not deliver it after all (RFC 3464), and complaints of
// readers (RFC 5965). The address it comes to names the recipient, and only this server can have made it.
#pragma once

#include "mail/lmtp_server.hpp"
#include "store/vectis.hpp"

#include <string>

namespace vectis::mail {

/// Any thread may call it.
class Bounces {
  public:
    Bounces(store::Vectis& database, std::string token_key) : database_(database), token_key_(std::move(token_key)) {}

    /// What an LmtpServer does with it.
    [[nodiscard]] LmtpServer::Receive receive();

  private:
    Reply take(const std::string& address, const std::string& message);

    store::Vectis& database_;
    std::string token_key_;
};

} // namespace vectis::mail
