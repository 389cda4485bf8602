// What becomes of a recipient, step by step: the row and its event change together.
#pragma once

#include "base/json.hpp"
#include "mail/delivery.hpp"
#include "store/messages.hpp"

#include <optional>
#include <string>

namespace vectis::mail {

/// Within a transaction: the event message.WHAT, with what the row says of code, answer and relay beside `more`.
void tell_event(store::Messages& messages, const store::Recipient& recipient, const std::string& what, const Json& more,
                const std::string& at);
/// The same where `recipient` gets this state.
void tell(store::Messages& messages, store::Recipient& recipient, const std::string& state, const Json& more,
          const std::string& at);

/// The same where nothing is sent to `recipient`, and why.
void tell_suppressed(store::Messages& messages, store::Recipient& recipient, const store::Suppression& why,
                     const std::string& at);
/// Sends nothing more to `recipient` from the message's domain, as a bounce, a complaint or they themselves said.
/// Whether that is new. What becomes of mail that people send suppresses nobody: whom they write to is their own
/// affair.
bool suppress(store::Messages& messages, const store::Recipient& recipient, const std::string& reason,
              const std::string& at);

/// What the state machine has to know of it.
[[nodiscard]] Known known(const store::Recipient& recipient);
/// Writes down what a line of the log or a report has changed: `relay` gave the answer; empty if nobody is known.
void follow(store::Messages& messages, store::Recipient& recipient, const Transition& transition,
            const std::string& relay, const std::string& at);

} // namespace vectis::mail
