#include "mail/classify.hpp"

#include "base/text.hpp"
#include "mail/status_code.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>

namespace vectis::mail {

namespace {

// A reply may have many lines; what it is about stands in the first ones.
constexpr std::size_t most_words = 2000;

/// `text` in lower case without what stands in <>: an address there may be called spam@example.net.
std::string words_of(std::string_view text) {
    std::string words;
    bool inside = false;
    for (const char each : text.substr(0, most_words)) {
        inside = inside ? each != '>' : each == '<';
        if (!inside && each != '>')
            words += each;
    }
    return lower_ascii(words);
}

bool is_word_letter(char each) {
    return each >= 'a' && each <= 'z';
}

/// Whether `words` has one of these, beginning where a word begins.
bool mentions(std::string_view words, std::initializer_list<std::string_view> phrases) {
    return std::any_of(phrases.begin(), phrases.end(), [&](std::string_view phrase) {
        for (auto at = words.find(phrase); at != std::string_view::npos; at = words.find(phrase, at + 1)) {
            if (at == 0 || !is_word_letter(words[at - 1]))
                return true;
        }
        return false;
    });
}

bool mentions_quota(std::string_view words) {
    return mentions(words, {"quota", "mailbox full", "mailbox is full", "mailbox has exceeded", "out of storage"});
}

bool mentions_block(std::string_view words) {
    return mentions(words, {"blacklist", "blocklist", "block list", "blocked", "denylist", "listed", "spamhaus",
                            "dnsbl", "rbl", "reputation", "banned"});
}

/// X.7.x: security and policy, which is about us and never about the recipient.
BounceKind by_policy(const StatusCode& code, std::string_view words) {
    const std::uint16_t detail = code.detail;
    // RFC 4954 section 6: a relay refuses our password. RFC 7372: SPF, DKIM, DMARC, reverse DNS. 509 and 515 are
    // Microsoft's.
    constexpr std::array<std::uint16_t, 7> about_auth{8, 9, 12, 14, 29, 509, 515};
    if ((detail >= 20 && detail <= 26) || std::find(about_auth.begin(), about_auth.end(), detail) != about_auth.end())
        return BounceKind::auth;
    // X.7.28: too much mail at once. 511 and 606 to 649 are Microsoft's for a banned sender.
    if (detail == 28 || detail == 511 || (detail >= 606 && detail <= 649))
        return BounceKind::block;
    if (code.severity == 4 && mentions(words, {"greylist", "graylist", "grey list", "grey-list"}))
        return BounceKind::soft;
    if (mentions(words, {"spf", "dkim", "dmarc", "unauthenticated", "reverse dns", "ptr record"}))
        return BounceKind::auth;
    if (mentions_block(words))
        return BounceKind::block;
    if (mentions(words, {"spam", "unsolicited", "virus", "malware", "phish", "content"}))
        return BounceKind::content;
    return BounceKind::policy;
}

/// X.1.x: addresses.
BounceKind by_address(const StatusCode& code, std::string_view words) {
    // X.1.7 and X.1.8 are about the sender's address, and so is whatever is said before a recipient was named.
    if (code.detail == 7 || code.detail == 8 || mentions(words, {"in reply to mail from command"}))
        return BounceKind::policy;
    if (code.severity != 5)
        return BounceKind::soft;
    // X.1.0 says no more than "an address", X.1.5 that it is valid, X.1.9 that a later host lost track (RFC 3886).
    if (code.detail == 0 && mentions(words, {"sender"}))
        return BounceKind::policy;
    if (code.detail == 5 || code.detail == 9)
        return BounceKind::unknown;
    // Servers that put 5.1.1 before everything: a live address must not be given up for it.
    if (mentions_quota(words))
        return BounceKind::mailbox_full;
    if (mentions_block(words))
        return BounceKind::block;
    return BounceKind::hard;
}

/// X.2.x: mailboxes.
BounceKind by_mailbox(const StatusCode& code, std::string_view words) {
    if (code.detail == 2)
        return BounceKind::mailbox_full;
    if (code.detail == 3)
        return BounceKind::content;
    if (code.severity != 5)
        return BounceKind::soft;
    if (mentions_quota(words))
        return BounceKind::mailbox_full;
    // Gmail says 5.2.1 of a mailbox that gets too much mail at once, too.
    if (mentions(words, {"at a rate", "too quickly"}))
        return BounceKind::soft;
    return code.detail == 1 ? BounceKind::hard : BounceKind::unknown;
}

BounceKind by_status(const StatusCode& code, std::string_view words) {
    const bool permanent = code.severity == 5;
    switch (code.subject) {
    case 1:
        return by_address(code, words);
    case 2:
        return by_mailbox(code, words);
    case 3: // their mail system; X.3.4: the message is too big for it
        return code.detail == 4 ? BounceKind::content : permanent ? BounceKind::unknown : BounceKind::soft;
    case 4: // X.4.7: it was tried for too long
        return permanent && code.detail != 7 ? BounceKind::routing : BounceKind::soft;
    case 5:
        return permanent ? BounceKind::protocol : BounceKind::soft;
    case 6:
        return BounceKind::content;
    case 7:
        return by_policy(code, words);
    default:
        return permanent ? BounceKind::unknown : BounceKind::soft;
    }
}

/// RFC 5321 section 4.2.3, RFC 4954 section 6, RFC 7504.
BounceKind by_reply_code(std::uint16_t code) {
    if (code < 500)
        return BounceKind::soft;
    switch (code) {
    case 500:
    case 501:
    case 502:
    case 503:
    case 504:
    case 555:
        return BounceKind::protocol;
    case 521:
    case 556:
        return BounceKind::routing;
    case 530:
    case 534:
    case 535:
    case 538:
        return BounceKind::auth;
    case 552:
        return BounceKind::mailbox_full;
    default:
        return BounceKind::unknown;
    }
}

} // namespace

std::string_view name(BounceKind kind) {
    switch (kind) {
    case BounceKind::hard:
        return "hard";
    case BounceKind::soft:
        return "soft";
    case BounceKind::mailbox_full:
        return "mailbox_full";
    case BounceKind::policy:
        return "policy";
    case BounceKind::block:
        return "block";
    case BounceKind::content:
        return "content";
    case BounceKind::auth:
        return "auth";
    case BounceKind::routing:
        return "routing";
    case BounceKind::protocol:
        return "protocol";
    case BounceKind::unknown:
        break;
    }
    return "unknown";
}

bool suppresses(BounceKind kind) {
    return kind == BounceKind::hard;
}

BounceKind classify(std::string_view status, std::string_view text) {
    const auto stated = leading_status_code(trim(status));
    if (stated && stated->severity == 2)
        return BounceKind::unknown;
    if (stated && !stated->is_generic())
        return by_status(*stated, words_of(text));
    const auto refusal = find_refusal(text);
    // A text that contradicts the code says nothing about it.
    const bool fits =
        refusal && (!stated || (refusal->status ? refusal->status->severity : refusal->code / 100) == stated->severity);
    if (fits && refusal->status)
        return by_status(*refusal->status, words_of(text));
    if (fits)
        return by_reply_code(refusal->code);
    return stated && stated->severity == 4 ? BounceKind::soft : BounceKind::unknown;
}

} // namespace vectis::mail
