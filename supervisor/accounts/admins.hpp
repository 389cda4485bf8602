// Who may administer this server through the API.
#pragma once

#include "accounts/ledger.hpp"
#include "store/admins.hpp"

#include <optional>
#include <string>
#include <vector>

namespace vectis::accounts {

/// A password that may be stored, and the one to show once if it was made here.
struct Credentials {
    std::string hash;
    std::optional<std::string> one_time_password; // clear text: to be shown, and forgotten
    bool must_change = false;
    bool announced = true; // false: whoever asked has yet to show it to somebody
};
/// Of a chosen password, or of one that is made, which must be changed unless `must_change` says otherwise. Takes 20
/// ms: call it before a change begins. Throws Error(invalid_input) if people may not choose it.
[[nodiscard]] Credentials credentials_for(const std::optional<std::string>& chosen, std::optional<bool> must_change,
                                          const std::string& email);

struct AdminChanges {
    std::optional<std::string> email;
    std::optional<std::string> name;
    std::optional<surface::Role> role;
    std::optional<std::vector<std::string>> domains;
    std::optional<bool> suspended;
};

/// As the API shows it: no password.
[[nodiscard]] Json admin_json(const store::Admin& admin);
[[nodiscard]] std::vector<store::Admin> list_admins(store::Database& database, const store::Page& page);
/// Throws Error(not_found).
[[nodiscard]] store::Admin find_admin(store::Database& database, const std::string& id);

/// `changes` names email and role at least. Throws Error(conflict) if the address is taken, Error(invalid_input) if
/// role and domains do not go together.
[[nodiscard]] store::Admin add_admin(const Change& change, const AdminChanges& changes, const Credentials& credentials);
/// Throws the same, and Error(conflict) if nobody would be left who may do everything.
[[nodiscard]] store::Admin change_admin(const Change& change, store::Admin admin, const AdminChanges& changes);
void remove_admin(const Change& change, const store::Admin& admin);
/// Another password; their sessions end.
[[nodiscard]] store::Admin reset_admin_password(const Change& change, store::Admin admin,
                                                const Credentials& credentials);
/// The password that was made has been shown to somebody.
[[nodiscard]] store::Admin admin_announced(const Change& change, store::Admin admin);

} // namespace vectis::accounts
