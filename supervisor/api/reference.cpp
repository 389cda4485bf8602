#include "api/reference.hpp"

#include "surface/events.hpp"
#include "surface/routes.hpp"

#include <fmt/format.h>

namespace vectis::api {

namespace {

using surface::Kind;
using surface::Schema;

constexpr std::string_view style =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#222;background:#fff}"
    "code{font:14px ui-monospace,monospace}h2{margin-top:2.5em;border-bottom:1px solid #ccc}"
    "table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.3em .6em;"
    "border-bottom:1px solid #e4e4e4}@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}"
    "h2{border-color:#555}td,th{border-color:#333}a{color:#8bf}}";

std::string kind_of(const Schema& schema) {
    switch (schema.kind) {
    case Kind::array:
        return "list of " + kind_of(*schema.items);
    case Kind::string: {
        std::string words;
        for (const auto value : schema.values)
            words += fmt::format("{}<code>{}</code>", words.empty() ? "" : ", ", value);
        const auto format = surface::text(schema.format);
        return words.empty() ? std::string(format.empty() ? "text" : format) : words;
    }
    case Kind::integer:
        return "whole number";
    case Kind::boolean:
        return "true or false";
    case Kind::object:
        break;
    }
    return "object";
}

/// A row for each property, those of the objects within it by a dotted name.
void rows(std::string& page, const Schema& schema, const std::string& prefix, bool partial) {
    if (schema.kind == Kind::array)
        return rows(page, *schema.items, prefix + "[]", partial);
    for (const auto& each : schema.properties) {
        const std::string name = prefix + (prefix.empty() ? "" : ".") + std::string(each.name);
        page += fmt::format("<tr><td><code>{}</code></td><td>{}{}{}</td><td>{}</td></tr>\n", name,
                            kind_of(*each.schema), each.schema->nullable ? " or null" : "",
                            each.required && !partial ? "" : ", optional", each.description);
        rows(page, *each.schema, name, partial);
    }
}

void table(std::string& page, std::string_view head, const Schema& schema, bool partial = false) {
    page += fmt::format("<table><tr><th>{}</th><th>What</th><th></th></tr>\n", head);
    rows(page, schema, {}, partial);
    page += "</table>\n";
}

std::string access_text(const surface::Route& route) {
    if (!route.role)
        return fmt::format("For everybody: {}.", route.open_because);
    return fmt::format("For the role <code>{}</code> and above{}.", surface::text(*route.role),
                       route.scope.empty() ? "" : fmt::format("; a key needs the scope <code>{}</code>", route.scope));
}

void describe(std::string& page, const surface::Route& route) {
    page += fmt::format("<h3 id=\"{0}\"><code>{1} {2}{3}</code></h3>\n<p>{4}. {5}</p>\n", route.id,
                        surface::text(route.method), surface::api_base, route.path, route.summary, access_text(route));
    if (const auto query = surface::query_of(route); !query.empty()) {
        page += "<table><tr><th>In the query</th><th>What</th><th></th></tr>\n";
        for (const auto& each : query)
            page += fmt::format("<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>\n", each.name,
                                kind_of(*each.schema), each.description);
        page += "</table>\n";
    }
    if (route.body != nullptr)
        table(page, "In the body", *route.body, route.method == surface::Method::patch);
    if (route.answer != nullptr)
        table(page, "In <code>data</code>", *route.answer);
}

} // namespace

std::string reference_page() {
    std::string page = fmt::format(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" "
        "content=\"width=device-width\">\n<title>Vectis: the API</title>\n<style>{}</style>\n<h1>Vectis: the API</h1>\n"
        "<p>Version {}. The same for programs: <a href=\"{}/openapi.json\">OpenAPI 3.1</a>.</p>\n"
        "<p>An answer is <code>{{\"data\": ..., \"meta\": {{\"request_id\", \"timestamp\"}}}}</code>. A fault is "
        "<code>application/problem+json</code> (RFC 9457): <code>code</code> is for programs, <code>detail</code> and "
        "<code>hint</code> are for people, <code>errors</code> names every field that is wrong by its JSON "
        "pointer.</p>\n",
        style, VECTIS_VERSION, surface::api_base);
    for (const auto& group : surface::groups()) {
        page += fmt::format("<h2>{}</h2>\n<p>{}</p>\n", group.name, group.summary);
        for (const auto& route : surface::routes()) {
            if (route.group == group.name)
                describe(page, route);
        }
    }
    page += "<h2>events</h2>\n<p>What the story of a message and webhooks tell.</p>\n"
            "<table><tr><th>Type</th><th>What</th></tr>\n";
    for (const auto& each : surface::event_types)
        page += fmt::format("<tr><td><code>{}</code></td><td>{}</td></tr>\n", each.name, each.summary);
    return page + "</table>\n</html>\n";
}

} // namespace vectis::api
