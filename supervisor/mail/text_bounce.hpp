// Bounces from before RFC 3464 that are still sent: qmail-send's (QSBMF) and those of old versions of Exim. They are
// texts; what they say is taken as far as their form allows it. Pure.
#pragma once

#include "mail/report.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace vectis::mail {

struct TextBounce {
    std::vector<ReportedRecipient> recipients;
    std::string_view original; // the returned message or its header; empty if there is none
};

/// `text` is the whole body. Nothing if it does not begin as qmail-send's bounces do, or names no recipient.
[[nodiscard]] std::optional<TextBounce> read_qmail_bounce(std::string_view text);

/// `failed` is the field X-Failed-Recipients, which only Exim writes; what the text says of each is its diagnostic.
[[nodiscard]] std::optional<TextBounce> read_exim_bounce(std::string_view failed, std::string_view text);

} // namespace vectis::mail
