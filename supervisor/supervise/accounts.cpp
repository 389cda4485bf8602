#include "supervise/accounts.hpp"

#include "base/error.hpp"
#include "base/subprocess.hpp"
#include "base/text.hpp"
#include "config/kinds.hpp"
#include "keys/dkim.hpp"
#include "systemd/journal.hpp"
#include "systemd/manager.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

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

/// Ends the sessions of somebody who may not log in any more.
void end_sessions(const std::string& address) {
    // 68: there was none.
    const Finished done = run({"doveadm", "kick", address}, std::chrono::seconds(20));
    if (done.status != 0 && done.status != 68)
        systemd::log(systemd::Priority::warning,
                     fmt::format("cannot end the sessions of {}: {}", address, printable(done.err)));
}

} // namespace

Json Accounts::change(const std::string& id, const directory::AccountChange& change) {
    if (auto known = directory_.changed(id))
        return *known;
    if (const auto* made = std::get_if<directory::NewDomain>(&change))
        return make(id, *made);
    if (const auto* removed = std::get_if<directory::RemovedMailbox>(&change))
        return remove(id, *removed);
    Json result = directory_.change(id, change);
    if (std::holds_alternative<directory::RemovedDomain>(change))
        sign(false);
    const Json& after = result.at("after");
    if (std::holds_alternative<directory::MailboxChange>(change) && !after.at("active").get<bool>())
        end_sessions(after.at("address"));
    return result;
}

Json Accounts::make(const std::string& id, const directory::NewDomain& made) {
    // Refused before a key is made for nothing.
    if (directory_.read([&](store::Accounts& accounts) { return accounts.domain_named(made.name).has_value(); }))
        return directory_.change(id, made);
    for (const auto& key : directory::first_dkim_keys(made.name, {}))
        keys::ensure_dkim_key(paths_.dkim(), made.name, key.selector,
                              key.algorithm == "rsa" ? keys::Algorithm::rsa : keys::Algorithm::ed25519);
    Json result = directory_.change(id, made);
    sign(false);
    return result;
}

Json Accounts::remove(const std::string& id, const directory::RemovedMailbox& removed) {
    const auto mailbox = directory_.read([&](store::Accounts& accounts) { return accounts.mailbox(removed.id); });
    if (!mailbox || mailbox->managed_by != "api")
        return directory_.change(id, removed); // says why not
    // Nobody gets in from here on, so nobody writes where the mail was. An id of its own: this much was done.
    static_cast<void>(directory_.change(
        id + "-suspend", directory::MailboxChange{.id = removed.id, .as_of = removed.as_of, .active = false}));
    end_sessions(mailbox->address);
    const std::string domain(config::domain_of(mailbox->address));
    const fs::path from = paths_.mail() / domain / std::string(config::local_part_of(mailbox->address));
    if (fs::exists(from)) {
        const fs::path archive = paths_.archived_mail();
        ensure_folder(archive, {.mode = 0700});
        fs::rename(from, archive / fmt::format("{}.{}", mailbox->address, id));
        sync_folder(archive);
        sync_folder(from.parent_path());
    }
    return directory_.change(id,
                             directory::RemovedMailbox{.id = removed.id}); // as_of: it is ours since it was suspended
}

void Accounts::sign(bool reload_anyway) {
    const std::lock_guard lock(signers_);
    const auto keys = directory_.read([](store::Accounts& accounts) { return accounts.dkim_keys(); });
    const std::string text = signers_text(paths_.dkim(), keys);
    const auto before = read_file(paths_.signers());
    if (before == text || (!before && keys.empty())) {
        if (!reload_anyway || keys.empty())
            return;
    } else {
        replace_file(paths_.signers(), text, {.mode = 0644});
    }
    try {
        systemd::Manager().act("rspamd.service", systemd::Action::reload, std::chrono::seconds(60));
    } catch (const Error& error) {
        // It reads the list when it starts; until then the domains that are new are not signed.
        systemd::log(systemd::Priority::error, "cannot reload rspamd for its list of signers: " + error.text());
    }
}

} // namespace vectis::supervise
