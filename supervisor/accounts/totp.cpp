#include "accounts/totp.hpp"

#include "base/error.hpp"
#include "base/random.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <liboath/oath.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

namespace vectis::accounts {

namespace {

constexpr std::size_t totp_secret_bytes = 20;
constexpr unsigned digits = 6;
constexpr std::int64_t step_seconds = 30;

using Text = std::unique_ptr<char, decltype(&std::free)>;

void start_oath() {
    if (oath_init() != OATH_OK)
        throw Error(Code::internal, "cannot start liboath");
}

std::string decoded(const std::string& secret) {
    char* bytes = nullptr;
    std::size_t size = 0;
    if (oath_base32_decode(secret.data(), secret.size(), &bytes, &size) != OATH_OK)
        throw Error(Code::internal, "a second factor's secret is no base32");
    const Text owner(bytes, &std::free);
    return {bytes, size};
}

bool is_code(const std::string& code) {
    return code.size() == digits && code.find_first_not_of("0123456789") == std::string::npos;
}

/// RFC 3986 section 2.1.
std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                           c == '.' || c == '_' || c == '~';
        out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

} // namespace

std::string new_totp_secret() {
    start_oath();
    const std::string bytes = random_bytes(totp_secret_bytes);
    char* text = nullptr;
    if (oath_base32_encode(bytes.data(), bytes.size(), &text, nullptr) != OATH_OK)
        throw Error(Code::system, "cannot make a second factor's secret");
    const Text owner(text, &std::free);
    std::string secret(text);
    secret.erase(secret.find_last_not_of('=') + 1);
    return secret;
}

std::string totp_uri(const std::string& secret, const std::string& email, const std::string& hostname) {
    return fmt::format("otpauth://totp/{0}:{1}?secret={2}&issuer={0}", escaped(hostname), escaped(email), secret);
}

std::optional<std::int64_t> totp_step(const std::string& secret, const std::string& code, std::int64_t last_step,
                                      std::chrono::seconds unix_time) {
    start_oath();
    if (!is_code(code))
        return std::nullopt;
    const std::string key = decoded(secret);
    const std::int64_t present = unix_time.count() / step_seconds;
    std::optional<std::int64_t> found;
    // All of them are looked at, so that the time tells nothing.
    for (const auto step : {present - 1, present, present + 1}) {
        std::string expected(digits + 1, '\0');
        if (oath_totp_generate(key.data(), key.size(), step * step_seconds, step_seconds, 0, digits, expected.data()) !=
            OATH_OK)
            throw Error(Code::internal, "cannot make a one-time password");
        expected.resize(digits);
        const bool equal = std::equal(expected.begin(), expected.end(), code.begin());
        if (equal && step > last_step && !found)
            found = step;
    }
    return found;
}

} // namespace vectis::accounts
