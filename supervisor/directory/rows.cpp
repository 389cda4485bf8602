#include "directory/rows.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>

namespace vectis::directory {

namespace {

// RFC 2142: these reach a person in every domain that has mail, and RFC 5321 section 4.5.1 demands the first.
constexpr std::array<std::string_view, 2> domain_roles{"postmaster", "abuse"};
// What Debian's own programs on the host write to.
constexpr std::array<std::string_view, 6> host_roles{"postmaster",    "abuse", "hostmaster",
                                                     "mailer-daemon", "root",  "security"};

template<typename Row>
void sort_by_key(std::vector<Row>& rows) {
    std::sort(rows.begin(), rows.end(), [](const Row& left, const Row& right) { return left.key() < right.key(); });
}

template<typename Row>
std::vector<Change<Row>> merge(const std::vector<Row>& from, const std::vector<Row>& to) {
    std::vector<Change<Row>> changes;
    auto old_row = from.begin();
    auto new_row = to.begin();
    while (old_row != from.end() || new_row != to.end()) {
        if (new_row == to.end() || (old_row != from.end() && old_row->key() < new_row->key())) {
            changes.push_back({*old_row++, std::nullopt});
        } else if (old_row == from.end() || new_row->key() < old_row->key()) {
            changes.push_back({std::nullopt, *new_row++});
        } else {
            if (!(*old_row == *new_row))
                changes.push_back({*old_row, *new_row});
            ++old_row;
            ++new_row;
        }
    }
    return changes;
}

template<typename Row>
std::vector<Change<Row>> reverse(const std::vector<Change<Row>>& changes) {
    std::vector<Change<Row>> reversed;
    for (const auto& change : changes)
        reversed.push_back({change.after, change.before});
    return reversed;
}

std::vector<std::string> sorted_set(const std::vector<std::string>& values) {
    const std::set<std::string> unique(values.begin(), values.end());
    return {unique.begin(), unique.end()};
}

void add_domain(Rows& rows, const config::Config& config, const config::Domain& domain) {
    rows.domains.push_back({.name = domain.name, .catch_all = domain.catch_all});
    for (const auto& other : domain.alias_domains)
        rows.domains.push_back({.name = other, .alias_of = domain.name});
    std::set<std::string_view> taken;
    for (const auto& mailbox : domain.mailboxes) {
        taken.insert(mailbox.local_part);
        rows.mailboxes.push_back({.address = mailbox.local_part + "@" + domain.name,
                                  .display_name = mailbox.display_name,
                                  .password = mailbox.password_hash,
                                  .quota = mailbox.quota.value_or(domain.quota.value_or(config.dovecot.quota))});
    }
    for (const auto& alias : domain.aliases) {
        taken.insert(alias.local_part);
        rows.aliases.push_back(
            {.address = alias.local_part + "@" + domain.name, .destinations = sorted_set(alias.destinations)});
    }
    for (const auto role : domain_roles) {
        if (!taken.contains(role))
            rows.aliases.push_back({.address = std::string(role) + "@" + domain.name,
                                    .destinations = {config.admin},
                                    .owner = Owner::system});
    }
}

} // namespace

void Rows::sort() {
    sort_by_key(domains);
    sort_by_key(mailboxes);
    sort_by_key(aliases);
}

Changes Changes::reversed() const {
    return {reverse(domains), reverse(mailboxes), reverse(aliases)};
}

Changes difference(const Rows& from, const Rows& to) {
    return {merge(from.domains, to.domains), merge(from.mailboxes, to.mailboxes), merge(from.aliases, to.aliases)};
}

Rows wanted(const config::Config& config, const std::string& probe_password) {
    Rows rows;
    for (const auto& domain : config.domains)
        add_domain(rows, config, domain);
    rows.domains.push_back({.name = config.hostname, .owner = Owner::system});
    rows.mailboxes.push_back({.address = std::string(probe_local_part) + "@" + config.hostname,
                              .display_name = "Vectis readiness probe",
                              .password = probe_password,
                              .owner = Owner::system});
    for (const auto role : host_roles) {
        // With the administrator's own address among them the alias would point at itself.
        if (std::string address = std::string(role) + "@" + config.hostname; address != config.admin)
            rows.aliases.push_back(
                {.address = std::move(address), .destinations = {config.admin}, .owner = Owner::system});
    }
    rows.sort();
    return rows;
}

} // namespace vectis::directory
