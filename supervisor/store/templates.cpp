#include "store/templates.hpp"

#include <fmt/format.h>

namespace vectis::store {

namespace {

constexpr std::string_view template_columns =
    "id, domain, name, description, subject, text, html, created_at, updated_at";

Template read_template(const Statement& row) {
    return {.id = row.text(0),
            .domain = row.optional_text(1),
            .name = row.text(2),
            .description = row.text(3),
            .subject = row.text(4),
            .text = row.optional_text(5),
            .html = row.optional_text(6),
            .created_at = row.text(7),
            .updated_at = row.text(8)};
}

} // namespace

bool Templates::add(const Template& row) {
    return database_
        .prepare(fmt::format("insert into templates ({}) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) "
                             "on conflict (coalesce(domain, ''), name) do nothing returning 1",
                             template_columns))
        .bind(row.id, row.domain, row.name, row.description, row.subject, row.text, row.html, row.created_at,
              row.updated_at)
        .step();
}

std::optional<Template> Templates::find(const std::string& id) {
    auto select = database_.prepare(fmt::format("select {} from templates where id = ?1", template_columns));
    return select.bind(id).step() ? std::optional(read_template(select)) : std::nullopt;
}

std::vector<Template> Templates::page(const Page& page) {
    auto select = select_page(database_, template_columns, "templates", page);
    std::vector<Template> rows;
    while (select.step())
        rows.push_back(read_template(select));
    return rows;
}

bool Templates::update(const Template& row) {
    return database_
        .prepare("update or ignore templates set name = ?2, description = ?3, subject = ?4, text = ?5, html = ?6, "
                 "updated_at = ?7 where id = ?1 returning 1")
        .bind(row.id, row.name, row.description, row.subject, row.text, row.html, row.updated_at)
        .step();
}

void Templates::remove(const std::string& id) {
    database_.prepare("delete from templates where id = ?1").bind(id).run();
}

} // namespace vectis::store
