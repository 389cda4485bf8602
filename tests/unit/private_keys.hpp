// Keys of others, made anew for each test, as they hand them over.
#pragma once

#include "base/base64.hpp"
#include "base/text.hpp"
#include "keys/openssl.hpp"

#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>

namespace vectis::test {

inline keys::PrivateKey rsa_key(unsigned bits = 2048) {
    return keys::PrivateKey(EVP_RSA_gen(bits));
}
inline keys::PrivateKey key_of_kind(const char* kind) {
    const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
        EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr), &EVP_PKEY_CTX_free);
    EVP_PKEY* key = nullptr;
    if (!context || EVP_PKEY_keygen_init(context.get()) != 1 || EVP_PKEY_generate(context.get(), &key) != 1)
        throw std::runtime_error(keys::openssl_error());
    return keys::PrivateKey(key);
}

/// What `write` writes into a BIO, which answers 1.
template<typename Write>
std::string pem_of(const keys::PrivateKey& key, const Write& write) {
    const keys::Bio out(BIO_new(BIO_s_mem()));
    if (key == nullptr || write(out.get(), key.get()) != 1)
        throw std::runtime_error(keys::openssl_error());
    return keys::written(out.get());
}
/// PKCS#8.
inline std::string pem_of(const keys::PrivateKey& key) {
    return pem_of(key, [](BIO* out, EVP_PKEY* each) {
        return PEM_write_bio_PKCS8PrivateKey(out, each, nullptr, nullptr, 0, nullptr, nullptr);
    });
}
/// The older form: RSA PRIVATE KEY, EC PRIVATE KEY.
inline std::string older_pem_of(const keys::PrivateKey& key) {
    return pem_of(key, [](BIO* out, EVP_PKEY* each) {
        return PEM_write_bio_PrivateKey_traditional(out, each, nullptr, nullptr, 0, nullptr, nullptr);
    });
}

/// The public half as DNS has it, the tag p= of a DKIM record.
inline std::string published_half(const keys::PrivateKey& key) {
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(key.get(), &der);
    const std::string bytes(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
    constexpr std::size_t ed25519_half = 32; // what is before it says the algorithm (RFC 8463 section 4)
    const bool rsa = EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_RSA;
    return base64(rsa ? bytes : bytes.substr(bytes.size() - ed25519_half));
}

/// A piece of what is private in a key: of its last whole line.
inline std::string secret_of(const std::string& pem) {
    constexpr std::size_t whole = 64;
    const auto lines = split(pem, '\n');
    const auto last = std::find_if(lines.rbegin(), lines.rend(), [](const auto& line) { return line.size() == whole; });
    return last->substr(whole / 2);
}

} // namespace vectis::test
