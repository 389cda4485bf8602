#include "mail/token.hpp"

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>

namespace vectis::mail {

namespace {

constexpr std::string_view bounce_prefix = "bounce+";
// What the key signs here, so that it cannot be taken for anything else that is signed with it.
constexpr std::string_view bounce_purpose = "vectis bounce address 1:";
constexpr std::size_t least_key_octets = 32;
constexpr std::size_t id_octets_count = 8;
// 96 of HMAC-SHA256's 256 bits: with the id 160, which base32 writes as 32 characters without a bit left over.
constexpr std::size_t mac_octets_count = 12;
constexpr std::size_t token_letters = 32;
constexpr std::string_view base32_alphabet = "abcdefghijklmnopqrstuvwxyz234567"; // RFC 4648 section 6

std::string id_octets(std::uint64_t id) {
    std::string octets(id_octets_count, '\0');
    for (auto octet = octets.rbegin(); octet != octets.rend(); ++octet, id >>= 8U)
        *octet = static_cast<char>(id & 0xFFU);
    return octets;
}

/// The id and the start of its HMAC.
std::string signed_octets(std::uint64_t id, std::string_view key) {
    if (key.size() < least_key_octets)
        throw Error(Code::internal, "the key of bounce addresses is too short");
    const std::string text = std::string(bounce_purpose) + id_octets(id);
    return id_octets(id) + hmac_sha256(key, text).substr(0, mac_octets_count);
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

} // namespace

std::string bounce_address(std::int64_t recipient, std::string_view domain, std::string_view key) {
    return fmt::format("{}{}@{}", bounce_prefix, base32(signed_octets(static_cast<std::uint64_t>(recipient), key)),
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
    if (!octets)
        return std::nullopt;
    std::uint64_t id = 0;
    for (const char octet : octets->substr(0, id_octets_count))
        id = (id << 8U) | static_cast<unsigned char>(octet);
    const std::string expected = signed_octets(id, key);
    if (CRYPTO_memcmp(expected.data(), octets->data(), expected.size()) != 0)
        return std::nullopt;
    return static_cast<std::int64_t>(id);
}

} // namespace vectis::mail
