// Owners for OpenSSL's objects, and its error queue as text. Private to keys/ and health/.
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>

namespace vectis::keys {

struct OpensslDelete {
    void operator()(EVP_PKEY* each) const noexcept { EVP_PKEY_free(each); }
    void operator()(EVP_PKEY_CTX* each) const noexcept { EVP_PKEY_CTX_free(each); }
    void operator()(X509* each) const noexcept { X509_free(each); }
    void operator()(BIO* each) const noexcept { BIO_free_all(each); }
    void operator()(BIGNUM* each) const noexcept { BN_clear_free(each); }
    void operator()(PKCS8_PRIV_KEY_INFO* each) const noexcept { PKCS8_PRIV_KEY_INFO_free(each); }
};
using PrivateKey = std::unique_ptr<EVP_PKEY, OpensslDelete>;
using Certificate = std::unique_ptr<X509, OpensslDelete>;
using Bio = std::unique_ptr<BIO, OpensslDelete>;
using Number = std::unique_ptr<BIGNUM, OpensslDelete>;
using Pkcs8 = std::unique_ptr<PKCS8_PRIV_KEY_INFO, OpensslDelete>;

/// The newest entry of OpenSSL's error queue, which is emptied.
inline std::string openssl_error() {
    const auto number = ERR_peek_last_error();
    ERR_clear_error();
    std::array<char, 256> text{};
    ERR_error_string_n(number, text.data(), text.size());
    return number == 0 ? "unknown cause" : std::string(text.data());
}

/// Answers OpenSSL that there is no passphrase: a daemon that starts at boot cannot be asked for one. (0 would be the
/// empty one, tried with as many rounds as the file asks for.)
inline int no_passphrase(char*, int, int, void*) {
    return -1;
}

/// A reader over `text`, which must outlive it.
inline Bio reader(std::string_view text) {
    return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// What was written into a memory BIO.
inline std::string written(BIO* bio) {
    char* data = nullptr;
    const auto length = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(length)};
}

} // namespace vectis::keys
