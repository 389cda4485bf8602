// The envelope sender of each recipient's message, bounce+TOKEN@DOMAIN: a bounce or a complaint that comes back to it
// is about that recipient, and nobody else can make one up. The token has letters and digits alone and may change its
// case on the way, as some systems change that of local parts. And the tokens in the links that are a recipient's own,
// which have other keys. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vectis::mail {

/// The address in `domain` for the recipient whose row has this id. `key` has 32 octets or more of randomness: who
/// knows it can make bounces up. The local part has 39 octets (RFC 5321 section 4.5.3.1.1 allows 64).
[[nodiscard]] std::string bounce_address(std::int64_t recipient, std::string_view domain, std::string_view key);

/// Whether `address` has the form of these, whoever made it.
[[nodiscard]] bool is_bounce_address(std::string_view address);

/// The recipient's row that `address`, or a local part alone, was made for with this key; the domain is not looked at.
/// Nothing if it is no such address or the key does not fit. A token is compared in constant time.
[[nodiscard]] std::optional<std::int64_t> bounced_recipient(std::string_view address, std::string_view key);

/// Whom a link to unsubscribe is for: the recipient's row, and its message. A link may be years old: whatever becomes
/// of the number of a row that is gone, it is nobody else's.
struct Subscriber {
    std::int64_t recipient = 0;
    std::string message; // a UUID

    bool operator==(const Subscriber&) const = default;
};

/// 64 letters and digits; `key` is as above. The message's id must be a UUID: else Error(internal).
[[nodiscard]] std::string unsubscribe_token(const Subscriber& subscriber, std::string_view key);
/// Whom a token was made for with this key; nothing if it was not.
[[nodiscard]] std::optional<Subscriber> subscriber_of(std::string_view token, std::string_view key);

/// What a reader does that is followed: each has tokens of its own, of the same form.
enum class Reading : std::uint8_t { opened, clicked };
[[nodiscard]] std::string reading_token(Reading reading, const Subscriber& reader, std::string_view key);
[[nodiscard]] std::optional<Subscriber> reader_of(Reading reading, std::string_view token, std::string_view key);

} // namespace vectis::mail
