#include "mail/unsubscribe.hpp"

#include "mail/field.hpp"
#include "mail/story.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace vectis::mail {

std::string unsubscribe_url(const std::string& hostname) {
    return fmt::format("https://{}/unsubscribe/", hostname);
}

std::string unsubscribe_fields(const store::Message& message, std::int64_t recipient, std::string_view key) {
    if (!message.unsubscribe_url)
        return {};
    Field links("List-Unsubscribe");
    links.word(fmt::format("<{}{}>{}", *message.unsubscribe_url,
                           unsubscribe_token({.recipient = recipient, .message = message.id}, key),
                           message.unsubscribe_mailto ? "," : ""));
    if (message.unsubscribe_mailto)
        links.word(fmt::format("<{}>", *message.unsubscribe_mailto));
    return links.line() + Field("List-Unsubscribe-Post").word("List-Unsubscribe=One-Click").line();
}

std::optional<store::Recipient> find(store::Messages& messages, const Subscriber& subscriber) {
    auto recipient = messages.recipient(subscriber.recipient);
    return recipient && recipient->message == subscriber.message ? std::move(recipient) : std::nullopt;
}

void unsubscribe(store::Messages& messages, const store::Recipient& recipient, const std::string& at) {
    constexpr const char* what = "unsubscribed";
    const bool is_new = suppress(messages, recipient, "unsubscribe", at);
    // Whoever was suppressed for another reason before says something new all the same.
    if (is_new || !messages.has_event(recipient, fmt::format("message.{}", what)))
        tell_event(messages, recipient, what, {}, at);
}

} // namespace vectis::mail
