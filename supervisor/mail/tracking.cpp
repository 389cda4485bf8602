#include "mail/tracking.hpp"

#include "base/text.hpp"
#include "mail/compose.hpp"
#include "mail/html_links.hpp"
#include "mail/story.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace vectis::mail {

std::optional<store::TrackedHtml> tracked(const std::string& html, const Tracking& asked, const std::string& hostname) {
    store::TrackedHtml own{.html = html, .pixel = std::nullopt, .base = fmt::format("https://{}/", hostname)};
    const auto places = places_in(html);
    if (asked.opens)
        own.pixel = places.end;
    const std::string unsubscribing = lower_ascii(own.base) + "unsubscribe/";
    for (const auto& each : places.links) {
        if (asked.clicks && !lower_ascii(each.url).starts_with(unsubscribing))
            own.links.push_back({.url = each.url, .at = each.at, .length = each.length});
    }
    return own.pixel || !own.links.empty() ? std::optional(std::move(own)) : std::nullopt;
}

std::string html_for(const store::TrackedHtml& html, const Subscriber& reader, std::string_view key) {
    struct Written {
        std::size_t at;
        std::size_t length;
        std::string text;
    };
    std::vector<Written> all;
    const std::string clicked = html.base + "click/" + reading_token(Reading::clicked, reader, key);
    for (std::size_t i = 0; i < html.links.size(); ++i)
        all.push_back({html.links[i].at, html.links[i].length, fmt::format("{}/{}", clicked, i)});
    if (html.pixel)
        all.push_back({*html.pixel, 0,
                       fmt::format(R"(<img src="{}open/{}" width="1" height="1" alt="">)", html.base,
                                   reading_token(Reading::opened, reader, key))});
    std::sort(all.begin(), all.end(), [](const Written& a, const Written& b) { return a.at < b.at; });
    std::string text;
    std::size_t from = 0;
    for (const auto& each : all) {
        text.append(html.html, from, each.at - from).append(each.text);
        from = each.at + each.length;
    }
    return text.append(html.html, from);
}

std::string content_for(const std::string& content, const store::TrackedHtml& html, const Subscriber& reader,
                        std::string_view key) {
    return content.substr(0, html.at) + html_part(html_for(html, reader, key)) + content.substr(html.at + html.length);
}

std::string name(Reading reading) {
    return reading == Reading::opened ? "opened" : "clicked";
}

bool has_room(store::Messages& messages, const store::Recipient& recipient, Reading reading) {
    const auto so_far = messages.readings().find(recipient.id, name(reading));
    return !so_far || so_far->events < most_readings;
}

std::string kept_user_agent(std::string_view field) {
    return printable(field.substr(0, longest_user_agent));
}

void tell_reading(store::Messages& messages, const store::Recipient& recipient, Reading reading, Json more,
                  const std::string& at) {
    if (!has_room(messages, recipient, reading))
        return;
    const std::string what = name(reading);
    more["first"] = !messages.readings().find(recipient.id, what).has_value();
    messages.readings().count(recipient.id, what, at);
    tell_event(messages, recipient, what, more, at);
}

} // namespace vectis::mail
