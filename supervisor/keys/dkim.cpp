#include "keys/dkim.hpp"

#include "base/base64.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "keys/openssl.hpp"

#include <fmt/format.h>
#include <openssl/core_names.h>
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

/// The text of its file. `key` may be null: it could not be made.
std::string rsa_text(const PrivateKey& key) {
    const Bio out(BIO_new(BIO_s_mem()));
    if (key == nullptr ||
        PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
        throw Error(Code::internal, fmt::format("cannot make an RSA key: {}", openssl_error()));
    return written(out.get());
}

std::string ed25519_text(const PrivateKey& key) {
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

constexpr int fewest_bits = 1024; // RFC 8301 section 3.2: fewer are not believed, more need not be verified
constexpr int most_bits = 4096;
constexpr auto has_other_kind = "DKIM signs with RSA and with Ed25519 (RFC 6376, RFC 8463)";
constexpr auto wants_private = "the private key begins with -----BEGIN PRIVATE KEY-----";
constexpr auto without_passphrase = "'openssl pkey -in FILE -out OTHER' takes it off";

[[noreturn]] void refuse_key(const std::string& found, const std::string& hint) {
    ERR_clear_error();
    throw Error(Code::invalid_input, "cannot use the private key", {},
                {{.where = {},
                  .path = "/private_key",
                  .what = fmt::format("found {}, expected one private key in PEM without a passphrase: RSA of {} to {} "
                                      "bits, or Ed25519",
                                      found, fewest_bits, most_bits),
                  .hint = hint}});
}

[[noreturn]] void refuse_damaged() {
    refuse_key("a damaged key", "copy it whole, with its first and last line");
}

struct PemBlock {
    std::string_view label;
    std::string_view content;
};

/// The one block that `text` is (RFC 7468).
PemBlock only_block(std::string_view text) {
    constexpr std::string_view begin = "-----BEGIN ";
    constexpr std::string_view dashes = "-----";
    text = trim(text);
    const auto first = text.find(begin);
    if (first == std::string_view::npos)
        refuse_key("no PEM", wants_private);
    if (text.find(begin, first + 1) != std::string_view::npos)
        refuse_key("more than one block of PEM", "bring one key at a time");
    const auto label_at = first + begin.size();
    const auto label_end = text.find(dashes, label_at);
    if (label_end == std::string_view::npos)
        refuse_damaged();
    const auto label = text.substr(label_at, label_end - label_at);
    const auto content_at = label_end + dashes.size();
    const std::string end_line = fmt::format("-----END {}-----", label);
    const auto end = text.find(end_line, content_at);
    if (end == std::string_view::npos)
        refuse_damaged();
    if (first != 0 || end + end_line.size() != text.size())
        refuse_key("text before or after the key", "leave it out");
    return {label, text.substr(content_at, end - content_at)};
}

/// Throws unless it can be a private key that DKIM has a use for.
void expect_private_key(const PemBlock& block) {
    struct Other {
        std::string_view label;
        std::string_view found;
        std::string_view hint;
    };
    constexpr std::array others{
        Other{"PUBLIC KEY", "a public key", wants_private},
        Other{"RSA PUBLIC KEY", "a public key", wants_private},
        Other{"CERTIFICATE", "a certificate", wants_private},
        Other{"ENCRYPTED PRIVATE KEY", "a key with a passphrase", without_passphrase},
        Other{"EC PRIVATE KEY", "an EC key", has_other_kind},
        Other{"DSA PRIVATE KEY", "a DSA key", has_other_kind},
    };
    for (const auto& other : others) {
        if (block.label == other.label)
            refuse_key(std::string(other.found), std::string(other.hint));
    }
    if (block.label != "PRIVATE KEY" && block.label != "RSA PRIVATE KEY")
        refuse_key("something else in PEM", wants_private);
    if (block.content.find("Proc-Type:") != std::string_view::npos) // RFC 1421, as OpenSSL writes it around RSA keys
        refuse_key("a key with a passphrase", without_passphrase);
}

/// OpenSSL is given RSA and Ed25519 keys alone, whatever else it can read.
PrivateKey private_key_in(const PemBlock& block) {
    const std::string der = from_base64(block.content).value_or("");
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    const auto* const end = at + der.size();
    const auto size = static_cast<long>(der.size());
    PrivateKey key;
    if (block.label == "RSA PRIVATE KEY") {
        key.reset(d2i_PrivateKey(EVP_PKEY_RSA, nullptr, &at, size));
    } else if (const Pkcs8 wrapped(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, size)); wrapped != nullptr) {
        const ASN1_OBJECT* algorithm = nullptr;
        PKCS8_pkey_get0(&algorithm, nullptr, nullptr, nullptr, wrapped.get());
        const int kind = OBJ_obj2nid(algorithm);
        if (kind != NID_rsaEncryption && kind != NID_ED25519)
            refuse_key(kind == NID_X9_62_id_ecPublicKey ? "an EC key" : "a key of another kind", has_other_kind);
        key.reset(EVP_PKCS82PKEY(wrapped.get()));
    }
    if (key == nullptr || at != end)
        refuse_damaged();
    return key;
}

/// Whether the parts of an RSA key belong together: else what it signs is verified by nobody.
bool is_whole(const PrivateKey& key) {
    // OpenSSL would look for hours whether a number is prime that is far longer than the key.
    for (const auto* name : {OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2}) {
        BIGNUM* factor = nullptr;
        if (EVP_PKEY_get_bn_param(key.get(), name, &factor) != 1)
            return false;
        if (const Number owned(factor); BN_num_bits(factor) > EVP_PKEY_get_bits(key.get()))
            return false;
    }
    const std::unique_ptr<EVP_PKEY_CTX, OpensslDelete> context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
    return context != nullptr && EVP_PKEY_check(context.get()) == 1;
}

/// Sets who may read the folders of keys, too, each time: a key that Rspamd may not read is no error anywhere, its
/// signature is just missing.
void ensure_key_folders(const fs::path& folder, const fs::path& key_file, const std::string& group) {
    const Access access{.mode = 0750, .user = "", .group = group};
    ensure_folder(folder, access);
    ensure_folder(key_file.parent_path(), access);
}

Access key_access(const std::string& group) {
    return {.mode = 0640, .user = "", .group = group};
}

} // namespace

std::string_view text(Algorithm algorithm) {
    return algorithm == Algorithm::rsa ? "rsa" : "ed25519";
}

std::string new_dkim_key(Algorithm algorithm) {
    return algorithm == Algorithm::rsa ? rsa_text(PrivateKey(EVP_RSA_gen(2048)))
                                       : ed25519_text(PrivateKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")));
}

ImportedKey imported_dkim_key(std::string_view pem) {
    const PemBlock block = only_block(pem);
    expect_private_key(block);
    const PrivateKey key = private_key_in(block);
    if (EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_ED25519)
        return {Algorithm::ed25519, ed25519_text(key)};
    const int bits = EVP_PKEY_get_bits(key.get());
    if (bits < fewest_bits || bits > most_bits)
        refuse_key(fmt::format("an RSA key of {} bits", bits), "have new keys made (rotate), and publish them");
    if (!is_whole(key))
        refuse_damaged();
    return {Algorithm::rsa, rsa_text(key)};
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
    ensure_key_folders(folder, path, group);
    std::optional<std::string> text = read_file(path, 65536);
    const bool made = !text && create_file(path, new_dkim_key(algorithm), key_access(group));
    if (!text)
        text = read_file(path, 65536);
    else
        set_access(open_file(path, O_RDONLY | O_NOFOLLOW).get(), path, key_access(group));
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

void add_dkim_key(const fs::path& folder, const std::string& domain, const std::string& selector,
                  std::string_view key_text, const std::string& group) {
    const fs::path path = dkim_path(folder, domain, selector);
    ensure_key_folders(folder, path, group);
    if (!create_file(path, key_text, key_access(group)))
        throw Error(Code::conflict, fmt::format("cannot write '{}': there is a key already", path.string()),
                    "choose another selector");
}

} // namespace vectis::keys
