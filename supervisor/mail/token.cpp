#include "mail/token.hpp"

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <charconv>

namespace vectis::mail {

namespace {

constexpr std::string_view bounce_prefix = "bounce+";
// What the key signs here, so that it cannot be taken for anything else that is signed with it.
constexpr std::string_view bounce_purpose = "vectis bounce address 1:";
constexpr std::string_view unsubscribe_purpose = "vectis unsubscribe 1:";
constexpr std::string_view opened_purpose = "vectis opened 1:";
constexpr std::string_view clicked_purpose = "vectis clicked 1:";
constexpr std::size_t least_key_octets = 32;
constexpr std::size_t id_octets_count = 8;
// 96 of HMAC-SHA256's 256 bits: with the id 160, which base32 writes as 32 characters without a bit left over.
constexpr std::size_t mac_octets_count = 12;
constexpr std::size_t token_letters = 32;
// A link has room for more: with the row's id and the message's 320 bits, again without one left over.
constexpr std::size_t uuid_octets_count = 16;
constexpr std::size_t link_mac_octets_count = 16;
constexpr std::size_t link_token_letters = 64;
constexpr std::string_view base32_alphabet = "abcdefghijklmnopqrstuvwxyz234567"; // RFC 4648 section 6

std::string id_octets(std::uint64_t id) {
    std::string octets(id_octets_count, '\0');
    for (auto octet = octets.rbegin(); octet != octets.rend(); ++octet, id >>= 8U)
        *octet = static_cast<char>(id & 0xFFU);
    return octets;
}

std::uint64_t id_in(std::string_view octets) {
    std::uint64_t id = 0;
    for (const char octet : octets.substr(0, id_octets_count))
        id = (id << 8U) | static_cast<unsigned char>(octet);
    return id;
}

/// `octets` and the start of their HMAC.
std::string with_mac(const std::string& octets, std::string_view purpose, std::size_t mac_octets,
                     std::string_view key) {
    if (key.size() < least_key_octets)
        throw Error(Code::internal, "the key of tokens is too short");
    return octets + hmac_sha256(key, std::string(purpose) + octets).substr(0, mac_octets);
}

/// What was signed, if it was with this key.
std::optional<std::string> without_mac(const std::string& octets, std::string_view purpose, std::size_t mac_octets,
                                       std::string_view key) {
    std::string signed_part = octets.substr(0, octets.size() - mac_octets);
    const std::string expected = with_mac(signed_part, purpose, mac_octets, key);
    if (CRYPTO_memcmp(expected.data(), octets.data(), expected.size()) != 0)
        return std::nullopt;
    return signed_part;
}

std::string uuid_octets(const std::string& uuid) {
    std::string digits = uuid;
    std::erase(digits, '-');
    std::string octets;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
        std::uint8_t octet = 0;
        const char* end = digits.data() + i + 2;
        if (const auto read = std::from_chars(digits.data() + i, end, octet, 16); read.ptr == end)
            octets += static_cast<char>(octet);
    }
    if (octets.size() != uuid_octets_count)
        throw Error(Code::internal, "a message's id is no UUID");
    return octets;
}

std::string uuid_of(std::string_view octets) {
    std::string uuid;
    for (std::size_t i = 0; i < octets.size(); ++i)
        uuid += fmt::format("{}{:02x}", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
                            static_cast<unsigned char>(octets[i]));
    return uuid;
}

std::string base32(std::string_view octets) {
    std::string text;
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char octet : octets) {
        bits = (bits << 8U) | static_cast<unsigned char>(octet);
        for (count += 8; count >= 5; count -= 5)
            text += base32_alphabet[(bits >> (count - 5)) & 0x1FU];
    }
    return text;
}

/// The octets of a token in lower case.
std::optional<std::string> from_base32(std::string_view text) {
    std::string octets;
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char each : text) {
        const auto value = base32_alphabet.find(each);
        if (value == std::string_view::npos)
            return std::nullopt;
        bits = (bits << 5U) | static_cast<std::uint32_t>(value);
        count += 5;
        if (count >= 8) {
            count -= 8;
            octets += static_cast<char>((bits >> count) & 0xFFU);
        }
    }
    return octets;
}

std::string link_token(std::string_view purpose, const Subscriber& subscriber, std::string_view key) {
    return base32(
        with_mac(id_octets(static_cast<std::uint64_t>(subscriber.recipient)) + uuid_octets(subscriber.message), purpose,
                 link_mac_octets_count, key));
}

std::optional<Subscriber> link_owner(std::string_view purpose, std::string_view token, std::string_view key) {
    if (token.size() != link_token_letters)
        return std::nullopt;
    const auto octets = from_base32(lower_ascii(token));
    const auto found = octets ? without_mac(*octets, purpose, link_mac_octets_count, key) : std::nullopt;
    if (!found)
        return std::nullopt;
    return Subscriber{.recipient = static_cast<std::int64_t>(id_in(*found)),
                      .message = uuid_of(std::string_view(*found).substr(id_octets_count))};
}

std::string_view purpose_of(Reading reading) {
    return reading == Reading::opened ? opened_purpose : clicked_purpose;
}

} // namespace

std::string bounce_address(std::int64_t recipient, std::string_view domain, std::string_view key) {
    return fmt::format(
        "{}{}@{}", bounce_prefix,
        base32(with_mac(id_octets(static_cast<std::uint64_t>(recipient)), bounce_purpose, mac_octets_count, key)),
        domain);
}

bool is_bounce_address(std::string_view address) {
    const std::string local = lower_ascii(address.substr(0, address.rfind('@')));
    return local.starts_with(bounce_prefix) && local.size() == bounce_prefix.size() + token_letters &&
           local.find_first_not_of(base32_alphabet, bounce_prefix.size()) == std::string::npos;
}

std::optional<std::int64_t> bounced_recipient(std::string_view address, std::string_view key) {
    const std::string local = lower_ascii(address.substr(0, address.rfind('@')));
    if (!local.starts_with(bounce_prefix) || local.size() != bounce_prefix.size() + token_letters)
        return std::nullopt;
    const auto octets = from_base32(std::string_view(local).substr(bounce_prefix.size()));
    const auto found = octets ? without_mac(*octets, bounce_purpose, mac_octets_count, key) : std::nullopt;
    return found ? std::optional(static_cast<std::int64_t>(id_in(*found))) : std::nullopt;
}

std::string unsubscribe_token(const Subscriber& subscriber, std::string_view key) {
    return link_token(unsubscribe_purpose, subscriber, key);
}

std::optional<Subscriber> subscriber_of(std::string_view token, std::string_view key) {
    return link_owner(unsubscribe_purpose, token, key);
}

std::string reading_token(Reading reading, const Subscriber& reader, std::string_view key) {
    return link_token(purpose_of(reading), reader, key);
}

std::optional<Subscriber> reader_of(Reading reading, std::string_view token, std::string_view key) {
    return link_owner(purpose_of(reading), token, key);
}

} // namespace vectis::mail
