// A message that is to be written: what the body of POST /send says, once templates are filled in and files are
// decoded. Pure: judging it needs no clock, no database and no DNS.
#pragma once

#include "base/error.hpp"
#include "mail/address.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vectis::mail {

struct Attachment {
    std::string filename;
    std::string content_type;
    std::string content;    // bytes
    std::string content_id; // without angle brackets; may be empty. What the HTML calls "cid:..."
    bool is_inline = false; // shown in the message, not offered as a file
};

/// RFC 2369, and RFC 8058 with `one_click`. One of the two is enough; with `one_click` alone, or beside `mailto`, the
/// URL is this server's, each recipient's own (mail/unsubscribe).
struct Unsubscribe {
    std::string url;
    std::string mailto; // an address, or a whole mailto: URL
    bool one_click = false;

    [[nodiscard]] bool is_ours() const { return one_click && url.empty(); }
};

struct Draft {
    Address from;
    std::vector<Address> to;
    std::vector<Address> cc;
    std::vector<Address> bcc; // get the message and stand nowhere in it
    std::vector<Address> reply_to;
    std::string subject;
    std::optional<std::string> text; // lines end as they like; a last line without an end gets one
    std::optional<std::string> html;
    std::vector<Attachment> attachments;
    std::vector<std::pair<std::string, std::string>> headers;
    std::optional<Unsubscribe> list_unsubscribe;
};

inline constexpr std::size_t most_recipients = 1000;

/// Everything that is wrong with a draft, each with a JSON pointer into the body of POST /send: "/to/3/email". Of very
/// many the first hundred. Nothing: compose() makes a message of it in which every value reads back as it was given.
[[nodiscard]] std::vector<Problem> faults(const Draft& draft);

/// Whom the envelope names: to, cc, bcc, each once, as envelope_address() writes them.
[[nodiscard]] std::vector<std::string> recipients(const Draft& draft);

/// Each once, in the order of its first time.
[[nodiscard]] std::vector<std::string> each_once(const std::vector<std::string>& emails);

/// A mailto: URL of what `mailto` says.
[[nodiscard]] std::string mailto_url(const std::string& mailto);

} // namespace vectis::mail
