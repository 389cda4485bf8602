#include "api/unsubscribe.hpp"

#include "base/clock.hpp"
#include "base/text.hpp"
#include "mail/unsubscribe.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vectis::api {

namespace {

constexpr std::size_t most_of_form = 8192;
// The only field of a mail program's form, and of ours.
constexpr std::string_view form_field = "List-Unsubscribe";
constexpr std::string_view form_value = "One-Click";

/// A whole page; `text` is HTML.
Response html_page(int status, const std::string& title, const std::string& text) {
    return {.status = status,
            .type = "text/html; charset=utf-8",
            .body = fmt::format("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                                "<meta name=\"robots\" content=\"noindex\">\n<title>{0}</title>\n</head>\n<body>\n"
                                "<h1>{0}</h1>\n{1}</body>\n</html>\n",
                                title, text),
            .fields = {{"Content-Security-Policy",
                        "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"}}};
}

struct Known {
    std::string address;
    std::string domain;
};

Response question(const Known& known) {
    return html_page(200, "Unsubscribe",
                     fmt::format("<p>Should {} send nothing more to {}?</p>\n<form method=\"post\">\n"
                                 "<input type=\"hidden\" name=\"{}\" value=\"{}\">\n"
                                 "<button type=\"submit\">Send me nothing more</button>\n</form>\n",
                                 html_escaped(known.domain), html_escaped(known.address), form_field, form_value));
}

Response done(const Known& known) {
    return html_page(
        200, "Unsubscribed",
        fmt::format("<p>{} sends nothing more to {}.</p>\n", html_escaped(known.domain), html_escaped(known.address)));
}

Response gone() {
    return html_page(410, "This link is too old",
                     "<p>The message that it came with is no longer known here. Use the link in a newer one.</p>\n");
}

void expect_one_click(const Request& request) {
    const auto parts = request.has_body ? request.form(most_of_form) : std::vector<FormPart>();
    const bool said = std::any_of(parts.begin(), parts.end(), [](const FormPart& part) {
        return part.name == form_field && part.content == form_value;
    });
    if (!said)
        throw HttpError{400,
                        "malformed",
                        fmt::format("the form does not say {}={} (RFC 8058 section 3.1)", form_field, form_value),
                        "open the link, and use the button",
                        {}};
}

} // namespace

Response unsubscribe(const Services& services, Request& request) {
    const auto subscriber = mail::subscriber_of(request.path.substr(unsubscribe_base.size()), services.unsubscribe_key);
    if (!subscriber)
        return html_page(404, "Not found", "<p>This is no link of this server.</p>\n");
    const bool is_click = request.method == "POST";
    if (!is_click && request.method != "GET" && request.method != "HEAD")
        throw HttpError{405,
                        "method_not_allowed",
                        fmt::format("{} cannot be used here", request.method),
                        "use GET or POST",
                        {{"Allow", "GET, POST"}}};
    if (is_click)
        expect_one_click(request);
    const auto look = [&](store::Database& database) -> std::optional<Known> {
        store::Messages messages(database);
        const auto recipient = mail::find(messages, *subscriber);
        const auto message = messages.find(subscriber->message);
        if (!recipient || !message)
            return std::nullopt;
        if (is_click)
            mail::unsubscribe(messages, *recipient, rfc3339(now()));
        return Known{.address = recipient->address, .domain = message->domain};
    };
    const auto known = is_click ? services.ledger.write(look) : services.ledger.read(look);
    if (!known)
        return gone();
    return is_click ? done(*known) : question(*known);
}

} // namespace vectis::api
