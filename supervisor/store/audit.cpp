#include "store/audit.hpp"

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

namespace vectis::store {

namespace {

constexpr std::string_view audit_row_columns =
    "seq, at, actor, actor_id, credential, address, action, target, target_id, before, after, request_id, hash";

AuditRow read_audit_row(const Statement& row) {
    return {.seq = row.integer(0),
            .entry = {.at = row.text(1),
                      .actor = row.text(2),
                      .actor_id = row.optional_text(3),
                      .credential = row.text(4),
                      .address = row.text(5),
                      .action = row.text(6),
                      .target = row.text(7),
                      .target_id = row.optional_text(8),
                      .before = row.optional_text(9),
                      .after = row.optional_text(10),
                      .request_id = row.text(11)},
            .hash = row.text(12)};
}

struct Head {
    std::int64_t seq = 0;
    std::string hash;
};

Head read_head(Database& database) {
    auto select = database.prepare("select seq, hash from audit_head");
    if (!select.step())
        throw Error(Code::internal, "the audit log has no head");
    return {select.integer(0), select.text(1)};
}

std::string hash_of(const std::string& last, std::int64_t seq, const AuditEntry& entry) {
    Sha256 hash;
    const auto maybe = [&](const std::optional<std::string>& text) {
        hash.part(text ? "1" : "0").part(text.value_or(""));
    };
    hash.part(last).part(std::to_string(seq)).part(entry.at).part(entry.actor);
    maybe(entry.actor_id);
    hash.part(entry.credential).part(entry.address).part(entry.action).part(entry.target);
    maybe(entry.target_id);
    maybe(entry.before);
    maybe(entry.after);
    return hash.part(entry.request_id).finish();
}

} // namespace

void Audit::add(const AuditEntry& entry) {
    const Head head = read_head(database_);
    const std::int64_t seq = head.seq + 1;
    const std::string hash = hash_of(head.hash, seq, entry);
    database_
        .prepare("insert into audit (seq, at, actor, actor_id, credential, address, action, target, target_id, before, "
                 "after, request_id, hash) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)")
        .bind(seq, entry.at, entry.actor, entry.actor_id, entry.credential, entry.address, entry.action, entry.target,
              entry.target_id, entry.before, entry.after, entry.request_id, hash)
        .run();
    database_.prepare("update audit_head set seq = ?1, hash = ?2").bind(seq, hash).run();
}

std::vector<AuditRow> Audit::page(const AuditQuery& query) {
    std::vector<std::string> values;
    std::vector<std::string> conditions;
    for (const auto& [column, value] : query.where) {
        values.push_back(value);
        conditions.push_back(fmt::format("{} = ?{}", column, values.size()));
    }
    if (query.after)
        conditions.push_back(fmt::format("seq {} {}", query.descending ? "<" : ">", *query.after));
    auto select = database_.prepare(fmt::format("select {} from audit{}{} order by seq {} limit {}", audit_row_columns,
                                                conditions.empty() ? "" : " where ", join(conditions, " and "),
                                                query.descending ? "desc" : "asc", query.limit + 1));
    select.bind_all(values);
    std::vector<AuditRow> rows;
    while (select.step())
        rows.push_back(read_audit_row(select));
    return rows;
}

Audit::Verdict Audit::verify() {
    const Head head = read_head(database_);
    Verdict verdict;
    std::string last;
    auto select = database_.prepare(fmt::format("select {} from audit order by seq", audit_row_columns));
    while (select.step()) {
        const AuditRow row = read_audit_row(select);
        ++verdict.rows;
        if (row.seq != verdict.rows)
            return {verdict.rows, fmt::format("row {} is missing", verdict.rows)};
        last = hash_of(last, row.seq, row.entry);
        if (last != row.hash)
            return {verdict.rows, fmt::format("row {} was changed, or one before it", row.seq)};
    }
    if (verdict.rows != head.seq)
        return {verdict.rows, fmt::format("there are {} rows, and {} were written", verdict.rows, head.seq)};
    if (last != head.hash)
        return {verdict.rows, fmt::format("row {} is not the one that was written last", verdict.rows)};
    return verdict;
}

} // namespace vectis::store
