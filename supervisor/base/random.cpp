#include "base/random.hpp"

#include "base/clock.hpp"
#include "base/error.hpp"

#include <fmt/format.h>
#include <sys/random.h>

#include <cerrno>
#include <string_view>

namespace vectis {

namespace {

constexpr std::size_t uuid_bytes = 16;

std::string hex(std::string_view bytes) {
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const char each : bytes)
        text += fmt::format("{:02x}", static_cast<unsigned char>(each));
    return text;
}

} // namespace

std::string random_bytes(std::size_t count) {
    std::string bytes(count, '\0');
    std::size_t have = 0;
    while (have < count) {
        const ssize_t got = getrandom(bytes.data() + have, count - have, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            throw system_error(errno, "cannot get random bytes");
        have += static_cast<std::size_t>(got);
    }
    return bytes;
}

std::string random_hex(std::size_t count) {
    return hex(random_bytes(count));
}

std::string random_password(std::size_t length) {
    constexpr std::string_view letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
    constexpr std::size_t fair = 256 - 256 % letters.size();
    std::string password;
    while (password.size() < length) {
        for (const char each : random_bytes(length)) {
            const auto value = static_cast<std::size_t>(static_cast<unsigned char>(each));
            if (value < fair && password.size() < length)
                password += letters[value % letters.size()];
        }
    }
    return password;
}

namespace {

/// With these bytes behind the time.
std::string uuid7_of(Time time, std::string bytes) {
    const auto milliseconds = static_cast<std::uint64_t>(time.time_since_epoch().count());
    for (std::size_t i = 0; i < 6; ++i)
        bytes[i] = static_cast<char>((milliseconds >> (40U - 8U * i)) & 0xFFU);
    bytes[6] = static_cast<char>((static_cast<unsigned char>(bytes[6]) & 0x0FU) | 0x70U);
    bytes[8] = static_cast<char>((static_cast<unsigned char>(bytes[8]) & 0x3FU) | 0x80U);
    const std::string text = hex(bytes);
    return fmt::format("{}-{}-{}-{}-{}", text.substr(0, 8), text.substr(8, 4), text.substr(12, 4), text.substr(16, 4),
                       text.substr(20));
}

} // namespace

std::string uuid7() {
    return uuid7(now());
}

std::string uuid7(Time time) {
    return uuid7_of(time, random_bytes(uuid_bytes));
}

std::string first_uuid7(Time time) {
    return uuid7_of(time, std::string(uuid_bytes, '\0'));
}

} // namespace vectis
