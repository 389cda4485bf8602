#include "mail/reconciler.hpp"

#include "base/clock.hpp"
#include "base/json.hpp"
#include "mail/story.hpp"
#include "mail/token.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace vectis::mail {

namespace {

constexpr std::chrono::minutes between_reconciliations{10};
/// So old is news before its message is looked for. The log tells of most within seconds.
constexpr std::chrono::minutes unheard_of{15};
/// In one transaction: others wait for it.
constexpr std::size_t looked_at_at_once = 500;

} // namespace

bool InQueue::has(const store::Recipient& recipient) const {
    return recipients.contains(recipient.id) || (recipient.queue_id && queue_ids.contains(*recipient.queue_id));
}

InQueue in_queue(const std::string& list, std::string_view token_key) {
    InQueue queue;
    const Json messages = parse_json(list);
    for (const auto& each : messages) {
        queue.queue_ids.insert(each.at("id").get<std::string>());
        if (const auto id = bounced_recipient(each.at("sender").get<std::string>(), token_key))
            queue.recipients.emplace(*id, each.at("id").get<std::string>());
    }
    return queue;
}

std::vector<store::Recipient> Missing::look(const std::vector<store::Recipient>& rows, const InQueue& queue,
                                            Clock::time_point asked, Clock::time_point answered) {
    std::map<std::int64_t, Since> still;
    std::vector<store::Recipient> gone;
    for (const auto& row : rows) {
        if (queue.has(row))
            continue;
        const auto before = missing_.find(row.id);
        if (before == missing_.end() || before->second.row != row)
            still.emplace(row.id, Since{row, answered});
        else if (asked - before->second.at < between_lists)
            still.emplace(row.id, before->second);
        else
            gone.push_back(row);
    }
    missing_ = std::move(still);
    return gone;
}

std::size_t Reconciler::look() {
    const auto asked = options_.clock();
    if (asked < next_look_)
        return 0;
    // Should it fail.
    next_look_ = asked + Missing::between_lists;
    const auto rows = database_.read(
        [](store::Database& database) { return store::Messages(database).at_postfix(rfc3339(now() - unheard_of)); });
    const InQueue queue = rows.empty() ? InQueue() : in_queue(options_.list(), options_.token_key);
    const auto answered = options_.clock();
    const std::size_t count = give_up(missing_.look(rows, queue, asked, answered));
    next_look_ = answered + (missing_.empty() ? std::chrono::seconds(between_reconciliations) : Missing::between_lists);
    return count;
}

std::size_t Reconciler::adopt() {
    const InQueue queue = in_queue(options_.list(), options_.token_key);
    std::size_t count = 0;
    for (auto each = queue.recipients.begin(); each != queue.recipients.end();) {
        count += database_.write([&](store::Database& database) {
            store::Messages messages(database);
            std::size_t adopted = 0;
            for (std::size_t i = 0; i < looked_at_at_once && each != queue.recipients.end(); ++i, ++each) {
                auto recipient = messages.recipient(each->first);
                if (!recipient || recipient->status != "queued")
                    continue;
                recipient->queue_id = each->second;
                tell(messages, *recipient, "sent", {}, rfc3339(now()));
                ++adopted;
            }
            return adopted;
        });
    }
    return count;
}

std::size_t Reconciler::give_up(const std::vector<store::Recipient>& gone) {
    std::size_t count = 0;
    for (std::size_t start = 0; start < gone.size(); start += looked_at_at_once) {
        const std::size_t end = std::min(gone.size(), start + looked_at_at_once);
        count += database_.write([&](store::Database& database) {
            store::Messages messages(database);
            std::size_t told = 0;
            for (std::size_t i = start; i < end; ++i) {
                auto current = messages.recipient(gone[i].id);
                // The log may have told it while the list was made.
                if (!current || *current != gone[i])
                    continue;
                tell(messages, *current, "unknown", {}, rfc3339(now()));
                ++told;
            }
            return told;
        });
    }
    return count;
}

} // namespace vectis::mail
