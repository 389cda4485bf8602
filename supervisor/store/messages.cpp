#include "store/messages.hpp"

#include "base/random.hpp"
#include "base/text.hpp"
#include "store/counts.hpp"
#include "store/sender_hours.hpp"
#include "store/webhooks.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vectis::store {

namespace {

constexpr std::string_view message_columns =
    "id, domain, sent_by, sender, subject, message_id, tags, metadata, size, created_at, send_at, "
    "unsubscribe_url, unsubscribe_mailto, track_opens, track_clicks, origin, key";
constexpr std::string_view recipient_columns =
    "id, message, address, status, queue_id, attempts, due_at, code, answer, relay, updated_at, original_to, "
    "held";
/// An id is made so much before its row at most.
constexpr std::chrono::minutes moment{1};
constexpr std::int64_t common_words = 20'000; // subjects that have them
constexpr std::int64_t nearest = 5'000;       // messages among which common words are looked for first
constexpr std::int64_t farther_by = 8;
constexpr std::int64_t in_flight = 50'000; // messages between whose ids and rows others come

constexpr std::string_view event_columns = "id, at, type, domain, message, recipient, data";

Message read_message(const Statement& row) {
    return {.id = row.text(0),
            .domain = row.text(1),
            .sent_by = row.text(2),
            .sender = row.text(3),
            .subject = row.text(4),
            .message_id = row.text(5),
            .tags = row.text(6),
            .metadata = row.text(7),
            .size = static_cast<std::uint64_t>(row.integer(8)),
            .created_at = row.text(9),
            .send_at = row.optional_text(10),
            .unsubscribe_url = row.optional_text(11),
            .unsubscribe_mailto = row.optional_text(12),
            .track_opens = row.integer(13) != 0,
            .track_clicks = row.integer(14) != 0,
            .origin = row.text(15),
            .key = row.optional_text(16)};
}

Recipient read_recipient(const Statement& row) {
    return {.id = row.integer(0),
            .message = row.text(1),
            .address = row.text(2),
            .status = row.text(3),
            .queue_id = row.optional_text(4),
            .attempts = row.integer(5),
            .due_at = row.text(6),
            .code = row.optional_text(7),
            .answer = row.optional_text(8),
            .relay = row.optional_text(9),
            .updated_at = row.text(10),
            .original_to = row.optional_text(11),
            .held = row.integer(12) != 0};
}

std::vector<Recipient> read_recipients(Statement& select) {
    std::vector<Recipient> rows;
    while (select.step())
        rows.push_back(read_recipient(select));
    return rows;
}

std::optional<Recipient> read_one_recipient(Statement& select) {
    return select.step() ? std::optional(read_recipient(select)) : std::nullopt;
}

/// All of these words, in any order; the last one may be only begun (FTS5's language). Empty: there is none.
std::string words_to_find(const std::string& text) {
    std::string found;
    for (const auto& word : split(text, ' ')) {
        if (word.empty())
            continue;
        found += found.empty() ? "\"" : " \"";
        for (const char c : word)
            found += c == '"' ? "\"\"" : std::string(1, c);
        found += '"';
    }
    return found.empty() ? found : found + "*";
}

MessageEvent read_event(const Statement& row) {
    return {.id = row.text(0),
            .at = row.text(1),
            .type = row.text(2),
            .domain = row.text(3),
            .message = row.text(4),
            .recipient = row.text(5),
            .data = row.text(6)};
}

} // namespace

const std::string& Recipient::shown_status() const {
    static const std::string kept_back = "held";
    return held && status == "queued" ? kept_back : status;
}

void insert_event(Database& database, const MessageEvent& event) {
    database.prepare(fmt::format("insert into events ({}) values (?1, ?2, ?3, ?4, ?5, ?6, ?7)", event_columns))
        .bind(event.id, event.at, event.type, event.domain, event.message, event.recipient, event.data)
        .run();
}

void Messages::insert(const Message& message) {
    database_
        .prepare(fmt::format("insert into messages ({}, seq) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, "
                             "?12, ?13, ?14, ?15, ?16, ?17, (select coalesce(max(seq), 0) + 1 from messages))",
                             message_columns))
        .bind(message.id, message.domain, message.sent_by, message.sender, message.subject, message.message_id,
              message.tags, message.metadata, message.size, message.created_at, message.send_at,
              message.unsubscribe_url, message.unsubscribe_mailto, message.track_opens, message.track_clicks,
              message.origin, message.key)
        .run();
    database_.prepare("insert into message_subjects (rowid, subject) select seq, subject from messages where id = ?1")
        .bind(message.id)
        .run();
}

void Messages::add(const Message& message, const std::string& content, std::vector<Recipient>& recipients) {
    insert(message);
    if (message.tags != "[]")
        database_.prepare("insert or ignore into message_tags (tag, message) select value, ?1 from json_each(?2)")
            .bind(message.id, message.tags)
            .run();
    database_.prepare("insert into message_contents (message, content) values (?1, cast(?2 as blob))")
        .bind(message.id, content)
        .run();
    auto insert = database_.prepare("insert into recipients (message, address, status, due_at, updated_at, held) "
                                    "values (?1, ?2, ?3, ?4, ?5, ?6) returning id");
    for (auto& each : recipients) {
        each.message = message.id;
        if (insert.bind(each.message, each.address, each.status, each.due_at, each.updated_at, each.held).step())
            each.id = insert.integer(0);
    }
}

void Messages::add_followed(const Message& message) {
    insert(message);
}

void Messages::add_recipient(Recipient& recipient) {
    auto insert = database_.prepare("insert into recipients (message, address, status, queue_id, due_at, updated_at, "
                                    "original_to) values (?1, ?2, ?3, ?4, ?5, ?6, ?7) returning id");
    insert.bind(recipient.message, recipient.address, recipient.status, recipient.queue_id, recipient.due_at,
                recipient.updated_at, recipient.original_to);
    if (insert.step())
        recipient.id = insert.integer(0);
}

std::optional<Message> Messages::find(const std::string& id) {
    auto select = database_.prepare(fmt::format("select {} from messages where id = ?1", message_columns));
    return select.bind(id).step() ? std::optional(read_message(select)) : std::nullopt;
}

std::vector<Message> Messages::search(const Search& search, Page page) {
    const auto where = [&](std::string_view condition, const std::string& value) {
        page.conditions.emplace_back(condition, value);
    };
    if (search.recipient)
        where("id in (select message from recipients where address = {} collate nocase)", *search.recipient);
    // Nearly all are delivered: each is looked at, and the page is soon full. Of the others there is an index.
    if (search.status == "held")
        page.only = "id in (select message from recipients where status = 'queued' and held = 1)";
    else if (search.status == "delivered")
        where("exists (select 1 from recipients where message = messages.id and status = {})", *search.status);
    else if (search.status)
        where("id in (select message from recipients where status = {} and status <> 'delivered')", *search.status);
    if (search.tag)
        where("id in (select message from message_tags where tag = {})", *search.tag);
    // An id is made a moment before the row: the index finds roughly where, the row says exactly.
    if (search.since) {
        where("id >= {}", first_uuid7(parse_rfc3339(*search.since) - moment));
        where("created_at >= {}", *search.since);
    }
    if (search.until) {
        where("id < {}", first_uuid7(parse_rfc3339(*search.until)));
        where("created_at < {}", *search.until);
    }
    const auto words = words_to_find(search.subject.value_or(""));
    return words.empty() ? this->page(page) : page_with_words(page, words, search);
}

std::vector<Message> Messages::page(const Page& page) {
    auto select = select_page(database_, message_columns, "messages", page);
    std::vector<Message> rows;
    while (select.step())
        rows.push_back(read_message(select));
    return rows;
}

std::vector<Message> Messages::page_with_words(const Page& page, const std::string& words, const Search& search) {
    const auto page_among = [&](Page among, const std::string& range) {
        const std::string condition =
            "seq in (select rowid from message_subjects where message_subjects match {}" + range + ")";
        among.conditions.emplace_back(condition, words);
        return this->page(among);
    };
    auto count = database_.prepare("select count(*) from (select 1 from message_subjects where "
                                   "message_subjects match ?1 limit ?2)");
    const bool are_common = count.bind(words, common_words).step() && count.integer(0) == common_words;
    if (!are_common || page.sort != "id")
        return page_among(page, "");
    // Of words that many subjects have the index would tell every message before the first is shown: they are looked
    // for near the place where the page begins, and farther from it until the page is full.
    std::string start = page.after ? page.after->second : page.descending ? "z" : "";
    if (page.descending && search.until)
        start = std::min(start, first_uuid7(parse_rfc3339(*search.until)));
    if (!page.descending && search.since)
        start = std::max(start, first_uuid7(parse_rfc3339(*search.since) - moment));
    auto place = database_.prepare(
        page.descending ? "select id, seq from messages where id <= ?1 order by id desc limit 1 offset ?2"
                        : "select id, seq from messages where id >= ?1 order by id limit 1 offset ?2");
    if (!place.bind(start, 0).step())
        return {};
    const std::int64_t first = place.integer(1);
    for (std::int64_t near = nearest; place.bind(start, near).step(); near *= farther_by) {
        Page part = page;
        part.conditions.emplace_back(page.descending ? "id >= {}" : "id <= {}", place.text(0));
        // By their numbers some lie a little before or behind where they do by their ids.
        const std::int64_t last = place.integer(1);
        auto rows = page_among(part, fmt::format(" and rowid between {} and {}", std::min(first, last) - in_flight,
                                                 std::max(first, last) + in_flight));
        if (rows.size() > page.limit)
            return rows;
    }
    return page_among(page, "");
}

std::vector<Recipient> Messages::recipients(const std::string& message) {
    auto select =
        database_.prepare(fmt::format("select {} from recipients where message = ?1 order by id", recipient_columns));
    return read_recipients(select.bind(message));
}

std::vector<MessageEvent> Messages::events(const std::string& message) {
    auto select =
        database_.prepare(fmt::format("select {} from events where message = ?1 order by seq", event_columns));
    select.bind(message);
    std::vector<MessageEvent> rows;
    while (select.step())
        rows.push_back(read_event(select));
    return rows;
}

std::optional<Recipient> Messages::recipient(std::int64_t id) {
    auto select = database_.prepare(fmt::format("select {} from recipients where id = ?1", recipient_columns));
    return read_one_recipient(select.bind(id));
}

std::optional<Recipient> Messages::recipient_in_queue(const std::string& queue_id) {
    auto select = database_.prepare(
        fmt::format("select {} from recipients where queue_id = ?1 order by id desc limit 1", recipient_columns));
    return read_one_recipient(select.bind(queue_id));
}

std::optional<Recipient> Messages::recipient_of(const std::string& message, const std::string& address,
                                                const std::optional<std::string>& original_to) {
    // The first two conditions are the index's.
    auto select = database_.prepare(
        fmt::format("select {} from recipients where message = ?1 and address = ?2 collate nocase and "
                    "address = ?2 and original_to is ?3",
                    recipient_columns));
    return read_one_recipient(select.bind(message, address, original_to));
}

std::vector<Recipient> Messages::waiting_in_queue(const std::string& queue_id, std::int64_t last, std::size_t most) {
    auto select = database_.prepare(fmt::format("select {} from recipients where queue_id = ?1 and id > ?2 and "
                                                "status in ('sent', 'deferred', 'unknown') order by id limit ?3",
                                                recipient_columns));
    return read_recipients(select.bind(queue_id, last, most));
}

std::vector<Recipient> Messages::at_postfix(const std::string& before) {
    auto select = database_.prepare(fmt::format(
        "select {} from recipients where status in ('sent', 'deferred') and updated_at <= ?1", recipient_columns));
    return read_recipients(select.bind(before));
}

std::vector<Recipient> Messages::queued_of_key(const std::string& key, bool held, std::int64_t last, std::size_t most) {
    // By the index of those that wait, which are few, and not by the id of all.
    auto select = database_.prepare(
        fmt::format("select {} from recipients where status = 'queued' and {} and +id > ?2 and "
                    "(select key from messages where id = message) = ?1 order by +id limit ?3",
                    recipient_columns, held ? "held = 1 and message > ''" : "held = 0 and due_at > ''"));
    return read_recipients(select.bind(key, last, most));
}

std::vector<Recipient> Messages::due(const std::string& at, std::size_t most) {
    auto select =
        database_.prepare(fmt::format("select {} from recipients where status = 'queued' and held = 0 and due_at <= ?1 "
                                      "order by due_at limit ?2",
                                      recipient_columns));
    return read_recipients(select.bind(at, most));
}

void Messages::hold_back(const std::string& at, const std::string& until) {
    database_.prepare("update recipients set due_at = ?2 where status = 'queued' and held = 0 and due_at <= ?1")
        .bind(at, until)
        .run();
}

std::optional<std::string> Messages::next_due() {
    auto select = database_.prepare("select min(due_at) from recipients where status = 'queued' and held = 0");
    return select.step() ? select.optional_text(0) : std::nullopt;
}

std::optional<std::string> Messages::content(const std::string& message) {
    auto select = database_.prepare("select content from message_contents where message = ?1");
    return select.bind(message).step() ? std::optional(select.text(0)) : std::nullopt;
}

void Messages::drop_content_if_handed_over(const std::string& message) {
    database_
        .prepare("delete from message_contents where message = ?1 and not exists "
                 "(select 1 from recipients where message = ?1 and status = 'queued')")
        .bind(message)
        .run();
}

void Messages::update(const Recipient& recipient) {
    database_
        .prepare("update recipients set status = ?2, queue_id = ?3, attempts = ?4, due_at = ?5, code = ?6, "
                 "answer = ?7, relay = ?8, updated_at = ?9, held = ?10 where id = ?1")
        .bind(recipient.id, recipient.status, recipient.queue_id, recipient.attempts, recipient.due_at, recipient.code,
              recipient.answer, recipient.relay, recipient.updated_at, recipient.held)
        .run();
}

void Messages::add_event(const MessageEvent& event) {
    if (const auto message = find(event.message)) {
        add_event(event, *message);
        return;
    }
    insert_event(database_, event);
    Counts(database_).count(event, std::nullopt);
    Webhooks(database_).fan_out(event, "");
}

void Messages::add_event(const MessageEvent& event, const Message& message) {
    insert_event(database_, event);
    Counts(database_).count(event, message);
    SenderHours(database_).count(event, message);
    Webhooks(database_).fan_out(event, message.origin);
}

std::int64_t Messages::forget(const std::string& before, std::size_t most) {
    // The newest recipient stays: SQLite would give its number, which tokens name, to another.
    auto select = database_.prepare(
        "select id from messages where id < ?1 and created_at < ?2 and not exists "
        "(select 1 from recipients where message = messages.id and (status in ('queued', 'sent', 'deferred') or "
        "id = (select max(id) from recipients))) order by id limit ?3");
    select.bind(first_uuid7(parse_rfc3339(before)), before, most);
    std::vector<std::string> ids;
    while (select.step())
        ids.push_back(select.text(0));
    auto events = database_.prepare("delete from events where message = ?1");
    auto subject = database_.prepare("insert into message_subjects (message_subjects, rowid, subject) "
                                     "select 'delete', seq, subject from messages where id = ?1");
    auto message = database_.prepare("delete from messages where id = ?1");
    for (const auto& id : ids) {
        events.bind(id).run();
        subject.bind(id).run();
        message.bind(id).run();
    }
    return static_cast<std::int64_t>(ids.size());
}

std::int64_t Messages::forget_other_events(const std::string& before, std::size_t most) {
    database_
        .prepare("delete from events where seq in (select seq from events where at < ?1 and "
                 "not exists (select 1 from messages where id = events.message) limit ?2)")
        .bind(before, most)
        .run();
    return database_.changes();
}

bool Messages::has_event(const Recipient& recipient, const std::string& type) {
    auto select = database_.prepare("select 1 from events where message = ?1 and recipient = ?2 and type = ?3 limit 1");
    return select.bind(recipient.message, recipient.address, type).step();
}

bool Messages::has_event(const Recipient& recipient, const std::string& type, const std::string& at) {
    auto select = database_.prepare(
        "select 1 from events where message = ?1 and recipient = ?2 and type = ?3 and at = ?4 limit 1");
    return select.bind(recipient.message, recipient.address, type, at).step();
}

std::optional<MessageEvent> Messages::event(const std::string& id) {
    auto select = database_.prepare(fmt::format("select {} from events where id = ?1", event_columns));
    return select.bind(id).step() ? std::optional(read_event(select)) : std::nullopt;
}

std::string Messages::own_secret(const std::string& name, const std::string& fresh) {
    database_.prepare("insert or ignore into own_secrets (name, value) values (?1, ?2)").bind(name, fresh).run();
    auto select = database_.prepare("select value from own_secrets where name = ?1");
    return select.bind(name).step() ? select.text(0) : std::string();
}

std::optional<std::string> Messages::cursor() {
    auto select = database_.prepare("select cursor from tracking where one = 1");
    return select.step() ? std::optional(select.text(0)) : std::nullopt;
}

void Messages::set_cursor(const std::string& cursor) {
    database_
        .prepare("insert into tracking (one, cursor) values (1, ?1) "
                 "on conflict (one) do update set cursor = excluded.cursor")
        .bind(cursor)
        .run();
}

} // namespace vectis::store
