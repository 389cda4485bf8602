// What kind of refusal it is, from the enhanced status code (RFC 3463, RFC 5248, RFC 7372) and, where that leaves it
// open, the words of the reply. Pure; the words were written by strangers and never make an address dead.
#pragma once

#include <cstdint>
#include <string_view>

namespace vectis::mail {

enum class BounceKind : std::uint8_t {
    hard,         // the address does not exist or is closed: 5.1.x, 5.2.1
    soft,         // it may work later: greylisting, an overloaded host, a broken connection
    mailbox_full, // x.2.2
    policy,       // they do not want it, and it is about us or about their rules: 5.7.x
    block,        // this host's address or domain is on a list, or sends too much
    content,      // the message itself: taken for spam, too big, not readable
    auth,         // we are not believed: SPF, DKIM, DMARC, reverse DNS, the password at a relay
    routing,      // the domain has no mail server, or mail to it runs in circles: 5.4.x
    protocol,     // the two servers did not understand each other: 5.5.x
    unknown,      // refused, and nobody said why in a form that can be believed
};

[[nodiscard]] std::string_view name(BounceKind kind);

/// Whether no more mail may be sent to an address that bounced like this.
[[nodiscard]] bool suppresses(BounceKind kind);

/// `status` is the enhanced code as logged or reported, empty if there was none; `text` the reason or diagnostic. Where
/// there is only a reply code, it is judged by that code alone, and a 550 means nothing in particular.
[[nodiscard]] BounceKind classify(std::string_view status, std::string_view text);

} // namespace vectis::mail
