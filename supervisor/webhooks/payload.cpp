#include "webhooks/payload.hpp"

#include "base/json.hpp"

#include <nlohmann/json.hpp>

namespace vectis::webhooks {

std::string payload(const store::MessageEvent& event, const std::optional<store::Message>& message) {
    Json data = parse_json(event.data);
    // Of an inbound route that tells as Postmark does: the body is theirs.
    if (const auto body = data.find("postmark"); body != data.end() && event.type.starts_with("inbound."))
        return to_text(*body);
    if (!event.domain.empty())
        data["domain"] = event.domain;
    if (!event.message.empty())
        data["id"] = event.message;
    if (!event.recipient.empty())
        data["recipient"] = event.recipient;
    if (message) {
        data["origin"] = message->origin;
        data["subject"] = message->subject;
        data["tags"] = parse_json(message->tags);
        data["metadata"] = parse_json(message->metadata);
    }
    return to_text(
        {{"id", event.id}, {"type", event.type}, {"timestamp", event.at}, {"version", "1"}, {"data", std::move(data)}});
}

} // namespace vectis::webhooks
