#include "mail/inbound.hpp"

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "config/kinds.hpp"
#include "store/inbound_routes.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace vectis::mail {

namespace {

constexpr std::string_view copies_domain = "@inbound.internal";
const Reply no_route{550, "5.1.1 no inbound route takes this address"};

/// The letters of an address that RFC 5321 allows, and any others that Postfix let through, as a value in JSON.
std::string shown_address(const std::string& address) {
    return printable(address);
}

} // namespace

InboundSettings inbound_settings(std::string_view json) {
    const Json read = parse_json(json);
    if (!read.is_object() || !read.contains("hostname") || !read.contains("recipient_delimiter"))
        throw Error(Code::invalid_input, "cannot read what Postfix knows of this server: it is not what was rendered",
                    "'vectis apply' puts it right");
    return {.hostname = read.at("hostname").get<std::string>(),
            .recipient_delimiter = read.at("recipient_delimiter").get<std::string>()};
}

std::string inbound_recipient(const std::string& address) {
    const std::string lower = lower_ascii(address);
    if (!lower.ends_with(copies_domain))
        return address;
    std::string inner = address.substr(0, address.size() - copies_domain.size());
    const auto at = inner.rfind('='); // a domain has none
    if (at == std::string::npos)
        return address;
    inner[at] = '@';
    return inner;
}

std::string inbound_tag(const std::string& address, const std::string& delimiter) {
    const std::string local(config::local_part_of(address));
    const auto at = delimiter.empty() ? std::string::npos : local.find(delimiter);
    return at == std::string::npos || at == 0 ? std::string() : local.substr(at + delimiter.size());
}

Arrival arrival_of(const store::InboundMessage& message, const InboundSettings& settings, const std::string& link_key) {
    return {.id = message.id,
            .route = message.route,
            .domain = message.domain,
            .recipient = message.recipient,
            .tag = inbound_tag(message.recipient, settings.recipient_delimiter),
            .sender = message.sender,
            .size = message.size,
            .at = parse_rfc3339(message.created_at),
            .api = fmt::format("https://{}/api/v1", settings.hostname),
            .link_key = link_key};
}

std::optional<directory::InboundRoute> Inbound::route_for(const std::string& address, const InboundSettings& settings) {
    const std::string lower = lower_ascii(address);
    const std::string local(config::local_part_of(lower));
    const std::string tag = inbound_tag(lower, settings.recipient_delimiter);
    return directory_.read([&](store::Database& database) -> std::optional<directory::InboundRoute> {
        store::InboundRoutes routes(database);
        const auto domain = routes.main_domain(std::string(config::domain_of(lower)));
        if (!domain)
            return std::nullopt;
        const std::size_t behind = tag.empty() ? 0 : tag.size() + settings.recipient_delimiter.size();
        return routes.taking({.local_part = local.substr(0, local.size() - behind), .domain = *domain});
    });
}

LmtpServer::Receive Inbound::receive() {
    return {
        .recipient = [this](const std::string& address) -> Reply {
            return route_for(inbound_recipient(address), settings_()) ? Reply{250, "2.1.5 fine"} : no_route;
        },
        .message = [this](const std::string& sender, const std::string& address,
                          const std::string& message) { return take(sender, inbound_recipient(address), message); }};
}

Reply Inbound::take(const std::string& sender, const std::string& address, const std::string& message) {
    const auto settings = settings_();
    const auto route = route_for(address, settings);
    if (!route)
        return no_route;
    const auto content = read_inbound(message, settings.hostname);
    // Postfix asks its tables in lower case; its own field may still have the sender's spelling, and a tag may need it.
    const std::string& noted = content.last_hop ? content.last_hop->recipient : address;
    const std::string& recipient = lower_ascii(noted) == lower_ascii(address) ? noted : address;
    const Time at = now();
    const store::InboundMessage row{.id = uuid7(),
                                    .queue_id = content.last_hop ? content.last_hop->queue_id : sha256(message),
                                    .recipient = shown_address(recipient),
                                    .sender = shown_address(sender),
                                    .domain = route->domain,
                                    .route = route->id,
                                    .format = route->format,
                                    .webhook = route->webhook,
                                    .subject = content.subject,
                                    .message_id = content.message_id,
                                    .size = message.size(),
                                    .spam = content.marked_as_spam,
                                    .event = uuid7(),
                                    .created_at = rfc3339(at)};
    const Arrival arrival = arrival_of(row, settings, link_key_);
    const bool as_postmark = row.format == "postmark";
    const Json payload = as_postmark ? postmark_payload(content, arrival) : native_payload(content, arrival);
    const store::MessageEvent event{.id = row.event,
                                    .at = row.created_at,
                                    .type = row.spam ? "inbound.spam" : "inbound.received",
                                    .domain = row.domain,
                                    .message = row.id,
                                    .recipient = row.recipient,
                                    .data = to_text(as_postmark ? Json{{"postmark", payload}} : payload)};
    database_.write([&](store::Database& database) { return store::Inbound(database).add(row, message, event); });
    return {250, "2.0.0 taken"};
}

} // namespace vectis::mail
