#include "store/inbound.hpp"

#include "store/webhooks.hpp"

#include <fmt/format.h>

namespace vectis::store {

namespace {

constexpr std::string_view inbound_columns = "id, queue_id, recipient, sender, domain, route, format, webhook, "
                                             "subject, message_id, size, spam, event, created_at";

InboundMessage read_inbound(const Statement& row) {
    return {.id = row.text(0),
            .queue_id = row.text(1),
            .recipient = row.text(2),
            .sender = row.text(3),
            .domain = row.text(4),
            .route = row.text(5),
            .format = row.text(6),
            .webhook = row.optional_text(7),
            .subject = row.text(8),
            .message_id = row.text(9),
            .size = static_cast<std::uint64_t>(row.integer(10)),
            .spam = row.integer(11) != 0,
            .event = row.text(12),
            .created_at = row.text(13)};
}

} // namespace

bool Inbound::has(const std::string& queue_id, const std::string& recipient) {
    auto select = database_.prepare("select 1 from inbound where queue_id = ?1 and recipient = ?2");
    return select.bind(queue_id, recipient).step();
}

bool Inbound::add(const InboundMessage& message, const std::string& content, const MessageEvent& event) {
    if (has(message.queue_id, message.recipient))
        return false;
    database_
        .prepare(fmt::format("insert into inbound ({}) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, "
                             "?13, ?14)",
                             inbound_columns))
        .bind(message.id, message.queue_id, message.recipient, message.sender, message.domain, message.route,
              message.format, message.webhook, message.subject, message.message_id, message.size, message.spam,
              message.event, message.created_at)
        .run();
    database_.prepare("insert into inbound_contents (inbound, content) values (?1, cast(?2 as blob))")
        .bind(message.id, content)
        .run();
    insert_event(database_, event);
    tell(message, event);
    return true;
}

std::size_t Inbound::tell(const InboundMessage& message, const MessageEvent& event) {
    Webhooks webhooks(database_);
    if (!message.webhook)
        return webhooks.fan_out(event);
    // One that is gone or disabled is told nothing; what it has missed is delivered on demand.
    const auto webhook = webhooks.find(*message.webhook);
    if (!webhook || !webhook->enabled)
        return 0;
    static_cast<void>(webhooks.add_delivery(event, webhook->id));
    return 1;
}

std::optional<InboundMessage> Inbound::find(const std::string& id) {
    auto select = database_.prepare(fmt::format("select {} from inbound where id = ?1", inbound_columns));
    return select.bind(id).step() ? std::optional(read_inbound(select)) : std::nullopt;
}

std::vector<InboundMessage> Inbound::page(const Page& page) {
    auto select = select_page(database_, inbound_columns, "inbound", page);
    std::vector<InboundMessage> rows;
    while (select.step())
        rows.push_back(read_inbound(select));
    return rows;
}

std::optional<std::string> Inbound::content(const std::string& id) {
    auto select = database_.prepare("select content from inbound_contents where inbound = ?1");
    return select.bind(id).step() ? std::optional(select.text(0)) : std::nullopt;
}

std::size_t Inbound::tell_again(const InboundMessage& message, const std::string& at) {
    const MessageEvent event{.id = message.event,
                             .at = at, // when the deliveries are due
                             .type = message.spam ? "inbound.spam" : "inbound.received",
                             .domain = message.domain,
                             .message = message.id,
                             .recipient = message.recipient,
                             .data = {}};
    auto select = database_.prepare("select distinct webhook, webhooks.enabled from webhook_deliveries join webhooks "
                                    "on webhooks.id = webhook where event = ?1");
    select.bind(event.id);
    bool told = false;
    std::vector<std::string> those;
    while (select.step()) {
        told = true;
        if (select.integer(1) != 0)
            those.push_back(select.text(0));
    }
    if (!told)
        return tell(message, event);
    for (const auto& webhook : those)
        static_cast<void>(Webhooks(database_).add_delivery(event, webhook));
    return those.size();
}

std::int64_t Inbound::forget(const std::string& before, std::size_t most) {
    constexpr auto oldest = "select {} from inbound where created_at < ?1 order by created_at, id limit ?2";
    database_.prepare(fmt::format("delete from events where id in ({})", fmt::format(oldest, "event")))
        .bind(before, most)
        .run();
    database_.prepare(fmt::format("delete from inbound where id in ({})", fmt::format(oldest, "id")))
        .bind(before, most)
        .run();
    return database_.changes();
}

} // namespace vectis::store
