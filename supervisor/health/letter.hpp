// The probe's own message, how it is found again in the mailbox, and how everything of ours leaves it.
#pragma once

#include "base/error.hpp"
#include "health/facts.hpp"
#include "health/imap.hpp"
#include "health/smtp.hpp"

#include <optional>
#include <string>

namespace vectis::health {

/// The error of a red probe: what was seen and what was expected.
[[nodiscard]] Error red(const std::string& what);

/// A message that no other run has: a random token makes its Message-ID and its subject.
struct Letter {
    std::string message_id; // with its angle brackets
    std::string body;       // lines end with CRLF
    std::string text;       // the whole message
};
/// `sender` stands in From. `body` is written by us: lines end with CRLF, 7 bits.
[[nodiscard]] Letter write_letter(const Facts& facts, const std::string& sender, const std::string& body);

/// A logged-in session in the probe's mailbox, in INBOX.
[[nodiscard]] Imap open_mailbox(const Facts& facts, Deadline deadline);
/// A session on the submission port, logged in as the probe's mailbox.
[[nodiscard]] Smtp open_submission(const Facts& facts, Deadline deadline);
/// MAIL and RCPT, both of which must be accepted. An empty `sender` is the null sender.
void address(Smtp& smtp, const std::string& sender, const std::string& recipient);

struct Delivered {
    std::string folder;
    std::string text; // the message as it lay there
};
/// Waits until the letter lies in INBOX or Junk, takes its text and removes it. Nothing if it did not come until
/// `until`.
[[nodiscard]] std::optional<Delivered> take(Imap& imap, const Letter& letter, Deadline until);
/// Removes what earlier runs left behind because they were killed: everything older than ten minutes.
void sweep(Imap& imap);

[[nodiscard]] Deadline in(std::chrono::milliseconds time);

} // namespace vectis::health
