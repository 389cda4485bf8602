// Text as a message carries it, and which encoding it needs. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace vectis::mail {

/// How content goes through servers that take 7 bits and lines of 998 octets (RFC 2045 section 6).
enum class Encoding : std::uint8_t { seven_bit, quoted_printable, base64 };

/// `text` with a line feed at the end of every line, whether CRLF, LF or CR ended it; the last line gets one, too.
[[nodiscard]] std::string with_line_feeds(std::string_view text);

/// The same with CRLF: what base64 of a text decodes to (RFC 2045 section 6.8).
[[nodiscard]] std::string with_crlf(std::string_view line_feeds);

/// Whether `line_feeds` arrives as it is without any encoding: ASCII, no control character but tabs, no long line.
[[nodiscard]] bool is_seven_bit(std::string_view line_feeds);

/// What a text needs, the shorter encoding of the two if it needs one. Also encoded is what would arrive but not always
/// the same: blanks at the end of a line, and `marker`, with which our own boundaries begin.
[[nodiscard]] Encoding fitting_encoding(std::string_view line_feeds, std::string_view marker);

} // namespace vectis::mail
