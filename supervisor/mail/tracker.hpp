// Follows Postfix's log and writes down what became of each recipient. What a batch of lines says and how far the log
// was read are one transaction: nothing is told twice, and nothing is left out.
#pragma once

#include "base/clock.hpp"
#include "mail/submissions.hpp"
#include "store/messages.hpp"
#include "store/vectis.hpp"

#include <string>
#include <vector>

namespace vectis::mail {

/// A line of the log: postfix/smtp, and what it says.
struct LogLine {
    Time at;
    std::string program;
    std::string text;
};

class Tracker {
  public:
    /// `is_own_domain`: whether this server sends for a domain.
    Tracker(store::Vectis& database, std::string token_key, Submissions::IsOwnDomain is_own_domain) :
        database_(database), token_key_(std::move(token_key)), submissions_(std::move(is_own_domain)) {}

    /// Where to go on; nothing before the first lines.
    [[nodiscard]] std::optional<std::string> cursor();
    /// Lines in the order of the log, and the place after them.
    void take(const std::vector<LogLine>& lines, const std::string& cursor);

  private:
    void take(store::Messages& messages, const LogLine& line);

    store::Vectis& database_;
    std::string token_key_;
    Submissions submissions_;
};

} // namespace vectis::mail
