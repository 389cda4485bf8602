#include "mail/holds.hpp"

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "mail/story.hpp"
#include "mail/token.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace vectis::mail {

namespace {

/// In one transaction: others wait for it.
constexpr std::size_t settled_at_once = 500;
/// What was between Postfix's question and its queue at the first look is found by the second.
constexpr int looks_that_find_nothing = 2;
/// Whoever has judged a sender is not contradicted by what was counted before.
constexpr std::chrono::hours left_alone_for{24};

void tell_webhooks(store::Database& database, const store::Hold& hold, const std::string& type, Json data,
                   const std::string& at) {
    data.update({{"hold", hold.id}, {"kind", hold.who.kind}, {"sender", hold.sender}});
    store::Messages(database).add_event({.id = uuid7(),
                                         .at = at,
                                         .type = type,
                                         .domain = hold.domain,
                                         .message = "",
                                         .recipient = "",
                                         .data = to_text(data)});
}

} // namespace

bool hold(store::Database& database, const store::Hold& hold) {
    if (!store::Holds(database).add(hold))
        return false;
    tell_webhooks(database, hold, "sender.held", {{"reason", hold.reason}, {"detail", hold.detail}}, hold.created_at);
    return true;
}

void tell_held(store::Messages& messages, store::Recipient& recipient, const store::Hold& hold, const std::string& at) {
    recipient.held = true;
    recipient.updated_at = at;
    messages.update(recipient);
    tell_event(messages, recipient, "held", {{"reason", hold.reason}, {"sender", hold.sender}}, at);
}

/// A message that Postfix has, and whose it is.
struct Holder::Queued {
    std::string id;
    bool held = false;
    store::SenderHours::Sender who;
};

void Holder::look(const std::stop_token& stop) {
    const auto holds = database_.read([](store::Database& database) { return store::Holds(database).all(); });
    const auto key_of = [](const store::Hold& hold) { return std::pair(hold.id, hold.ending.value_or("")); };
    std::erase_if(nothing_left_, [&](const auto& each) {
        return std::none_of(holds.begin(), holds.end(),
                            [&](const store::Hold& hold) { return key_of(hold) == each.first; });
    });
    std::optional<std::vector<Queued>> queue;
    for (const auto& hold : holds) {
        int& times = nothing_left_[key_of(hold)];
        if (times >= looks_that_find_nothing || stop.stop_requested())
            continue;
        const std::size_t here = settle_here(hold, stop);
        if (!queue)
            queue = this->queue();
        const std::size_t there = settle_in_queue(hold, *queue, stop);
        if (stop.stop_requested())
            return;
        times = here + there == 0 ? times + 1 : 0;
        if (times >= looks_that_find_nothing && hold.ending)
            finish(hold);
    }
}

std::size_t Holder::settle_here(const store::Hold& hold, const std::stop_token& stop) {
    if (hold.who.kind != "key")
        return 0;
    const bool ends = hold.ending.has_value();
    std::size_t count = 0;
    for (std::int64_t last = 0; last >= 0 && !stop.stop_requested();) {
        last = database_.write([&](store::Database& database) -> std::int64_t {
            const auto current = store::Holds(database).find(hold.id);
            if (!current || current->ending != hold.ending)
                return -1;
            store::Messages messages(database);
            const std::string at = rfc3339(now());
            auto some = messages.queued_of_key(hold.who.name, ends, last, settled_at_once);
            for (auto& each : some) {
                ++count;
                if (options_.is_being_sent(each.id))
                    continue; // if Postfix does not take it, the next look finds it
                if (!ends) {
                    tell_held(messages, each, hold, at);
                } else if (hold.ending == "discard") {
                    tell(messages, each, "canceled", {{"sender", hold.sender}}, at);
                } else {
                    each.held = false;
                    each.updated_at = at;
                    messages.update(each);
                    tell_event(messages, each, "released", {}, at);
                }
            }
            return some.size() < settled_at_once ? -1 : some.back().id;
        });
    }
    if (hold.ending == "release" && count > 0)
        options_.wake_sender();
    return count;
}

std::vector<Holder::Queued> Holder::queue() {
    const Json list = parse_json(options_.list());
    std::vector<Queued> queue;
    for (std::size_t start = 0; start < list.size(); start += settled_at_once) {
        database_.read([&](store::Database& database) {
            store::Messages messages(database);
            for (std::size_t i = start; i < std::min(list.size(), start + settled_at_once); ++i) {
                const Json& each = list[i];
                Queued one{.id = each.at("id").get<std::string>(), .held = each.at("queue") == "hold", .who = {}};
                if (const auto id = bounced_recipient(each.at("sender").get<std::string>(), options_.token_key)) {
                    const auto recipient = messages.recipient(*id);
                    const auto message = recipient ? messages.find(recipient->message) : std::nullopt;
                    if (message)
                        one.who = store::SenderHours::sender_of(*message);
                } else if (const auto submission = messages.submissions().find(one.id)) {
                    one.who = {.kind = "mailbox", .name = lower_ascii(submission->mailbox)};
                }
                queue.push_back(std::move(one));
            }
        });
    }
    return queue;
}

std::size_t Holder::settle_in_queue(const store::Hold& hold, const std::vector<Queued>& queue,
                                    const std::stop_token& stop) {
    const std::string action = !hold.ending ? "hold" : *hold.ending == "release" ? "release" : "remove";
    std::size_t count = 0;
    for (const auto& each : queue) {
        if (each.who.kind != hold.who.kind || each.who.name != hold.who.name || each.held != hold.ending.has_value() ||
            stop.stop_requested())
            continue;
        try {
            options_.act(each.id, action);
        } catch (const Error& error) {
            // It has gone meanwhile.
            if (error.code() != Code::not_found)
                throw;
        }
        ++count;
    }
    return count;
}

void Holder::finish(const store::Hold& hold) {
    database_.write([&](store::Database& database) {
        store::Holds holds(database);
        holds.remove(hold.id);
        holds.leave_alone(hold.who, rfc3339(now() + left_alone_for));
        tell_webhooks(database, hold, "sender.released", {{"discarded", hold.ending == "discard"}}, rfc3339(now()));
        return 0;
    });
}

} // namespace vectis::mail
