// THE table of the keys of config.yaml: one row per key. Parsing, validation, `vectis config get|set|show`, the JSON
// Schema, the commented example and docs/config.md are derived from it; a key that has no row does not exist.
#pragma once

#include "config/model.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

namespace vectis::config {

enum class Kind : std::uint8_t {
    section, // a map of further keys
    items,   // a list of maps
    text,
    host_name,
    host, // a host name or an IP address
    domain,
    address,
    local_part,
    ip_address,
    ip_network, // an IP address or a network of them
    interface,
    boolean,
    integer,
    count,   // 0 is unlimited
    size,    // bytes
    minutes, // a duration in minutes
    hours,   // a duration in hours
    days,    // a duration in days; 0 is for ever
    score,   // tenths
    choice,
    path,
    secret_name,
    password_hash,
    selector,
};

enum class Arity : std::uint8_t { one, list, one_or_list };

/// The element of the model that a row's value belongs to. Inside `domains[]` there is a domain, and so on.
struct Target {
    Config* config = nullptr;
    Domain* domain = nullptr;
    Mailbox* mailbox = nullptr;
    Alias* alias = nullptr;
};

/// Where in the model a row's value lives: one accessor serves reading, writing and comparing with the default.
using Ref = std::variant<std::monostate, bool*, std::uint16_t*, std::uint32_t*, std::uint64_t*,
                         std::optional<std::uint64_t>*, std::optional<std::int32_t>*, std::chrono::minutes*,
                         std::chrono::hours*, std::string*, std::vector<std::string>*, TlsMode*, MtaSts*, RelayTls*,
                         Dovecot*, std::vector<Domain>*, std::vector<Mailbox>*, std::vector<Alias>*>;

/// Least and greatest value: a number, bytes, minutes, hours, days or tenths, as the kind says; for text, its greatest
/// length.
struct Range {
    std::int64_t min = 0;
    std::int64_t max = 0;
};

struct Field {
    std::string_view path; // literal: "dovecot.quota", "domains[].mailboxes[].name"
    Kind kind = Kind::section;
    std::string_view help; // one line, no full stop needed
    Ref (*ref)(Target) = nullptr;
    std::string_view example{}; // a value as it stands in YAML; what docs and the example file show
    Range range{};
    std::span<const std::string_view> choices{};
    Arity arity = Arity::one;
    bool required = false;

    /// The last part of the path without "[]": the key as it is written.
    [[nodiscard]] std::string_view name() const;
    /// The path of the section it stands in; empty at the top.
    [[nodiscard]] std::string_view parent() const;
};

/// Every row, in the order in which docs and emitted YAML show them. A section's row stands before its keys.
[[nodiscard]] std::span<const Field> fields();

/// The keys that one map may have.
struct Section {
    struct Key {
        std::string_view name;
        const Field* field = nullptr;
        const Section* section = nullptr; // only for sections and items
    };
    const Field* field = nullptr; // its own row; none for the whole file
    std::vector<Key> keys;        // at most 64

    [[nodiscard]] const Key* find(std::string_view name) const;
};

/// The sections as a tree, made from fields() once; the returned one is the whole file.
[[nodiscard]] const Section& root();

/// The row of this literal path, or null.
[[nodiscard]] const Field* find_field(std::string_view path);

} // namespace vectis::config
