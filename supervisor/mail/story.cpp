#include "mail/story.hpp"

#include "base/error.hpp"
#include "base/random.hpp"
#include "mail/provider.hpp"

#include <nlohmann/json.hpp>

namespace vectis::mail {

void tell_event(store::Messages& messages, const store::Recipient& recipient, const std::string& what, const Json& more,
                const std::string& at) {
    const auto message = messages.find(recipient.message);
    if (!message)
        throw Error(Code::internal, "a recipient has no message");
    Json data{{"message_id", message->message_id}};
    for (const auto& [key, value] : {std::pair{"queue_id", recipient.queue_id}, std::pair{"code", recipient.code},
                                     std::pair{"answer", recipient.answer}, std::pair{"relay", recipient.relay}}) {
        if (value)
            data[key] = *value;
    }
    if (const std::string by = provider(recipient.relay.value_or("")); !by.empty())
        data["provider"] = by;
    if (recipient.original_to)
        data["original_to"] = *recipient.original_to;
    if (more.is_object())
        data.update(more);
    messages.add_event({.id = uuid7(),
                        .at = at,
                        .type = "message." + what,
                        .domain = message->domain,
                        .message = message->id,
                        .recipient = recipient.address,
                        .data = to_text(data)},
                       *message);
}

void tell(store::Messages& messages, store::Recipient& recipient, const std::string& state, const Json& more,
          const std::string& at) {
    recipient.status = state;
    recipient.updated_at = at;
    messages.update(recipient);
    tell_event(messages, recipient, state, more, at);
    if (state != "queued")
        messages.drop_content_if_handed_over(recipient.message);
}

void tell_suppressed(store::Messages& messages, store::Recipient& recipient, const store::Suppression& why,
                     const std::string& at) {
    tell(messages, recipient, "suppressed", {{"reason", why.reason}, {"source", why.source}}, at);
}

bool suppress(store::Messages& messages, const store::Recipient& recipient, const std::string& reason,
              const std::string& at) {
    const auto message = messages.find(recipient.message);
    if (!message)
        throw Error(Code::internal, "a recipient has no message");
    if (message->origin != "api")
        return false;
    return messages.suppressions().add({.id = uuid7(),
                                        .domain = message->domain,
                                        .address = recipient.address,
                                        .reason = reason,
                                        .source = message->id,
                                        .created_at = at,
                                        .expires_at = std::nullopt});
}

Known known(const store::Recipient& recipient) {
    return {.state = state_named(recipient.status).value_or(State::queued),
            .status = recipient.code.value_or(""),
            .reason = recipient.answer.value_or("")};
}

void follow(store::Messages& messages, store::Recipient& recipient, const Transition& transition,
            const std::string& relay, const std::string& at) {
    if (transition.follow)
        recipient.queue_id = transition.follow;
    if (transition.is_attempt)
        ++recipient.attempts;
    if (!transition.status.empty())
        recipient.code = transition.status;
    if (!transition.reason.empty())
        recipient.answer = transition.reason;
    if (!relay.empty() && relay != "none")
        recipient.relay = relay;
    if (!transition.event) {
        recipient.status = name(transition.state);
        messages.update(recipient);
        return;
    }
    Json more = Json::object();
    if (transition.state != State::delivered)
        more["bounce_class"] = name(transition.kind);
    tell(messages, recipient, std::string(name(transition.state)), more, at);
    if (transition.state == State::bounced && suppresses(transition.kind))
        suppress(messages, recipient, "bounce", at);
}

} // namespace vectis::mail
