#include "mail/abuse.hpp"

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "mail/holds.hpp"
#include "mail/notice.hpp"
#include "store/api_keys.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace vectis::mail {

namespace {

constexpr std::chrono::hours days_back{24 * 14};
constexpr std::chrono::hours day{24};
/// A key is compared with itself once it has sent on so many days: the first mailing of a new program is none of a
/// thief.
constexpr std::size_t days_of_a_known_key = 3;
constexpr std::size_t day_digits = 10; // 2026-11-24

std::string hours_before(const std::string& at, std::chrono::hours hours) {
    return store::SenderHours::hour_of(rfc3339(parse_rfc3339(at) - hours));
}

/// 10:00, of an hour.
std::string clock_time(const std::string& hour) {
    return hour.substr(day_digits + 1, 5);
}

std::string about(const store::Hold& hold, bool held) {
    const bool is_key = hold.who.kind == "key";
    // A key's name may be any words: its commands go by ids.
    const std::string& named = is_key ? hold.id : hold.sender;
    std::string text =
        fmt::format("{} {}: {}.\n\n", is_key ? "The API key" : "The mailbox", printable(hold.sender), hold.detail);
    if (!held)
        return text + "Nothing is kept back (abuse.hold is false). To keep it back:\n\n    vectis hold add " +
               hold.who.name + "\n";
    text += "From now on what it sends is taken, and kept back on the server; so is what waited to be delivered. "
            "Nothing is lost.\n\n"
            "If all is well, let it go:\n\n";
    text += fmt::format("    vectis hold release {}\n\n", named);
    text += is_key ? "If somebody else has the key, make another one first (vectis key rotate), then throw away what "
                     "waits:\n\n"
                   : "If somebody else has the password, give the mailbox another one first, then throw away what "
                     "waits:\n\n";
    return text + fmt::format("    vectis hold discard {}\n", named);
}

/// What is told of one, and to whom; nothing if it is held already, or was judged lately.
std::optional<std::string> act_on(store::Database& database, const store::SenderHours::Sender& who,
                                  const store::SenderHour& last, const Suspicion& found, const AbuseRules& rules,
                                  const std::string& at) {
    store::Holds holds(database);
    if (holds.of(who) || holds.is_left_alone(who, at))
        return std::nullopt;
    const auto key = who.kind == "key" ? store::ApiKeys(database).find(who.name) : std::nullopt;
    const store::Hold one{.id = uuid7(),
                          .who = who,
                          .sender = key ? key->name : who.name,
                          .domain = last.domain,
                          .reason = found.reason,
                          .detail = found.detail,
                          .held_by = "vectis",
                          .created_at = at,
                          .ending = std::nullopt};
    if (rules.hold)
        static_cast<void>(hold(database, one));
    else
        holds.leave_alone(who, rfc3339(parse_rfc3339(at) + day));
    store::Messages messages(database);
    std::vector<std::string> to{rules.postmaster, "postmaster@" + one.domain};
    if (who.kind == "mailbox")
        to.push_back(who.name);
    send_notice(messages,
                {.domain = one.domain,
                 .to = to,
                 .subject = fmt::format("Mail of {} {}", printable(one.sender),
                                        rules.hold ? "is kept back" : "looks like abuse"),
                 .text = about(one, rules.hold)},
                at);
    return fmt::format("the mail of {} {} {}: {}", who.kind, printable(one.sender),
                       rules.hold ? "is kept back" : "looks like abuse", found.detail);
}

} // namespace

AbuseRules abuse_rules(const fs::path& file) {
    const auto text = read_file(file);
    if (!text)
        return {};
    const Json json = parse_json(*text);
    return {.enabled = json.at("enabled").get<bool>(),
            .hold = json.at("hold").get<bool>(),
            .recipients = json.at("recipients").get<std::int64_t>(),
            .spike = json.at("spike").get<std::int64_t>(),
            .bounces = json.at("bounces").get<std::int64_t>(),
            .complaints = json.at("complaints").get<std::int64_t>(),
            .postmaster = json.at("postmaster").get<std::string>()};
}

std::optional<Suspicion> suspicion(const std::string& kind, const std::vector<store::SenderHour>& hours,
                                   const std::string& at, const AbuseRules& rules) {
    // The hour before is judged, too: nobody has looked at what was sent at its very end.
    const std::string judged = hours_before(at, std::chrono::hours(1));
    const std::string today = at.substr(0, day_digits);
    const std::string since = hours_before(at, day - std::chrono::hours(1));
    store::SenderHour lately;
    std::set<std::string> days;
    for (const auto& each : hours) {
        if (const std::string its_day = each.hour.substr(0, day_digits); each.recipients > 0 && its_day != today)
            days.insert(its_day);
        if (each.hour >= since) {
            lately.recipients += each.recipients;
            lately.bounced += each.bounced;
            lately.complained += each.complained;
        }
    }
    const bool is_known = kind == "mailbox" || days.size() >= days_of_a_known_key;
    for (std::int64_t busiest = 0; const auto& each : hours) {
        if (is_known && each.hour >= judged && each.recipients >= rules.recipients &&
            each.recipients > rules.spike * busiest)
            return Suspicion{"spike", fmt::format("it has sent to {} recipients in the hour from {} UTC on; in its "
                                                  "busiest hour of the 14 days before it sent to {}",
                                                  each.recipients, clock_time(each.hour), busiest)};
        busiest = std::max(busiest, each.recipients);
    }
    if (lately.recipients < rules.recipients)
        return std::nullopt;
    constexpr std::int64_t percent = 100;
    if (lately.complained * percent >= rules.complaints * lately.recipients)
        return Suspicion{"complaints", fmt::format("of {} recipients in the last 24 hours {} called its mail spam",
                                                   lately.recipients, lately.complained)};
    if (lately.bounced * percent >= rules.bounces * lately.recipients)
        return Suspicion{"bounces", fmt::format("of {} recipients in the last 24 hours {} were refused for good",
                                                lately.recipients, lately.bounced)};
    return std::nullopt;
}

std::vector<std::string> look_for_abuse(store::Vectis& database, const AbuseRules& rules) {
    if (!rules.enabled)
        return {};
    const std::string at = rfc3339(now());
    const auto busy = database.read(
        [&](store::Database& open) { return store::SenderHours(open).busy(hours_before(at, day), rules.recipients); });
    std::vector<std::string> lines;
    for (const auto& who : busy) {
        const auto hours = database.read(
            [&](store::Database& open) { return store::SenderHours(open).of(who, hours_before(at, days_back)); });
        const auto found = suspicion(who.kind, hours, at, rules);
        if (!found)
            continue;
        const auto line =
            database.write([&](store::Database& open) { return act_on(open, who, hours.back(), *found, rules, at); });
        if (line)
            lines.push_back(*line);
    }
    return lines;
}

} // namespace vectis::mail
