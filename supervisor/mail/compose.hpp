// A draft as a whole RFC 5322 message. Pure: equal values give equal bytes, with GMime 3.2.13 (Debian 12) and 3.2.15
// (Debian 13). The header is written by mail/field, the parts and their encodings by GMime. Any thread may call it.
#pragma once

#include "base/clock.hpp"
#include "mail/draft.hpp"

#include <string>

namespace vectis::mail {

/// The message: 7 bits, lines of at most 998 octets that end with CRLF, without Bcc. Of text and HTML readers show one
/// (multipart/alternative); what is inline and has a content id belongs to the HTML (multipart/related); all else is
/// attached (multipart/mixed). The lines of a text end with CRLF then; an attachment arrives byte for byte, but for the
/// line ends of an attached message, which must not be encoded.
/// `message_id` has its angle brackets. Throws Error(internal) if the draft has faults(): nothing is written that was
/// not judged.
[[nodiscard]] std::string compose(const Draft& draft, const std::string& message_id, Time date);

/// The part of a message that compose() makes of its HTML, with that part's own header.
[[nodiscard]] std::string html_part(const std::string& html);

struct MessagePlace {
    std::size_t at = 0;
    std::size_t length = 0;
};
/// Where it is in what compose() made of the draft, which has HTML: another html_part() may stand there.
[[nodiscard]] MessagePlace place_of_html(const std::string& message, const Draft& draft, const std::string& message_id);

} // namespace vectis::mail
