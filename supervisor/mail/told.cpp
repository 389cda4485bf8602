#include "mail/told.hpp"

#include "base/json.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace vectis::mail {

namespace {

/// What the event has under this name, on one line; nothing of it if it has not.
std::string said(const Json& data, const char* name) {
    const auto found = data.find(name);
    return found != data.end() && found->is_string() ? printable(found->get<std::string>()) : std::string();
}

std::string server(const Json& data) {
    const std::string relay = said(data, "relay");
    return relay.empty() ? "this server" : relay;
}

/// : "550 5.1.1 no such user" (hard)
std::string words(const Json& data) {
    const std::string answer = said(data, "answer");
    const std::string bounce_class = said(data, "bounce_class");
    return (answer.empty() ? "" : fmt::format(": \"{}\"", answer)) +
           (bounce_class.empty() || bounce_class == "unknown" ? "" : fmt::format(" ({})", bounce_class));
}

/// : "Mozilla/5.0 ..."
std::string by(const Json& data) {
    const std::string agent = said(data, "user_agent");
    return agent.empty() ? "" : fmt::format(": \"{}\"", agent);
}

} // namespace

std::string told(const store::MessageEvent& event) {
    const Json data = parse_json(event.data);
    std::string who = printable(event.recipient);
    if (const std::string original = said(data, "original_to"); !original.empty())
        who += fmt::format(" (by {})", original);
    const std::string what = event.type.substr(event.type.find('.') + 1);
    if (what == "queued")
        return fmt::format("accepted for {}", who);
    if (const std::string mailbox = said(data, "mailbox"); what == "sent" && !mailbox.empty())
        return fmt::format("came from {} for {} (queue id {})", mailbox, who, said(data, "queue_id"));
    if (what == "sent")
        return fmt::format("handed to Postfix for {} (queue id {})", who, said(data, "queue_id"));
    if (what == "delivered")
        return fmt::format("{} took it for {}{}", server(data), who, words(data));
    if (what == "deferred")
        return fmt::format("{} does not take it for {} yet, Postfix tries again{}", server(data), who, words(data));
    if (what == "bounced")
        return fmt::format("{} refused it for {} for good{}", server(data), who, words(data));
    if (what == "expired")
        return fmt::format("Postfix gave up on {}: it was tried for too long{}", who, words(data));
    if (what == "suppressed")
        return fmt::format("not sent to {}: the domain sends nothing more there since a {} ({})", who,
                           said(data, "reason"), said(data, "source"));
    if (what == "complained")
        return fmt::format("{} called it spam", who);
    if (what == "canceled")
        return fmt::format("taken back before it went to {}", who);
    if (what == "unsubscribed")
        return fmt::format("{} wants no more mail of this kind", who);
    if (what == "opened")
        return fmt::format("{} opened it, or a program did for them{}", who, by(data));
    if (what == "clicked")
        return fmt::format("{} followed the link {}{}", who, said(data, "url"), by(data));
    if (what == "held")
        return fmt::format("kept back for {}: the mail of {} is held", who, said(data, "sender"));
    if (what == "released")
        return fmt::format("no longer kept back for {}", who);
    if (what == "unknown")
        return fmt::format("Postfix has it no more for {}, and its log does not say what became of it", who);
    return fmt::format("{} {}", what, who);
}

} // namespace vectis::mail
