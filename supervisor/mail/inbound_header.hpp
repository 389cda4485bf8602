// The header of a message that came in: its fields in order, and what is in them as UTF-8. Pure; the octets are
// strangers'.
#pragma once

#include "mail/inbound_message.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace vectis::mail {

struct HeaderField {
    std::string name;
    std::string lower_name;
    std::string value; // unfolded, as it was written
};

struct Header {
    std::vector<HeaderField> fields;
    bool truncated = false; // there are more, or longer ones
};

/// The fields at the start of a message. Of a header of more than a quarter of a megabyte the start alone.
[[nodiscard]] Header read_header(std::string_view message);
/// Neighbouring encoded words of one charset in base64 as one word: many programs end a word within a letter, and GMime
/// takes what stands behind the padding of the first for nothing.
[[nodiscard]] std::string with_joined_words(std::string_view value);
/// With encoded words decoded (RFC 2047).
[[nodiscard]] std::string decoded_header(std::string_view value);
/// Groups give their members; what is no address is left out.
[[nodiscard]] std::vector<NamedAddress> read_addresses(std::string_view value);
/// RFC 5322's date as RFC 3339, in UTC; empty if it is none.
[[nodiscard]] std::string read_date(std::string_view value);

/// `text` as UTF-8 without NUL: what is none of its letters becomes U+FFFD.
[[nodiscard]] std::string utf8(std::string text);

} // namespace vectis::mail
