// What comes back to the envelope sender of a message: delivery status notifications (RFC 3464, RFC 6522, RFC 6533),
// complaints (ARF, RFC 5965), answers of machines (RFC 3834). Pure; every octet was written by strangers, and of a
// message no more is looked at than its first megabyte and its first few hundred parts. Who vouches for a report is the
// caller: the token in the address that it came to, not what it says of itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vectis::mail {

/// RFC 3464 section 2.3.3.
enum class Action : std::uint8_t { failed, delayed, delivered, relayed, expanded, unknown };

/// What became of one recipient. Fields that are not there are empty; none is longer than 4,000 octets.
struct ReportedRecipient {
    std::string final_recipient;    // the address alone, without its type
    std::string original_recipient; // likewise; xtext (RFC 3461) is left as it is
    Action action = Action::unknown;
    std::string status;     // 5.1.1; taken from the diagnostic if the report does not say more than 5.0.0
    std::string diagnostic; // one line, without its type
    std::string remote_mta;
};

enum class ReportKind : std::uint8_t {
    dsn,        // says what became of recipients
    arf,        // a reader's or a filter's complaint
    auto_reply, // a machine's answer: away, read receipt, list
    other,      // a person's answer, or nothing known
};

struct Report {
    ReportKind kind = ReportKind::other;
    std::vector<ReportedRecipient> recipients; // at most 100; of a complaint, those it names
    std::string feedback_type;                 // abuse, fraud, virus, not-spam, auth-failure, other; in lower case
    std::string original_message_id;           // with its angle brackets
    std::string original_envelope_id;
    std::string reporting_mta;
};

/// Reads a message; its lines end with CRLF or LF. Nothing if there is no message.
[[nodiscard]] std::optional<Report> read_report(std::string_view message);

[[nodiscard]] std::string_view name(ReportKind kind);
[[nodiscard]] std::string_view name(Action action);

} // namespace vectis::mail
