#include "keys/dkim.hpp"

#include "base/base64.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "keys/openssl.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <optional>
#include <span>

namespace vectis::keys {

namespace {

constexpr std::size_t ed25519_half = 32;

using Pair = std::array<unsigned char, 2 * ed25519_half>; // seed, then public key

std::string base64_of(std::span<const unsigned char> bytes) {
    return base64({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

/// The 64 bytes of an Ed25519 key file; nothing if `text` is no base64 of that length.
std::optional<Pair> ed25519_pair(std::string_view text) {
    text = trim(text);
    constexpr std::size_t encoded = 88; // 64 bytes and two signs of padding; Rspamd knows no breaks in between
    const auto bytes = text.size() == encoded ? from_base64(text) : std::nullopt;
    Pair pair{};
    if (!bytes || bytes->size() != pair.size())
        return std::nullopt;
    std::copy(bytes->begin(), bytes->end(), pair.begin());
    return pair;
}

std::string new_rsa_key() {
    const PrivateKey key(EVP_RSA_gen(2048));
    const Bio out(BIO_new(BIO_s_mem()));
    if (key == nullptr ||
        PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
        throw Error(Code::internal, fmt::format("cannot make an RSA key: {}", openssl_error()));
    return written(out.get());
}

std::string new_ed25519_key() {
    const PrivateKey key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    Pair pair{};
    std::size_t seed_size = ed25519_half;
    std::size_t public_size = ed25519_half;
    if (key == nullptr || EVP_PKEY_get_raw_private_key(key.get(), pair.data(), &seed_size) != 1 ||
        EVP_PKEY_get_raw_public_key(key.get(), pair.data() + ed25519_half, &public_size) != 1)
        throw Error(Code::internal, fmt::format("cannot make an Ed25519 key: {}", openssl_error()));
    std::string text = base64_of(pair) + "\n";
    OPENSSL_cleanse(pair.data(), pair.size());
    return text;
}

std::string ed25519_record(const Pair& pair) {
    const PrivateKey key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, pair.data(), ed25519_half));
    std::array<unsigned char, ed25519_half> half{};
    std::size_t size = half.size();
    if (key == nullptr || EVP_PKEY_get_raw_public_key(key.get(), half.data(), &size) != 1)
        throw Error(Code::internal, fmt::format("cannot read an Ed25519 key: {}", openssl_error()));
    if (!std::equal(half.begin(), half.end(), pair.begin() + ed25519_half))
        throw Error(Code::invalid_input,
                    "cannot use the Ed25519 key: its public half does not belong to its private half");
    return fmt::format("v=DKIM1; k=ed25519; p={}", base64_of(half));
}

std::string rsa_record(EVP_PKEY* key) {
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(key, &der);
    if (size <= 0)
        throw Error(Code::internal, fmt::format("cannot read an RSA key: {}", openssl_error()));
    const std::string encoded = base64_of({der, static_cast<std::size_t>(size)});
    OPENSSL_free(der);
    return "v=DKIM1; k=rsa; p=" + encoded;
}

} // namespace

std::string new_dkim_key(Algorithm algorithm) {
    return algorithm == Algorithm::rsa ? new_rsa_key() : new_ed25519_key();
}

std::string dkim_record(std::string_view key_text) {
    if (const auto pair = ed25519_pair(key_text))
        return ed25519_record(*pair);
    const Bio in = reader(key_text);
    const PrivateKey key(PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr));
    if (key == nullptr || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) {
        ERR_clear_error();
        throw Error(Code::invalid_input, "cannot use the DKIM key: it is neither an RSA key in PEM nor an Ed25519 key "
                                         "as Rspamd reads it (base64 of 64 bytes)");
    }
    return rsa_record(key.get());
}

fs::path dkim_path(const fs::path& folder, const std::string& domain, const std::string& selector) {
    const auto safe = [](const std::string& name) {
        return !name.empty() && name.front() != '.' && std::all_of(name.begin(), name.end(), [](char each) {
            return (each >= 'a' && each <= 'z') || (each >= '0' && each <= '9') || each == '-' || each == '.' ||
                   each == '_';
        });
    };
    if (!safe(domain) || !safe(selector))
        throw Error(Code::invalid_input, fmt::format("cannot name a DKIM key file after domain '{}' and selector '{}'",
                                                     printable(domain), printable(selector)));
    return folder / domain / (selector + ".key");
}

bool ensure_dkim_key(const fs::path& folder, const std::string& domain, const std::string& selector,
                     Algorithm algorithm, const std::string& group) {
    const fs::path path = dkim_path(folder, domain, selector);
    const std::string_view wanted = algorithm == Algorithm::rsa ? "v=DKIM1; k=rsa;" : "v=DKIM1; k=ed25519;";
    // Set each time: a key that Rspamd may not read is no error anywhere, its signature is just missing.
    const Access folder_access{.mode = 0750, .user = "", .group = group};
    const Access key_access{.mode = 0640, .user = "", .group = group};
    ensure_folder(folder, folder_access);
    ensure_folder(path.parent_path(), folder_access);
    std::optional<std::string> text = read_file(path, 65536);
    const bool made = !text && create_file(path, new_dkim_key(algorithm), key_access);
    if (!text)
        text = read_file(path, 65536);
    else
        set_access(open_file(path, O_RDONLY | O_NOFOLLOW).get(), path, key_access);
    std::string record;
    try {
        record = dkim_record(text.value_or(""));
    } catch (const Error& error) {
        throw Error(Code::conflict, fmt::format("cannot sign with '{}': {}", path.string(), error.what()),
                    "put the right key there, or move the file away and a new key is made");
    }
    if (!record.starts_with(wanted))
        throw Error(Code::conflict,
                    fmt::format("cannot sign with '{}': it holds a key of the other algorithm", path.string()),
                    "choose another selector in config.yaml, or move the file away and a new key is made");
    return made;
}

} // namespace vectis::keys
