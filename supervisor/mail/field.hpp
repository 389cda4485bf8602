// One header field as it goes over the wire: 7 bits, folded at blanks, with nothing in it that could begin another
// field. Not by GMime: it leaves a literal "=?" in a text as it is, which readers then decode, drops blanks at the end,
// and breaks what is too long for a line.
#pragma once

#include "mail/address.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace vectis::mail {

/// Octets without CRLF (RFC 5322 section 2.1.1).
inline constexpr std::size_t longest_line = 998;
/// Of what has no blank in it: with the name of its field it still fits in a line.
inline constexpr std::size_t longest_word = 900;
/// Postfix drops what is beyond 102,400 octets of a field (header_size_limit).
inline constexpr std::size_t longest_field = 100'000;

/// Every part must be printable ASCII, or what the function says: else Error(internal), for that is judged earlier.
class Field {
  public:
    explicit Field(std::string_view name) : name_(name), column_(name.size() + 1) {}

    /// `word` as it is, on the next line where this one has no room for it; `blank` before it is one or more blanks.
    Field& word(std::string_view word, std::string_view blank = " ");
    /// A text as it is, folded at its blanks.
    Field& plain(std::string_view text);
    /// A text in UTF-8 for people: as it is where that reads back as the same, else in encoded words (RFC 2047).
    Field& text(std::string_view text);
    /// One of a list; `more` follow.
    Field& mailbox(const Address& address, bool more);
    /// `; name=value`, the value in UTF-8, as RFC 2231 wants it where it is more than letters and digits.
    Field& parameter(std::string_view name, std::string_view value);
    /// The same in encoded words, which are not meant for this but are what clients without RFC 2231 read.
    Field& old_parameter(std::string_view name, std::string_view value);

    [[nodiscard]] const std::string& name() const { return name_; }
    /// What stands behind the colon, with the CRLF at its end.
    [[nodiscard]] std::string value() const { return value_ + "\r\n"; }
    [[nodiscard]] std::string line() const { return name_ + ":" + value(); }

  private:
    Field& phrase(std::string_view text);
    Field& encoded(std::string_view text);
    void break_line();

    std::string name_;
    std::string value_;
    std::size_t column_; // of the last line
};

/// The field of these addresses.
[[nodiscard]] Field address_field(std::string_view name, const std::vector<Address>& addresses);

/// The most octets of `text` that have no blank in them, with the blanks before them: such a piece is never folded.
[[nodiscard]] std::size_t longest_piece(std::string_view text);

} // namespace vectis::mail
