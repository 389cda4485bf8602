// Addresses as people write them in one text: "Anna <anna@example.test>, bert@example.test", in UTF-8. Pure. What a
// header field may have beside (comments, groups, routes) is refused: see mail/address for those.
#pragma once

#include "base/clock.hpp"
#include "mail/address.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vectis::mail {

struct People {
    std::vector<Address> all;
    std::string fault; // empty: it is well. Whether an address is one is not looked at: see address_fault()
};
[[nodiscard]] People parse_people(std::string_view text);

/// A time as a mail's Date has it (RFC 5322 section 3.3); nothing if it is none.
[[nodiscard]] std::optional<Time> parse_mail_date(const std::string& text);

} // namespace vectis::mail
