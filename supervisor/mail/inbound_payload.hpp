// What webhooks are told of a message that came in: as our own event, or as Postmark tells it. Pure.
#pragma once

#include "base/clock.hpp"
#include "base/json.hpp"
#include "mail/inbound_message.hpp"

#include <string>

namespace vectis::mail {

/// What is known of it beside what it says.
struct Arrival {
    std::string id;
    std::string route; // its id
    std::string domain;
    std::string recipient;
    std::string tag; // of the recipient: what is behind the recipient delimiter
    std::string sender;
    std::uint64_t size = 0;
    Time at;
    /// Where the API is for others, and what signs the URLs of attachments that are too large to be told.
    std::string api; // https://mail.example.test/api/v1
    std::string link_key;
};

/// The larger of its attachments by URL, and more than a megabyte of text cut off.
[[nodiscard]] Json native_payload(const InboundContent& content, const Arrival& arrival);

/// The whole body (postmarkapp.com/developer/webhooks/inbound-webhook): attachments are in it, however large.
[[nodiscard]] Json postmark_payload(const InboundContent& content, const Arrival& arrival);

} // namespace vectis::mail
