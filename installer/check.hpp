// One line of preflight, whatever it is about.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <utility>

namespace vectis::installer {

enum class Verdict : std::uint8_t { pass, warn, fail };

/// `name` is fixed: tests, JSON and `--ignore` use it.
struct Check {
    std::string name;
    Verdict verdict = Verdict::pass;
    std::string found;
    std::string expected; // empty when it passed
    std::string hint;     // what to do; empty when it passed
};

[[nodiscard]] inline Check passed(std::string name, std::string found) {
    return {.name = std::move(name), .found = std::move(found)};
}

[[nodiscard]] inline Check warned(std::string name, std::string found, std::string expected, std::string hint) {
    return {std::move(name), Verdict::warn, std::move(found), std::move(expected), std::move(hint)};
}

[[nodiscard]] inline Check failed(std::string name, std::string found, std::string expected, std::string hint) {
    return {std::move(name), Verdict::fail, std::move(found), std::move(expected), std::move(hint)};
}

constexpr std::uint64_t mebibyte = 1ULL << 20U;
constexpr std::uint64_t gibibyte = 1ULL << 30U;

/// An amount of bytes for people.
[[nodiscard]] inline std::string about(std::uint64_t bytes) {
    return bytes >= gibibyte ? fmt::format("{:.1f} GiB", static_cast<double>(bytes) / static_cast<double>(gibibyte))
                             : fmt::format("{} MiB", bytes / mebibyte);
}

} // namespace vectis::installer
