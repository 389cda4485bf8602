// The fields of a report's machine-readable part (RFC 3464 section 2, RFC 5965 section 3) and of the header that it
// returns, as they are in the wild: folded, in any case, with or without a type before the value. Pure.
#pragma once

#include "mail/report.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace vectis::mail {

struct ReportField {
    std::string name;  // in lower case
    std::string value; // unfolded, without blanks around it
};
/// The fields between two empty lines.
using FieldGroup = std::vector<ReportField>;

/// The first groups; lines end with CRLF or LF. What is no field is skipped.
[[nodiscard]] std::vector<FieldGroup> read_field_groups(std::string_view text);
/// The first field with this name; empty if there is none.
[[nodiscard]] std::string_view value_of(const FieldGroup& fields, std::string_view name);

/// "rfc822; alice@example.net", "RFC822 ;<alice@example.net>", "utf-8; \x{E4}lice@example.net" as an address.
[[nodiscard]] std::string reported_address(std::string_view value);

/// The recipients of a delivery status. Groups that name none, behind one that does, belong to that one.
[[nodiscard]] std::vector<ReportedRecipient> read_reported_recipients(const std::vector<FieldGroup>& groups);

/// What a recipient's fields leave open: the status in the diagnostic, the action that the status implies.
void complete(ReportedRecipient& recipient);

/// Most of all lists and texts of a report.
constexpr std::size_t most_reported = 100;
constexpr std::size_t longest_value = 4000;

} // namespace vectis::mail
