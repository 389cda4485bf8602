#include "mail/delivery.hpp"

#include "mail/status_code.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace vectis::mail {

namespace {

constexpr std::array state_names{
    std::pair{State::queued, "queued"},         std::pair{State::sent, "sent"},
    std::pair{State::delivered, "delivered"},   std::pair{State::deferred, "deferred"},
    std::pair{State::bounced, "bounced"},       std::pair{State::expired, "expired"},
    std::pair{State::suppressed, "suppressed"}, std::pair{State::canceled, "canceled"},
    std::pair{State::unknown, "unknown"},
};

/// The text with each run of digits as one: "try again in 298 seconds" is no other answer than "in 299 seconds".
std::string without_numbers(std::string_view text) {
    std::string rest;
    for (const char each : text) {
        const bool is_digit = each >= '0' && each <= '9';
        if (!is_digit)
            rest += each;
        else if (rest.empty() || rest.back() != '0')
            rest += '0';
    }
    return rest;
}

bool is_old_news(const Known& known, const Delivery& delivery) {
    return known.state == State::deferred && known.status == delivery.dsn &&
           without_numbers(known.reason) == without_numbers(delivery.reason);
}

/// The text in the last brackets: 192.0.2.1, private/dovecot-lmtp.
std::string_view relay_address(std::string_view relay) {
    const auto start = relay.rfind('[');
    const auto end = relay.find(']', start == std::string_view::npos ? 0 : start);
    if (start == std::string_view::npos || end == std::string_view::npos)
        return {};
    return relay.substr(start + 1, end - start - 1);
}

Transition canceled(std::string reason) {
    return {.state = State::canceled, .event = StateEvent::canceled, .reason = std::move(reason)};
}

Transition ended(State state, StateEvent event, std::string status, std::string reason) {
    Transition transition{.state = state, .event = event, .status = std::move(status), .reason = std::move(reason)};
    transition.kind = classify(transition.status, transition.reason);
    return transition;
}

Transition after_sent(const Delivery& delivery, const IsOwn& is_own) {
    // Only discard(8) delivers to nobody.
    if (delivery.relay == "none")
        return canceled("discarded: " + delivery.reason);
    Transition transition{.state = State::delivered,
                          .event = StateEvent::delivered,
                          .is_attempt = true,
                          .status = delivery.dsn,
                          .reason = delivery.reason};
    if (is_own && is_own(delivery)) {
        transition.state = State::sent;
        transition.event.reset();
        transition.follow = queued_as(delivery.reason);
    }
    return transition;
}

std::optional<Transition> after_line(const Known& known, const Delivery& delivery, const IsOwn& is_own) {
    switch (delivery.status) {
    case Status::sent:
        return after_sent(delivery, is_own);
    case Status::deferred: {
        auto transition = ended(State::deferred, StateEvent::deferred, delivery.dsn, delivery.reason);
        transition.is_attempt = true;
        if (is_old_news(known, delivery))
            transition.event.reset();
        return transition;
    }
    case Status::bounced: {
        auto transition = ended(State::bounced, StateEvent::bounced, delivery.dsn, delivery.reason);
        transition.is_attempt = true;
        return transition;
    }
    case Status::expired:
        break;
    }
    return ended(State::expired, StateEvent::expired, delivery.dsn, delivery.reason);
}

std::optional<Transition> after_line(const Known& known, const Expired& expired, const IsOwn&) {
    const bool has_reason = !known.reason.empty() && !expired.by_hand;
    return ended(State::expired, StateEvent::expired, known.status,
                 has_reason        ? known.reason
                 : expired.by_hand ? "expired by hand"
                                   : "it was in the queue for too long");
}

std::optional<Transition> after_line(const Known&, const RemovedByHand&, const IsOwn&) {
    return canceled("removed from the queue by hand");
}

std::optional<Transition> after_line(const Known&, const Discarded& discarded, const IsOwn&) {
    return canceled(discarded.reason.empty() ? "discarded" : "discarded: " + discarded.reason);
}

std::optional<Transition> after_line(const Known& known, const PickedUp& picked_up, const IsOwn&) {
    return Transition{
        .state = known.state, .status = known.status, .reason = known.reason, .follow = picked_up.queue_id};
}

template<class Event>
std::optional<Transition> after_line(const Known&, const Event&, const IsOwn&) {
    return std::nullopt;
}

} // namespace

std::string_view name(State state) {
    const auto found =
        std::find_if(state_names.begin(), state_names.end(), [&](const auto& each) { return each.first == state; });
    return found == state_names.end() ? std::string_view() : found->second;
}

std::optional<State> state_named(std::string_view name) {
    const auto found =
        std::find_if(state_names.begin(), state_names.end(), [&](const auto& each) { return each.second == name; });
    return found == state_names.end() ? std::nullopt : std::optional(found->first);
}

bool is_final(State state) {
    return state != State::queued && state != State::sent && state != State::deferred && state != State::unknown;
}

std::string_view name(StateEvent event) {
    switch (event) {
    case StateEvent::delivered:
        return "message.delivered";
    case StateEvent::deferred:
        return "message.deferred";
    case StateEvent::bounced:
        return "message.bounced";
    case StateEvent::expired:
        return "message.expired";
    case StateEvent::canceled:
        break;
    }
    return "message.canceled";
}

bool leads_back(const Delivery& delivery) {
    if (delivery.program == "local")
        return delivery.reason.starts_with("forwarded as ");
    const auto address = relay_address(delivery.relay);
    if (address == "forward-in" || address.ends_with("/forward-in"))
        return true;
    const bool is_loopback = address.starts_with("127.") || address == "::1" || address == "IPv6:::1";
    return delivery.program == "smtp" && is_loopback;
}

std::optional<Transition> after(const Known& known, const LogEvent& line, const IsOwn& is_own) {
    if (is_final(known.state))
        return std::nullopt;
    return std::visit([&](const auto& event) { return after_line(known, event, is_own); }, line);
}

std::optional<Transition> after(const Known& known, const ReportedRecipient& reported) {
    if (reported.action != Action::failed || (is_final(known.state) && known.state != State::delivered))
        return std::nullopt;
    // Failed for a reason that would pass, or with X.4.7: it was tried for as long as that server tries.
    const auto code = status_code(reported.status);
    const bool is_expired = code && (code->severity == 4 || (code->subject == 4 && code->detail == 7));
    if (is_expired)
        return ended(State::expired, StateEvent::expired, reported.status, reported.diagnostic);
    return ended(State::bounced, StateEvent::bounced, reported.status, reported.diagnostic);
}

} // namespace vectis::mail
