#include "supervise/accounts.hpp"

#include "base/error.hpp"
#include "base/subprocess.hpp"
#include "base/text.hpp"
#include "config/kinds.hpp"
#include "keys/dkim.hpp"
#include "supervise/mail_archive.hpp"
#include "systemd/journal.hpp"
#include "systemd/manager.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace vectis::supervise {

namespace {

std::string signers_text(const fs::path& folder, const std::vector<directory::DkimKey>& keys) {
    std::string text =
        "# Written by Vectis, read by Rspamd within dkim_signing.conf: the domains that were made through the API.\n";
    for (auto key = keys.begin(); key != keys.end();) {
        const std::string& domain = key->domain;
        std::vector<std::string> selectors;
        for (; key != keys.end() && key->domain == domain; ++key) {
            if (key->signs)
                selectors.push_back(fmt::format(R"({{ selector = "{}"; path = "{}"; }})", key->selector,
                                                keys::dkim_path(folder, domain, key->selector).string()));
        }
        text += fmt::format("\"{}\" {{\n  selectors [\n    {}\n  ]\n}}\n", domain, join(selectors, ",\n    "));
    }
    return text;
}

/// Ends the sessions of whoever may not log in any more; `who` may be all of a domain: *@example.org.
void end_sessions(const std::string& who) {
    // 68: there was none.
    const Finished done = run({"doveadm", "kick", who}, std::chrono::seconds(10));
    if (done.status != 0 && done.status != 68)
        systemd::log(systemd::Priority::warning,
                     fmt::format("cannot end the sessions of {}: {}", who, printable(done.err)));
}

/// What belongs to a change that is made, and may fail without undoing it.
template<typename Work>
void follow_up(const Work& work) {
    try {
        work();
    } catch (const std::exception& fault) {
        systemd::log(systemd::Priority::error,
                     "an account was changed, and what belongs to it was not done: " + as_error(fault).text());
    }
}

std::string domain_of(const std::string& address) {
    return std::string(config::domain_of(address));
}

std::string local_part_of(const std::string& address) {
    return std::string(config::local_part_of(address));
}

/// Asked of Postfix, which answers at once however many mailboxes config.yaml has.
std::string recipient_delimiter() {
    const Finished finished = run({"postconf", "-h", "recipient_delimiter"}, std::chrono::seconds(20));
    if (finished.status != 0)
        throw Error(Code::check_failed, "cannot ask Postfix for its settings: " + printable(finished.err),
                    "'vectis apply' puts them right");
    return std::string(trim(finished.out));
}

void expect_no_delimiter(const std::string& address) {
    if (auto fault = directory::delimiter_fault(recipient_delimiter(), address))
        throw Error(Code::invalid_input, "the address has the recipient delimiter", {},
                    {{.where = {}, .path = "/address", .what = std::move(*fault), .hint = "choose another name"}});
}

} // namespace

Json Accounts::change(const std::string& id, const directory::AccountChange& change) {
    // One at a time: whoever asks again while the first call is still at it waits, and learns what it did.
    const std::lock_guard lock(changing_);
    if (auto known = directory_.changed(id))
        return *known;
    if (const auto* removed = std::get_if<directory::RemovedMailbox>(&change))
        return remove(id, *removed);
    if (const auto* import = std::get_if<directory::Import>(&change))
        return import_all(id, *import);
    if (const auto* imported = std::get_if<directory::ImportedDkimKey>(&change))
        return import_key(id, *imported);
    prepare(id, change);
    Json result = directory_.change(id, change);
    if (std::holds_alternative<directory::NewDomain>(change) ||
        std::holds_alternative<directory::DkimActivation>(change))
        follow_up([&] { sign(false); });
    // A key that Rspamd may still sign with stays; who makes one of that name later removes it.
    if (std::holds_alternative<directory::RemovedDomain>(change)) {
        follow_up([&] {
            sign(false);
            fs::remove_all(keys::dkim_path(paths_.dkim(), result.at("before").at("name"), "x").parent_path());
        });
    }
    if (const auto* removed = std::get_if<directory::RemovedDkimKey>(&change)) {
        follow_up([&] {
            sign(false);
            fs::remove(keys::dkim_path(paths_.dkim(), result.at("before").at("name"), removed->selector));
        });
    }
    // Which session came with which password nobody knows: all of the mailbox's end, and its owner's others come back.
    if (std::holds_alternative<directory::RemovedAppPassword>(change))
        follow_up([&] { end_sessions(result.at("before").at("address")); });
    const Json& after = result.at("after");
    if (std::holds_alternative<directory::MailboxChange>(change) && !after.at("active").get<bool>())
        follow_up([&] { end_sessions(after.at("address")); });
    if (std::holds_alternative<directory::DomainChange>(change) && !after.at("active").get<bool>())
        follow_up([&] { end_sessions("*@" + after.at("name").get<std::string>()); });
    return result;
}

void Accounts::make_keys(const std::vector<directory::DkimKey>& keys) {
    for (const auto& key : keys) {
        // Of a key that is gone, or of a change that was not made: nobody has published it.
        fs::remove(keys::dkim_path(paths_.dkim(), key.domain, key.selector));
        keys::ensure_dkim_key(paths_.dkim(), key.domain, key.selector,
                              key.algorithm == "rsa" ? keys::Algorithm::rsa : keys::Algorithm::ed25519,
                              paths_.signer_group);
    }
}

Json Accounts::import_key(const std::string& id, const directory::ImportedDkimKey& imported) {
    const auto key = keys::imported_dkim_key(imported.private_key);
    if (imported.algorithm != keys::text(key.algorithm))
        throw Error(Code::invalid_input, "cannot understand the change: its key is of the other algorithm");
    const auto domain = directory_.read([&](store::Accounts& accounts) -> std::optional<std::string> {
        const auto found = accounts.domain(imported.id);
        if (!found || found->managed_by != "api")
            return std::nullopt;
        const auto keys = accounts.dkim_keys(found->name);
        const bool taken =
            std::any_of(keys.begin(), keys.end(), [&](const auto& each) { return each.selector == imported.selector; });
        return taken ? std::nullopt : std::optional(found->name);
    });
    if (!domain)
        return directory_.change(id, imported); // says why not; whoever has a file of that name keeps it
    const fs::path file = keys::dkim_path(paths_.dkim(), *domain, imported.selector);
    fs::remove(file); // as in make_keys()
    keys::add_dkim_key(paths_.dkim(), *domain, imported.selector, key.text, paths_.signer_group);
    try {
        return directory_.change(id, imported);
    } catch (...) {
        std::error_code kept; // whoever makes one of that name later removes it
        fs::remove(file, kept);
        throw;
    }
}

void Accounts::prepare(const std::string& id, const directory::AccountChange& change) {
    if (const auto* domain = std::get_if<directory::NewDomain>(&change)) {
        const bool refused = directory_.read([&](store::Accounts& accounts) {
            return accounts.domain_named(domain->name) ||
                   (domain->alias_of && !accounts.domain_named(*domain->alias_of));
        });
        if (refused)
            return; // without keys for nothing; directory_ says why
        make_keys(directory::first_dkim_keys(domain->name, {}));
    }
    if (const auto* rotation = std::get_if<directory::NewDkimKeys>(&change)) {
        const auto keys = directory_.read([&](store::Accounts& accounts) {
            const auto domain = accounts.domain(rotation->id);
            return domain ? accounts.dkim_keys(domain->name) : std::vector<directory::DkimKey>();
        });
        // Without any, or with one that waits, directory_ says why not.
        if (!keys.empty() && std::none_of(keys.begin(), keys.end(), [](const auto& each) { return each.waits(); }))
            make_keys(directory::next_dkim_keys(keys, {}));
    }
    if (const auto* alias = std::get_if<directory::NewAlias>(&change))
        expect_no_delimiter(alias->address);
    if (const auto* route = std::get_if<directory::NewInboundRoute>(&change); route && route->match == "address")
        expect_no_delimiter(route->name);
    if (const auto* mailbox = std::get_if<directory::NewMailbox>(&change)) {
        expect_no_delimiter(mailbox->address);
        make_room(id, mailbox->address);
    }
}

void Accounts::make_room(const std::string& id, const std::string& address) {
    // What a delivery or a session that was still going on has made after an earlier owner's mail was archived.
    // Mail that was there before anybody had the address, of a server that moved here, is meant for this owner.
    const std::string domain = domain_of(address);
    const std::string local_part = local_part_of(address);
    const bool free = !directory_.read([&](store::Accounts& accounts) { return accounts.has_address(address); });
    if (free && has_archived_mail(paths_.mail(), domain, local_part))
        archive_mail(paths_.mail(), domain, local_part, id);
}

Json Accounts::import_all(const std::string& id, directory::Import import) {
    import.delimiter = recipient_delimiter();
    Json tried = directory_.trial(import); // before anything is made beside the rows
    if (import.dry_run)
        return tried;
    bool domains = false;
    for (const auto& part : tried.at("parts")) {
        const Json& row = part.at("row");
        if (part.at("action") == "domain.create") {
            domains = true;
            make_keys(directory::first_dkim_keys(row.at("name"), {}));
        } else if (part.at("action") == "mailbox.create") {
            make_room(id, row.at("address"));
        }
    }
    Json result = directory_.change(id, import);
    if (domains)
        follow_up([&] { sign(false); });
    return result;
}

Json Accounts::remove(const std::string& id, const directory::RemovedMailbox& removed) {
    const auto mailbox = directory_.read([&](store::Accounts& accounts) { return accounts.mailbox(removed.id); });
    if (!mailbox || mailbox->managed_by != "api")
        return directory_.change(id, removed); // says why not
    // Nobody gets in from here on. An id of its own: this much was done.
    const Json suspended = directory_.change(
        id + "-suspend", directory::MailboxChange{.id = removed.id, .as_of = removed.as_of, .active = false});
    follow_up([&] { end_sessions(mailbox->address); });
    const std::string domain = domain_of(mailbox->address);
    const std::string local_part = local_part_of(mailbox->address);
    try {
        archive_mail(paths_.mail(), domain, local_part, id);
        return directory_.change(id, directory::RemovedMailbox{.id = removed.id}); // as_of: it is ours by now
    } catch (const Error& error) {
        std::error_code unknown;
        if (!fs::exists(paths_.mail() / domain / local_part, unknown)) // there is no way back, and it is tried again
            throw Error(Code::unavailable, error.what(), error.hint());
        if (suspended.at("before").at("active").get<bool>())
            static_cast<void>(
                directory_.change(id + "-resume", directory::MailboxChange{.id = removed.id, .active = true}));
        throw;
    }
}

void Accounts::sign(bool reload_anyway) {
    const std::lock_guard lock(signing_);
    const bool owed = std::exchange(behind_, true); // until it is done
    fell_behind_.notify_all();
    const auto keys = directory_.read([](store::Accounts& accounts) { return accounts.dkim_keys(); });
    const std::string text = signers_text(paths_.dkim(), keys);
    const auto before = read_file(paths_.signers());
    if (before == text || (!before && keys.empty())) {
        if (!owed && (!reload_anyway || keys.empty())) {
            behind_ = false;
            return;
        }
    } else {
        replace_file(paths_.signers(), text, {.mode = 0644});
    }
    systemd::Manager().act("rspamd.service", systemd::Action::reload, std::chrono::seconds(90));
    behind_ = false;
}

void Accounts::keep_signing(const std::stop_token& stop) {
    constexpr std::chrono::seconds between{30};
    std::string said;
    std::unique_lock lock(signing_);
    while (fell_behind_.wait(lock, stop, [&] { return behind_; })) {
        if (fell_behind_.wait_for(lock, stop, between, [&] { return !behind_; }))
            continue;
        if (stop.stop_requested())
            return;
        lock.unlock();
        try {
            sign(false);
            said.clear();
        } catch (const std::exception& fault) {
            const std::string text = as_error(fault).text();
            if (std::exchange(said, text) != text)
                systemd::log(systemd::Priority::error, "cannot bring Rspamd its list of signers: " + text);
        }
        lock.lock();
    }
}

} // namespace vectis::supervise
