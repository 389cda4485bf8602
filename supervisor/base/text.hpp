// Small text helpers that several folders need.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vectis {

[[nodiscard]] std::vector<std::string> split(std::string_view text, char separator);
[[nodiscard]] std::string_view trim(std::string_view text);
[[nodiscard]] std::string lower_ascii(std::string_view text);
[[nodiscard]] std::string join(const std::vector<std::string>& parts, std::string_view separator);

/// The candidate closest to `word` (at most a third of its letters changed), for "did you mean".
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view word,
                                                      std::span<const std::string_view> candidates);

/// Whether `text` is well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates).
[[nodiscard]] bool is_utf8(std::string_view text);
/// Whether `text` has a control character (C0, DEL, C1, U+2028, U+2029): such a value could start a new line in a file.
[[nodiscard]] bool has_control(std::string_view text);
/// `text` with control characters and invalid UTF-8 shown as escapes: safe to print in a message.
[[nodiscard]] std::string printable(std::string_view text);
/// `text` as HTML shows it, between tags and in quoted attributes.
[[nodiscard]] std::string html_escaped(std::string_view text);

/// Bytes as people write them: 1536 -> "1536 B", 2147483648 -> "2 GiB". Exact: parse_size() gives the number back.
[[nodiscard]] std::string format_size(std::uint64_t bytes);
/// "2 GiB", "50MiB", "1024": bytes; nothing if it is no size or does not fit. Units are B KiB MiB GiB TiB (1024).
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);

} // namespace vectis
