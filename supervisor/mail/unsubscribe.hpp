// How a recipient gets no more mail of a kind, by a link of this server's that is theirs alone (RFC 8058): the fields
// in front of their message, and what becomes of it when the link is used.
#pragma once

#include "mail/token.hpp"
#include "store/messages.hpp"

#include <optional>
#include <string>

namespace vectis::mail {

/// What a link begins with on a server of this name; the token follows.
[[nodiscard]] std::string unsubscribe_url(const std::string& hostname);

/// The header fields for one recipient, each with its CRLF; empty if the message has no link of this server's.
[[nodiscard]] std::string unsubscribe_fields(const store::Message& message, std::int64_t recipient,
                                             std::string_view key);

/// Their row, while it is there.
[[nodiscard]] std::optional<store::Recipient> find(store::Messages& messages, const Subscriber& subscriber);
/// Within a transaction: the message's domain sends nothing more to the recipient. A suppression that is there stays as
/// it is, and what is told already is not told again.
void unsubscribe(store::Messages& messages, const store::Recipient& recipient, const std::string& at);

} // namespace vectis::mail
