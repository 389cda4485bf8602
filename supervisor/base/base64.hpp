// Base64 (RFC 4648 section 4), as SMTP's AUTH, DKIM's tags and Rspamd's keys use it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace vectis {

[[nodiscard]] std::string base64(std::string_view bytes);
/// The bytes; white space in `text` counts for nothing (RFC 6376 section 2.10). Nothing if it is no base64.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

/// Its form for URLs (RFC 4648 section 5), without padding.
[[nodiscard]] std::string base64url(std::string_view bytes);
[[nodiscard]] std::optional<std::string> from_base64url(std::string_view text);

} // namespace vectis
