#include "accounts/api_keys.hpp"

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/ip_network.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "store/admins.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <sodium.h>

namespace vectis::accounts {

namespace {

using Words = std::vector<std::string>;

constexpr std::string_view prefix = "vk_";
constexpr std::size_t id_digits = 32;
constexpr std::size_t key_secret_bytes = 32;

std::string without_dashes(std::string id) {
    std::erase(id, '-');
    return id;
}

/// 8-4-4-4-12 digits.
std::string with_dashes(const std::string& digits) {
    return fmt::format("{}-{}-{}-{}-{}", digits.substr(0, 8), digits.substr(8, 4), digits.substr(12, 4),
                       digits.substr(16, 4), digits.substr(20));
}

bool contains(const Words& words, const std::string& word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

/// What `limit` leaves of `words`; nothing stands for everything.
std::optional<Words> within(const std::optional<Words>& words, const std::optional<Words>& limit) {
    if (!words || !limit)
        return words ? words : limit;
    Words both;
    std::copy_if(words->begin(), words->end(), std::back_inserter(both),
                 [&](const auto& each) { return contains(*limit, each); });
    return both;
}

void beyond(std::vector<Problem>& problems, const std::string& path, const Words& words,
            const std::optional<Words>& limit) {
    for (std::size_t i = 0; limit && i < words.size(); ++i) {
        if (!contains(*limit, words[i]))
            problems.push_back({.where = {},
                                .path = fmt::format("{}/{}", path, i),
                                .what = fmt::format("'{}' is more than you have", printable(words[i])),
                                .hint = {}});
    }
}

surface::Role role_of(const std::string& text) {
    if (const auto role = surface::role_named(text))
        return *role;
    throw Error(Code::internal, fmt::format("there is no role '{}'", text));
}

bool in_one_of(const std::string& network, const Words& networks) {
    const auto inner = parse_ip_network(network);
    return inner && std::any_of(networks.begin(), networks.end(), [&](const auto& each) {
               const auto outer = parse_ip_network(each);
               return outer && outer->contains(*inner);
           });
}

void beyond_networks(std::vector<Problem>& problems, const std::optional<Words>& networks, const Words& limit) {
    if (!networks)
        problems.push_back(
            {.where = {}, .path = "/networks", .what = "from anywhere is more than you have", .hint = {}});
    for (std::size_t i = 0; networks && i < networks->size(); ++i) {
        if (!in_one_of((*networks)[i], limit))
            problems.push_back({.where = {},
                                .path = fmt::format("/networks/{}", i),
                                .what = fmt::format("'{}' is more than you have", printable((*networks)[i])),
                                .hint = {}});
    }
}

void expect_within(const Who& who, const store::ApiKey& key) {
    std::vector<Problem> problems;
    if (role_of(key.role) > who.role)
        problems.push_back(
            {.where = {}, .path = "/role", .what = fmt::format("{} is more than you have", key.role), .hint = {}});
    if (who.networks)
        beyond_networks(problems, key.networks, *who.networks);
    if (who.expires_at && (!key.expires_at || *key.expires_at > *who.expires_at))
        problems.push_back({.where = {},
                            .path = "/expires_at",
                            .what = fmt::format("later than your own {}", *who.expires_at),
                            .hint = {}});
    beyond(problems, "/scopes", key.scopes, who.scopes);
    if (who.domains && !key.domains)
        problems.push_back({.where = {}, .path = "/domains", .what = "every domain is more than you have", .hint = {}});
    else
        beyond(problems, "/domains", key.domains.value_or(Words()), who.domains);
    if (who.credential == "key" && key.rate > who.rate)
        problems.push_back(
            {.where = {}, .path = "/rate", .what = fmt::format("more than your own {}", who.rate), .hint = {}});
    if (who.recipients && (!key.recipients || *key.recipients > *who.recipients))
        problems.push_back({.where = {},
                            .path = "/recipients",
                            .what = fmt::format("more than your own {}", *who.recipients),
                            .hint = {}});
    if (!problems.empty())
        throw Error(Code::denied, "a key cannot reach further than who makes it", {}, std::move(problems));
}

void expect_free(store::Database& database, const store::ApiKey& key) {
    const auto other = store::ApiKeys(database).find_by_name(key.name);
    if (other && other->id != key.id)
        throw Error(Code::conflict, fmt::format("there is a key '{}' already", key.name));
}

void apply(store::ApiKey& key, const ApiKeyChanges& changes) {
    if (changes.name)
        key.name = *changes.name;
    if (changes.scopes)
        key.scopes = *changes.scopes;
    if (changes.domains)
        key.domains = *changes.domains;
    if (changes.networks)
        key.networks = *changes.networks;
    if (changes.rate)
        key.rate = *changes.rate;
    if (changes.recipients)
        key.recipients = *changes.recipients;
    if (changes.expires_at)
        key.expires_at = *changes.expires_at;
}

/// Gives it a secret; answers the token.
std::string new_secret(store::ApiKey& key) {
    const std::string secret = random_hex(key_secret_bytes);
    key.secret = sha256(secret);
    return fmt::format("{}{}_{}", prefix, without_dashes(key.id), secret);
}

bool same(const std::string& one, const std::string& other) {
    return one.size() == other.size() && sodium_memcmp(one.data(), other.data(), one.size()) == 0;
}

bool secret_is_good(const store::ApiKey& key, const std::string& secret, const std::string& at) {
    const std::string hash = sha256(secret);
    const bool current = same(hash, key.secret);
    const bool old = key.old_secret && key.old_until && *key.old_until > at && same(hash, *key.old_secret);
    return current || old;
}

bool address_is_good(const store::ApiKey& key, const std::string& address) {
    return !key.networks || in_one_of(address, *key.networks);
}

} // namespace

Json api_key_json(const store::ApiKey& key) {
    const auto maybe = [](const auto& value) { return value ? Json(*value) : Json(nullptr); };
    return {{"id", key.id},
            {"name", key.name},
            {"admin_id", maybe(key.admin)},
            {"role", key.role},
            {"scopes", key.scopes},
            {"domains", maybe(key.domains)},
            {"networks", maybe(key.networks)},
            {"rate", key.rate},
            {"recipients", maybe(key.recipients)},
            {"expires_at", maybe(key.expires_at)},
            {"old_secret_until", maybe(key.old_until)},
            {"created_at", key.created_at},
            {"updated_at", key.updated_at}};
}

store::ApiKey find_api_key(store::Database& database, const Who& who, const std::string& id) {
    const auto key = store::ApiKeys(database).find(id);
    if (key && (who.role == surface::Role::super_admin || (who.id && key->admin == who.id)))
        return *key;
    throw Error(Code::not_found, fmt::format("there is no key '{}'", printable(id)));
}

std::vector<store::ApiKey> list_api_keys(store::Database& database, const Who& who, store::Page page) {
    if (who.role != surface::Role::super_admin)
        page.where.emplace_back("admin", who.id.value_or(""));
    return store::ApiKeys(database).page(page);
}

MadeKey add_api_key(const Change& change, surface::Role role, const ApiKeyChanges& changes) {
    store::ApiKey key{.id = uuid7(),
                      .name = {},
                      .admin = change.who().id,
                      .secret = {},
                      .old_secret = std::nullopt,
                      .old_until = std::nullopt,
                      .role = std::string(surface::text(role)),
                      .scopes = {},
                      .domains = change.who().domains,
                      .networks = change.who().networks,
                      .rate = usual_rate,
                      .recipients = change.who().recipients,
                      .expires_at = change.who().expires_at,
                      .created_at = change.at(),
                      .updated_at = change.at()};
    if (change.who().credential == "key")
        key.rate = std::min(key.rate, change.who().rate);
    apply(key, changes);
    expect_within(change.who(), key);
    expect_free(change.database(), key);
    const std::string token = new_secret(key);
    store::ApiKeys(change.database()).add(key);
    change.audit("api_key.create", key.name, key.id, nullptr, api_key_json(key));
    return {.key = key, .token = token};
}

store::ApiKey change_api_key(const Change& change, store::ApiKey key, const ApiKeyChanges& changes) {
    const Json before = api_key_json(key);
    apply(key, changes);
    key.updated_at = change.at();
    expect_within(change.who(), key);
    expect_free(change.database(), key);
    store::ApiKeys(change.database()).update(key);
    change.audit("api_key.update", key.name, key.id, before, api_key_json(key));
    return key;
}

void remove_api_key(const Change& change, const store::ApiKey& key) {
    store::ApiKeys(change.database()).remove(key.id);
    change.audit("api_key.delete", key.name, key.id, api_key_json(key), nullptr);
}

MadeKey rotate_api_key(const Change& change, store::ApiKey key, std::chrono::seconds overlap) {
    const Json before = api_key_json(key);
    // Whoever has the new secret has what the key may do.
    expect_within(change.who(), key);
    key.old_secret = key.secret;
    key.old_until = rfc3339(parse_rfc3339(change.at()) + overlap);
    const std::string token = new_secret(key);
    key.updated_at = change.at();
    store::ApiKeys(change.database()).update(key);
    change.audit("api_key.rotate", key.name, key.id, before, api_key_json(key));
    return {.key = key, .token = token};
}

std::optional<Who> who_has_key(store::Database& database, const std::string& token, const std::string& address) {
    const std::size_t secret_at = prefix.size() + id_digits + 1;
    if (!token.starts_with(prefix) || token.size() != secret_at + 2 * key_secret_bytes || token[secret_at - 1] != '_')
        return std::nullopt;
    const auto key = store::ApiKeys(database).find(with_dashes(token.substr(prefix.size(), id_digits)));
    const std::string at = rfc3339(now());
    if (!key || !secret_is_good(*key, token.substr(secret_at), at) || (key->expires_at && *key->expires_at <= at) ||
        !address_is_good(*key, address))
        return std::nullopt;
    Who who{.name = "key " + key->name,
            .id = key->admin,
            .mailbox = std::nullopt,
            .credential = "key",
            .credential_id = key->id,
            .role = role_of(key->role),
            .scopes = key->scopes,
            .domains = key->domains,
            .networks = key->networks,
            .expires_at = key->expires_at,
            .address = address,
            .rate = key->rate,
            .recipients = key->recipients};
    if (!key->admin)
        return who;
    const auto admin = store::Admins(database).find(*key->admin);
    if (!admin || admin->suspended || admin->must_change_password)
        return std::nullopt;
    who.role = std::min(who.role, role_of(admin->role));
    if (role_of(admin->role) == surface::Role::domain_admin)
        who.domains = within(who.domains, admin->domains);
    return who;
}

} // namespace vectis::accounts
