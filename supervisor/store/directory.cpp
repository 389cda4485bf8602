#include "store/directory.hpp"

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/random.hpp"
#include "store/migrate.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fcntl.h>

namespace vectis::store {

namespace {

using directory::Owner;

Owner owner_of(const std::string& managed_by) {
    return managed_by == "system" ? Owner::system : Owner::config;
}

std::string_view managed_by(Owner owner) {
    return owner == Owner::system ? "system" : "config";
}

std::optional<std::string> null_if_empty(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional(text);
}

/// Readers lock through -shm, so they must be able to write it; nothing else.
void set_reader_modes(const fs::path& database, const std::string& group) {
    for (const auto& [suffix, mode] : {std::pair{"", 0640U}, std::pair{"-wal", 0640U}, std::pair{"-shm", 0660U}}) {
        const fs::path path = database.string() + suffix;
        set_access(path, {.mode = mode, .group = group});
    }
}

/// A writer killed within its commit can leave a whole transaction in -wal that -shm does not name: nobody sees it, and
/// a power cut would bring it back, long after it was taken for one that never happened. A commit writes over it.
void bury_unseen(Database& database) {
    database
        .prepare("insert into meta (key, value) values ('opened', ?1) "
                 "on conflict (key) do update set value = excluded.value")
        .bind(uuid7())
        .run();
}

Database open_directory(const fs::path& folder, const fs::path& migrations, const std::string& group) {
    const fs::path path = folder / "directory.db";
    Database database(path, Journal::wal_for_readers);
    migrate(database, migrations);
    bury_unseen(database);
    set_reader_modes(path, group);
    return database;
}

Error made_by_the_api(const std::string& what) {
    return {Code::conflict, fmt::format("cannot declare '{}' in config.yaml: it was made through the API", what),
            "delete it there first, or take it out of config.yaml"};
}

std::uint64_t generation_in(Database& database) {
    auto select = database.prepare("select value from meta where key = 'generation'");
    if (!select.step())
        return 0;
    const std::string text = select.text(0);
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

directory::Rows rows_in(Database& database) {
    directory::Rows rows;
    auto domains = database.prepare("select name, alias_of, catch_all, managed_by from domains "
                                    "where active = 1 and managed_by <> 'api' order by name");
    while (domains.step())
        rows.domains.push_back({domains.text(0), domains.text(1), domains.text(2), owner_of(domains.text(3))});
    auto mailboxes = database.prepare("select address, display_name, declared_password, quota, managed_by "
                                      "from mailboxes where active = 1 and managed_by <> 'api' order by address");
    while (mailboxes.step())
        rows.mailboxes.push_back({mailboxes.text(0), mailboxes.text(1), mailboxes.text(2),
                                  static_cast<std::uint64_t>(mailboxes.integer(3)), owner_of(mailboxes.text(4))});
    auto aliases = database.prepare(
        "select address, destination, managed_by from aliases left join alias_destinations on alias_id = id "
        "where active = 1 and managed_by <> 'api' order by address, destination");
    while (aliases.step()) {
        if (rows.aliases.empty() || rows.aliases.back().address != aliases.text(0))
            rows.aliases.push_back({.address = aliases.text(0), .owner = owner_of(aliases.text(2))});
        if (const auto destination = aliases.optional_text(1))
            rows.aliases.back().destinations.push_back(*destination);
    }
    return rows;
}

std::set<std::string> api_made_in(Database& database) {
    std::set<std::string> made;
    auto select = database.prepare("select name from domains where managed_by = 'api' union all "
                                   "select address from mailboxes where managed_by = 'api' union all "
                                   "select address from aliases where managed_by = 'api'");
    while (select.step())
        made.insert(select.text(0));
    return made;
}

/// RFC 2142: what is addressed to the roles of the API's domains goes to the host's postmaster, whatever the host is
/// called.
void follow_hostname(Database& database, const std::vector<directory::Change<directory::DomainRow>>& changes) {
    const auto is_host = [](const auto& row) { return row && row->owner == Owner::system; };
    const auto gone = std::find_if(changes.begin(), changes.end(),
                                   [&](const auto& each) { return is_host(each.before) && !each.after; });
    const auto came = std::find_if(changes.begin(), changes.end(),
                                   [&](const auto& each) { return is_host(each.after) && !each.before; });
    if (gone == changes.end() || came == changes.end())
        return;
    database
        .prepare(
            "update or replace alias_destinations set destination = 'postmaster@' || ?2 "
            "where destination = 'postmaster@' || ?1 and alias_id in (select id from aliases where managed_by = 'api')")
        .bind(gone->before->name, came->after->name)
        .run();
}

class Writer {
  public:
    /// With `yielding` a row that the API has is left to it; otherwise it is Error(conflict).
    Writer(Database& database, bool going_back, bool yielding) :
        database_(database), going_back_(going_back), yielding_(yielding), api_made_(api_made_in(database)) {}

    [[nodiscard]] const std::vector<std::string>& yielded() const { return yielded_; }

    void domains(const std::vector<directory::Change<directory::DomainRow>>& changes) {
        auto put = database_.prepare(
            "insert into domains (id, name, alias_of, catch_all, active, managed_by, created_at, updated_at) "
            "values (?1, ?2, ?3, ?4, 1, ?5, ?6, ?6) "
            "on conflict (name) do update set alias_of = excluded.alias_of, catch_all = excluded.catch_all, "
            "active = 1, managed_by = excluded.managed_by, updated_at = excluded.updated_at where managed_by <> 'api'");
        auto suspend = database_.prepare("update domains set active = 0, catch_all = null, alias_of = null, "
                                         "updated_at = ?2 where name = ?1 and managed_by <> 'api'");
        for (const auto& change : changes) {
            if (change.after && is_left_to_the_api(change.after->name))
                continue;
            if (change.after) {
                put.bind(uuid7(), change.after->name, null_if_empty(change.after->alias_of),
                         null_if_empty(change.after->catch_all), managed_by(change.after->owner), at_)
                    .run();
            } else if (change.before) {
                suspend.bind(change.before->name, at_).run();
            }
        }
    }

    void mailboxes(const std::vector<directory::Change<directory::MailboxRow>>& changes) {
        // A new declared password counts; an unchanged one leaves what the user has set since alone, and so does
        // going back, whatever an older configuration declared.
        auto put = database_.prepare(
            "insert into mailboxes (id, address, domain, local_part, display_name, password, declared_password, quota, "
            "active, managed_by, created_at, updated_at) values (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, 1, ?8, ?10, ?10) "
            "on conflict (address) do update set display_name = excluded.display_name, "
            "password = case when declared_password is excluded.declared_password then password "
            "when ?9 and password is not declared_password then password else excluded.password end, declared_password "
            "= excluded.declared_password, quota = excluded.quota, "
            "active = 1, managed_by = excluded.managed_by, updated_at = excluded.updated_at where managed_by <> 'api'");
        // Whoever declares another password does it to keep somebody out; an address may have another owner by now.
        auto revoke = database_.prepare(
            "delete from app_passwords where mailbox = (select id from mailboxes where address = ?1 and "
            "managed_by <> 'api' and declared_password is not ?2)");
        auto suspend = database_.prepare(
            "update mailboxes set active = 0, updated_at = ?2 where address = ?1 and managed_by <> 'api'");
        for (const auto& change : changes) {
            if (change.after && is_left_to_the_api(change.after->address))
                continue;
            if (change.after) {
                const auto& row = *change.after;
                const auto at = row.address.rfind('@');
                if (!going_back_)
                    revoke.bind(row.address, null_if_empty(row.password)).run();
                put.bind(uuid7(), row.address, row.address.substr(at + 1), row.address.substr(0, at), row.display_name,
                         null_if_empty(row.password), row.quota, managed_by(row.owner), going_back_, at_)
                    .run();
            } else if (change.before) {
                suspend.bind(change.before->address, at_).run();
            }
        }
    }

    void aliases(const std::vector<directory::Change<directory::AliasRow>>& changes) {
        auto put =
            database_.prepare("insert into aliases (id, address, domain, active, managed_by, created_at, updated_at) "
                              "values (?1, ?2, ?3, 1, ?4, ?5, ?5) "
                              "on conflict (address) do update set active = 1, managed_by = excluded.managed_by, "
                              "updated_at = excluded.updated_at where managed_by <> 'api'");
        auto remove = database_.prepare("delete from aliases where address = ?1 and managed_by <> 'api'");
        auto clear = database_.prepare(
            "delete from alias_destinations where alias_id = (select id from aliases where address = ?1)");
        auto add = database_.prepare("insert into alias_destinations (alias_id, destination) "
                                     "select id, ?2 from aliases where address = ?1");
        for (const auto& change : changes) {
            if (change.after && is_left_to_the_api(change.after->address))
                continue;
            if (!change.after) {
                remove.bind(change.before->address).run();
                continue;
            }
            const auto& row = *change.after;
            put.bind(uuid7(), row.address, row.address.substr(row.address.rfind('@') + 1), managed_by(row.owner), at_)
                .run();
            clear.bind(row.address).run();
            for (const auto& destination : row.destinations)
                add.bind(row.address, destination).run();
        }
    }

  private:
    /// Whether the API has a row of this name, in whichever table: then it keeps it.
    bool is_left_to_the_api(const std::string& what) {
        if (!api_made_.contains(what))
            return false;
        if (!yielding_)
            throw made_by_the_api(what);
        yielded_.push_back(what);
        return true;
    }

    Database& database_;
    bool going_back_;
    bool yielding_;
    std::set<std::string> api_made_;
    std::vector<std::string> yielded_;
    std::string at_ = rfc3339(now());
};

std::optional<Json> changed_before(Database& database, const std::string& id) {
    auto select = database.prepare("select result from changes where id = ?1");
    return select.bind(id).step() ? std::optional(parse_json(select.text(0))) : std::nullopt;
}

} // namespace

Directory::Directory(const fs::path& folder, const fs::path& migrations, const std::string& group) :
    database_(open_directory(folder, migrations, group)) {}

std::uint64_t Directory::generation() {
    const std::lock_guard lock(mutex_);
    return generation_in(database_);
}

directory::Rows Directory::rows() {
    const std::lock_guard lock(mutex_);
    return rows_in(database_);
}

std::set<std::string> Directory::api_made() {
    const std::lock_guard lock(mutex_);
    return api_made_in(database_);
}

void Directory::apply(const directory::Changes& changes, std::uint64_t generation, bool going_back) {
    static_cast<void>(write(changes, generation, going_back, false)); // nothing is yielded
}

std::vector<std::string> Directory::undo(const directory::Changes& changes, std::uint64_t generation) {
    return write(changes, generation, true, true);
}

std::vector<std::string> Directory::write(const directory::Changes& changes, std::uint64_t generation, bool going_back,
                                          bool yielding) {
    const std::lock_guard lock(mutex_);
    Transaction transaction(database_);
    Writer writer(database_, going_back, yielding);
    writer.domains(changes.domains);
    writer.mailboxes(changes.mailboxes);
    writer.aliases(changes.aliases);
    follow_hostname(database_, changes.domains);
    database_
        .prepare("insert into meta (key, value) values ('generation', ?1) "
                 "on conflict (key) do update set value = excluded.value")
        .bind(std::to_string(generation))
        .run();
    transaction.commit();
    return writer.yielded();
}

void Directory::set_password(const std::string& address, const std::string& password) {
    const std::lock_guard lock(mutex_);
    Transaction transaction(database_);
    database_
        .prepare("update mailboxes set password = ?2 where address = ?1 and active = 1 and managed_by <> 'system' "
                 "and domain in (select name from domains where active = 1)")
        .bind(address, password)
        .run();
    if (database_.changes() != 1)
        throw Error(Code::not_found, fmt::format("cannot find an active mailbox '{}'", address),
                    "'vectis export' lists the mailboxes");
    transaction.commit();
}

std::optional<Json> Directory::changed(const std::string& id) {
    const std::lock_guard lock(mutex_);
    return changed_before(database_, id);
}

Json Directory::change(const std::string& id, const directory::AccountChange& change) {
    constexpr std::chrono::hours answers_are_kept{24 * 30};
    const std::lock_guard lock(mutex_);
    Transaction transaction(database_);
    if (auto known = changed_before(database_, id))
        return *known;
    const std::string at = rfc3339(now());
    Json result = Accounts(database_).change(change, at);
    database_.prepare("delete from changes where at < ?1").bind(rfc3339(now() - answers_are_kept)).run();
    database_.prepare("insert into changes (id, at, result) values (?1, ?2, ?3)").bind(id, at, to_text(result)).run();
    transaction.commit();
    return result;
}

Json Directory::trial(const directory::AccountChange& change) {
    const std::lock_guard lock(mutex_);
    const Transaction undone_at_the_end(database_);
    return Accounts(database_).change(change, rfc3339(now()));
}

Database& DirectoryReader::database() {
    try {
        if (!database_)
            database_ = Database::read_only(folder_ / "directory.db");
    } catch (const Error& error) {
        if (error.code() != Code::not_found)
            throw;
        throw Error(Code::unavailable, "nothing was applied on this server yet", "run 'vectis setup'");
    }
    return *database_;
}

DirectoryContents read_directory(const fs::path& folder) {
    auto database = Database::read_only(folder / "directory.db");
    return {generation_in(database), rows_in(database), api_made_in(database)};
}

std::uint64_t read_directory_generation(const fs::path& folder) {
    auto database = Database::read_only(folder / "directory.db");
    return generation_in(database);
}

} // namespace vectis::store
