// What becomes of one recipient: which state a line of Postfix's log or a report puts it in, and whether that is news.
// Pure.
//
//     queued --Postfix has it--> sent --> delivered | deferred | bounced | expired | canceled
//
// A final state stays whatever the log says later: a second line, or the bounce message about a bounce that was logged,
// is counted once. Only a report can still take `delivered` back, since the next server may have promised too much.
// `unknown` (mail/reconciler) gives way to whatever is heard after all.
#pragma once

#include "mail/classify.hpp"
#include "mail/log_line.hpp"
#include "mail/report.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace vectis::mail {

enum class State : std::uint8_t {
    queued,     // waits for Postfix
    sent,       // Postfix has it
    delivered,  // the next server, or Dovecot, has it
    deferred,   // that server did not take it yet
    bounced,    // refused for good
    expired,    // deferred for too long
    suppressed, // never sent: the address bounced or complained before
    canceled,   // taken out of the queue before it was delivered
    unknown,    // no longer in the queue, and the log does not say what became of it
};
[[nodiscard]] std::string_view name(State state);
/// The state with this name; nothing if there is none.
[[nodiscard]] std::optional<State> state_named(std::string_view name);
/// Whether it stays whatever the log says.
[[nodiscard]] bool is_final(State state);

/// What is told to whoever sent the message.
enum class StateEvent : std::uint8_t { delivered, deferred, bounced, expired, canceled };
/// message.delivered
[[nodiscard]] std::string_view name(StateEvent event);

/// What is known of a recipient before.
struct Known {
    State state = State::queued;
    std::string status; // the enhanced code of the last answer; may be empty
    std::string reason; // the last answer; may be empty
};

/// What is to be written down. `event` is empty where nothing happened that was not told before: a deferral with the
/// same answer, a step within this host. `is_attempt`: one more attempt to deliver it, to be counted, news or not.
struct Transition {
    State state = State::queued;
    std::optional<StateEvent> event;
    bool is_attempt = false;
    std::string status;
    std::string reason;
    BounceKind kind = BounceKind::unknown; // of a deferral, a bounce or an expiry
    std::optional<std::string> follow;     // it goes on under this queue id
};

/// Whether a delivery only leads back into this host's own Postfix. What leaves there has another queue id.
using IsOwn = std::function<bool(const Delivery&)>;
/// Forwarding in Vectis (forward-in), a content filter on the loopback, local(8)'s forwarding.
[[nodiscard]] bool leads_back(const Delivery& delivery);

/// What a line about the message, and where it names one, about this recipient, changes. Nothing if it changes nothing.
[[nodiscard]] std::optional<Transition> after(const Known& known, const LogEvent& line,
                                              const IsOwn& is_own = leads_back);
/// What a report says that came to this recipient's token. A report about a success or a delay changes nothing: neither
/// is a sign of delivery, and Postfix's own log says it better.
[[nodiscard]] std::optional<Transition> after(const Known& known, const ReportedRecipient& reported);

} // namespace vectis::mail
