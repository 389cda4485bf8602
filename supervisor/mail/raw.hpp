// A whole RFC 5322 message from outside, for POST /send/raw: judged, and made what this server sends. Pure.
//
// Only the header is read; the body is copied. What two readers could understand differently is refused: fields that
// may stand once and stand twice, address lists with obsolete forms, letters beyond ASCII in the header, a CR alone.
//
// - A LF alone becomes CRLF: most libraries write lines so, nobody has read the message yet, and afterwards there is
// one
//   reading. A CR alone is refused: nobody ends lines with it, some servers do (SMTP smuggling), others do not.
// - Bcc is taken out; its addresses are among the recipients. Resent-* are refused: they name recipients of their own.
// - DKIM-Signature, ARC-* and Authentication-Results are dropped. This server signs what it sends; a signature from
//   elsewhere may not survive what is changed here, and what others once found is no longer about this message.
// - Return-Path is dropped: the server that delivers writes it (RFC 5321 section 4.4). Received is kept: loops are
// found
//   by it.
#pragma once

#include "base/clock.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace vectis::mail {

struct RawMessage {
    std::string from;                    // the address in From, as envelope_address() writes it
    std::vector<std::string> recipients; // of To, Cc and Bcc, each once
    std::string subject;                 // decoded, safe to print; may be empty
    std::string message_id;              // with its angle brackets
    std::string message;                 // lines of at most 998 octets that end with CRLF
};

/// `date`, and a Message-ID of `id` and the domain in From, are written where the message has none. Throws
/// Error(invalid_input) with everything that is wrong, each with its line and the name of its field. Takes time and
/// memory by the size of `bytes`, whatever is in them; that size is the caller's to bound.
[[nodiscard]] RawMessage read_raw(std::string_view bytes, const std::string& id, Time date);

} // namespace vectis::mail
