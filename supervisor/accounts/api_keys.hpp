// API keys: what programs show instead of a password. A key never reaches further than whoever made it: neither when it
// is made nor later, when they may do less.
#pragma once

#include "accounts/ledger.hpp"
#include "store/api_keys.hpp"

#include <chrono>

namespace vectis::accounts {

/// The requests a minute that a key may make, unless it says otherwise.
constexpr std::int64_t usual_rate = 600;

struct ApiKeyChanges {
    std::optional<std::string> name;
    std::optional<std::vector<std::string>> scopes;
    std::optional<std::optional<std::vector<std::string>>> domains; // nothing within: every domain
    std::optional<std::optional<std::vector<std::string>>> networks;
    std::optional<std::int64_t> rate;
    std::optional<std::optional<std::int64_t>> recipients; // nothing within: as config.yaml says
    std::optional<std::optional<std::string>> expires_at;
};

/// As the API shows it: no secret.
[[nodiscard]] Json api_key_json(const store::ApiKey& key);
/// Throws Error(not_found), too, if `who` may not know of it: others' keys are for a super_admin alone.
[[nodiscard]] store::ApiKey find_api_key(store::Database& database, const Who& who, const std::string& id);
/// The keys that `who` may know of.
[[nodiscard]] std::vector<store::ApiKey> list_api_keys(store::Database& database, const Who& who, store::Page page);

struct MadeKey {
    store::ApiKey key;
    std::string token; // vk_<id>_<secret>: to be shown, and forgotten
};
/// `changes` names name and scopes at least. Throws Error(conflict) if the name is taken, Error(denied) with every
/// thing that reaches further than `change.who()`.
[[nodiscard]] MadeKey add_api_key(const Change& change, surface::Role role, const ApiKeyChanges& changes);
[[nodiscard]] store::ApiKey change_api_key(const Change& change, store::ApiKey key, const ApiKeyChanges& changes);
void remove_api_key(const Change& change, const store::ApiKey& key);
/// Another secret; the one of before is taken for `overlap`.
[[nodiscard]] MadeKey rotate_api_key(const Change& change, store::ApiKey key, std::chrono::seconds overlap);

/// Who shows this token from this address; nothing if it is not good, not any more, or not from there.
[[nodiscard]] std::optional<Who> who_has_key(store::Database& database, const std::string& token,
                                             const std::string& address);

} // namespace vectis::accounts
