#include "base/clock.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string_view>

namespace vectis {

namespace {

constexpr std::array day_names{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> month_names{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// Tue, 24 Nov 2026 10:43:11, and the zone behind it.
std::string date_in_words(Time time, std::string_view zone) {
    const std::time_t whole = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
    std::tm parts{};
    gmtime_r(&whole, &parts);
    return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} {}", day_names.at(static_cast<std::size_t>(parts.tm_wday)),
                       parts.tm_mday, month_names.at(static_cast<std::size_t>(parts.tm_mon)), parts.tm_year + 1900,
                       parts.tm_hour, parts.tm_min, parts.tm_sec, zone);
}

} // namespace

Time now() {
    return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

std::string rfc3339(Time time) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    // Not system_clock::to_time_t(): it counts nanoseconds, which end in 2262.
    const std::time_t whole = seconds.time_since_epoch().count();
    std::tm parts{};
    gmtime_r(&whole, &parts);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                       parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, (time - seconds).count());
}

Time parse_rfc3339(const std::string& text) {
    std::tm parts{};
    int milliseconds = 0;
    const int found = std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ", &parts.tm_year, &parts.tm_mon,
                                  &parts.tm_mday, &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &milliseconds);
    parts.tm_year -= 1900;
    parts.tm_mon -= 1;
    const Time time{std::chrono::seconds(timegm(&parts)) + std::chrono::milliseconds(milliseconds)};
    // sscanf takes signs and blanks, timegm takes the 31st of February: neither comes out as it went in.
    if (found != 7 || rfc3339(time) != text)
        throw Error(Code::invalid_input, fmt::format("cannot read time '{}'", printable(text)),
                    "write it like 2026-11-24T10:43:11.000Z");
    return time;
}

std::string http_date(Time time) {
    return date_in_words(time, "GMT");
}

std::string message_date(Time time) {
    return date_in_words(time, "+0000");
}

std::optional<Time> parse_http_date(const std::string& text) {
    std::tm parts{};
    std::array<char, 4> month{};
    const int found = std::sscanf(text.c_str(), "%*3s, %2d %3s %4d %2d:%2d:%2d GMT", &parts.tm_mday, month.data(),
                                  &parts.tm_year, &parts.tm_hour, &parts.tm_min, &parts.tm_sec);
    const auto* name = std::find(month_names.begin(), month_names.end(), month.data());
    if (found != 6 || name == month_names.end())
        return std::nullopt;
    parts.tm_year -= 1900;
    parts.tm_mon = static_cast<int>(name - month_names.begin());
    const Time time{std::chrono::seconds(timegm(&parts))};
    // As above: what is no such date does not come out as it went in.
    return http_date(time) == text ? std::optional(time) : std::nullopt;
}

std::optional<std::string> environment(const char* name) {
    if (const char* value = std::getenv(name); value != nullptr)
        return value;
    return std::nullopt;
}

} // namespace vectis
