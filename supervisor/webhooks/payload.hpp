// What a webhook is told of an event: the body of the request. Pure.
#pragma once

#include "store/messages.hpp"

#include <optional>
#include <string>

namespace vectis::webhooks {

/// {"id", "type", "timestamp", "version", "data"} in UTF-8, or what the event has as a body of its own. `message` is
/// the one that the event is about, if it is still there.
[[nodiscard]] std::string payload(const store::MessageEvent& event, const std::optional<store::Message>& message);

} // namespace vectis::webhooks
