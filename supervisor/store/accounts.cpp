#include "store/accounts.hpp"

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "store/inbound_routes.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace vectis::store {

namespace {

constexpr std::string_view domain_columns = "id, name, alias_of, catch_all, active, managed_by, created_at, updated_at";
constexpr std::string_view mailbox_columns =
    "id, address, display_name, quota, active, managed_by, created_at, updated_at";
constexpr std::string_view mailbox_login_select =
    "select m.id, m.address, m.password from mailboxes m join domains d on d.name = m.domain "
    "where m.active = 1 and d.active = 1 and m.password is not null and m.managed_by <> 'system'";
constexpr std::string_view app_password_select =
    "select p.id, p.mailbox, m.address, p.name, p.protocols, p.created_at from app_passwords p "
    "join mailboxes m on m.id = p.mailbox";
constexpr std::string_view dkim_key_columns = "domain, selector, algorithm, signs, created_at, retired_at";
constexpr std::string_view alias_columns = "id, address, active, managed_by, created_at, updated_at";

directory::Domain read_domain(const Statement& row) {
    return {.id = row.text(0),
            .name = row.text(1),
            .alias_of = row.optional_text(2),
            .catch_all = row.optional_text(3),
            .active = row.integer(4) != 0,
            .managed_by = row.text(5),
            .created_at = row.text(6),
            .updated_at = row.text(7)};
}

directory::Mailbox read_mailbox(const Statement& row) {
    return {.id = row.text(0),
            .address = row.text(1),
            .display_name = row.text(2),
            .quota = static_cast<std::uint64_t>(row.integer(3)),
            .active = row.integer(4) != 0,
            .managed_by = row.text(5),
            .created_at = row.text(6),
            .updated_at = row.text(7)};
}

std::vector<directory::DkimKey> read_dkim_keys(Statement& select) {
    std::vector<directory::DkimKey> keys;
    while (select.step())
        keys.push_back({.domain = select.text(0),
                        .selector = select.text(1),
                        .algorithm = select.text(2),
                        .signs = select.integer(3) != 0,
                        .created_at = select.text(4),
                        .retired_at = select.optional_text(5)});
    return keys;
}

directory::AppPassword read_app_password(const Statement& row) {
    directory::AppPassword password{.id = row.text(0),
                                    .mailbox_id = row.text(1),
                                    .address = row.text(2),
                                    .name = row.text(3),
                                    .protocols = {},
                                    .created_at = row.text(5)};
    for (const auto& each : split(trim(row.text(4)), ' '))
        password.protocols.push_back(each);
    return password;
}

directory::Alias read_alias(Database& database, const Statement& row) {
    directory::Alias alias{.id = row.text(0),
                           .address = row.text(1),
                           .destinations = {},
                           .active = row.integer(2) != 0,
                           .managed_by = row.text(3),
                           .created_at = row.text(4),
                           .updated_at = row.text(5)};
    auto select =
        database.prepare("select destination from alias_destinations where alias_id = ?1 order by destination");
    select.bind(alias.id);
    while (select.step())
        alias.destinations.push_back(select.text(0));
    return alias;
}

std::string domain_of(const std::string& address) {
    return address.substr(address.rfind('@') + 1);
}

void expect_ours(const std::string& managed_by, const std::string& what, bool active) {
    if (managed_by == "config" && !active)
        throw Error(Code::managed_by_config,
                    fmt::format("'{}' was declared in config.yaml, and is suspended since it was taken out", what),
                    "declare it there again");
    if (managed_by == "config")
        throw Error(Code::managed_by_config, fmt::format("'{}' is declared in config.yaml", what),
                    "change it there and apply it");
    if (managed_by == "system")
        throw Error(Code::conflict, fmt::format("'{}' is Vectis's own", what));
}

/// Makes one change; each answers {"before", "after"}.
class Changer {
  public:
    Changer(Database& database, const std::string& at) : database_(database), accounts_(database), at_(at) {}

    Json operator()(const directory::NewDomain& made) {
        if (const auto other = accounts_.domain_named(made.name))
            throw taken(made.name, other->managed_by, other->active);
        if (made.alias_of)
            expect_main(*made.alias_of);
        database_
            .prepare("insert into domains (id, name, alias_of, catch_all, active, managed_by, created_at, updated_at) "
                     "values (?1, ?2, ?3, ?4, 1, 'api', ?5, ?5)")
            .bind(made.id, made.name, made.alias_of, made.catch_all, at_)
            .run();
        if (!made.alias_of)
            add_roles(made.name);
        for (const auto& key : directory::first_dkim_keys(made.name, at_))
            add_dkim_key(key);
        return both(nullptr, to_json(*accounts_.domain(made.id)));
    }

    Json operator()(const directory::NewMailbox& made) {
        expect_main(domain_of(made.address));
        expect_free(made.address);
        database_
            .prepare("insert into mailboxes (id, address, domain, local_part, display_name, password, quota, active, "
                     "managed_by, created_at, updated_at) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, 1, 'api', ?8, ?8)")
            .bind(made.id, made.address, domain_of(made.address), made.address.substr(0, made.address.rfind('@')),
                  made.display_name, made.password.empty() ? std::nullopt : std::optional(made.password), made.quota,
                  at_)
            .run();
        return both(nullptr, to_json(*accounts_.mailbox(made.id)));
    }

    Json operator()(const directory::NewAlias& made) {
        expect_main(domain_of(made.address));
        expect_free(made.address);
        add_alias(made.id, made.address, made.destinations);
        return both(nullptr, to_json(*accounts_.alias(made.id)));
    }

    Json operator()(const directory::DomainChange& change) {
        const auto before = there(accounts_.domain(change.id), change);
        expect_ours(before.managed_by, before.name, before.active);
        const auto catch_all = change.catch_all ? *change.catch_all : before.catch_all;
        if (catch_all && before.alias_of)
            throw Error(Code::conflict, fmt::format("'{}' repeats another domain and has no catch-all", before.name));
        database_.prepare("update domains set catch_all = ?2, active = ?3, updated_at = ?4 where id = ?1")
            .bind(change.id, catch_all, change.active.value_or(before.active), at_)
            .run();
        return both(to_json(before), to_json(*accounts_.domain(change.id)));
    }

    Json operator()(const directory::MailboxChange& change) {
        const auto before = there(accounts_.mailbox(change.id), change);
        expect_ours(before.managed_by, before.address, before.active);
        database_
            .prepare("update mailboxes set display_name = ?2, password = coalesce(?3, password), quota = ?4, "
                     "active = ?5, updated_at = ?6 where id = ?1")
            .bind(change.id, change.display_name.value_or(before.display_name), change.password,
                  change.quota.value_or(before.quota), change.active.value_or(before.active), at_)
            .run();
        // Who sets another's password does it to keep somebody out.
        if (change.password)
            database_.prepare("delete from app_passwords where mailbox = ?1").bind(change.id).run();
        return both(to_json(before), to_json(*accounts_.mailbox(change.id)));
    }

    Json operator()(const directory::AliasChange& change) {
        const auto before = there(accounts_.alias(change.id), change);
        expect_ours(before.managed_by, before.address, before.active);
        if (!change.active.value_or(true))
            expect_no_postmaster(before.address);
        database_.prepare("update aliases set active = ?2, updated_at = ?3 where id = ?1")
            .bind(change.id, change.active.value_or(before.active), at_)
            .run();
        if (change.destinations)
            set_destinations(change.id, *change.destinations);
        return both(to_json(before), to_json(*accounts_.alias(change.id)));
    }

    Json operator()(const directory::RemovedDomain& removed) {
        const auto before = there(accounts_.domain(removed.id), removed);
        expect_ours(before.managed_by, before.name, before.active);
        // What was made with it goes with it.
        for (const auto role : roles)
            database_.prepare("delete from aliases where address = ?1 and managed_by = 'api'")
                .bind(fmt::format("{}@{}", role, before.name))
                .run();
        expect_empty(before.name);
        remove("domains", removed.id);
        return both(to_json(before), nullptr);
    }

    Json operator()(const directory::RemovedMailbox& removed) {
        const auto before = there(accounts_.mailbox(removed.id), removed);
        expect_ours(before.managed_by, before.address, before.active);
        remove("mailboxes", removed.id);
        return both(to_json(before), nullptr);
    }

    Json operator()(const directory::RemovedAlias& removed) {
        const auto before = there(accounts_.alias(removed.id), removed);
        expect_ours(before.managed_by, before.address, before.active);
        expect_no_postmaster(before.address);
        remove("aliases", removed.id);
        return both(to_json(before), nullptr);
    }

    Json operator()(const directory::NewDkimKeys& made) {
        const auto [domain, keys] = keys_there(made);
        for (const auto& key : keys)
            expect_not_waiting(key);
        for (const auto& key : directory::next_dkim_keys(keys, at_))
            add_dkim_key(key);
        return both(to_json(domain, keys), to_json(domain, accounts_.dkim_keys(domain.name)));
    }

    Json operator()(const directory::ImportedDkimKey& imported) {
        const auto [domain, keys] = keys_there(imported);
        for (const auto& key : keys) {
            if (key.selector == imported.selector)
                throw Error(Code::conflict, fmt::format("'{}' has a key '{}' already", domain.name, key.selector),
                            "choose another selector");
            if (key.algorithm == imported.algorithm)
                expect_not_waiting(key);
        }
        add_dkim_key({.domain = domain.name,
                      .selector = imported.selector,
                      .algorithm = imported.algorithm,
                      .signs = false,
                      .created_at = at_,
                      .retired_at = std::nullopt});
        return both(to_json(domain, keys), to_json(domain, accounts_.dkim_keys(domain.name)));
    }

    Json operator()(const directory::DkimActivation& change) {
        const auto [domain, keys] = keys_there(change);
        for (const auto& selector : change.selectors) {
            const auto key = key_of(keys, selector);
            if (!key.waits())
                throw Error(Code::conflict, fmt::format("the key '{}' of '{}' does not wait", selector, domain.name));
            database_
                .prepare("update dkim_keys set signs = 0, retired_at = ?3 "
                         "where domain = ?1 and algorithm = ?2 and signs = 1")
                .bind(domain.name, key.algorithm, at_)
                .run();
            database_.prepare("update dkim_keys set signs = 1 where domain = ?1 and selector = ?2")
                .bind(domain.name, selector)
                .run();
        }
        return both(to_json(domain, keys), to_json(domain, accounts_.dkim_keys(domain.name)));
    }

    Json operator()(const directory::RemovedDkimKey& removed) {
        const auto [domain, keys] = keys_there(removed);
        const auto key = key_of(keys, removed.selector);
        if (key.signs)
            throw Error(Code::conflict, fmt::format("the key '{}' of '{}' signs its mail", key.selector, domain.name),
                        "rotate: POST /domains/{id}/dkim/rotate");
        if (key.retired_at) {
            const auto until = rfc3339(parse_rfc3339(*key.retired_at) + directory::dkim_key_is_needed);
            if (at_ < until)
                throw Error(Code::conflict, fmt::format("mail that the key '{}' has signed may be under way until {}",
                                                        key.selector, until));
        }
        database_.prepare("delete from dkim_keys where domain = ?1 and selector = ?2")
            .bind(domain.name, key.selector)
            .run();
        return both(to_json(domain, keys), to_json(domain, accounts_.dkim_keys(domain.name)));
    }

    Json operator()(const directory::NewAppPassword& made) {
        const auto mailbox = accounts_.mailbox(made.mailbox_id);
        if (!mailbox || mailbox->managed_by == "system")
            throw Error(Code::not_found, fmt::format("there is nothing with the id '{}'", made.mailbox_id));
        const auto others = accounts_.app_passwords(mailbox->id);
        if (others.size() >= most_app_passwords)
            throw Error(
                Code::conflict,
                fmt::format("'{}' has {} app passwords, as many as there may be", mailbox->address, others.size()),
                "remove one that is not used any more");
        if (std::any_of(others.begin(), others.end(), [&](const auto& each) { return each.name == made.name; }))
            throw Error(Code::conflict,
                        fmt::format("'{}' has an app password '{}' already", mailbox->address, made.name));
        database_
            .prepare("insert into app_passwords (id, mailbox, name, lookup, hash, protocols, created_at) "
                     "values (?1, ?2, ?3, ?4, ?5, ?6, ?7)")
            .bind(made.id, made.mailbox_id, made.name, made.lookup, made.hash,
                  fmt::format(" {} ", join(made.protocols, " ")), at_)
            .run();
        return both(nullptr, to_json(*accounts_.app_password(made.id)));
    }

    Json operator()(const directory::RemovedAppPassword& removed) {
        const auto before = there(accounts_.app_password(removed.id), removed);
        remove("app_passwords", removed.id);
        return both(to_json(before), nullptr);
    }

    Json operator()(const directory::NewInboundRoute& made) {
        expect_main(domain_of(made.name));
        InboundRoutes routes(database_);
        if (routes.named(made.name))
            throw Error(Code::conflict, fmt::format("there is a route for '{}' already", made.name),
                        "change that one, or remove it");
        routes.add(made, at_);
        return both(nullptr, to_json(*routes.find(made.id)));
    }

    Json operator()(const directory::InboundRouteChange& change) {
        InboundRoutes routes(database_);
        auto row = there(routes.find(change.id), change);
        const Json before = to_json(row);
        row.keep_copy = change.keep_copy.value_or(row.keep_copy);
        row.format = change.format.value_or(row.format);
        if (change.webhook)
            row.webhook = *change.webhook;
        row.updated_at = at_;
        routes.update(row);
        return both(before, to_json(row));
    }

    Json operator()(const directory::RemovedInboundRoute& removed) {
        const auto before = there(InboundRoutes(database_).find(removed.id), removed);
        remove("inbound_routes", removed.id);
        return both(to_json(before), nullptr);
    }

    Json operator()(const directory::Import& import) {
        Json parts = Json::array();
        std::vector<Failure> failures;
        std::array<std::size_t, 3> made{};
        const auto make = [&](std::size_t kind, const char* list, const char* action, const auto& rows, auto&& is_due) {
            for (std::size_t i = 0; i < rows.size(); ++i) {
                if (!is_due(rows[i]))
                    continue;
                if (auto failure = try_to_make(rows[i], import.delimiter, action, parts))
                    failures.push_back({fmt::format("/{}/{}", list, i), name_of(rows[i]), std::move(*failure)});
                else
                    ++made.at(kind);
            }
        };
        const auto every = [](const auto&) { return true; };
        // What repeats another domain comes after it, wherever it stands.
        make(0, "domains", "domain.create", import.domains, [](const auto& row) { return !row.alias_of; });
        make(0, "domains", "domain.create", import.domains, [](const auto& row) { return row.alias_of.has_value(); });
        make(1, "mailboxes", "mailbox.create", import.mailboxes, every);
        make(2, "aliases", "alias.create", import.aliases, every);
        const std::size_t all = import.domains.size() + import.mailboxes.size() + import.aliases.size();
        if (!failures.empty() && !import.row_by_row)
            throw refused(all, failures);
        Json told = Json::array();
        for (const auto& each : failures)
            told.push_back({{"pointer", each.pointer},
                            {"name", each.name},
                            {"code", info(each.error.code()).name},
                            {"detail", each.error.what()},
                            {"hint", each.error.hint()}});
        Json after{{"id", import.id},          {"name", fmt::format("{} of {} rows", all - failures.size(), all)},
                   {"domains", made[0]},       {"mailboxes", made[1]},
                   {"aliases", made[2]},       {"failures", std::move(told)},
                   {"dry_run", import.dry_run}};
        Json result = both(nullptr, std::move(after));
        result["parts"] = std::move(parts);
        return result;
    }

  private:
    struct Failure {
        std::string pointer;
        std::string name;
        Error error;
    };
    static const std::string& name_of(const directory::NewDomain& row) { return row.name; }
    static const std::string& name_of(const auto& row) { return row.address; }

    static void expect_no_delimiter(const directory::NewDomain& /*row*/, const std::string& /*delimiters*/) {}
    static void expect_no_delimiter(const auto& row, const std::string& delimiters) {
        if (auto fault = directory::delimiter_fault(delimiters, row.address))
            throw Error(Code::conflict, *fault, "choose another name");
    }

    /// One row of an import, all of it or nothing; why not. What is no fault of the row's is thrown.
    std::optional<Error> try_to_make(const auto& row, const std::string& delimiters, const char* action, Json& parts) {
        database_.execute("savepoint one_row");
        try {
            expect_no_delimiter(row, delimiters);
            Json made = (*this)(row);
            database_.execute("release one_row");
            parts.push_back({{"action", action}, {"row", std::move(made["after"])}});
            return std::nullopt;
        } catch (const Error& error) {
            if (error.code() != Code::conflict && error.code() != Code::managed_by_config)
                throw;
            database_.execute("rollback to one_row");
            database_.execute("release one_row");
            return error;
        }
    }

    static Error refused(std::size_t all, const std::vector<Failure>& failures) {
        std::vector<Problem> problems;
        for (const auto& each : failures)
            problems.push_back(
                {.where = {}, .path = each.pointer, .what = each.error.what(), .hint = each.error.hint()});
        return {Code::conflict, fmt::format("cannot make {} of {} rows, and so none was made", failures.size(), all),
                "take them out, or go row by row", std::move(problems)};
    }

    static constexpr std::size_t most_app_passwords = 100; // of a mailbox
    // RFC 2142: these reach a person in every domain that has mail.
    static constexpr std::array<std::string_view, 2> roles{"postmaster", "abuse"};

    std::pair<directory::Domain, std::vector<directory::DkimKey>> keys_there(const auto& change) {
        auto domain = accounts_.domain(change.id);
        if (!domain)
            throw Error(Code::not_found, fmt::format("there is nothing with the id '{}'", change.id));
        expect_ours(domain->managed_by, domain->name, domain->active);
        auto keys = accounts_.dkim_keys(domain->name);
        if (change.as_of && revision(to_json(*domain, keys)) != *change.as_of)
            throw changed_meanwhile();
        return {std::move(*domain), std::move(keys)};
    }

    static directory::DkimKey key_of(const std::vector<directory::DkimKey>& keys, const std::string& selector) {
        const auto found =
            std::find_if(keys.begin(), keys.end(), [&](const auto& each) { return each.selector == selector; });
        if (found == keys.end())
            throw Error(Code::not_found, fmt::format("there is no key '{}'", selector));
        return *found;
    }

    static void expect_not_waiting(const directory::DkimKey& key) {
        if (key.waits())
            throw Error(Code::conflict,
                        fmt::format("the key '{}' of '{}' is still waiting for DNS", key.selector, key.domain),
                        "publish it, or remove it");
    }

    static Json both(Json before, Json after) { return {{"before", std::move(before)}, {"after", std::move(after)}}; }

    template<typename Row>
    static Row there(std::optional<Row> row, const auto& change) {
        if (!row)
            throw Error(Code::not_found, fmt::format("there is nothing with the id '{}'", change.id));
        if (change.as_of && revision(to_json(*row)) != *change.as_of)
            throw changed_meanwhile();
        return std::move(*row);
    }

    /// RFC 5321 section 4.5.1: a domain that takes mail takes it for its postmaster.
    void expect_no_postmaster(const std::string& address) {
        const auto domain = accounts_.domain_named(domain_of(address));
        if (address.starts_with("postmaster@") && domain && domain->active)
            throw Error(Code::conflict, fmt::format("'{}' has to reach somebody (RFC 5321)", address),
                        "change where it leads");
    }

    static Error taken(const std::string& what, const std::string& managed_by, bool active) {
        if (!active && managed_by == "config")
            return {Code::managed_by_config,
                    fmt::format("'{}' was declared in config.yaml, and is suspended since it was taken out", what),
                    "declare it there again"};
        return {Code::conflict, fmt::format("there is '{}' already", what)};
    }

    /// A domain that has mailboxes of its own, and is not suspended.
    void expect_main(const std::string& name) {
        const auto domain = accounts_.domain_named(name);
        if (!domain)
            throw Error(Code::conflict, fmt::format("there is no domain '{}' here", name), "make it first");
        if (domain->managed_by == "system")
            throw Error(Code::conflict, fmt::format("'{}' is this host, and has no addresses of its own", name));
        if (domain->alias_of)
            throw Error(Code::conflict,
                        fmt::format("'{}' repeats '{}', and has no addresses of its own", name, *domain->alias_of));
        if (!domain->active)
            throw Error(Code::conflict, fmt::format("the domain '{}' is suspended", name));
    }

    void expect_free(const std::string& address) {
        auto select = database_.prepare("select managed_by, active from mailboxes where address = ?1 union all "
                                        "select managed_by, active from aliases where address = ?1");
        if (select.bind(address).step())
            throw taken(address, select.text(0), select.integer(1) != 0);
    }

    void expect_empty(const std::string& domain) {
        auto select = database_.prepare("select address from mailboxes where domain = ?1 union all "
                                        "select address from aliases where domain = ?1 union all "
                                        "select 'inbound route ' || name from inbound_routes where domain = ?1 "
                                        "union all "
                                        "select name from domains where alias_of = ?1 limit 1");
        if (select.bind(domain).step())
            throw Error(Code::conflict, fmt::format("the domain '{}' still has '{}'", domain, select.text(0)),
                        "remove what is in it first");
    }

    /// To whoever has the host's own mail.
    void add_roles(const std::string& domain) {
        auto host = database_.prepare("select name from domains where managed_by = 'system' and active = 1 limit 1");
        if (!host.step())
            throw Error(Code::conflict, "nothing was applied on this server yet", "run 'vectis setup'");
        const std::string destination = "postmaster@" + host.text(0);
        for (const auto role : roles)
            add_alias(uuid7(), fmt::format("{}@{}", role, domain), {destination});
    }

    void add_alias(const std::string& id, const std::string& address, const std::vector<std::string>& destinations) {
        database_
            .prepare("insert into aliases (id, address, domain, active, managed_by, created_at, updated_at) "
                     "values (?1, ?2, ?3, 1, 'api', ?4, ?4)")
            .bind(id, address, domain_of(address), at_)
            .run();
        set_destinations(id, destinations);
    }

    void add_dkim_key(const directory::DkimKey& key) {
        database_
            .prepare(
                "insert into dkim_keys (domain, selector, algorithm, signs, created_at) values (?1, ?2, ?3, ?4, ?5)")
            .bind(key.domain, key.selector, key.algorithm, key.signs, key.created_at)
            .run();
    }

    void set_destinations(const std::string& id, const std::vector<std::string>& destinations) {
        database_.prepare("delete from alias_destinations where alias_id = ?1").bind(id).run();
        auto insert = database_.prepare("insert into alias_destinations (alias_id, destination) values (?1, ?2)");
        for (const auto& each : destinations)
            insert.bind(id, each).run();
    }

    void remove(std::string_view table, const std::string& id) {
        database_.prepare(fmt::format("delete from {} where id = ?1", table)).bind(id).run();
    }

    Database& database_;
    Accounts accounts_;
    const std::string& at_;
};

std::optional<MailboxLogin> read_mailbox_login(Statement& select) {
    if (!select.step())
        return std::nullopt;
    return MailboxLogin{.id = select.text(0), .address = select.text(1), .password = select.text(2)};
}

template<typename Read>
auto one(Database& database, std::string_view columns, std::string_view table, std::string_view key,
         const std::string& value, Read&& read) -> std::optional<decltype(read(std::declval<Statement&>()))> {
    auto select = database.prepare(fmt::format("select {} from {} where {} = ?1", columns, table, key));
    if (!select.bind(value).step())
        return std::nullopt;
    return read(select);
}

template<typename Read>
auto many(Database& database, std::string_view columns, std::string_view table, const Page& page, Read&& read) {
    auto select = select_page(database, columns, table, page);
    std::vector<decltype(read(select))> rows;
    while (select.step())
        rows.push_back(read(select));
    return rows;
}

} // namespace

std::optional<directory::Domain> Accounts::domain(const std::string& id) {
    return one(database_, domain_columns, "domains", "id", id, read_domain);
}

std::optional<directory::Domain> Accounts::domain_named(const std::string& name) {
    return one(database_, domain_columns, "domains", "name", name, read_domain);
}

std::vector<directory::Domain> Accounts::domains(const Page& page) {
    return many(database_, domain_columns, "domains", page, read_domain);
}

std::optional<directory::Mailbox> Accounts::mailbox(const std::string& id) {
    return one(database_, mailbox_columns, "mailboxes", "id", id, read_mailbox);
}

std::vector<directory::Mailbox> Accounts::mailboxes(const Page& page) {
    return many(database_, mailbox_columns, "mailboxes", page, read_mailbox);
}

std::optional<MailboxLogin> Accounts::mailbox_login(const std::string& id) {
    auto select = database_.prepare(fmt::format("{} and m.id = ?1", mailbox_login_select));
    return read_mailbox_login(select.bind(id));
}

std::optional<MailboxLogin> Accounts::mailbox_login_named(const std::string& address) {
    auto select = database_.prepare(fmt::format("{} and m.address = ?1", mailbox_login_select));
    return read_mailbox_login(select.bind(address));
}

std::optional<directory::Alias> Accounts::alias(const std::string& id) {
    return one(database_, alias_columns, "aliases", "id", id,
               [this](const Statement& row) { return read_alias(database_, row); });
}

std::vector<directory::Alias> Accounts::aliases(const Page& page) {
    return many(database_, alias_columns, "aliases", page,
                [this](const Statement& row) { return read_alias(database_, row); });
}

std::vector<directory::AppPassword> Accounts::app_passwords(const std::string& mailbox_id) {
    auto select = database_.prepare(fmt::format("{} where p.mailbox = ?1 order by p.name", app_password_select));
    select.bind(mailbox_id);
    std::vector<directory::AppPassword> passwords;
    while (select.step())
        passwords.push_back(read_app_password(select));
    return passwords;
}

std::optional<directory::AppPassword> Accounts::app_password(const std::string& id) {
    auto select = database_.prepare(fmt::format("{} where p.id = ?1", app_password_select));
    return select.bind(id).step() ? std::optional(read_app_password(select)) : std::nullopt;
}

bool Accounts::has_address(const std::string& address) {
    auto select = database_.prepare("select 1 from mailboxes where address = ?1 union all "
                                    "select 1 from aliases where address = ?1 limit 1");
    return select.bind(address).step();
}

std::vector<directory::DkimKey> Accounts::dkim_keys(const std::string& domain) {
    auto select = database_.prepare(fmt::format(
        "select {} from dkim_keys where ?1 = '' or domain = ?1 order by domain, selector", dkim_key_columns));
    return read_dkim_keys(select.bind(domain));
}

std::vector<directory::DkimKey> Accounts::waiting_dkim_keys() {
    auto select = database_.prepare(fmt::format(
        "select {} from dkim_keys where signs = 0 and retired_at is null order by domain, selector", dkim_key_columns));
    return read_dkim_keys(select);
}

Json Accounts::change(const directory::AccountChange& change, const std::string& at) {
    Changer changer(database_, at);
    return std::visit(changer, change);
}

} // namespace vectis::store
