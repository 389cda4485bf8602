#include "api/rotation.hpp"

#include "base/random.hpp"
#include "base/text.hpp"
#include "store/accounts.hpp"
#include "zone/live.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vectis::api {

namespace {

accounts::Who vectis_itself() {
    accounts::Who who;
    who.name = "vectis";
    who.credential = "system";
    who.credential_id = "system";
    return who;
}

/// Has them sign, unless something about the domain's keys has changed since.
void activate(const Services& services, const std::string& domain, const std::vector<std::string>& selectors) {
    const auto [id, as_of] = services.directory.read([&](store::Database& database) {
        store::Accounts accounts(database);
        const auto found = accounts.domain_named(domain);
        if (!found)
            throw Error(Code::not_found, fmt::format("there is no domain '{}' any more", domain));
        return std::pair(found->id, revision(to_json(*found, accounts.dkim_keys(domain))));
    });
    // The same errand however often it is tried: one that found no supervisor is still there to be done.
    static_cast<void>(services.errands.run(
        {.who = vectis_itself(),
         .request_id = uuid7(),
         .idempotency_key = fmt::format("activate {} {} {}", id, as_of, join(selectors, " ")),
         .request = {}},
        "domain.activate_dkim_keys", directory::DkimActivation{.id = id, .as_of = as_of, .selectors = selectors},
        {{"status", 200}, {"path", "/domains"}, {"once", Json::array()}}));
}

} // namespace

std::vector<std::string> published(const Services& services, const std::vector<directory::DkimKey>& keys) {
    const Json told = parse_json(services.dns_records(keys.front().domain, {}));
    std::vector<std::string> selectors;
    std::vector<zone::DnsRecord> records;
    for (const auto& key : keys) {
        const std::string name = fmt::format("{}._domainkey.{}", key.selector, key.domain);
        for (const auto& each : told.at("records")) {
            if (each.at("name") == name) {
                selectors.push_back(key.selector);
                records.push_back(zone::dns_record(each));
            }
        }
    }
    if (records.empty())
        return {};
    const auto checked = zone::check(records, services.lookup(zone::questions(records)));
    std::vector<std::string> there;
    for (std::size_t i = 0; i < selectors.size(); ++i) {
        if (checked.at(i).verdict == zone::Verdict::published)
            there.push_back(selectors[i]);
    }
    return there;
}

void Rotation::look(const std::stop_token& stop) {
    const auto waiting = services_.directory.read(
        [](store::Database& database) { return store::Accounts(database).waiting_dkim_keys(); });
    std::map<std::string, std::vector<directory::DkimKey>> by_domain;
    for (const auto& key : waiting)
        by_domain[key.domain].push_back(key);
    std::erase_if(seen_, [&](const auto& each) {
        return std::none_of(waiting.begin(), waiting.end(), [&, &key = each.first](const auto& other) {
            return Key(other.domain, other.selector) == key;
        });
    });
    std::erase_if(faults_, [&](const auto& each) { return !by_domain.contains(each.first); });
    for (const auto& [domain, keys] : by_domain) {
        if (stop.stop_requested())
            return;
        try {
            look_at(keys);
            faults_.erase(domain);
        } catch (const Error& error) {
            if (error.code() == Code::unavailable)
                return; // nobody is there to ask, for the others neither
            if (std::exchange(faults_[domain], error.text()) != error.text())
                services_.log(fmt::format("cannot have the new DKIM keys of '{}' sign: {}", domain, error.text()));
        }
    }
}

void Rotation::look_at(const std::vector<directory::DkimKey>& keys) {
    const auto there = published(services_, keys);
    const auto at = clock_();
    std::vector<std::string> settled;
    for (const auto& key : keys) {
        const Key name(key.domain, key.selector);
        if (std::find(there.begin(), there.end(), key.selector) == there.end())
            seen_.erase(name);
        else if (at - seen_.emplace(name, at).first->second >= settling)
            settled.push_back(key.selector);
    }
    if (!settled.empty())
        activate(services_, keys.front().domain, settled);
}

} // namespace vectis::api
