#include "store/readings.hpp"

namespace vectis::store {

void Readings::add(const std::string& message, const TrackedHtml& html) {
    database_
        .prepare("insert into tracked_html (message, html, pixel, base, at, length) values (?1, ?2, ?3, ?4, ?5, ?6)")
        .bind(message, html.html, html.pixel, html.base, html.at, html.length)
        .run();
    auto insert =
        database_.prepare("insert into tracked_links (message, number, url, at, length) values (?1, ?2, ?3, ?4, ?5)");
    for (std::size_t i = 0; i < html.links.size(); ++i)
        insert.bind(message, i, html.links[i].url, html.links[i].at, html.links[i].length).run();
}

std::optional<TrackedHtml> Readings::html(const std::string& message) {
    const auto size = [](std::int64_t number) { return static_cast<std::size_t>(number); };
    auto select = database_.prepare("select html, pixel, base, at, length from tracked_html where message = ?1");
    if (!select.bind(message).step())
        return std::nullopt;
    TrackedHtml html{.html = select.text(0),
                     .pixel = std::nullopt,
                     .base = select.text(2),
                     .at = size(select.integer(3)),
                     .length = size(select.integer(4)),
                     .links = {}};
    if (const auto pixel = select.optional_integer(1))
        html.pixel = size(*pixel);
    auto links = database_.prepare("select url, at, length from tracked_links where message = ?1 order by number");
    links.bind(message);
    while (links.step())
        html.links.push_back({.url = links.text(0), .at = size(links.integer(1)), .length = size(links.integer(2))});
    return html;
}

std::optional<std::string> Readings::url(const std::string& message, std::int64_t number) {
    auto select = database_.prepare("select url from tracked_links where message = ?1 and number = ?2");
    return select.bind(message, number).step() ? std::optional(select.text(0)) : std::nullopt;
}

std::optional<Reading> Readings::find(std::int64_t recipient, const std::string& kind) {
    auto select = database_.prepare("select first_at, events from readings where recipient = ?1 and kind = ?2");
    if (!select.bind(recipient, kind).step())
        return std::nullopt;
    return Reading{.first_at = select.text(0), .events = select.integer(1)};
}

void Readings::count(std::int64_t recipient, const std::string& kind, const std::string& at) {
    database_
        .prepare("insert into readings (recipient, kind, first_at, events) values (?1, ?2, ?3, 1) "
                 "on conflict do update set events = events + 1")
        .bind(recipient, kind, at)
        .run();
}

std::map<std::pair<std::int64_t, std::string>, std::string> Readings::first(const std::string& message) {
    auto select = database_.prepare("select recipient, kind, first_at from readings "
                                    "where recipient in (select id from recipients where message = ?1)");
    select.bind(message);
    std::map<std::pair<std::int64_t, std::string>, std::string> all;
    while (select.step())
        all.emplace(std::pair{select.integer(0), select.text(1)}, select.text(2));
    return all;
}

} // namespace vectis::store
