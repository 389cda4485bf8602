#include "accounts/password.hpp"

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <semaphore>
#include <sodium.h>

namespace vectis::accounts {

namespace {

constexpr std::string_view scheme = "{ARGON2ID}";
constexpr unsigned long long passes = 2;
constexpr std::size_t memory = 19ULL << 20U;

/// Each takes 19 MiB: as many at once, and whoever comes next waits.
constexpr std::ptrdiff_t at_once = 4;

class Turn {
  public:
    Turn() {
        if (sodium_init() < 0)
            throw Error(Code::internal, "cannot start libsodium");
        turns().acquire();
    }
    ~Turn() { turns().release(); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

  private:
    static std::counting_semaphore<at_once>& turns() {
        static std::counting_semaphore<at_once> all(at_once);
        return all;
    }
};

Error no_memory() {
    return {Code::system, "cannot hash a password: the memory for it is not to be had"};
}

std::string hash(std::string_view password, unsigned long long times, std::size_t bytes) {
    const Turn turn;
    std::array<char, crypto_pwhash_STRBYTES> text{};
    if (crypto_pwhash_str_alg(text.data(), password.data(), password.size(), times, bytes,
                              crypto_pwhash_ALG_ARGON2ID13) != 0)
        throw no_memory();
    return std::string(scheme) + text.data();
}

} // namespace

std::string hash_password(std::string_view password) {
    return hash(password, passes, memory);
}

std::string hash_random_password(std::string_view password) {
    return hash(password, crypto_pwhash_argon2id_OPSLIMIT_MIN, crypto_pwhash_argon2id_MEMLIMIT_MIN);
}

void expect_good_password(std::string_view password, std::string_view address) {
    constexpr std::ptrdiff_t shortest = 8;
    constexpr std::size_t most_bytes = 512; // what every mail program can send in one line
    if (!is_utf8(password) || has_control(password))
        throw Error(Code::invalid_input, "cannot use the password: it holds control characters or is no UTF-8");
    const auto characters = std::count_if(password.begin(), password.end(), [](char c) { return (c & 0xc0) != 0x80; });
    if (characters < shortest)
        throw Error(Code::invalid_input, fmt::format("cannot use the password: it has {} characters, and {} are needed",
                                                     characters, shortest));
    if (password.size() > most_bytes)
        throw Error(Code::invalid_input,
                    fmt::format("cannot use the password: it has {} bytes, more than {}", password.size(), most_bytes));
    const std::string given = lower_ascii(password);
    const std::string whole = lower_ascii(address);
    const auto at = whole.rfind('@');
    if (given == whole || given == whole.substr(0, at) || (at != std::string::npos && given == whole.substr(at + 1)))
        throw Error(Code::invalid_input, "cannot use the password: it is the address, or a part of it");
}

bool verify_password(std::string_view password, const std::string& stored) {
    if (!stored.starts_with(scheme))
        return false;
    const Turn turn;
    const std::string hash = stored.substr(scheme.size());
    errno = 0;
    if (crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0)
        return true;
    if (errno == ENOMEM)
        throw no_memory(); // the right one would not be known either
    return false;
}

std::string password_fingerprint(std::string_view password, const std::string& salt) {
    const Turn turn;
    const std::string salted = sha256(salt).substr(0, crypto_pwhash_SALTBYTES);
    std::array<unsigned char, 32> key{};
    if (crypto_pwhash(key.data(), key.size(), password.data(), password.size(),
                      reinterpret_cast<const unsigned char*>(salted.data()), passes, memory,
                      crypto_pwhash_ALG_ARGON2ID13) != 0)
        throw no_memory();
    return sha256({reinterpret_cast<const char*>(key.data()), key.size()});
}

} // namespace vectis::accounts
