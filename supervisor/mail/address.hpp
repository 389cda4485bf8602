// Addresses as a message and its envelope carry them (RFC 5321 section 4.1.2, RFC 5322 section 3.4). Pure.
//
// Taken is what every reader understands in one way: letters, digits and atext with single dots, and a domain name.
// A local part in quotes is refused: Postfix's log, which tells what became of a message, writes it without them.
//
// International addresses (RFC 6531): a domain comes in its xn-- form (RFC 5890), which is the same domain and which
// every server takes. A local part has no such form: it can only go where each server on the way offers SMTPUTF8, and
// where one does not, the message comes back after it was accepted here. So it is refused at once, and says why.
#pragma once

#include "base/error.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vectis::mail {

struct Address {
    std::string email;
    std::string name; // for people; may be empty
};

/// What is wrong with an address; its path is left empty. Nothing: it is well.
[[nodiscard]] std::optional<Problem> address_fault(const std::string& email);

/// As the envelope has it: the domain in lower case, the local part as it is, since that is its server's to read.
[[nodiscard]] std::string envelope_address(const std::string& email);

struct AddressList {
    std::vector<std::string> emails; // as envelope_address() writes them, in order
    bool has_group = false;          // such as "undisclosed-recipients:;"
    std::string fault;               // empty: it is well
    std::string hint;
};
/// The addresses of a field such as To, unfolded and in ASCII; groups give their members. Not GMime's own reader: that
/// one takes everything, reads ambiguous lists in its own way, and calls itself for each of a thousand nested groups.
/// Obsolete forms (routes, blanks around the @) are refused.
[[nodiscard]] AddressList parse_address_list(std::string_view value);

} // namespace vectis::mail
