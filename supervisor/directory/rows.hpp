// The rows of directory.db that apply owns: what config.yaml declares and what the system itself needs. Values only;
// store/directory reads and writes them. All lists are sorted by key, which makes comparing two states one pass.
#pragma once

#include "config/model.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vectis::directory {

/// `config`: declared in config.yaml. `system`: what every mail server needs (RFC 2142 addresses, the probe mailbox).
enum class Owner : std::uint8_t { config, system };

struct DomainRow {
    std::string name;
    std::string alias_of;  // empty: a domain of its own
    std::string catch_all; // empty: unknown recipients are refused
    Owner owner = Owner::config;

    [[nodiscard]] const std::string& key() const { return name; }
    bool operator==(const DomainRow&) const = default;
};

struct MailboxRow {
    std::string address;
    std::string display_name;
    std::string password;    // as declared, with its scheme; empty: nobody can log in
    std::uint64_t quota = 0; // bytes; 0 is unlimited
    Owner owner = Owner::config;

    [[nodiscard]] const std::string& key() const { return address; }
    bool operator==(const MailboxRow&) const = default;
};

struct AliasRow {
    std::string address;
    std::vector<std::string> destinations; // sorted, without repeats
    Owner owner = Owner::config;

    [[nodiscard]] const std::string& key() const { return address; }
    bool operator==(const AliasRow&) const = default;
};

struct Rows {
    std::vector<DomainRow> domains;
    std::vector<MailboxRow> mailboxes;
    std::vector<AliasRow> aliases;

    void sort();
    bool operator==(const Rows&) const = default;
};

/// Added: no `before`. Removed: no `after`. Changed: both.
template<typename Row>
struct Change {
    std::optional<Row> before;
    std::optional<Row> after;
};

struct Changes {
    std::vector<Change<DomainRow>> domains;
    std::vector<Change<MailboxRow>> mailboxes;
    std::vector<Change<AliasRow>> aliases;

    [[nodiscard]] bool empty() const { return domains.empty() && mailboxes.empty() && aliases.empty(); }
    [[nodiscard]] Changes reversed() const;
};

/// What turns `from` into `to`; both sorted.
[[nodiscard]] Changes difference(const Rows& from, const Rows& to);

/// The local part of the mailbox that probes log in to; it lives in the domain named like the host.
inline constexpr const char* probe_local_part = "vectis-probe";

/// The rows that `config` asks for. `probe_password` is the hash of the probe mailbox's password.
[[nodiscard]] Rows wanted(const config::Config& config, const std::string& probe_password);

} // namespace vectis::directory
