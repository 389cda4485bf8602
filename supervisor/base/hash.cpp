#include "base/hash.hpp"

#include "base/error.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <cstdint>

namespace vectis {

struct Sha256::Context {
    EVP_MD_CTX* evp = EVP_MD_CTX_new();

    Context() {
        if (evp == nullptr || EVP_DigestInit_ex(evp, EVP_sha256(), nullptr) != 1)
            throw Error(Code::internal, "cannot start SHA-256");
    }
    ~Context() { EVP_MD_CTX_free(evp); }
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    void update(const void* bytes, std::size_t size) const {
        if (EVP_DigestUpdate(evp, bytes, size) != 1)
            throw Error(Code::internal, "cannot compute SHA-256");
    }
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {}
Sha256::~Sha256() = default;

Sha256& Sha256::part(std::string_view bytes) {
    const std::uint64_t size = bytes.size();
    context_->update(&size, sizeof size);
    context_->update(bytes.data(), bytes.size());
    return *this;
}

std::string Sha256::finish() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    if (EVP_DigestFinal_ex(context_->evp, digest.data(), &size) != 1)
        throw Error(Code::internal, "cannot finish SHA-256");
    std::string hex;
    for (unsigned int i = 0; i < size; ++i)
        hex += fmt::format("{:02x}", digest.at(i));
    return hex;
}

std::string sha256(std::string_view bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1)
        throw Error(Code::internal, "cannot compute SHA-256");
    std::string hex;
    for (unsigned int i = 0; i < size; ++i)
        hex += fmt::format("{:02x}", digest.at(i));
    return hex;
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(bytes.data()), // NOLINT: OpenSSL's bytes
             bytes.size(), digest.data(), &size) == nullptr)
        throw Error(Code::internal, "cannot compute HMAC-SHA-256");
    return {reinterpret_cast<const char*>(digest.data()), size}; // NOLINT
}

} // namespace vectis
