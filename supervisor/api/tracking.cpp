#include "api/tracking.hpp"

#include "base/clock.hpp"
#include "base/text.hpp"
#include "mail/tracking.hpp"
#include "mail/unsubscribe.hpp"

#include <fmt/format.h>

#include <charconv>

namespace vectis::api {

namespace {

/// GIF89a, 1 x 1, whose only color is transparent.
constexpr std::string_view transparent_point{"GIF89a\x01\0\x01\0\x80\0\0\xFF\xFF\xFF\0\0\0!\xF9\x04\x01\0\0\0\0"
                                             ",\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0;",
                                             43};

void expect_looking(const Request& request) {
    if (request.method != "GET" && request.method != "HEAD")
        throw HttpError{405,
                        "method_not_allowed",
                        fmt::format("{} cannot be used here", request.method),
                        "use GET",
                        {{"Allow", "GET, HEAD"}}};
}

/// Writes it down unless there is no room for more. Whatever fails is only logged: here alone somebody waits who has
/// nothing to do with us and asked for something else. A reader is led on and sees their picture; that it was not
/// counted harms them less than a link that leads nowhere.
void note_reading(const Services& services, const Request& request, const mail::Subscriber& reader,
                  mail::Reading reading, Json more) {
    if (request.method == "HEAD") // a program that looks whether there is anything
        return;
    more["user_agent"] = mail::kept_user_agent(request.field("User-Agent").value_or(""));
    try {
        const auto wanted = [&](store::Database& database) {
            store::Messages messages(database);
            const auto recipient = mail::find(messages, reader);
            return recipient && mail::has_room(messages, *recipient, reading);
        };
        if (!services.ledger.read(wanted))
            return;
        services.ledger.write([&](store::Database& database) {
            store::Messages messages(database);
            if (const auto recipient = mail::find(messages, reader))
                mail::tell_reading(messages, *recipient, reading, more, rfc3339(now()));
            return true;
        });
    } catch (const std::exception& fault) {
        services.log(fmt::format("request {}: cannot write down that a message was {}: {}", request.id,
                                 mail::name(reading), as_error(fault).text()));
    }
}

Response plain_page(int status, const std::string& text) {
    return {.status = status, .type = "text/plain; charset=utf-8", .body = text + "\n", .fields = {}};
}

/// A number as this server writes it.
std::optional<std::int64_t> link_number(std::string_view text) {
    std::int64_t number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
    return whole && std::to_string(number) == text ? std::optional(number) : std::nullopt;
}

} // namespace

Response follow_open(const Services& services, Request& request) {
    expect_looking(request);
    const auto token = std::string_view(request.path).substr(open_base.size());
    if (const auto reader = mail::reader_of(mail::Reading::opened, token, services.tracking_key))
        note_reading(services, request, *reader, mail::Reading::opened, Json::object());
    return {.status = 200, .type = "image/gif", .body = std::string(transparent_point), .fields = {}};
}

Response follow_click(const Services& services, Request& request) {
    expect_looking(request);
    const auto parts = split(std::string_view(request.path).substr(click_base.size()), '/');
    const auto reader = mail::reader_of(mail::Reading::clicked, parts[0], services.tracking_key);
    const auto number = parts.size() == 2 ? link_number(parts[1]) : std::nullopt;
    if (!reader || !number)
        return plain_page(404, "This is no link of this server.");
    bool known = false;
    const auto url = services.ledger.read([&](store::Database& database) -> std::optional<std::string> {
        store::Messages messages(database);
        known = mail::find(messages, *reader).has_value();
        return known ? messages.readings().url(reader->message, *number) : std::nullopt;
    });
    if (!known)
        return plain_page(410, "This link is too old: the message that it came with is no longer known here.");
    if (!url)
        return plain_page(404, "This is no link of this server.");
    note_reading(services, request, *reader, mail::Reading::clicked, {{"url", *url}, {"link", *number}});
    return {.status = 302,
            .type = "text/plain; charset=utf-8",
            .body = *url + "\n",
            .fields = {{"Location", *url}, {"Referrer-Policy", "no-referrer"}}};
}

} // namespace vectis::api
