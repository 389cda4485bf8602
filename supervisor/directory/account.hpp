// Domains, mailboxes and aliases as the API shows and changes them. Values only; store/accounts reads and writes them.
#pragma once

#include "base/json.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace vectis::directory {

struct Domain {
    std::string id;
    std::string name;
    std::optional<std::string> alias_of;  // it repeats the addresses of that domain
    std::optional<std::string> catch_all; // who gets what nobody else does
    bool active = true;
    std::string managed_by; // config, api, system
    std::string created_at; // empty: before anybody noted it
    std::string updated_at;
};

struct Mailbox {
    std::string id;
    std::string address;
    std::string display_name;
    std::uint64_t quota = 0; // bytes; 0 is unlimited
    bool active = true;
    std::string managed_by;
    std::string created_at;
    std::string updated_at;
};

struct Alias {
    std::string id;
    std::string address;
    std::vector<std::string> destinations; // sorted
    bool active = true;
    std::string managed_by;
    std::string created_at;
    std::string updated_at;
};

/// A key that signs what a domain of the API's sends.
struct DkimKey {
    std::string domain;
    std::string selector;
    std::string algorithm; // rsa, ed25519
    bool signs = true;
    std::string created_at;
};

/// The keys that a domain begins with: the selectors that config.yaml has where it says nothing.
[[nodiscard]] std::vector<DkimKey> first_dkim_keys(const std::string& domain, const std::string& created_at);

[[nodiscard]] Json to_json(const Domain& domain);
[[nodiscard]] Json to_json(const Mailbox& mailbox);
[[nodiscard]] Json to_json(const Alias& alias);

/// What is made, with the id it will have.
struct NewDomain {
    std::string id;
    std::string name;
    std::optional<std::string> alias_of;
    std::optional<std::string> catch_all;
};
struct NewMailbox {
    std::string id;
    std::string address;
    std::string display_name;
    std::string password; // a Dovecot password with its scheme; empty: nobody can log in
    std::uint64_t quota = 0;
};
struct NewAlias {
    std::string id;
    std::string address;
    std::vector<std::string> destinations;
};

/// What is changed; nothing leaves it as it is. `as_of`: the revision() that it must still have.
struct DomainChange {
    std::string id;
    std::optional<std::string> as_of;
    std::optional<std::optional<std::string>> catch_all;
    std::optional<bool> active;
};
struct MailboxChange {
    std::string id;
    std::optional<std::string> as_of;
    std::optional<std::string> display_name;
    std::optional<std::string> password;
    std::optional<std::uint64_t> quota;
    std::optional<bool> active;
};
struct AliasChange {
    std::string id;
    std::optional<std::string> as_of;
    std::optional<std::vector<std::string>> destinations;
    std::optional<bool> active;
};

struct RemovedDomain {
    std::string id;
    std::optional<std::string> as_of;
};
struct RemovedMailbox {
    std::string id;
    std::optional<std::string> as_of;
};
struct RemovedAlias {
    std::string id;
    std::optional<std::string> as_of;
};

using AccountChange = std::variant<NewDomain, NewMailbox, NewAlias, DomainChange, MailboxChange, AliasChange,
                                   RemovedDomain, RemovedMailbox, RemovedAlias>;

/// As it crosses the bus: {"new_mailbox": {...}}.
[[nodiscard]] Json to_json(const AccountChange& change);
/// Throws Error(invalid_input) with everything that is wrong with it: it comes from a process that faces the network.
[[nodiscard]] AccountChange account_change(const Json& json);

} // namespace vectis::directory
