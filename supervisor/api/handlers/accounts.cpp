// Domains, mailboxes and aliases: read in directory.db, changed by the supervisor.
#include "store/accounts.hpp"

#include "accounts/password.hpp"
#include "api/handlers/body.hpp"
#include "api/handlers/handlers.hpp"
#include "api/rotation.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "keys/dkim.hpp"
#include "surface/schemas.hpp"
#include "zone/live.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vectis::api::handlers {

namespace {

std::string domain_of(const std::string& address) {
    return lower_ascii(address.substr(address.rfind('@') + 1));
}

// Somebody else's, and what is the server's own, is not there for them.

bool reaches(const accounts::Who& who, const directory::Domain& domain) {
    return who.reaches(domain.name);
}
bool reaches(const accounts::Who& who, const directory::Mailbox& mailbox) {
    return who.role == surface::Role::mailbox ? who.mailbox == mailbox.id : who.reaches(domain_of(mailbox.address));
}
bool reaches(const accounts::Who& who, const directory::Alias& alias) {
    return who.reaches(domain_of(alias.address));
}

void expect_reach(const Call& call, const std::string& domain) {
    if (!call.who().reaches(domain))
        throw Error(Code::denied, fmt::format("the domain '{}' is not one of yours", printable(domain)));
}

template<typename Row>
Row found(const Call& call, std::optional<Row> row) {
    if (!row || row->managed_by == "system" || !reaches(call.who(), *row))
        throw Error(Code::not_found, fmt::format("there is nothing with the id '{}'", call.id()));
    return std::move(*row);
}

directory::Domain this_domain(Call& call) {
    return found(call, call.services().directory.read(
                           [&](store::Database& database) { return store::Accounts(database).domain(call.id()); }));
}
directory::Mailbox this_mailbox(Call& call) {
    return found(call, call.services().directory.read(
                           [&](store::Database& database) { return store::Accounts(database).mailbox(call.id()); }));
}
directory::Alias this_alias(Call& call) {
    return found(call, call.services().directory.read(
                           [&](store::Database& database) { return store::Accounts(database).alias(call.id()); }));
}

std::vector<directory::DkimKey> keys_of(Call& call, const directory::Domain& domain) {
    return call.services().directory.read(
        [&](store::Database& database) { return store::Accounts(database).dkim_keys(domain.name); });
}

/// For what is a mailbox's and in no table of config.yaml's: filters, app passwords. Where config.yaml declares the
/// mailbox, it is for its owner, and not for the administrators of single domains.
directory::Mailbox this_mailbox_to_change(Call& call) {
    auto mailbox = this_mailbox(call);
    if (mailbox.managed_by == "config" && call.who().role == surface::Role::domain_admin)
        throw Error(Code::denied,
                    fmt::format("'{}' is declared in config.yaml: this needs the role admin", mailbox.address));
    return mailbox;
}

template<typename Rows>
Response list(Call& call, const std::string& domain_column, Rows (store::Accounts::*rows)(const store::Page&)) {
    store::Page page = call.page();
    page.only = "managed_by <> 'system'";
    if (call.who().domains)
        page.among.emplace(domain_column, *call.who().domains);
    Json json = Json::array();
    call.services().directory.read([&](store::Database& database) {
        store::Accounts accounts(database);
        for (const auto& row : (accounts.*rows)(page))
            json.push_back(directory::to_json(row));
    });
    return call.list(std::move(json), page);
}

std::optional<std::string> lower(std::optional<std::string> text) {
    return text ? std::optional(lower_ascii(*text)) : std::nullopt;
}

directory::NewDomain new_domain(const Json& body) {
    return {.id = uuid7(),
            .name = lower_ascii(body.at("name").get<std::string>()),
            .alias_of = lower(nullable_in<std::string>(body, "alias_of").value_or(std::nullopt)),
            .catch_all = nullable_in<std::string>(body, "catch_all").value_or(std::nullopt)};
}

directory::NewAlias new_alias(const Json& body) {
    return {.id = uuid7(),
            .address = lower_ascii(body.at("address").get<std::string>()),
            .destinations = *words_in(body, "destinations")};
}

/// The hash that was given, that of the password that was given, or nothing.
std::optional<std::string> hash_in(const Json& body, const std::string& address) {
    const auto password = text_in(body, "password");
    auto hash = text_in(body, "password_hash");
    if (password && hash)
        throw Error(
            Code::invalid_input, "the request has 1 fault", {},
            {{.where = {}, .path = "/password_hash", .what = "stands beside a password", .hint = "give one of them"}});
    if (!password)
        return hash;
    accounts::expect_good_password(*password, address);
    return accounts::hash_password(*password);
}

Response set_active(Call& call, const std::string& action, bool active) {
    const auto mailbox = this_mailbox(call);
    return call.carry_out(action, directory::MailboxChange{.id = mailbox.id, .active = active});
}

/// The one that the path names.
Json whole_script(const Call& call, const std::string& address) {
    const std::string& name = call.parameter("script");
    const std::string script = call.services().sieve_script(address, name);
    const Json scripts = parse_json(call.services().sieve_scripts(address));
    const bool active = std::any_of(scripts.begin(), scripts.end(), [&](const Json& each) {
        return each.at("name") == name && each.at("active").get<bool>();
    });
    return {{"name", name}, {"active", active}, {"script", script}};
}

/// Throws unless If-Match, if it is there, names the script as it is; one that is not there matches nothing.
void expect_script_match(const Call& call, const std::string& address) {
    if (!call.field("If-Match"))
        return;
    try {
        call.expect_match(whole_script(call, address));
    } catch (const Error& error) {
        if (error.code() == Code::not_found)
            throw changed_meanwhile();
        throw;
    }
}

Response act_on_script(Call& call, const std::string& action) {
    const auto mailbox = this_mailbox_to_change(call);
    const std::string& name = call.parameter("script");
    expect_script_match(call, mailbox.address);
    return call.act(
        {"sieve_script." + action, mailbox.address, mailbox.id, {{"script", name}}},
        [&] { call.services().act_on_sieve_script(mailbox.address, name, action); },
        [&] { return call.answer(parse_json(call.services().sieve_scripts(mailbox.address))); });
}

std::vector<zone::DnsRecord> records_of(const Call& call, const directory::Domain& domain) {
    const auto& services = call.services();
    Json told = parse_json(services.dns_records(domain.name, {}));
    const std::string hostname = told.at("hostname");
    const auto has = [&](std::string_view type) {
        return std::any_of(told["records"].begin(), told["records"].end(),
                           [&](const Json& each) { return each.at("type") == type; });
    };
    if (!has("A") || !has("AAAA")) {
        // Behind NAT the host does not know under which address it is reached; DNS may.
        std::vector<std::string> published;
        for (const auto& answer : services.lookup({{hostname, net::RecordType::a}, {hostname, net::RecordType::aaaa}}))
            published.insert(published.end(), answer.values.begin(), answer.values.end());
        told = parse_json(services.dns_records(domain.name, published));
    }
    std::vector<zone::DnsRecord> records;
    for (const auto& each : told.at("records"))
        records.push_back(zone::dns_record(each));
    if (std::none_of(records.begin(), records.end(), [&](const auto& each) { return each.zone == domain.name; }))
        throw Error(Code::conflict, fmt::format("'{}' is not in force, and has no records", domain.name));
    return records;
}

} // namespace

Response domains_list(Call& call) {
    return list(call, "name", &store::Accounts::domains);
}

Response domains_create(Call& call) {
    const auto made = new_domain(call.body());
    expect_reach(call, made.name);
    if (made.alias_of)
        expect_reach(call, *made.alias_of);
    return call.carry_out("domain.create", made);
}

Response domains_get(Call& call) {
    return call.resource(directory::to_json(this_domain(call)));
}

Response domains_update(Call& call) {
    const Json& body = call.body();
    const auto domain = this_domain(call);
    return call.carry_out("domain.update",
                          directory::DomainChange{.id = domain.id,
                                                  .as_of = call.as_of(directory::to_json(domain)),
                                                  .catch_all = nullable_in<std::string>(body, "catch_all"),
                                                  .active = flag_in(body, "active")});
}

Response domains_delete(Call& call) {
    const auto domain = this_domain(call);
    call.expect_confirmed(domain.name);
    return call.carry_out("domain.delete",
                          directory::RemovedDomain{.id = domain.id, .as_of = call.as_of(directory::to_json(domain))});
}

Response domains_dns(Call& call) {
    const auto domain = this_domain(call);
    const auto records = records_of(call, domain);
    std::string file;
    Json json = Json::array();
    for (const auto& each : records) {
        json.push_back(zone::to_json(each));
        if (!each.elsewhere)
            file += each.zone_line() + "\n";
    }
    return call.answer({{"domain", domain.name}, {"records", std::move(json)}, {"zone_file", file}});
}

Response domains_verify(Call& call) {
    const auto domain = this_domain(call);
    const auto records = records_of(call, domain);
    const auto checked = zone::check(records, call.services().lookup(zone::questions(records)));
    Json json = Json::array();
    for (const auto& each : checked) {
        Json row = zone::to_json(each.record);
        row["status"] = zone::text(each.verdict);
        row["found"] = each.found;
        row["secure"] = each.secure;
        row["advice"] = each.advice;
        json.push_back(std::move(row));
    }
    return call.answer({{"domain", domain.name}, {"complete", zone::complete(checked)}, {"records", std::move(json)}});
}

Response domains_dkim(Call& call) {
    const auto domain = this_domain(call);
    if (domain.managed_by == "api")
        return call.resource(to_json(domain, keys_of(call, domain)));
    std::vector<directory::DkimKey> keys; // of config.yaml's domains the records say it
    for (const auto& record : records_of(call, domain)) {
        const auto end = record.name.find("._domainkey." + domain.name);
        if (end != std::string::npos)
            keys.push_back({.domain = domain.name,
                            .selector = record.name.substr(0, end),
                            .algorithm = record.value.find("k=ed25519") == std::string::npos ? "rsa" : "ed25519",
                            .created_at = {},
                            .retired_at = std::nullopt});
    }
    return call.resource(to_json(domain, keys));
}

Response domains_dkim_rotate(Call& call) {
    const auto domain = this_domain(call);
    const auto as_of = call.as_of(to_json(domain, keys_of(call, domain)));
    return call.carry_out("domain.rotate_dkim_keys", directory::NewDkimKeys{.id = domain.id, .as_of = as_of});
}

Response domains_dkim_import(Call& call) {
    const Json& body = call.body();
    const auto domain = this_domain(call);
    const auto as_of = call.as_of(to_json(domain, keys_of(call, domain)));
    const std::string pem = *text_in(body, "private_key");
    // The supervisor judges it, too; what is refused here is written down nowhere, and said at once.
    const auto algorithm = keys::imported_dkim_key(pem).algorithm;
    return call.carry_out("domain.import_dkim_key",
                          directory::ImportedDkimKey{.id = domain.id,
                                                     .as_of = as_of,
                                                     .selector = *text_in(body, "selector"),
                                                     .algorithm = std::string(keys::text(algorithm)),
                                                     .private_key = pem});
}

Response domains_dkim_activate(Call& call) {
    if (auto earlier = call.earlier())
        return std::move(*earlier);
    const auto domain = this_domain(call);
    const auto keys = keys_of(call, domain);
    const Json shown = to_json(domain, keys);
    call.expect_match(shown);
    std::vector<directory::DkimKey> waiting;
    std::copy_if(keys.begin(), keys.end(), std::back_inserter(waiting), [](const auto& key) { return key.waits(); });
    if (waiting.empty())
        throw Error(Code::conflict, fmt::format("no key of '{}' waits", domain.name));
    const auto there = published(call.services(), waiting);
    if (there.empty())
        throw Error(Code::conflict, fmt::format("DNS does not have the new keys of '{}'", domain.name),
                    "publish their records first");
    return call.carry_out("domain.activate_dkim_keys",
                          directory::DkimActivation{.id = domain.id, .as_of = revision(shown), .selectors = there});
}

Response domains_dkim_delete(Call& call) {
    const auto domain = this_domain(call);
    call.expect_confirmed(call.parameter("selector"));
    const auto as_of = call.as_of(to_json(domain, keys_of(call, domain)));
    return call.carry_out(
        "domain.delete_dkim_key",
        directory::RemovedDkimKey{.id = domain.id, .as_of = as_of, .selector = call.parameter("selector")});
}

Response mailboxes_list(Call& call) {
    return list(call, "domain", &store::Accounts::mailboxes);
}

Response mailboxes_create(Call& call) {
    constexpr std::size_t made_length = 20; // of 57 letters and digits: 116 bits
    const Json& body = call.body();
    const std::string address = lower_ascii(body.at("address").get<std::string>());
    expect_reach(call, domain_of(address));
    auto hash = hash_in(body, address);
    Json made = nullptr;
    if (!hash) {
        made = random_password(made_length);
        hash = accounts::hash_password(made.get<std::string>());
    }
    return call.carry_out("mailbox.create",
                          directory::NewMailbox{.id = uuid7(),
                                                .address = address,
                                                .display_name = text_in(body, "display_name").value_or(""),
                                                .password = *hash,
                                                .quota = value_in<std::uint64_t>(body, "quota").value_or(0)},
                          {{"generated_password", made}});
}

Response mailboxes_get(Call& call) {
    return call.resource(directory::to_json(this_mailbox(call)));
}

Response mailboxes_update(Call& call) {
    const Json& body = call.body();
    const auto mailbox = this_mailbox(call);
    return call.carry_out("mailbox.update", directory::MailboxChange{.id = mailbox.id,
                                                                     .as_of = call.as_of(directory::to_json(mailbox)),
                                                                     .display_name = text_in(body, "display_name"),
                                                                     .password = hash_in(body, mailbox.address),
                                                                     .quota = value_in<std::uint64_t>(body, "quota")});
}

Response mailboxes_delete(Call& call) {
    const auto mailbox = this_mailbox(call);
    call.expect_confirmed(mailbox.address);
    return call.carry_out("mailbox.delete", directory::RemovedMailbox{
                                                .id = mailbox.id, .as_of = call.as_of(directory::to_json(mailbox))});
}

Response mailboxes_suspend(Call& call) {
    return set_active(call, "mailbox.suspend", false);
}

Response mailboxes_resume(Call& call) {
    return set_active(call, "mailbox.resume", true);
}

Response mailboxes_use(Call& call) {
    const auto mailbox = this_mailbox(call);
    Json use = parse_json(call.services().mailbox_use(mailbox.address));
    use["quota"] = mailbox.quota;
    return call.answer(std::move(use));
}

Response sieve_list(Call& call) {
    return call.answer(parse_json(call.services().sieve_scripts(this_mailbox(call).address)));
}

Response sieve_get(Call& call) {
    const auto mailbox = this_mailbox(call);
    return call.resource(whole_script(call, mailbox.address));
}

Response sieve_put(Call& call) {
    const std::string script = call.body().at("script");
    const auto mailbox = this_mailbox_to_change(call);
    const std::string& name = call.parameter("script");
    expect_script_match(call, mailbox.address);
    return call.act(
        {"sieve_script.put", mailbox.address, mailbox.id, {{"script", name}}},
        [&] { call.services().put_sieve_script(mailbox.address, name, script); },
        [&] { return call.resource(whole_script(call, mailbox.address)); });
}

Response sieve_activate(Call& call) {
    return act_on_script(call, "activate");
}

Response sieve_deactivate(Call& call) {
    return act_on_script(call, "deactivate");
}

Response sieve_delete(Call& call) {
    call.expect_confirmed(call.parameter("script"));
    return act_on_script(call, "remove");
}

Response app_passwords_list(Call& call) {
    const auto mailbox = this_mailbox(call);
    Json json = Json::array();
    call.services().directory.read([&](store::Database& database) {
        for (const auto& each : store::Accounts(database).app_passwords(mailbox.id))
            json.push_back(to_json(each));
    });
    return call.answer(std::move(json));
}

Response app_passwords_create(Call& call) {
    constexpr std::size_t secret_length = 16; // of 57 letters and digits: 93 bits, beside what finds it
    const Json& body = call.body();
    const auto mailbox = this_mailbox_to_change(call);
    const auto& every = surface::schemas::app_protocol_words;
    const std::string made = random_password(directory::app_password_lookup + secret_length);
    return call.carry_out(
        "app_password.create",
        directory::NewAppPassword{
            .id = uuid7(),
            .mailbox_id = mailbox.id,
            .name = *text_in(body, "name"),
            .lookup = made.substr(0, directory::app_password_lookup),
            .hash = accounts::hash_password(made),
            .protocols = words_in(body, "protocols").value_or(std::vector<std::string>(every.begin(), every.end()))},
        {{"generated_password", made}});
}

Response app_passwords_delete(Call& call) {
    const auto mailbox = this_mailbox_to_change(call);
    const auto password = call.services().directory.read([&](store::Database& database) {
        return store::Accounts(database).app_password(call.parameter("app_password"));
    });
    if (!password || password->mailbox_id != mailbox.id)
        throw Error(Code::not_found, fmt::format("there is nothing with the id '{}'", call.parameter("app_password")));
    call.expect_confirmed(password->name);
    return call.carry_out("app_password.delete",
                          directory::RemovedAppPassword{.id = password->id, .as_of = call.as_of(to_json(*password))});
}

Response import_accounts(Call& call) {
    const Json& body = call.body();
    directory::Import import{.id = uuid7(),
                             .row_by_row = flag_in(body, "row_by_row").value_or(false),
                             .dry_run = flag_in(body, "dry_run").value_or(false),
                             .domains = {},
                             .mailboxes = {},
                             .aliases = {}};
    std::vector<Problem> beyond;
    const auto reach = [&](const std::string& domain, const char* list, std::size_t row) {
        if (!call.who().reaches(domain))
            beyond.push_back({.where = {},
                              .path = fmt::format("/{}/{}", list, row),
                              .what = fmt::format("the domain '{}' is not one of yours", printable(domain)),
                              .hint = {}});
    };
    for (const auto& row : body.value("domains", Json::array())) {
        directory::NewDomain made = new_domain(row);
        reach(made.name, "domains", import.domains.size());
        if (made.alias_of)
            reach(*made.alias_of, "domains", import.domains.size());
        import.domains.push_back(std::move(made));
    }
    for (const auto& row : body.value("mailboxes", Json::array())) {
        const std::string address = lower_ascii(row.at("address").get<std::string>());
        reach(domain_of(address), "mailboxes", import.mailboxes.size());
        import.mailboxes.push_back({.id = uuid7(),
                                    .address = address,
                                    .display_name = text_in(row, "display_name").value_or(""),
                                    .password = text_in(row, "password_hash").value_or(""),
                                    .quota = value_in<std::uint64_t>(row, "quota").value_or(0)});
    }
    for (const auto& row : body.value("aliases", Json::array())) {
        directory::NewAlias made = new_alias(row);
        reach(domain_of(made.address), "aliases", import.aliases.size());
        import.aliases.push_back(std::move(made));
    }
    if (!beyond.empty())
        throw Error(Code::denied, "the import reaches beyond your domains", {}, std::move(beyond));
    if (import.dry_run)
        return call.answer(parse_json(call.services().try_import(to_text(directory::to_json(import)))).at("after"));
    return call.carry_out("import", import);
}

Response aliases_list(Call& call) {
    return list(call, "domain", &store::Accounts::aliases);
}

Response aliases_create(Call& call) {
    const auto made = new_alias(call.body());
    expect_reach(call, domain_of(made.address));
    return call.carry_out("alias.create", made);
}

Response aliases_get(Call& call) {
    return call.resource(directory::to_json(this_alias(call)));
}

Response aliases_update(Call& call) {
    const Json& body = call.body();
    const auto alias = this_alias(call);
    return call.carry_out("alias.update", directory::AliasChange{.id = alias.id,
                                                                 .as_of = call.as_of(directory::to_json(alias)),
                                                                 .destinations = words_in(body, "destinations"),
                                                                 .active = flag_in(body, "active")});
}

Response aliases_delete(Call& call) {
    const auto alias = this_alias(call);
    call.expect_confirmed(alias.address);
    return call.carry_out("alias.delete",
                          directory::RemovedAlias{.id = alias.id, .as_of = call.as_of(directory::to_json(alias))});
}

} // namespace vectis::api::handlers
