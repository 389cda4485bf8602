#include "store/sessions.hpp"

#include <fmt/format.h>

namespace vectis::store {

namespace {

constexpr std::string_view session_columns =
    "id, admin, mailbox, password, secret, csrf, created_at, seen_at, address, agent";
constexpr std::string_view owned = "admin is ?1 and mailbox is ?2";

Session read_session(const Statement& row) {
    return {.id = row.text(0),
            .owner = {.admin = row.optional_text(1), .mailbox = row.optional_text(2)},
            .password = row.optional_text(3),
            .secret = row.text(4),
            .csrf = row.text(5),
            .created_at = row.text(6),
            .seen_at = row.text(7),
            .address = row.text(8),
            .agent = row.text(9)};
}

} // namespace

std::optional<Session> Sessions::find_by_secret(const std::string& secret) {
    auto select = database_.prepare(fmt::format("select {} from sessions where secret = ?1", session_columns));
    return select.bind(secret).step() ? std::optional(read_session(select)) : std::nullopt;
}

std::vector<Session> Sessions::of(const SessionOwner& owner) {
    auto select = database_.prepare(
        fmt::format("select {} from sessions where {} order by created_at desc, id", session_columns, owned));
    select.bind(owner.admin, owner.mailbox);
    std::vector<Session> rows;
    while (select.step())
        rows.push_back(read_session(select));
    return rows;
}

void Sessions::add(const Session& session) {
    database_
        .prepare("insert into sessions (id, admin, mailbox, password, secret, csrf, created_at, seen_at, address, "
                 "agent) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")
        .bind(session.id, session.owner.admin, session.owner.mailbox, session.password, session.secret, session.csrf,
              session.created_at, session.seen_at, session.address, session.agent)
        .run();
}

void Sessions::set_seen(const std::string& id, const std::string& at) {
    database_.prepare("update sessions set seen_at = ?2 where id = ?1").bind(id, at).run();
}

void Sessions::set_password(const std::string& id, const std::string& password) {
    database_.prepare("update sessions set password = ?2 where id = ?1").bind(id, password).run();
}

bool Sessions::remove(const SessionOwner& owner, const std::string& id) {
    database_.prepare(fmt::format("delete from sessions where {} and id = ?3", owned))
        .bind(owner.admin, owner.mailbox, id)
        .run();
    return database_.changes() > 0;
}

void Sessions::remove_all(const SessionOwner& owner, const std::string& but) {
    database_.prepare(fmt::format("delete from sessions where {} and id <> ?3", owned))
        .bind(owner.admin, owner.mailbox, but)
        .run();
}

void Sessions::remove_surplus(const SessionOwner& owner, std::size_t most) {
    database_
        .prepare(fmt::format("delete from sessions where id in (select id from sessions where {} "
                             "order by created_at desc, id desc limit -1 offset ?3)",
                             owned))
        .bind(owner.admin, owner.mailbox, most)
        .run();
}

void Sessions::remove_old(const std::string& begun_before, const std::string& seen_before) {
    database_.prepare("delete from sessions where created_at < ?1 or seen_at < ?2")
        .bind(begun_before, seen_before)
        .run();
}

void Sessions::note_address(const SessionOwner& owner, const std::string& address, const std::string& at) {
    database_.prepare(fmt::format("delete from known_addresses where {} and address = ?3", owned))
        .bind(owner.admin, owner.mailbox, address)
        .run();
    database_.prepare("insert into known_addresses (admin, mailbox, address, seen_at) values (?1, ?2, ?3, ?4)")
        .bind(owner.admin, owner.mailbox, address, at)
        .run();
}

bool Sessions::knows_address(const SessionOwner& owner, const std::string& address, const std::string& since) {
    auto select = database_.prepare(
        fmt::format("select 1 from known_addresses where {} and address = ?3 and seen_at >= ?4", owned));
    return select.bind(owner.admin, owner.mailbox, address, since).step();
}

void Sessions::forget_addresses(const std::string& seen_before) {
    database_.prepare("delete from known_addresses where seen_at < ?1").bind(seen_before).run();
}

} // namespace vectis::store
