#include "store/sessions.hpp"

#include <fmt/format.h>

namespace vectis::store {

namespace {

constexpr std::string_view session_columns = "id, admin, secret, csrf, created_at, seen_at, address, agent";

Session read_session(const Statement& row) {
    return {.id = row.text(0),
            .admin = row.text(1),
            .secret = row.text(2),
            .csrf = row.text(3),
            .created_at = row.text(4),
            .seen_at = row.text(5),
            .address = row.text(6),
            .agent = row.text(7)};
}

} // namespace

std::optional<Session> Sessions::find_by_secret(const std::string& secret) {
    auto select = database_.prepare(fmt::format("select {} from sessions where secret = ?1", session_columns));
    return select.bind(secret).step() ? std::optional(read_session(select)) : std::nullopt;
}

std::vector<Session> Sessions::of(const std::string& admin) {
    auto select = database_.prepare(
        fmt::format("select {} from sessions where admin = ?1 order by created_at desc, id", session_columns));
    select.bind(admin);
    std::vector<Session> rows;
    while (select.step())
        rows.push_back(read_session(select));
    return rows;
}

void Sessions::add(const Session& session) {
    database_
        .prepare("insert into sessions (id, admin, secret, csrf, created_at, seen_at, address, agent) "
                 "values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")
        .bind(session.id, session.admin, session.secret, session.csrf, session.created_at, session.seen_at,
              session.address, session.agent)
        .run();
}

void Sessions::set_seen(const std::string& id, const std::string& at) {
    database_.prepare("update sessions set seen_at = ?2 where id = ?1").bind(id, at).run();
}

bool Sessions::remove(const std::string& admin, const std::string& id) {
    database_.prepare("delete from sessions where admin = ?1 and id = ?2").bind(admin, id).run();
    return database_.changes() > 0;
}

void Sessions::remove_all(const std::string& admin, const std::string& but) {
    database_.prepare("delete from sessions where admin = ?1 and id <> ?2").bind(admin, but).run();
}

void Sessions::remove_old(const std::string& begun_before, const std::string& seen_before) {
    database_.prepare("delete from sessions where created_at < ?1 or seen_at < ?2")
        .bind(begun_before, seen_before)
        .run();
}

void Sessions::note_address(const std::string& admin, const std::string& address, const std::string& at) {
    database_
        .prepare("insert into known_addresses (admin, address, seen_at) values (?1, ?2, ?3) "
                 "on conflict (admin, address) do update set seen_at = excluded.seen_at")
        .bind(admin, address, at)
        .run();
}

bool Sessions::knows_address(const std::string& admin, const std::string& address, const std::string& since) {
    auto select =
        database_.prepare("select 1 from known_addresses where admin = ?1 and address = ?2 and seen_at >= ?3");
    return select.bind(admin, address, since).step();
}

} // namespace vectis::store
