// Domains, mailboxes and aliases as the API shows and changes them. Values only; store/accounts reads and writes them.
#pragma once

#include "base/json.hpp"
#include "directory/inbound_route.hpp"

#include <chrono>
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

/// A key of a domain that the API made, or was given. It waits until DNS has it, signs, and is kept a while for what it
/// has signed.
struct DkimKey {
    std::string domain;
    std::string selector;
    std::string algorithm; // rsa, ed25519
    bool signs = true;
    std::string created_at;
    std::optional<std::string> retired_at;

    [[nodiscard]] bool waits() const { return !signs && !retired_at; }
};

/// A password that lets one program of a mailbox's owner in, by some protocols: imap, pop3, smtp, sieve.
struct AppPassword {
    std::string id;
    std::string mailbox_id;
    std::string address;
    std::string name;
    std::vector<std::string> protocols; // sorted
    std::string created_at;
};

/// How many of its first characters find an app password; the others are its secret.
inline constexpr std::size_t app_password_lookup = 8;

/// How long mail may be under way that a key has signed: the longest that Postfix keeps trying, and two days more.
inline constexpr std::chrono::hours dkim_key_is_needed{7 * 24};

/// The keys that a domain begins with: the selectors that config.yaml has where it says nothing.
[[nodiscard]] std::vector<DkimKey> first_dkim_keys(const std::string& domain, const std::string& created_at);
/// One of each algorithm that follow these of a domain (r1 and e1: r2 and e2), and do not sign yet.
[[nodiscard]] std::vector<DkimKey> next_dkim_keys(const std::vector<DkimKey>& keys, const std::string& created_at);

/// Mail to anna+x is anna's: what is wrong with an address of one's own that has one of the recipient delimiters.
[[nodiscard]] std::optional<std::string> delimiter_fault(const std::string& delimiters, const std::string& address);

/// Without its domain, and with "state": waiting, signing, retired.
[[nodiscard]] Json to_json(const DkimKey& key);
[[nodiscard]] Json to_json(const Domain& domain, const std::vector<DkimKey>& keys);
[[nodiscard]] Json to_json(const Domain& domain);
[[nodiscard]] Json to_json(const Mailbox& mailbox);
[[nodiscard]] Json to_json(const Alias& alias);
[[nodiscard]] Json to_json(const AppPassword& password);
[[nodiscard]] Json to_json(const InboundRoute& route);

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

/// Of the domain with this id: keys that will follow those that sign, one that was made elsewhere and will, too, some
/// that DNS has and sign from now on, and one that is needed no more.
struct NewDkimKeys {
    std::string id;
    std::optional<std::string> as_of; // of its keys
};
struct ImportedDkimKey {
    std::string id;
    std::optional<std::string> as_of;
    std::string selector;
    std::string algorithm;   // of the key: rsa, ed25519
    std::string private_key; // PEM
};
struct DkimActivation {
    std::string id;
    std::optional<std::string> as_of;
    std::vector<std::string> selectors;
};
struct RemovedDkimKey {
    std::string id;
    std::optional<std::string> as_of;
    std::string selector;
};

/// `lookup`: the first characters of it; `hash`: of all of it.
struct NewAppPassword {
    std::string id;
    std::string mailbox_id;
    std::string name;
    std::string lookup;
    std::string hash;
    std::vector<std::string> protocols;
};
struct RemovedAppPassword {
    std::string id;
    std::optional<std::string> as_of;
};

/// Many at once. All or nothing, unless it goes row by row: then what cannot be made is told, and the others are made.
struct Import {
    static constexpr std::size_t most_domains = 200; // each needs keys, which take a while to make
    static constexpr std::size_t most_addresses = 10000;

    std::string id;
    bool row_by_row = false;
    bool dry_run = false;
    std::string delimiter; // see delimiter_fault(); whoever carries it out knows it
    std::vector<NewDomain> domains;
    std::vector<NewMailbox> mailboxes;
    std::vector<NewAlias> aliases;
};

using AccountChange =
    std::variant<NewDomain, NewMailbox, NewAlias, DomainChange, MailboxChange, AliasChange, RemovedDomain,
                 RemovedMailbox, RemovedAlias, NewDkimKeys, ImportedDkimKey, DkimActivation, RemovedDkimKey,
                 NewAppPassword, RemovedAppPassword, NewInboundRoute, InboundRouteChange, RemovedInboundRoute, Import>;

/// As it crosses the bus: {"new_mailbox": {...}}.
[[nodiscard]] Json to_json(const AccountChange& change);
/// Throws Error(invalid_input) with everything that is wrong with it: it comes from a process that faces the network.
[[nodiscard]] AccountChange account_change(const Json& json);

} // namespace vectis::directory
