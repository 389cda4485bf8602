#include "store/admins.hpp"

#include "store/lists.hpp"

#include <fmt/format.h>

namespace vectis::store {

namespace {

constexpr std::string_view admin_columns = "id, email, name, password, must_change_password, role, domains, suspended, "
                                           "created_at, updated_at, announced_at";

Admin read_admin(const Statement& row) {
    return {.id = row.text(0),
            .email = row.text(1),
            .name = row.text(2),
            .password = row.text(3),
            .must_change_password = row.integer(4) != 0,
            .role = row.text(5),
            .domains = list_of(row.text(6)),
            .suspended = row.integer(7) != 0,
            .created_at = row.text(8),
            .updated_at = row.text(9),
            .announced_at = row.optional_text(10)};
}

std::optional<Admin> one_admin(Statement& select) {
    return select.step() ? std::optional(read_admin(select)) : std::nullopt;
}

} // namespace

std::optional<Admin> Admins::first() {
    auto select =
        database_.prepare(fmt::format("select {} from admins order by created_at, id limit 1", admin_columns));
    return one_admin(select);
}

std::optional<Admin> Admins::find(const std::string& id) {
    auto select = database_.prepare(fmt::format("select {} from admins where id = ?1", admin_columns));
    return one_admin(select.bind(id));
}

std::optional<Admin> Admins::find_by_email(const std::string& email) {
    auto select = database_.prepare(fmt::format("select {} from admins where email = ?1", admin_columns));
    return one_admin(select.bind(email));
}

std::vector<Admin> Admins::page(const Page& page) {
    auto select = select_page(database_, admin_columns, "admins", page);
    std::vector<Admin> rows;
    while (select.step())
        rows.push_back(read_admin(select));
    return rows;
}

std::int64_t Admins::count_in_charge() {
    auto count = database_.prepare("select count(*) from admins where role = 'super_admin' and suspended = 0");
    return count.step() ? count.integer(0) : 0;
}

void Admins::add(const Admin& admin) {
    database_
        .prepare("insert into admins (id, email, name, password, must_change_password, role, domains, suspended, "
                 "created_at, updated_at, announced_at) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)")
        .bind(admin.id, admin.email, admin.name, admin.password, admin.must_change_password, admin.role,
              text_of(admin.domains), admin.suspended, admin.created_at, admin.updated_at, admin.announced_at)
        .run();
}

void Admins::update(const Admin& admin) {
    database_
        .prepare("update admins set email = ?2, name = ?3, password = ?4, must_change_password = ?5, role = ?6, "
                 "domains = ?7, suspended = ?8, updated_at = ?9, announced_at = ?10 where id = ?1")
        .bind(admin.id, admin.email, admin.name, admin.password, admin.must_change_password, admin.role,
              text_of(admin.domains), admin.suspended, admin.updated_at, admin.announced_at)
        .run();
}

void Admins::remove(const std::string& id) {
    database_.prepare("delete from admins where id = ?1").bind(id).run();
}

} // namespace vectis::store
