// How much was sent, and what became of it.
#include "api/handlers/body.hpp"
#include "api/handlers/csv.hpp"
#include "api/handlers/handlers.hpp"
#include "base/clock.hpp"
#include "base/text.hpp"
#include "store/counts.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vectis::api::handlers {

namespace {

constexpr std::chrono::hours hour{1};
constexpr std::chrono::hours day{24};
constexpr std::int64_t most_spans = 5000;
constexpr std::size_t most_groups = 100;

Time floor_to(Time time, std::chrono::hours span) {
    return Time(time.time_since_epoch() / span * span);
}

store::Counts::Query asked_figures(const Call& call) {
    const std::string granularity = call.query("granularity").value_or("day");
    const std::chrono::hours span = granularity == "hour" ? hour : day;
    const auto at = [&](const char* name, Time otherwise) {
        const auto given = call.query(name);
        return floor_to(given ? parse_rfc3339(*given) : otherwise, span);
    };
    const Time since = at("since", now() - 30 * day);
    const Time until = at("until", now()) + span;
    std::vector<Problem> problems;
    if (until <= since)
        problems.push_back({.where = {}, .path = "/until", .what = "is before since", .hint = {}});
    else if ((until - since) / span > most_spans)
        problems.push_back({.where = {},
                            .path = "/since",
                            .what = fmt::format("is more than {} times the granularity before until", most_spans),
                            .hint = "ask for days, or for less"});
    const auto domain = call.query("domain");
    if (domain && !call.has_domain(lower_ascii(*domain)))
        problems.push_back({.where = {}, .path = "/domain", .what = "is no domain of yours", .hint = {}});
    if (!problems.empty())
        refuse(std::move(problems));
    return {.span = granularity,
            .kind = call.query("by").value_or("all"),
            .since = rfc3339(since),
            .until = rfc3339(until),
            .domains = domain ? std::vector{lower_ascii(*domain)} : call.who().domains};
}

std::vector<store::Counts::Row> counted(const Call& call, const store::Counts::Query& asked) {
    return call.services().ledger.read([&](store::Database& database) { return store::Counts(database).rows(asked); });
}

/// One group, while its rows are read.
struct CountedGroup {
    std::string name;
    store::Figures figures;
    store::DeliveryTimes times;
    Json spans = Json::array();
    std::int64_t all = 0;
};

std::vector<CountedGroup> grouped(const std::vector<store::Counts::Row>& rows) {
    std::vector<CountedGroup> groups;
    for (const auto& row : rows) {
        if (groups.empty() || groups.back().name != row.name)
            groups.push_back({.name = row.name, .figures = {}, .times = {}});
        CountedGroup& group = groups.back();
        if (group.times.take(row.what, row.number))
            continue;
        if (group.spans.empty() || group.spans.back().at("at").get_ref<const std::string&>() != row.at)
            group.spans.push_back({{"at", row.at}, {"figures", Json::object()}});
        group.spans.back()["figures"][row.what] = row.number;
        group.figures[row.what] += row.number;
        if (row.what != "bytes")
            group.all += row.number;
    }
    return groups;
}

} // namespace

Response analytics_get(Call& call) {
    const auto asked = asked_figures(call);
    auto groups = grouped(counted(call, asked));
    std::stable_sort(groups.begin(), groups.end(),
                     [](const CountedGroup& a, const CountedGroup& b) { return a.all > b.all; });
    Json shown = Json::array();
    for (auto& group : groups) {
        if (shown.size() == most_groups)
            break;
        shown.push_back(
            {{"name", group.name},
             {"figures", group.figures},
             {"time_to_delivery",
              {{"p50", json_or_null(group.times.quantile(0.5))}, {"p95", json_or_null(group.times.quantile(0.95))}}},
             {"spans", std::move(group.spans)}});
    }
    const std::size_t left_out = groups.size() - shown.size();
    return call.answer({{"since", asked.since},
                        {"until", asked.until},
                        {"granularity", asked.span},
                        {"by", asked.kind},
                        {"groups", std::move(shown)},
                        {"left_out", left_out}});
}

Response analytics_export(Call& call) {
    const auto rows = counted(call, asked_figures(call));
    Response response{.status = 200, .type = "text/csv; charset=utf-8", .body = {}, .fields = {}};
    response.body = "\"at\",\"name\",\"what\",\"number\"\r\n";
    store::DeliveryTimes times; // are no figures of the table
    for (const auto& row : rows) {
        if (!times.take(row.what, row.number))
            response.body +=
                csv_line({{"at", row.at}, {"name", row.name}, {"what", row.what}, {"number", row.number}}, false);
    }
    return response;
}

} // namespace vectis::api::handlers
