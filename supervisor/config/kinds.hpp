// What each kind of value may look like: from the text in YAML to a value and back. Pure.
#pragma once

#include "config/fields.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace vectis::config {

/// A scalar as it stands in the file.
struct Scalar {
    std::string_view text;
    bool quoted = false;
};

/// What a plain scalar is to YAML 1.2 (core schema).
enum class Plain : std::uint8_t { text, null, boolean, integer, floating };
[[nodiscard]] Plain plain_type(std::string_view text);

/// A number is a count, bytes, minutes, hours, days, tenths, or the index of a choice, as the row's kind says.
using Value = std::variant<bool, std::int64_t, std::string>;

struct Parsed {
    std::optional<Value> value;
    std::string fault; // without a value: what is wrong; empty says only that it is not what expected() says
    std::string hint;
};

/// One value (of a list: one element) of this row.
[[nodiscard]] Parsed parse(const Field& field, Scalar scalar);
/// "a size such as 2 GiB, from 1 MiB to 1 GiB": ends the sentence "found ..., expected ...".
[[nodiscard]] std::string expected(const Field& field);
/// "the text 'abc'", "the number 5", "nothing": shortened and safe to print.
[[nodiscard]] std::string found(Scalar scalar);
/// At most 60 bytes of `text`, safe to print.
[[nodiscard]] std::string shown(std::string_view text);

/// The value in YAML, quoted where it must be; for lists `[a, b]`. Nothing if it is not set (no value of its own).
[[nodiscard]] std::optional<std::string> to_yaml_value(const Field& field, const Ref& ref);
/// A text as a YAML scalar, in quotes only where YAML would read anything else.
[[nodiscard]] std::string double_quoted(std::string_view text);

/// Puts a parsed value where `ref` points; to a list it is appended. False if a list has it already.
bool store(const Field& field, const Ref& ref, Value&& value);
/// Empties a list before its first element is stored.
void clear(const Ref& ref);

/// Empty if `name` is a domain name (RFC 1035, 5890: LDH labels, at least two, at most 253 octets), else what is wrong.
/// `name` is in lower case already.
[[nodiscard]] std::string domain_fault(std::string_view name);

/// The parts of an address that parse() accepted.
[[nodiscard]] std::string_view local_part_of(std::string_view address);
[[nodiscard]] std::string_view domain_of(std::string_view address);

} // namespace vectis::config
