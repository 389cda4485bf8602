#include "accounts/password.hpp"

#include "base/error.hpp"

#include <array>
#include <sodium.h>

namespace vectis::accounts {

namespace {

constexpr std::string_view scheme = "{ARGON2ID}";
constexpr unsigned long long passes = 2;
constexpr std::size_t memory = 19ULL << 20U;

void start_sodium() {
    if (sodium_init() < 0)
        throw Error(Code::internal, "cannot start libsodium");
}

} // namespace

std::string hash_password(std::string_view password) {
    start_sodium();
    std::array<char, crypto_pwhash_STRBYTES> text{};
    if (crypto_pwhash_str_alg(text.data(), password.data(), password.size(), passes, memory,
                              crypto_pwhash_ALG_ARGON2ID13) != 0)
        throw Error(Code::system, "cannot hash a password: 19 MiB of memory are not to be had");
    return std::string(scheme) + text.data();
}

bool verify_password(std::string_view password, const std::string& stored) {
    start_sodium();
    if (!stored.starts_with(scheme))
        return false;
    const std::string hash = stored.substr(scheme.size());
    return crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0;
}

} // namespace vectis::accounts
