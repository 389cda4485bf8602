// Who sends as a stolen password or key does: suddenly to many more than ever, or to many who refuse it or call it
// spam. Such a sender is held (mail/holds), and the people who look after its domain and this server are told.
#pragma once

#include "base/file.hpp"
#include "store/sender_hours.hpp"
#include "store/vectis.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace vectis::mail {

/// What abuse.json in the configuration in force says (templates/api).
struct AbuseRules {
    bool enabled = false;
    bool hold = false;           // false: people are told, and nobody is held
    std::int64_t recipients = 0; // who has sent to fewer is not judged
    std::int64_t spike = 0;      // so many times the busiest hour of the days before
    std::int64_t bounces = 0;    // percent of a day's recipients
    std::int64_t complaints = 0;
    std::string postmaster; // of this server
};
/// Of a configuration of before there was such a file: not enabled.
[[nodiscard]] AbuseRules abuse_rules(const fs::path& file);

struct Suspicion {
    std::string reason; // spike, bounces, complaints
    std::string detail; // a sentence
};
/// What the hours of one sender say at `at`, the oldest first: those of the days that AbuseWatch looks back. Pure.
[[nodiscard]] std::optional<Suspicion> suspicion(const std::string& kind, const std::vector<store::SenderHour>& hours,
                                                 const std::string& at, const AbuseRules& rules);

/// Looks at everybody who has sent lately, and holds whom it has to. Gives a line about each of them, for the journal.
[[nodiscard]] std::vector<std::string> look_for_abuse(store::Vectis& database, const AbuseRules& rules);

} // namespace vectis::mail
