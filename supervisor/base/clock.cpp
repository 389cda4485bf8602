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

constexpr std::size_t to_seconds = 19; // 2026-11-24T10:43:11
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

/// Whether each letter of `text` is that of `form`, or a digit where that is 0.
bool has_form(std::string_view text, std::string_view form) {
    return std::equal(text.begin(), text.end(), form.begin(), form.end(),
                      [](char c, char f) { return f == '0' ? c >= '0' && c <= '9' : c == f; });
}

/// Of digits that stand there.
int number_in(std::string_view text, std::size_t at, std::size_t digits) {
    int number = 0;
    for (const char c : text.substr(at, digits))
        number = number * 10 + (c - '0');
    return number;
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
    const auto refused = [&] {
        return Error(Code::invalid_input, fmt::format("cannot read time '{}'", printable(text)),
                     "write it like 2026-11-24T10:43:11Z");
    };
    std::string whole = text.substr(0, to_seconds);
    if (whole.size() == to_seconds && (whole[10] == ' ' || whole[10] == 't'))
        whole[10] = 'T';
    if (!has_form(whole, "0000-00-00T00:00:00"))
        throw refused();
    std::string_view rest = std::string_view(text).substr(to_seconds);
    std::string milliseconds = "000";
    if (rest.starts_with('.')) {
        const auto digits = std::min(rest.find_first_not_of("0123456789", 1), rest.size()) - 1;
        if (digits == 0)
            throw refused();
        milliseconds = (std::string(rest.substr(1, digits)) + "00").substr(0, 3);
        rest.remove_prefix(digits + 1);
    }
    std::chrono::minutes offset{0};
    if (rest != "Z" && rest != "z") {
        if (!has_form(rest, rest.starts_with('-') ? "-00:00" : "+00:00") || number_in(rest, 1, 2) > 23 ||
            number_in(rest, 4, 2) > 59)
            throw refused();
        offset = std::chrono::hours(number_in(rest, 1, 2)) + std::chrono::minutes(number_in(rest, 4, 2));
        if (rest.starts_with('-'))
            offset = -offset;
    }
    std::tm parts{};
    parts.tm_year = number_in(whole, 0, 4) - 1900;
    parts.tm_mon = number_in(whole, 5, 2) - 1;
    parts.tm_mday = number_in(whole, 8, 2);
    parts.tm_hour = number_in(whole, 11, 2);
    parts.tm_min = number_in(whole, 14, 2);
    parts.tm_sec = number_in(whole, 17, 2);
    const Time local{std::chrono::seconds(timegm(&parts)) +
                     std::chrono::milliseconds(number_in(milliseconds, 0, milliseconds.size()))};
    const Time time = local - offset;
    // timegm takes the 31st of February: it does not come out as it went in. Nor is there a year -1, or 10000.
    if (!rfc3339(local).starts_with(whole) || !has_form(rfc3339(time), "0000-00-00T00:00:00.000Z"))
        throw refused();
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
