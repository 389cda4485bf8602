#include "store/operations.hpp"

#include <fmt/format.h>

namespace vectis::store {

namespace {

constexpr std::size_t most_operations = 1000;
constexpr std::string_view operation_columns =
    "id, kind, argument, status, result, error, started_by, started_at, finished_at";

Operation read_operation(const Statement& row) {
    return {.id = row.text(0),
            .kind = row.text(1),
            .argument = row.text(2),
            .status = row.text(3),
            .result = row.optional_text(4),
            .error = row.optional_text(5),
            .started_by = row.text(6),
            .started_at = row.text(7),
            .finished_at = row.optional_text(8)};
}

} // namespace

void Operations::add(const Operation& operation) {
    database_
        .prepare(
            fmt::format("insert into operations ({}) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)", operation_columns))
        .bind(operation.id, operation.kind, operation.argument, operation.status, operation.result, operation.error,
              operation.started_by, operation.started_at, operation.finished_at)
        .run();
    database_
        .prepare("delete from operations where status <> 'running' and rowid <= "
                 "(select rowid from operations order by rowid desc limit 1 offset ?1)")
        .bind(most_operations)
        .run();
}

std::optional<Operation> Operations::find(const std::string& id) {
    auto select = database_.prepare(fmt::format("select {} from operations where id = ?1", operation_columns));
    return select.bind(id).step() ? std::optional(read_operation(select)) : std::nullopt;
}

std::vector<Operation> Operations::page(const Page& page) {
    auto select = select_page(database_, operation_columns, "operations", page);
    std::vector<Operation> rows;
    while (select.step())
        rows.push_back(read_operation(select));
    return rows;
}

std::optional<Operation> Operations::running(const std::string& kind) {
    auto select = database_.prepare(
        fmt::format("select {} from operations where kind = ?1 and status = 'running' limit 1", operation_columns));
    return select.bind(kind).step() ? std::optional(read_operation(select)) : std::nullopt;
}

std::optional<Operation> Operations::last_done(const std::string& kind) {
    auto select = database_.prepare(fmt::format("select {} from operations where kind = ?1 and status = 'done' "
                                                "order by started_at desc, rowid desc limit 1",
                                                operation_columns));
    return select.bind(kind).step() ? std::optional(read_operation(select)) : std::nullopt;
}

void Operations::finish(const Operation& operation) {
    database_.prepare("update operations set status = ?2, result = ?3, error = ?4, finished_at = ?5 where id = ?1")
        .bind(operation.id, operation.status, operation.result, operation.error, operation.finished_at)
        .run();
}

void Operations::interrupt(const std::string& error, const std::string& at) {
    database_
        .prepare("update operations set status = 'interrupted', error = ?1, finished_at = ?2 where status = 'running'")
        .bind(error, at)
        .run();
}

} // namespace vectis::store
