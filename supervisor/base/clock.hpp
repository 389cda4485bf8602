// The only place that reads the clock and the environment.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace vectis {

using Time = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

/// Now, in UTC.
[[nodiscard]] Time now();
/// RFC 3339 in UTC with milliseconds: 2026-11-24T10:43:11.000Z.
[[nodiscard]] std::string rfc3339(Time time);
/// A time of RFC 3339 (5.6), to the millisecond; throws Error(invalid_input) on anything else, and on leap seconds.
[[nodiscard]] Time parse_rfc3339(const std::string& text);
/// As HTTP writes a time (RFC 9110 section 5.6.7): Tue, 24 Nov 2026 10:43:11 GMT.
[[nodiscard]] std::string http_date(Time time);
/// As a message writes it (RFC 5322 section 3.3): Tue, 24 Nov 2026 10:43:11 +0000.
[[nodiscard]] std::string message_date(Time time);
/// The time that http_date() writes so; nothing on anything else (the two forms that HTTP has had before, too).
[[nodiscard]] std::optional<Time> parse_http_date(const std::string& text);
/// The environment variable `name`, if it is set.
[[nodiscard]] std::optional<std::string> environment(const char* name);

} // namespace vectis
