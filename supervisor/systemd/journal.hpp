// The journal: a unit's lines for people and for error messages, and our own entries with fields.
#pragma once

#include "base/clock.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vectis::systemd {

/// syslog(3)'s levels.
enum class Priority : std::uint8_t { emergency, alert, critical, error, warning, notice, info, debug };

[[nodiscard]] std::string_view text(Priority priority);

struct Entry {
    Time time;
    std::string identifier; // SYSLOG_IDENTIFIER, else the program's name
    std::uint32_t pid = 0;
    Priority priority = Priority::info;
    std::string message; // as it was sent: hostile text, escape before showing

    /// "2026-11-24T10:43:11.000Z postfix/smtpd[123]: text", control characters escaped.
    [[nodiscard]] std::string text() const;
};

/// The last `lines` entries of these units (what they wrote and what systemd wrote about them), oldest first; only
/// those after `since` if given. Throws Error(system) if the journal cannot be read.
[[nodiscard]] std::vector<Entry> tail(const std::vector<std::string>& units, std::size_t lines,
                                      std::optional<Time> since = {});

/// Entries of all `units` from `since` on in the order of the journal, then new ones as they come, until `stop` is
/// requested or `take` returns false. Without `follow` it returns at the end of what is there.
void read(const std::vector<std::string>& units, Time since, bool follow, const std::stop_token& stop,
          const std::function<bool(const Entry&)>& take);

/// A program that runs in whatever unit calls it, by the user that it runs as: that one nobody can pretend to be.
struct Writer {
    std::string user;
    std::string identifier; // SYSLOG_IDENTIFIER
};

/// Entries of all `units` and of `writers` after the place that `cursor` names, in batches as they come, each with the
/// place after it. If it is empty: from now on, which an empty batch gives a place. `at_end` is called once, when there
/// is nothing more to read for the first time. Returns when `stop` is requested. A place that the journal does not have
/// any more is followed by what it has since.
void follow(const std::vector<std::string>& units, const std::vector<Writer>& writers, const std::string& cursor,
            const std::stop_token& stop,
            const std::function<void(const std::vector<Entry>& entries, const std::string& cursor)>& take,
            const std::function<void()>& at_end);

/// One entry of our own, with fields (upper-case names, e.g. {"VECTIS_UNIT", "dovecot.service"}). Goes to stderr if
/// there is no journal. Never throws.
void log(Priority priority, std::string_view message,
         const std::vector<std::pair<std::string, std::string>>& fields = {}) noexcept;

} // namespace vectis::systemd
