// What a mail server says about a recipient: SMTP's reply code (RFC 5321 section 4.2) and the enhanced status code
// (RFC 3463). Pure; the texts in which they stand were written by strangers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vectis::mail {

/// An enhanced status code such as 5.1.1.
struct StatusCode {
    std::uint16_t severity = 0; // 2: it worked, 4: it may work later, 5: it will not (RFC 3463: the class)
    std::uint16_t subject = 0;
    std::uint16_t detail = 0;

    [[nodiscard]] std::string text() const;
    /// Whether it says no more than its first digit. Postfix makes 5.0.0 of a reply that has no enhanced code.
    [[nodiscard]] bool is_generic() const { return subject == 0 && detail == 0; }
    bool operator==(const StatusCode&) const = default;
};

/// The code that `text` is.
[[nodiscard]] std::optional<StatusCode> status_code(std::string_view text);
/// The code that `text` begins with; what follows may be a comment ("5.1.1 (no such mailbox)").
[[nodiscard]] std::optional<StatusCode> leading_status_code(std::string_view text);

/// A refusal.
struct Refusal {
    std::uint16_t code = 0; // 400 to 599; 0 if there is only an enhanced one
    std::optional<StatusCode> status;
};

/// The refusal in a reason: at its start ("550 5.1.1 no such user"), behind what Postfix, Exim or qmail put before it
/// ("host mx.example.net[192.0.2.1] said: 550-5.1.1 no such user"), or as qmail-send writes it ("(#5.1.1)"). An
/// enhanced code that contradicts the reply code is left out. The first one found counts.
[[nodiscard]] std::optional<Refusal> find_refusal(std::string_view text);

} // namespace vectis::mail
