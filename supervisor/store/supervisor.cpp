#include "store/supervisor.hpp"

#include "base/hash.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "store/migrate.hpp"

#include <fmt/format.h>

namespace vectis::store {

namespace {

Database open_supervisor(const fs::path& file, const fs::path& migrations) {
    Database database(file, Journal::rollback);
    // It holds the rendered files, the relay's password among them.
    set_access(file, {.mode = 0600});
    migrate(database, migrations);
    return database;
}

} // namespace

Supervisor::Supervisor(const fs::path& file, const fs::path& migrations) :
    database_(open_supervisor(file, migrations)) {}

Supervisor Supervisor::reader(const fs::path& file) {
    return Supervisor(Database::read_only(file));
}

std::uint64_t Supervisor::next_generation() {
    // The journal remembers numbers whose generation was discarded.
    auto select = database_.prepare("select 1 + max(coalesce((select max(number) from generations), 0), "
                                    "coalesce((select max(to_number) from applies), 0))");
    static_cast<void>(select.step());
    return static_cast<std::uint64_t>(select.integer(0));
}

void Supervisor::add_generation(const Generation& generation, const std::vector<StoredFile>& files) {
    Transaction transaction(database_);
    database_.prepare("insert into generations (number, made_at, config_sha256, summary) values (?1, ?2, ?3, ?4)")
        .bind(generation.number, generation.made_at, generation.config_sha256, generation.summary)
        .run();
    auto content = database_.prepare("insert into contents (sha256, bytes) values (?1, ?2) on conflict do nothing");
    auto insert =
        database_.prepare("insert into generation_files (generation, path, sha256, mode, owner, grp, services) "
                          "values (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
    for (const auto& file : files) {
        const std::string hash = sha256(file.bytes);
        content.bind(hash, file.bytes).run();
        insert
            .bind(generation.number, file.path, hash, file.access.mode, file.access.user, file.access.group,
                  join(file.services, " "))
            .run();
    }
    transaction.commit();
}

std::vector<Generation> Supervisor::generations() {
    std::vector<Generation> all;
    auto select = database_.prepare("select number, made_at, config_sha256, summary from generations order by number");
    while (select.step())
        all.push_back({static_cast<std::uint64_t>(select.integer(0)), select.text(1), select.text(2), select.text(3)});
    return all;
}

std::vector<StoredFile> Supervisor::files(std::uint64_t generation) {
    std::vector<StoredFile> all;
    auto select =
        database_.prepare("select path, bytes, mode, owner, grp, services from generation_files join contents using "
                          "(sha256) where generation = ?1 order by path");
    select.bind(generation);
    while (select.step())
        all.push_back({select.text(0),
                       select.text(1),
                       {static_cast<mode_t>(select.integer(2)), select.text(3), select.text(4)},
                       split(select.text(5), ' ')});
    return all;
}

void Supervisor::remove_generation(std::uint64_t number) {
    Transaction transaction(database_);
    database_.prepare("delete from generations where number = ?1").bind(number).run();
    database_.execute("delete from contents where sha256 not in (select sha256 from generation_files)");
    transaction.commit();
}

std::uint64_t Supervisor::generation_before(std::uint64_t number) {
    auto select = database_.prepare("select coalesce("
                                    "(select from_number from applies join generations on number = from_number"
                                    " where to_number = ?1 and kind = 'apply' and outcome = 'confirmed'),"
                                    "(select max(number) from generations where number < ?1), 0)");
    select.bind(number);
    return select.step() ? static_cast<std::uint64_t>(select.integer(0)) : 0;
}

std::string Supervisor::begin_apply(const std::string& kind, std::uint64_t from, std::uint64_t to) {
    std::string id = uuid7();
    database_.prepare("insert into applies (id, kind, from_number, to_number, started_at) values (?1, ?2, ?3, ?4, ?5)")
        .bind(id, kind, from, to, rfc3339(now()))
        .run();
    return id;
}

void Supervisor::begin_undo(const std::string& id, const std::string& error) {
    database_.prepare("update applies set undoing = 1, error = ?2 where id = ?1").bind(id, error).run();
}

void Supervisor::finish_apply(const std::string& id, const std::string& outcome, const std::string& error) {
    database_.prepare("update applies set outcome = ?2, finished_at = ?3, error = ?4 where id = ?1")
        .bind(id, outcome, rfc3339(now()), error)
        .run();
}

std::optional<Apply> Supervisor::one_apply(std::string_view condition) {
    auto select = database_.prepare(fmt::format("select id, kind, from_number, to_number, undoing, started_at, "
                                                "finished_at, outcome, error from applies {} order by id desc limit 1",
                                                condition));
    if (!select.step())
        return std::nullopt;
    return Apply{select.text(0),
                 select.text(1),
                 static_cast<std::uint64_t>(select.integer(2)),
                 static_cast<std::uint64_t>(select.integer(3)),
                 select.integer(4) != 0,
                 select.text(5),
                 select.text(6),
                 select.text(7),
                 select.text(8)};
}

std::optional<Apply> Supervisor::unfinished_apply() {
    return one_apply("where outcome is null");
}

std::optional<Apply> Supervisor::last_apply() {
    return one_apply("");
}

std::map<std::string, Loaded> Supervisor::loaded() {
    std::map<std::string, Loaded> all;
    auto select = database_.prepare("select unit, invocation_id, digest from loaded");
    while (select.step())
        all[select.text(0)] = {select.text(1), select.text(2)};
    return all;
}

void Supervisor::set_loaded(const std::string& unit, const Loaded& loaded) {
    database_
        .prepare("insert into loaded (unit, invocation_id, digest) values (?1, ?2, ?3) on conflict (unit) do update "
                 "set invocation_id = excluded.invocation_id, digest = excluded.digest")
        .bind(unit, loaded.invocation_id, loaded.digest)
        .run();
}

void Supervisor::add_event(const std::string& type, const std::string& data) {
    database_.prepare("insert into outbox (id, at, type, data) values (?1, ?2, ?3, ?4)")
        .bind(uuid7(), rfc3339(now()), type, data)
        .run();
}

std::vector<Event> Supervisor::events() {
    std::vector<Event> all;
    auto select = database_.prepare("select id, at, type, data from outbox order by id");
    while (select.step())
        all.push_back({select.text(0), select.text(1), select.text(2), select.text(3)});
    return all;
}

} // namespace vectis::store
