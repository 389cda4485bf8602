#include "store/counts.hpp"

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "store/messages.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

namespace vectis::store {

namespace {

constexpr double step = 1.25;
constexpr std::string_view times_prefix = "within.";
constexpr std::string_view hour_end = ":00:00.000Z";
constexpr std::string_view day_end = "T00:00:00.000Z";
constexpr std::size_t hour_digits = 13; // 2026-11-24T10
constexpr std::size_t day_digits = 10;
constexpr int few_spans = 40;

/// delivered of message.delivered; received of inbound.received. Empty: it is not counted.
std::string counted(const std::string& type) {
    if (type == "message.held" || type == "message.released")
        return {};
    for (const std::string_view prefix : {"message.", "inbound."}) {
        if (type.starts_with(prefix))
            return type.substr(prefix.size());
    }
    return {};
}

std::int64_t waited(const Message& message, const std::string& at) {
    const auto from = parse_rfc3339(message.send_at.value_or(message.created_at));
    return std::max<std::int64_t>(0, (parse_rfc3339(at) - from).count());
}

} // namespace

std::string DeliveryTimes::figure(std::int64_t milliseconds) {
    const double steps = std::log(static_cast<double>(std::max<std::int64_t>(milliseconds, 1))) / std::log(step);
    return fmt::format("{}{:02}", times_prefix, static_cast<int>(steps));
}

bool DeliveryTimes::take(const std::string& figure, std::int64_t number) {
    if (!figure.starts_with(times_prefix))
        return false;
    steps_[std::atoi(figure.c_str() + times_prefix.size())] += number;
    all_ += number;
    return true;
}

std::optional<std::int64_t> DeliveryTimes::quantile(double share) const {
    std::int64_t seen = 0;
    for (const auto& [steps, number] : steps_) {
        seen += number;
        // The middle of the step.
        if (static_cast<double>(seen) >= share * static_cast<double>(all_))
            return std::llround(std::pow(step, static_cast<double>(steps) + 0.5));
    }
    return std::nullopt;
}

void Counts::count(const MessageEvent& event, const std::optional<Message>& message) {
    const std::string what = counted(event.type);
    if (what.empty())
        return;
    const Json data = parse_json(event.data);
    if (data.contains("first") && !data.at("first").get<bool>()) // the same reader, once more
        return;
    Figures figures{{what, 1}};
    if (const auto bounce_class = data.find("bounce_class"); bounce_class != data.end() && what == "bounced")
        figures.emplace(what + "." + bounce_class->get<std::string>(), 1);
    if (message && what == "delivered")
        figures.emplace(DeliveryTimes::figure(waited(*message, event.at)), 1);
    if (message && what == "sent")
        figures.emplace("bytes", static_cast<std::int64_t>(message->size));

    std::vector<std::pair<std::string, std::string>> kinds{{"all", ""}};
    if (const auto provider = data.find("provider"); provider != data.end())
        kinds.emplace_back("provider", provider->get<std::string>());
    if (message && message->tags != "[]") {
        for (const auto& tag : parse_json(message->tags))
            kinds.emplace_back("tag", tag.get<std::string>());
    }
    const std::array spans{
        std::pair<std::string_view, std::string>{"hour", event.at.substr(0, hour_digits) + std::string(hour_end)},
        std::pair<std::string_view, std::string>{"day", event.at.substr(0, day_digits) + std::string(day_end)}};
    auto add = database_.prepare("insert into counts (span, at, domain, kind, name, what, number) "
                                 "values (?1, ?2, ?3, ?4, ?5, ?6, ?7) "
                                 "on conflict do update set number = number + excluded.number");
    for (const auto& [span, at] : spans) {
        for (const auto& [kind, name] : kinds) {
            for (const auto& [figure, number] : figures)
                add.bind(span, at, event.domain, kind, name, figure, number).run();
        }
    }
}

std::map<std::string, Counts::Sums> Counts::sums(const Query& query) {
    std::vector<std::string> values{query.span, query.kind, query.since, query.until};
    std::string among;
    if (query.domains) {
        std::vector<std::string> places;
        for (const auto& each : *query.domains) {
            values.push_back(each);
            places.push_back(fmt::format("?{}", values.size()));
        }
        among = fmt::format(" and domain in ({})", join(places, ", "));
    }
    // By the index each row is looked for by itself: that is the quicker way to a few spans of time, and the slower one
    // to most of them. No sum is made there: that would sort them all.
    const auto time = parse_rfc3339(query.until) - parse_rfc3339(query.since);
    const bool is_short = time <= few_spans * (query.span == "hour" ? std::chrono::hours(1) : std::chrono::hours(24));
    auto select = database_.prepare(
        fmt::format("select name, at, what, number from counts {} where span = ?1 and kind = ?2 and at >= ?3 and "
                    "at < ?4{}",
                    is_short ? "indexed by counts_by_time" : "not indexed", among));
    select.bind_all(values);
    std::map<std::string, Sums> all;
    while (select.step()) {
        Sums& sums = all[select.text(0)];
        const std::string what = select.text(2);
        if (!sums.times.take(what, select.integer(3)))
            sums.spans[select.text(1)][what] += select.integer(3);
    }
    return all;
}

std::int64_t Counts::forget(const std::string& span, const std::string& before) {
    database_.prepare("delete from counts where span = ?1 and at < ?2").bind(span, before).run();
    return database_.changes();
}

} // namespace vectis::store
