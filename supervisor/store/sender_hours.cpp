#include "store/sender_hours.hpp"

#include "base/text.hpp"
#include "store/messages.hpp"

#include <fmt/format.h>

namespace vectis::store {

namespace {

/// The column that counts an event of a message; empty: none does.
std::string_view column_of(const MessageEvent& event, const Message& message) {
    // Of what came by submission the first that is known is that Postfix has it.
    if (event.type == (message.origin == "api" ? "message.queued" : "message.sent"))
        return "recipients";
    if (event.type == "message.bounced")
        return "bounced";
    return event.type == "message.complained" ? "complained" : "";
}

} // namespace

SenderHours::Sender SenderHours::sender_of(const Message& message) {
    if (message.origin == "submission")
        return {.kind = "mailbox", .name = lower_ascii(message.sent_by)};
    return message.key ? Sender{.kind = "key", .name = *message.key} : Sender{};
}

std::string SenderHours::hour_of(const std::string& at) {
    constexpr std::size_t hour_digits = 13; // 2026-11-24T10
    return at.substr(0, hour_digits) + ":00:00.000Z";
}

void SenderHours::count(const MessageEvent& event, const Message& message) {
    const auto column = column_of(event, message);
    const auto sender = sender_of(message);
    if (column.empty() || sender.kind.empty())
        return;
    database_
        .prepare(fmt::format("insert into sender_hours (kind, name, hour, domain, {0}) values (?1, ?2, ?3, ?4, 1) "
                             "on conflict do update set {0} = {0} + 1, domain = excluded.domain",
                             column))
        .bind(sender.kind, sender.name, hour_of(event.at), message.domain)
        .run();
}

std::vector<SenderHours::Sender> SenderHours::busy(const std::string& hour, std::int64_t least) {
    auto select = database_.prepare("select kind, name from sender_hours where hour >= ?1 group by kind, name "
                                    "having sum(recipients) >= ?2");
    select.bind(hour, least);
    std::vector<Sender> all;
    while (select.step())
        all.push_back({.kind = select.text(0), .name = select.text(1)});
    return all;
}

std::vector<SenderHour> SenderHours::of(const Sender& sender, const std::string& hour) {
    auto select = database_.prepare("select hour, domain, recipients, bounced, complained from sender_hours "
                                    "where kind = ?1 and name = ?2 and hour >= ?3 order by hour");
    select.bind(sender.kind, sender.name, hour);
    std::vector<SenderHour> all;
    while (select.step())
        all.push_back({.hour = select.text(0),
                       .domain = select.text(1),
                       .recipients = select.integer(2),
                       .bounced = select.integer(3),
                       .complained = select.integer(4)});
    return all;
}

std::int64_t SenderHours::forget(const std::string& hour) {
    database_.prepare("delete from sender_hours where hour < ?1").bind(hour).run();
    return database_.changes();
}

} // namespace vectis::store
