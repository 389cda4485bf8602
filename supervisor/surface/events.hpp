// THE table of events: what the story of a message and webhooks tell, and what a webhook may ask for.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace vectis::surface {

struct EventType {
    std::string_view name;
    std::string_view summary;
};

inline constexpr std::array event_types{
    EventType{"message.queued", "A message was accepted for a recipient, and waits to go out"},
    EventType{"message.sent", "Postfix has it"},
    EventType{"message.delivered", "The next server has it"},
    EventType{"message.deferred", "That server wants it later: Postfix tries again"},
    EventType{"message.bounced", "It was refused for good, then or by a report that came back later"},
    EventType{"message.expired", "It was deferred for too long, and is not tried again"},
    EventType{"message.unknown", "Postfix has it no more, and its log does not say what became of it"},
    EventType{"message.suppressed", "It was not sent: the domain sends nothing more to that address"},
    EventType{"message.complained", "Its reader took it for spam"},
    EventType{"message.unsubscribed", "Its reader used its link, and wants no more of the domain"},
    EventType{"message.opened", "Its picture was fetched: it was opened, or a program looked at it in advance"},
    EventType{"message.clicked", "One of its links was followed, by its reader or by a program that checks links"},
    EventType{"message.held", "It waits: whoever sent it is held"},
    EventType{"message.released", "It waits no longer"},
    EventType{"message.canceled", "It was taken back before it was delivered"},
    EventType{"inbound.received", "A message came in by an inbound route"},
    EventType{"inbound.spam", "The same, and Rspamd takes it for spam"},
    EventType{"sender.held",
              "The mail of an API key or a mailbox is kept back: it sends as a stolen one does, or somebody said so"},
    EventType{"sender.released", "It is kept back no longer: it has gone on, or was thrown away"},
    EventType{"webhook.test", "Somebody asked for it (POST /webhooks/{id}/test); only that webhook is told"},
    EventType{"webhook.disabled", "A webhook has failed so often that it is told nothing more"},
};

/// What a webhook may ask for: "*" for all, or any of them.
inline constexpr auto event_words = [] {
    std::array<std::string_view, event_types.size() + 1> words{"*"};
    std::transform(event_types.begin(), event_types.end(), words.begin() + 1,
                   [](const EventType& type) { return type.name; });
    return words;
}();

} // namespace vectis::surface
