#include "mail/inbound_link.hpp"

#include "base/base64.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>

namespace vectis::mail {

namespace {

constexpr std::size_t least_link_key = 32;

std::string link_signature(const std::string& id, std::size_t number, std::int64_t expires, std::string_view key) {
    if (key.size() < least_link_key)
        throw Error(Code::internal, "the key of signed URLs is too short");
    // What the key signs here, so that it cannot be taken for anything else that is signed with it.
    return base64url(hmac_sha256(key, fmt::format("vectis inbound attachment 1:{}:{}:{}", id, number, expires)));
}

} // namespace

std::string attachment_link(const std::string& id, std::size_t number, Time expires, std::string_view key) {
    const std::int64_t seconds = std::chrono::duration_cast<std::chrono::seconds>(expires.time_since_epoch()).count();
    return fmt::format("/inbound/{}/attachments/{}?expires={}&signature={}", id, number, seconds,
                       link_signature(id, number, seconds, key));
}

bool is_signed(const std::string& id, std::size_t number, std::int64_t expires, std::string_view signature,
               std::string_view key) {
    const std::string expected = link_signature(id, number, expires, key);
    return expected.size() == signature.size() &&
           CRYPTO_memcmp(expected.data(), signature.data(), expected.size()) == 0;
}

} // namespace vectis::mail
