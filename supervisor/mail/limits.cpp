#include "mail/limits.hpp"

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "store/holds.hpp"
#include "store/sent_counts.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <charconv>

namespace vectis::mail {

namespace {

constexpr std::int64_t minutes_that_count = 61; // the first has but a part in the hour

std::int64_t minute_of(Time time) {
    return std::chrono::floor<std::chrono::minutes>(time.time_since_epoch()).count();
}

/// When, of those that count now, so many count no longer.
std::chrono::seconds time_until_free(const std::vector<store::SentCounts::Minute>& used, std::int64_t too_many,
                                     Time now) {
    std::int64_t last = used.back().minute;
    for (std::int64_t freed = 0; const auto& each : used) {
        freed += each.recipients;
        last = each.minute;
        if (freed >= too_many)
            break;
    }
    const Time then{std::chrono::minutes(last + minutes_that_count)};
    return std::chrono::ceil<std::chrono::seconds>(then - now);
}

std::string time_text(std::chrono::seconds time) {
    const auto minutes = std::chrono::ceil<std::chrono::minutes>(time).count();
    return minutes == 1 ? "a minute" : fmt::format("{} minutes", minutes);
}

} // namespace

Limits LimitsInForce::operator()() {
    // The configuration in force is a link to its generation, whose files never change.
    std::error_code fault;
    const fs::path real = fs::canonical(file_, fault);
    return last_.with([&](Read& last) {
        if (!fault && real == last.at)
            return last.limits;
        const auto text = read_file(file_);
        if (!text)
            return Limits{};
        const Json json = parse_json(*text);
        last = {.at = real,
                .limits = {.mailbox = json.at("mailbox").get<std::int64_t>(),
                           .key = json.at("key").get<std::int64_t>(),
                           .domain = json.at("domain").get<std::int64_t>(),
                           .probe = json.at("probe").get<std::string>()}};
        return last.limits;
    });
}

std::optional<AboveLimit> count_recipients(store::Database& database, const std::vector<Sender>& senders, Time now) {
    store::SentCounts counts(database);
    const std::int64_t minute = minute_of(now);
    for (const auto& each : senders) {
        if (each.limit == 0)
            continue;
        const auto lately = counts.of(each.kind, each.name, minute - minutes_that_count + 1);
        std::int64_t used = 0;
        for (const auto& one : lately)
            used += one.recipients;
        const std::int64_t too_many = used + each.recipients - each.limit;
        if (too_many <= 0)
            continue;
        if (each.recipients > each.limit)
            return AboveLimit{.sender = each, .used = used, .wait = std::nullopt};
        return AboveLimit{.sender = each, .used = used, .wait = time_until_free(lately, too_many, now)};
    }
    for (const auto& each : senders) {
        if (each.limit != 0)
            counts.add(each.kind, each.name, {.minute = minute, .recipients = each.recipients});
    }
    return std::nullopt;
}

std::int64_t forget_counted(store::Database& database, Time now) {
    return store::SentCounts(database).forget(minute_of(now) - minutes_that_count + 1);
}

Sender domain_sender(const std::string& domain, const Limits& limits, std::int64_t recipients) {
    return {.kind = "domain",
            .name = domain,
            .shown = "domain " + domain,
            .limit = limits.domain,
            .recipients = recipients};
}

std::string told(const AboveLimit& above) {
    const auto& who = above.sender;
    if (!above.wait)
        return fmt::format("the {} may send to {} recipients in an hour, and these are {}", who.shown, who.limit,
                           who.recipients);
    return fmt::format("the {} may send to {} recipients in an hour and has sent to {}; it may send to {} more in {}",
                       who.shown, who.limit, above.used, who.recipients, time_text(*above.wait));
}

std::string submission_action(store::Vectis& database, const Limits& limits, const PolicyServer::Attributes& asked,
                              Time now) {
    const auto attribute = [&](const char* name) {
        const auto found = asked.find(name);
        return found == asked.end() ? std::string() : found->second;
    };
    const std::string who = lower_ascii(attribute("sasl_username"));
    if (who.empty() || who == limits.probe)
        return "DUNNO";
    // Only there it says how many they are.
    const std::string count = attribute("recipient_count");
    std::int64_t recipients = 0;
    std::from_chars(count.data(), count.data() + count.size(), recipients);
    if (attribute("protocol_state") != "DATA" || recipients <= 0)
        throw Error(Code::invalid_input,
                    fmt::format("Postfix asked at {} of {} recipients", attribute("protocol_state"), printable(count)));
    const std::vector<Sender> senders{
        {.kind = "mailbox", .name = who, .shown = "mailbox " + who, .limit = limits.mailbox, .recipients = recipients},
        domain_sender(who.substr(who.rfind('@') + 1), limits, recipients)};
    std::optional<AboveLimit> above;
    const bool is_held = database.write([&](store::Database& open) {
        above = count_recipients(open, senders, now);
        return store::Holds(open).keeps_back({.kind = "mailbox", .name = who});
    });
    if (!above)
        return is_held ? "HOLD the mail of this mailbox is kept back: vectis hold list" : "DUNNO";
    return above->wait ? "450 4.7.1 " + told(*above) : fmt::format("550 5.7.1 {}: send it in parts", told(*above));
}

} // namespace vectis::mail
