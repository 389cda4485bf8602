// THE way in for what is sent: a body is judged and composed, and written down to be handed to Postfix. Whatever sends
// calls it: the API's routes, and the fronts that speak as others do.
#pragma once

#include "accounts/ledger.hpp"
#include "api/call.hpp"
#include "mail/tracking.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace vectis::api::handlers {

/// A message that is ready to go out.
struct Outgoing {
    std::string id; // ours
    std::string domain;
    std::string sender;
    std::string subject;
    std::string message_id;
    std::string content;
    std::vector<std::string> recipients;
    std::string tags;
    std::string metadata;
    std::optional<std::string> send_at;
    std::optional<std::string> unsubscribe_url; // of this server (mail/unsubscribe)
    std::optional<std::string> unsubscribe_mailto;
    mail::Tracking tracking;
    std::optional<store::TrackedHtml> tracked; // of which each recipient gets another
};

/// What a body says beside the message itself: tags, metadata, send_at. Its faults are noted.
[[nodiscard]] Outgoing outgoing(const Json& body, std::vector<Problem>& problems);

/// The message that a body like that of POST /send says, judged by its schema. Its faults are noted, and then it is not
/// to be sent.
[[nodiscard]] Outgoing composed(const Call& call, const Json& body, std::vector<Problem>& problems);

/// What is wrong with such a body, whoever sends it: nothing is looked up.
void judge_message(const Json& body, std::vector<Problem>& problems);

/// The domain of an address if it is one of ours, and theirs.
[[nodiscard]] std::optional<std::string> own_domain(const Call& call, const std::string& address);
/// The domain that sends. Who may send as it is who reaches it; throws Error(denied).
[[nodiscard]] std::string expect_own_domain(const Call& call, const std::string& address);

/// Writes them down, to be handed to Postfix; what is told of each, in an array. The caller wakes the sender after the
/// commit. Throws HttpError if the key or a domain may not send to so many recipients.
[[nodiscard]] Json accept(const Call& call, accounts::Change& change, std::span<const Outgoing> all);

} // namespace vectis::api::handlers
