#include "store/webhooks.hpp"

#include "base/random.hpp"
#include "store/messages.hpp"

#include <fmt/format.h>

namespace vectis::store {

namespace {

constexpr std::string_view webhook_columns = "id, domain, url, description, events, secret, old_secret, "
                                             "old_secret_until, enabled, disabled_because, delivered_at, created_at, "
                                             "updated_at, origins";
constexpr std::string_view delivery_columns = "id, webhook, event, type, message, status, attempts, due_at, "
                                              "created_at, updated_at, code, fault, detail, milliseconds";

/// Which webhooks want an event of the type {0} and the domain {1}, about a message of the origin {2}.
constexpr std::string_view wants_event = "(webhooks.domain is null or webhooks.domain = {1}) and exists "
                                         "(select 1 from json_each(webhooks.events) where value in ('*', {0})) and "
                                         "({2} = '' or exists "
                                         "(select 1 from json_each(webhooks.origins) where value = {2}))";

/// The deliveries of one message wait for those before them until they have failed so often.
constexpr std::int64_t patience_in_attempts = 3;

Webhook read_webhook(const Statement& row) {
    return {.id = row.text(0),
            .domain = row.optional_text(1),
            .url = row.text(2),
            .description = row.text(3),
            .events = row.text(4),
            .secret = row.text(5),
            .old_secret = row.optional_text(6),
            .old_secret_until = row.optional_text(7),
            .enabled = row.integer(8) == 1,
            .disabled_because = row.optional_text(9),
            .delivered_at = row.optional_text(10),
            .created_at = row.text(11),
            .updated_at = row.text(12),
            .origins = row.text(13)};
}

std::vector<Webhook> read_webhooks(Statement& select) {
    std::vector<Webhook> rows;
    while (select.step())
        rows.push_back(read_webhook(select));
    return rows;
}

WebhookDelivery read_delivery(const Statement& row) {
    return {.id = row.text(0),
            .webhook = row.text(1),
            .event = row.text(2),
            .type = row.text(3),
            .message = row.text(4),
            .status = row.text(5),
            .attempts = row.integer(6),
            .due_at = row.text(7),
            .created_at = row.text(8),
            .updated_at = row.text(9),
            .code = row.optional_integer(10),
            .fault = row.optional_text(11),
            .detail = row.optional_text(12),
            .milliseconds = row.optional_integer(13)};
}

std::vector<WebhookDelivery> read_deliveries(Statement& select) {
    std::vector<WebhookDelivery> rows;
    while (select.step())
        rows.push_back(read_delivery(select));
    return rows;
}

} // namespace

void Webhooks::add(const Webhook& webhook) {
    database_
        .prepare(
            fmt::format("insert into webhooks ({}) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, "
                        "?14)",
                        webhook_columns))
        .bind(webhook.id, webhook.domain, webhook.url, webhook.description, webhook.events, webhook.secret,
              webhook.old_secret, webhook.old_secret_until, webhook.enabled ? 1 : 0, webhook.disabled_because,
              webhook.delivered_at, webhook.created_at, webhook.updated_at, webhook.origins)
        .run();
}

std::optional<Webhook> Webhooks::find(const std::string& id) {
    auto select = database_.prepare(fmt::format("select {} from webhooks where id = ?1", webhook_columns));
    return select.bind(id).step() ? std::optional(read_webhook(select)) : std::nullopt;
}

std::vector<Webhook> Webhooks::page(const Page& page) {
    auto select = select_page(database_, webhook_columns, "webhooks", page);
    return read_webhooks(select);
}

std::vector<Webhook> Webhooks::enabled() {
    auto select = database_.prepare(fmt::format("select {} from webhooks where enabled = 1", webhook_columns));
    return read_webhooks(select);
}

void Webhooks::update(const Webhook& webhook) {
    database_
        .prepare("update webhooks set domain = ?2, url = ?3, description = ?4, events = ?5, secret = ?6, "
                 "old_secret = ?7, old_secret_until = ?8, enabled = ?9, disabled_because = ?10, updated_at = ?11, "
                 "origins = ?12 "
                 "where id = ?1")
        .bind(webhook.id, webhook.domain, webhook.url, webhook.description, webhook.events, webhook.secret,
              webhook.old_secret, webhook.old_secret_until, webhook.enabled ? 1 : 0, webhook.disabled_because,
              webhook.updated_at, webhook.origins)
        .run();
}

void Webhooks::remove(const std::string& id) {
    database_.prepare("delete from webhooks where id = ?1").bind(id).run();
}

std::size_t Webhooks::fan_out(const MessageEvent& event, const std::string& origin) {
    auto select = database_.prepare(
        fmt::format("select id from webhooks where enabled = 1 and {}", fmt::format(wants_event, "?1", "?2", "?3")));
    select.bind(event.type, event.domain, origin);
    std::vector<std::string> wanting;
    while (select.step())
        wanting.push_back(select.text(0));
    for (const auto& webhook : wanting)
        add_delivery(event, webhook);
    return wanting.size();
}

std::string Webhooks::add_delivery(const MessageEvent& event, const std::string& webhook) {
    const std::string id = uuid7();
    database_
        .prepare("insert into webhook_deliveries (id, webhook, event, type, message, status, due_at, created_at, "
                 "updated_at) values (?1, ?2, ?3, ?4, ?5, 'pending', ?6, ?6, ?6)")
        .bind(id, webhook, event.id, event.type, event.message, event.at)
        .run();
    return id;
}

std::string Webhooks::deliver(const MessageEvent& event, const std::string& webhook) {
    insert_event(database_, event);
    return add_delivery(event, webhook);
}

std::optional<WebhookDelivery> Webhooks::delivery(const std::string& id) {
    auto select = database_.prepare(fmt::format("select {} from webhook_deliveries where id = ?1", delivery_columns));
    return select.bind(id).step() ? std::optional(read_delivery(select)) : std::nullopt;
}

std::vector<WebhookDelivery> Webhooks::deliveries(const Page& page) {
    auto select = select_page(database_, delivery_columns, "webhook_deliveries", page);
    return read_deliveries(select);
}

std::vector<WebhookAttempt> Webhooks::attempts(const std::string& delivery) {
    auto select = database_.prepare("select at, code, fault, detail, milliseconds from webhook_attempts "
                                    "where delivery = ?1 order by rowid");
    select.bind(delivery);
    std::vector<WebhookAttempt> rows;
    while (select.step())
        rows.push_back({.at = select.text(0),
                        .code = select.optional_integer(1),
                        .fault = select.optional_text(2),
                        .detail = select.text(3),
                        .milliseconds = select.integer(4)});
    return rows;
}

std::vector<WebhookDelivery> Webhooks::due(const std::string& webhook, const std::string& at, std::size_t most) {
    auto select = database_.prepare(fmt::format(
        "select {} from webhook_deliveries as this where webhook = ?1 and status = 'pending' and due_at <= ?2 and "
        "not exists (select 1 from webhook_deliveries as before where before.webhook = ?1 and "
        "before.message = this.message and before.status = 'pending' and before.seq < this.seq and "
        "before.attempts < ?3 and this.message <> '') order by due_at, seq limit ?4",
        delivery_columns));
    return read_deliveries(select.bind(webhook, at, patience_in_attempts, most));
}

std::optional<std::string> Webhooks::next_due(const std::string& at) {
    auto select = database_.prepare("select min((select min(due_at) from webhook_deliveries where webhook = "
                                    "webhooks.id and status = 'pending' and due_at > ?1)) "
                                    "from webhooks where enabled = 1");
    return select.bind(at).step() ? select.optional_text(0) : std::nullopt;
}

bool Webhooks::has_failed(const std::string& webhook) {
    auto select = database_.prepare("select 1 from webhook_deliveries where webhook = ?1 and status = 'pending' and "
                                    "attempts > 0 limit 1");
    return select.bind(webhook).step();
}

void Webhooks::note(const WebhookDelivery& delivery, const WebhookAttempt& attempt) {
    database_
        .prepare("update webhook_deliveries set status = ?2, attempts = ?3, due_at = ?4, updated_at = ?5, code = ?6, "
                 "fault = ?7, detail = ?8, milliseconds = ?9 where id = ?1")
        .bind(delivery.id, delivery.status, delivery.attempts, delivery.due_at, attempt.at, attempt.code, attempt.fault,
              attempt.detail, attempt.milliseconds)
        .run();
    database_
        .prepare("insert into webhook_attempts (delivery, at, code, fault, detail, milliseconds) "
                 "values (?1, ?2, ?3, ?4, ?5, ?6)")
        .bind(delivery.id, attempt.at, attempt.code, attempt.fault, attempt.detail, attempt.milliseconds)
        .run();
    if (delivery.status == "delivered")
        database_.prepare("update webhooks set delivered_at = ?2 where id = ?1")
            .bind(delivery.webhook, attempt.at)
            .run();
    if (delivery.message.empty())
        return;
    // Those that wait for this one are due when it is: of thousands of them due() would look at each, again and again.
    const bool is_waited_for = delivery.status == "pending" && delivery.attempts < patience_in_attempts;
    database_
        .prepare(fmt::format("update webhook_deliveries set due_at = ?3 where webhook = ?1 and message = ?2 and "
                             "status = 'pending' and seq > (select seq from webhook_deliveries where id = ?4) and {}",
                             is_waited_for ? "due_at < ?3" : "attempts = 0 and due_at > ?3"))
        .bind(delivery.webhook, delivery.message, is_waited_for ? delivery.due_at : attempt.at, delivery.id)
        .run();
}

void Webhooks::give_up(const std::string& webhook, const std::string& at) {
    database_
        .prepare("update webhook_deliveries set status = 'dead', updated_at = ?2 "
                 "where webhook = ?1 and status = 'pending'")
        .bind(webhook, at)
        .run();
}

void Webhooks::replay(const std::string& delivery, const std::string& at) {
    database_
        .prepare("update webhook_deliveries set status = 'pending', attempts = 0, due_at = ?2, updated_at = ?2 "
                 "where id = ?1")
        .bind(delivery, at)
        .run();
}

std::uint64_t Webhooks::replay_dead(const std::string& webhook, const std::string& at) {
    database_
        .prepare("update webhook_deliveries set status = 'pending', attempts = 0, due_at = ?2, updated_at = ?2 "
                 "where webhook = ?1 and status = 'dead'")
        .bind(webhook, at)
        .run();
    return static_cast<std::uint64_t>(database_.changes());
}

std::uint64_t Webhooks::replay_range(const Webhook& webhook, const std::string& since, const std::string& until,
                                     const std::string& at) {
    auto select = database_.prepare(
        fmt::format("select events.id, type, events.domain, message from events, webhooks where webhooks.id = ?1 and "
                    "events.at >= ?2 and events.at <= ?3 and events.type <> 'webhook.test' and {} and "
                    // What came in by a route that names a webhook is for that one alone.
                    "not exists (select 1 from inbound where inbound.event = events.id and inbound.webhook <> ?1) "
                    "order by seq",
                    fmt::format(wants_event, "events.type", "events.domain",
                                "coalesce((select origin from messages where id = events.message), '')")));
    select.bind(webhook.id, since, until);
    std::vector<MessageEvent> wanted;
    while (select.step()) {
        MessageEvent event;
        event.id = select.text(0);
        event.at = at;
        event.type = select.text(1);
        event.domain = select.text(2);
        event.message = select.text(3);
        wanted.push_back(std::move(event));
    }
    auto there = database_.prepare("select id from webhook_deliveries where event = ?1 and webhook = ?2");
    for (const auto& event : wanted) {
        if (there.bind(event.id, webhook.id).step())
            replay(there.text(0), at);
        else
            add_delivery(event, webhook.id);
    }
    return wanted.size();
}

} // namespace vectis::store
