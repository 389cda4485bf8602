// Mail that people send with the login of their mailbox (ports 587 and 465), as Postfix's log tells of it: from smtpd's
// first line it is on its way in, from qmgr's first line a message among the API's, and each recipient is known from
// the first line that names it. Its content and subject are nowhere; nothing that becomes of it suppresses an address.
#pragma once

#include "mail/log_line.hpp"
#include "store/messages.hpp"
#include "store/submissions.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace vectis::mail {

/// Within the tracker's transaction. A line that is read once more changes nothing.
class Submissions {
  public:
    /// Whether this server sends for a domain.
    using IsOwnDomain = std::function<bool(const std::string&)>;

    explicit Submissions(IsOwnDomain is_own_domain) : is_own_domain_(std::move(is_own_domain)) {}

    /// `identifier` logged it at `at`. Whether nothing is left to be done about it: it was about such mail, or it
    /// changes no recipient, whatever mail it is about.
    bool take(store::Messages& messages, const LogEvent& event, std::string_view identifier, const std::string& at);

  private:
    void arrive(store::Messages& messages, const Queued& queued);

    IsOwnDomain is_own_domain_;
};

} // namespace vectis::mail
