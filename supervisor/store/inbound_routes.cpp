#include "store/inbound_routes.hpp"

#include <fmt/format.h>

namespace vectis::store {

namespace {

constexpr std::string_view inbound_route_columns =
    "id, name, domain, match, keep_copy, format, webhook, created_at, updated_at";

directory::InboundRoute read_inbound_route(const Statement& row) {
    return {.id = row.text(0),
            .name = row.text(1),
            .domain = row.text(2),
            .match = row.text(3),
            .keep_copy = row.integer(4) != 0,
            .format = row.text(5),
            .webhook = row.optional_text(6),
            .created_at = row.text(7),
            .updated_at = row.text(8)};
}

std::optional<directory::InboundRoute> read_one_route(Statement& select) {
    return select.step() ? std::optional(read_inbound_route(select)) : std::nullopt;
}

} // namespace

std::optional<directory::InboundRoute> InboundRoutes::find(const std::string& id) {
    auto select = database_.prepare(fmt::format("select {} from inbound_routes where id = ?1", inbound_route_columns));
    return read_one_route(select.bind(id));
}

std::optional<directory::InboundRoute> InboundRoutes::named(const std::string& name) {
    auto select =
        database_.prepare(fmt::format("select {} from inbound_routes where name = ?1", inbound_route_columns));
    return read_one_route(select.bind(name));
}

std::vector<directory::InboundRoute> InboundRoutes::page(const Page& page) {
    auto select = select_page(database_, inbound_route_columns, "inbound_routes", page);
    std::vector<directory::InboundRoute> rows;
    while (select.step())
        rows.push_back(read_inbound_route(select));
    return rows;
}

std::optional<directory::InboundRoute> InboundRoutes::of_webhook(const std::string& webhook) {
    auto select = database_.prepare(
        fmt::format("select {} from inbound_routes where webhook = ?1 order by name limit 1", inbound_route_columns));
    return read_one_route(select.bind(webhook));
}

std::optional<directory::InboundRoute> InboundRoutes::taking(const Asked& asked) {
    auto select = database_.prepare(
        fmt::format("select {} from inbound_routes where name in (?1, ?2) order by match = 'address' desc limit 1",
                    inbound_route_columns));
    return read_one_route(select.bind(fmt::format("{}@{}", asked.local_part, asked.domain), asked.domain));
}

std::optional<std::string> InboundRoutes::main_domain(const std::string& name) {
    auto select = database_.prepare("select coalesce(alias_of, name) from domains where name = ?1");
    return select.bind(name).step() ? std::optional(select.text(0)) : std::nullopt;
}

void InboundRoutes::add(const directory::NewInboundRoute& made, const std::string& at) {
    database_
        .prepare("insert into inbound_routes (id, name, domain, match, keep_copy, format, webhook, created_at, "
                 "updated_at) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)")
        .bind(made.id, made.name, made.name.substr(made.name.rfind('@') + 1), made.match, made.keep_copy, made.format,
              made.webhook, at)
        .run();
}

void InboundRoutes::update(const directory::InboundRoute& route) {
    database_
        .prepare("update inbound_routes set keep_copy = ?2, format = ?3, webhook = ?4, updated_at = ?5 where id = ?1")
        .bind(route.id, route.keep_copy, route.format, route.webhook, route.updated_at)
        .run();
}

void InboundRoutes::remove(const std::string& id) {
    database_.prepare("delete from inbound_routes where id = ?1").bind(id).run();
}

} // namespace vectis::store
