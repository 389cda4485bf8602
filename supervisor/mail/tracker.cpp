#include "mail/tracker.hpp"

#include "mail/delivery.hpp"
#include "mail/log_line.hpp"
#include "mail/story.hpp"
#include "mail/token.hpp"

#include <nlohmann/json.hpp>

namespace vectis::mail {

std::optional<std::string> Tracker::cursor() {
    return database_.read([](store::Database& database) { return store::Messages(database).cursor(); });
}

void Tracker::take(const std::vector<LogLine>& lines, const std::string& cursor) {
    database_.write([&](store::Database& database) {
        store::Messages messages(database);
        for (const auto& line : lines)
            take(messages, line);
        messages.set_cursor(cursor);
        return 0;
    });
}

void Tracker::take(store::Messages& messages, const LogLine& line) {
    const auto event = read_log_line(line.program, line.text);
    if (!event)
        return;
    const std::string at = rfc3339(line.at);
    if (const auto* queued = std::get_if<Queued>(&*event)) {
        const auto id = bounced_recipient(queued->from, token_key_);
        if (!id) {
            submissions_.take(messages, *event, line.program, at);
            return;
        }
        auto recipient = messages.recipient(*id);
        if (!recipient || recipient->queue_id == queued->queue_id)
            return;
        // Whoever handed it over may have been killed before the answer.
        if (recipient->status == "queued") {
            recipient->queue_id = queued->queue_id;
            tell(messages, *recipient, "sent", {}, at);
        } else if (!recipient->queue_id) {
            recipient->queue_id = queued->queue_id;
            messages.update(*recipient);
        }
        return;
    }
    if (submissions_.take(messages, *event, line.program, at))
        return;
    // What was requeued is known by the queue id that it had.
    const auto* picked_up = std::get_if<PickedUp>(&*event);
    auto recipient =
        messages.recipient_in_queue(picked_up == nullptr ? queue_id_of(*event) : picked_up->original_queue_id);
    const auto transition = recipient ? after(known(*recipient), *event) : std::nullopt;
    if (!transition)
        return;
    const auto* delivery = std::get_if<Delivery>(&*event);
    follow(messages, *recipient, *transition, delivery == nullptr ? "" : delivery->relay, at);
}

} // namespace vectis::mail
