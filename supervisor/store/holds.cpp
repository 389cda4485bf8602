#include "store/holds.hpp"

#include <fmt/format.h>

namespace vectis::store {

namespace {

constexpr std::string_view hold_columns = "id, kind, name, sender, domain, reason, detail, held_by, created_at, ending";

Hold read_hold(const Statement& row) {
    return {.id = row.text(0),
            .who = {.kind = row.text(1), .name = row.text(2)},
            .sender = row.text(3),
            .domain = row.text(4),
            .reason = row.text(5),
            .detail = row.text(6),
            .held_by = row.text(7),
            .created_at = row.text(8),
            .ending = row.optional_text(9)};
}

std::vector<Hold> read_holds(Statement& select) {
    std::vector<Hold> rows;
    while (select.step())
        rows.push_back(read_hold(select));
    return rows;
}

std::optional<Hold> read_one_hold(Statement& select) {
    return select.step() ? std::optional(read_hold(select)) : std::nullopt;
}

} // namespace

bool Holds::add(const Hold& hold) {
    auto insert = database_.prepare(fmt::format("insert into holds ({}) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "
                                                "?10) on conflict (kind, name) do nothing returning 1",
                                                hold_columns));
    return insert
        .bind(hold.id, hold.who.kind, hold.who.name, hold.sender, hold.domain, hold.reason, hold.detail, hold.held_by,
              hold.created_at, hold.ending)
        .step();
}

std::optional<Hold> Holds::find(const std::string& id) {
    auto select = database_.prepare(fmt::format("select {} from holds where id = ?1", hold_columns));
    return read_one_hold(select.bind(id));
}

bool Holds::keeps_back(const SenderHours::Sender& who) {
    const auto hold = of(who);
    return hold && !hold->ending;
}

std::optional<Hold> Holds::of(const SenderHours::Sender& who) {
    auto select = database_.prepare(fmt::format("select {} from holds where kind = ?1 and name = ?2", hold_columns));
    return read_one_hold(select.bind(who.kind, who.name));
}

std::vector<Hold> Holds::page(const Page& page) {
    auto select = select_page(database_, hold_columns, "holds", page);
    return read_holds(select);
}

std::vector<Hold> Holds::all() {
    auto select = database_.prepare(fmt::format("select {} from holds order by id", hold_columns));
    return read_holds(select);
}

void Holds::end(const std::string& id, const std::string& ending) {
    database_.prepare("update holds set ending = ?2 where id = ?1").bind(id, ending).run();
}

void Holds::remove(const std::string& id) {
    database_.prepare("delete from holds where id = ?1").bind(id).run();
}

std::int64_t Holds::waiting(const Hold& hold) {
    auto select = database_.prepare(
        hold.who.kind == "key"
            ? "select count(*) from (select distinct message from recipients where status = 'queued' and held = 1) "
              "join messages on messages.id = message where key = ?1"
            : "select count(*) from submissions where message is null and lower(mailbox) = ?1");
    return select.bind(hold.who.name).step() ? select.integer(0) : 0;
}

void Holds::leave_alone(const SenderHours::Sender& who, const std::string& until) {
    database_
        .prepare("insert into left_alone (kind, name, until) values (?1, ?2, ?3) "
                 "on conflict do update set until = excluded.until")
        .bind(who.kind, who.name, until)
        .run();
}

bool Holds::is_left_alone(const SenderHours::Sender& who, const std::string& at) {
    auto select = database_.prepare("select 1 from left_alone where kind = ?1 and name = ?2 and until > ?3");
    return select.bind(who.kind, who.name, at).step();
}

void Holds::forget_left_alone(const std::string& at) {
    database_.prepare("delete from left_alone where until <= ?1").bind(at).run();
}

} // namespace vectis::store
