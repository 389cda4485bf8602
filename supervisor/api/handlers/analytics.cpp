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

std::map<std::string, store::Counts::Sums> counted(const Call& call, const store::Counts::Query& asked) {
    return call.services().ledger.read([&](store::Database& database) { return store::Counts(database).sums(asked); });
}

/// How much there is of one, bytes aside.
std::int64_t everything(const store::Figures& figures) {
    std::int64_t all = 0;
    for (const auto& [what, number] : figures)
        all += what == "bytes" ? 0 : number;
    return all;
}

Json group_json(const std::string& name, const store::Counts::Sums& sums, const store::Figures& figures) {
    Json spans = Json::array();
    for (const auto& [at, its_figures] : sums.spans)
        spans.push_back({{"at", at}, {"figures", its_figures}});
    return {{"name", name},
            {"figures", figures},
            {"time_to_delivery",
             {{"p50", json_or_null(sums.times.quantile(0.5))}, {"p95", json_or_null(sums.times.quantile(0.95))}}},
            {"spans", std::move(spans)}};
}

} // namespace

Response analytics_get(Call& call) {
    const auto asked = asked_figures(call);
    const auto groups = counted(call, asked);
    struct Group {
        const std::string* name;
        const store::Counts::Sums* sums;
        store::Figures figures;
    };
    std::vector<Group> largest;
    for (const auto& [name, sums] : groups) {
        Group& group = largest.emplace_back(Group{&name, &sums, {}});
        for (const auto& span : sums.spans) {
            for (const auto& [what, number] : span.second)
                group.figures[what] += number;
        }
    }
    std::stable_sort(largest.begin(), largest.end(),
                     [](const Group& a, const Group& b) { return everything(a.figures) > everything(b.figures); });
    const std::size_t left_out = largest.size() - std::min(largest.size(), most_groups);
    largest.resize(largest.size() - left_out);
    Json shown = Json::array();
    for (const auto& group : largest)
        shown.push_back(group_json(*group.name, *group.sums, group.figures));
    return call.answer({{"since", asked.since},
                        {"until", asked.until},
                        {"granularity", asked.span},
                        {"by", asked.kind},
                        {"groups", std::move(shown)},
                        {"left_out", left_out}});
}

Response analytics_export(Call& call) {
    const auto groups = counted(call, asked_figures(call));
    Response response{.status = 200, .type = "text/csv; charset=utf-8", .body = {}, .fields = {}};
    response.body = "\"at\",\"name\",\"what\",\"number\"\r\n";
    for (const auto& [name, sums] : groups) {
        for (const auto& [at, figures] : sums.spans) {
            for (const auto& [what, number] : figures)
                response.body += csv_line({{"at", at}, {"name", name}, {"what", what}, {"number", number}}, false);
        }
    }
    return response;
}

} // namespace vectis::api::handlers
