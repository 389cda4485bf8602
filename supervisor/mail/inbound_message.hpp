// What a message says that came in: its text, its files, and what this server has found out about it. Pure; every octet
// may be a stranger's. What cannot be read is left out, what is too much is cut off and said to be (`truncated`); all
// text is UTF-8, and nothing throws because of what a message says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vectis::mail {

struct NamedAddress {
    std::string email;
    std::string name;
};

struct InboundFile {
    std::string filename;     // without folders; empty: it has none
    std::string content_type; // image/png, in lower case
    std::string content_id;   // without its angle brackets; empty: it has none
    bool is_inline = false;
    std::string content;
};

/// What Rspamd has found (X-Spamd-Result).
struct SpamVerdict {
    double score = 0;
    double reject_at = 0;
    std::vector<std::pair<std::string, double>> symbols;
};

/// What this server's Authentication-Results say (RFC 8601): pass, fail, none, ...; empty: nothing.
struct Authentication {
    std::string spf;
    std::string dkim;
    std::string dmarc;
    std::string arc;
};

/// The last hop, as this server's Postfix has noted it.
struct LastHop {
    std::string queue_id;
    std::string helo;
    std::string client; // its name by DNS; empty: unknown
    std::string address;
    std::string tls; // TLSv1.3; empty: none
    std::string cipher;
    std::string recipient; // for whom, if the message had one recipient; in the sender's spelling
    /// Rspamd judged it, and took away what claimed to be its word; it does not with what our own users and programs
    /// send.
    bool judged = false;
};

struct InboundContent {
    std::vector<std::pair<std::string, std::string>> headers; // in order, decoded
    std::optional<NamedAddress> from;
    std::vector<NamedAddress> to;
    std::vector<NamedAddress> cc;
    std::vector<NamedAddress> reply_to;
    std::string subject;
    std::string message_id; // without its angle brackets
    std::string date;       // RFC 3339; empty: there is none that can be read
    std::string text;       // lines end with LF
    std::string html;
    std::string stripped_text; // of the text, what was written for this message
    std::vector<InboundFile> attachments;
    Authentication authentication;
    std::optional<SpamVerdict> verdict; // nothing: Rspamd was not asked, as for our own users
    bool marked_as_spam = false;        // above the threshold from which on mail goes to Junk
    std::optional<LastHop> last_hop;
    bool truncated = false;

    /// Of the first field with this name, in lower case; empty if there is none.
    [[nodiscard]] std::string header(std::string_view lower_name) const;
};

/// Reads a message as Postfix hands it over, its own field Received on top. `hostname` is this server's: only what
/// carries that name is believed.
[[nodiscard]] InboundContent read_inbound(std::string_view message, std::string_view hostname);

} // namespace vectis::mail
