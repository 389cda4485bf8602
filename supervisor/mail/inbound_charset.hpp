// Text in the charset that a stranger named, as UTF-8. Pure.
#pragma once

#include <string>
#include <string_view>

namespace vectis::mail {

/// What is no letter of `charset` becomes U+FFFD. A charset that is not known, or that the octets are plainly not in,
/// gives way to UTF-8 if they are that, and else to windows-1252 (as the web has it for iso-8859-1 and us-ascii, too).
[[nodiscard]] std::string from_charset(std::string_view octets, std::string_view charset);

} // namespace vectis::mail
