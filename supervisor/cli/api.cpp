// Commands that call the API's own routes over the administrators' socket: which route a command is, and what its
// options are to it, comes from the two tables.
#include "accounts/qr_code.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "cli/invocation.hpp"
#include "judge/judge.hpp"
#include "net/api_client.hpp"
#include "surface/schemas.hpp"
#include "zone/records.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <iostream>
#include <unistd.h>

namespace vectis::cli {

namespace {

using surface::ArgumentKind;
using surface::Route;

const Route& route_of(const Invocation& invocation) {
    for (const auto& route : surface::routes()) {
        if (route.operation == invocation.row->operation)
            return route;
    }
    throw Error(Code::internal, "a command names an operation that has no route");
}

/// What the one positional argument says; empty without one.
std::string positional(const Invocation& invocation) {
    for (const auto& argument : invocation.row->arguments) {
        if (argument.kind == ArgumentKind::positional)
            return invocation.value(std::string(argument.name)).value_or("");
    }
    return {};
}

struct Resource {
    std::string id;
    std::string name;
};

/// The one that people named, by its name or id. What a group has beside the resources it is called by has an id alone.
Resource resolve(net::ApiClient& client, const Route& route, const std::string& named) {
    const std::string collection(route.path.substr(0, route.path.find("/{id}")));
    if (collection != fmt::format("/{}", route.group))
        return {net::query_escaped(named), named};
    const std::string field(surface::group_of(route).named_by);
    const std::string wanted = field == "email" ? lower_ascii(named) : named;
    const Json by_name = client.ask("GET", fmt::format("{}?{}={}", collection, field, net::query_escaped(wanted)));
    if (const Json& rows = by_name.at("data"); rows.size() == 1)
        return {rows[0].at("id"), rows[0].at(field)};
    const Json by_id = client.ask("GET", fmt::format("{}/{}", collection, net::query_escaped(named)));
    return {by_id.at("data").at("id"), by_id.at("data").at(field)};
}

/// From a file or standard input: everybody may see what a program was started with.
std::string private_key_of(const Invocation& invocation) {
    constexpr std::size_t limit = 65536; // what the API says of it is clearer
    const auto file = invocation.value("--file");
    if (!file)
        return read_all(STDIN_FILENO, limit);
    auto text = read_file(*file, limit);
    if (!text)
        throw Error(Code::not_found, fmt::format("cannot read '{}': it does not exist", printable(*file)));
    return std::move(*text);
}

/// What a file says, or standard input if it is "-"; null if it has no name.
Json content_of(const surface::Schema& schema, const std::string& file) {
    constexpr std::size_t limit = 4U << 20U; // what the API says of it is clearer
    if (file.empty())
        return nullptr;
    const auto text = file == "-" ? read_all(STDIN_FILENO, limit) : read_file(file, limit);
    if (!text)
        throw Error(Code::not_found, fmt::format("cannot read '{}': it does not exist", printable(file)));
    return schema.kind == surface::Kind::object ? parse_json(*text) : judge::typed(schema, *text);
}

/// Of which property the positional is the value: a route for mail is named by its address, or by its domain.
std::string name_of_made(const Route& route, const std::string& named) {
    if (route.operation == surface::Operation::inbound_routes_create)
        return named.find('@') == std::string::npos ? "domain" : "address";
    return std::string(surface::group_of(route).named_by);
}

/// The body: what was given of the properties that the route knows. Nothing if it takes none.
std::optional<Json> body_of(const Invocation& invocation, const Route& route) {
    if (route.body == nullptr)
        return std::nullopt;
    Json body = Json::object();
    for (const auto& property : route.body->properties) {
        std::string option = "--" + std::string(property.name);
        std::replace(option.begin(), option.end(), '_', '-');
        if (const auto value = invocation.value(option))
            body[std::string(property.name)] =
                value->empty() && property.schema->nullable ? Json(nullptr) : judge::typed(*property.schema, *value);
        if (const auto file = invocation.value(option + "-file"))
            body[std::string(property.name)] = content_of(*property.schema, *file);
    }
    // What is made is named by the positional.
    if (route.path.find("{id}") == std::string_view::npos)
        body[name_of_made(route, positional(invocation))] = positional(invocation);
    if (invocation.has("--password-stdin"))
        body["password"] = ask_password(true);
    if (route.operation == surface::Operation::domains_dkim_import)
        body["private_key"] = private_key_of(invocation);
    return body;
}

std::string query_of(const Invocation& invocation, const Route& route) {
    std::string query;
    for (const auto& parameter : surface::query_of(route)) {
        if (const auto value = invocation.value("--" + std::string(parameter.name)))
            query += fmt::format("{}{}={}", query.empty() ? "?" : "&", parameter.name, net::query_escaped(*value));
    }
    return query;
}

std::string shown(const Json& value) {
    if (value.is_null())
        return "-";
    if (value.is_string())
        return printable(value.get<std::string>());
    if (value.is_boolean())
        return value.get<bool>() ? "yes" : "no";
    if (!value.is_array())
        return to_text(value);
    std::string text;
    for (const auto& each : value)
        text += (text.empty() ? "" : ", ") + shown(each);
    return text.empty() ? "-" : text;
}

std::string table(const Json& rows, std::span<const std::string_view> columns) {
    std::vector<std::vector<std::string>> lines(1);
    for (const auto column : columns)
        lines[0].emplace_back(column);
    for (const auto& row : rows) {
        auto& line = lines.emplace_back();
        for (const auto column : columns)
            line.push_back(shown(row.at(std::string(column))));
    }
    std::vector<std::size_t> widths(columns.size());
    for (const auto& line : lines) {
        for (std::size_t i = 0; i < line.size(); ++i)
            widths[i] = std::max(widths[i], line[i].size());
    }
    std::string text;
    for (const auto& line : lines) {
        std::string padded;
        for (std::size_t i = 0; i < line.size(); ++i)
            padded += fmt::format("{:<{}}  ", line[i], widths[i]);
        text += padded.substr(0, padded.find_last_not_of(' ') + 1) + "\n";
    }
    return text;
}

std::string sheet(const Json& resource) {
    std::size_t width = 0;
    for (const auto& each : resource.items())
        width = std::max(width, each.key().size());
    std::string text;
    for (const auto& each : resource.items())
        text += fmt::format("{:<{}}  {}\n", each.key(), width, shown(each.value()));
    return text;
}

std::string verification(const Json& data) {
    std::string text;
    for (const auto& each : data.at("records")) {
        text += fmt::format("{:<9}  {:<5}  {}{}\n", shown(each.at("status")), shown(each.at("type")),
                            shown(each.at("name")), each.at("optional").get<bool>() ? "  (mail works without it)" : "");
        if (const std::string advice = shown(each.at("advice")); !advice.empty())
            text += fmt::format("           {}\n", advice);
        if (each.at("status") == "published")
            continue;
        text += fmt::format("           expected {}\n", shown(each.at("value")));
        for (const auto& found : each.at("found"))
            text += fmt::format("           found    {}\n", shown(found));
    }
    return text + (data.at("complete").get<bool>() ? "Everything that mail needs is published.\n"
                                                   : "Something that mail needs is not published.\n");
}

std::string records(const Json& data) {
    std::vector<zone::DnsRecord> all;
    for (const auto& each : data.at("records"))
        all.push_back(zone::dns_record(each));
    return zone::dns_records_text(all);
}

std::string delivery(Json data, std::span<const std::string_view> columns) {
    const Json attempts = data.at("attempts_log");
    data.erase("attempts_log");
    return sheet(data) + "\n" + table(attempts, columns);
}

/// As a mail program would show it.
std::string rendered(const Json& data) {
    std::string text = fmt::format("Subject: {}\n", shown(data.at("subject")));
    for (const auto* part : {"text", "html"}) {
        if (const auto& written = data.at(part); !written.is_null())
            text += fmt::format("\n{}\n", written.get<std::string>());
    }
    return text;
}

std::string text_of(const Invocation& invocation, const Json& data) {
    const auto operation = invocation.row->operation;
    if (operation == surface::Operation::domains_verify)
        return verification(data);
    if (operation == surface::Operation::domains_dns)
        return records(data);
    if (operation == surface::Operation::webhook_deliveries_get)
        return delivery(data, invocation.row->columns);
    if (operation == surface::Operation::templates_render)
        return rendered(data);
    if (data.is_array())
        return table(data, invocation.row->columns);
    return data.contains("keys") ? table(data.at("keys"), invocation.row->columns) : sheet(data);
}

/// Every page of what is at `path`, unless a limit was asked for.
Json all_rows(net::ApiClient& client, const Invocation& invocation, const Route& route, const std::string& path) {
    std::string query = query_of(invocation, route);
    if (!invocation.has("--limit"))
        query += fmt::format("{}limit={}", query.empty() ? "?" : "&", surface::schemas::page_limit.most);
    Json answer = client.ask("GET", path + query);
    Json rows = answer.at("data");
    while (!invocation.has("--limit") && answer.at("meta").at("pagination").at("has_more").get<bool>()) {
        const std::string cursor = answer.at("meta").at("pagination").at("next_cursor");
        answer = client.ask("GET", fmt::format("{}{}&cursor={}", path, query, net::query_escaped(cursor)));
        for (auto& row : answer.at("data"))
            rows.push_back(std::move(row));
    }
    return rows;
}

/// What would be sent, in full but for a secret.
int show_request(const Invocation& invocation, const Route& route, const std::string& path, std::optional<Json> body) {
    for (const auto* secret : {"password", "private_key"}) {
        if (body && body->contains(secret))
            (*body)[secret] = "...";
    }
    if (invocation.json())
        print(to_pretty_text(
            {{"method", surface::text(route.method)}, {"path", path}, {"body", body ? *body : Json(nullptr)}}));
    else
        print(fmt::format("would send {} {}{}{}\n", surface::text(route.method), surface::api_base, path,
                          body ? " " + to_text(*body) : ""));
    return 0;
}

/// That of the one with this name, of the mailbox whose app passwords are at `path`.
std::string app_password_id(net::ApiClient& client, const std::string& path, const std::string& name) {
    const Json answer = client.ask("GET", path);
    for (const auto& each : answer.at("data")) {
        if (each.at("name") == name)
            return each.at("id");
    }
    throw Error(Code::not_found, fmt::format("there is no app password '{}'", printable(name)),
                "vectis mailbox app-passwords ADDRESS lists them");
}

/// Shows the secret, and waits for the authenticator's first code.
int give_second_factor(net::ApiClient& client, const Route& route, const std::string& named) {
    const std::string path = "/admins/" + resolve(client, route, named).id + "/totp/";
    const Json begun = client.ask("POST", path + "setup").at("data");
    print(fmt::format("{}Secret  {}\n", accounts::qr_code_for_terminal(begun.at("uri")),
                      begun.at("secret").get<std::string>()));
    fmt::print(stderr, "Code of the authenticator: ");
    std::string code;
    std::getline(std::cin, code);
    const Json data = client.ask("POST", path + "verify", {{"code", std::string(trim(code))}}).at("data");
    std::string text = "Recovery codes, each good once, shown this once:\n";
    for (const auto& each : data.at("recovery_codes"))
        text += each.get<std::string>() + "\n";
    print(text);
    return 0;
}

} // namespace

int run_api(const Invocation& invocation) {
    const Route& route = route_of(invocation);
    net::ApiClient client(invocation.paths.api_socket());
    if (invocation.command == surface::Command::admin_totp)
        return give_second_factor(client, route, positional(invocation));
    auto body = body_of(invocation, route);
    if (body) {
        if (auto problems = judge::value(*route.body, *body, route.method == surface::Method::patch); !problems.empty())
            throw Error(Code::invalid_input, "cannot ask the API for this", {}, std::move(problems));
    }
    std::string path(route.path);
    std::string name;
    if (const auto at = path.find("{id}"); at != std::string::npos) {
        const auto resource = resolve(client, route, positional(invocation));
        path.replace(at, 4, resource.id);
        name = resource.name;
    }
    if (route.list != nullptr) {
        const Json rows = all_rows(client, invocation, route, path);
        print(invocation.json() ? to_pretty_text(rows) : table(rows, invocation.row->columns));
        return 0;
    }
    if (const auto at = path.find("{app_password}"); at != std::string::npos) {
        name = invocation.value("--name").value_or("");
        path.replace(at, std::string_view("{app_password}").size(),
                     app_password_id(client, path.substr(0, at - 1), name));
    }
    if (const auto at = path.find("{selector}"); at != std::string::npos) {
        name = invocation.value("--selector").value_or("");
        path.replace(at, std::string_view("{selector}").size(), net::query_escaped(name));
    }
    if (const auto at = path.find("{queue_id}"); at != std::string::npos) {
        name = positional(invocation);
        path.replace(at, std::string_view("{queue_id}").size(), net::query_escaped(name));
    }
    path += query_of(invocation, route);
    if (route.confirm)
        path += "?confirm=" + net::query_escaped(name);
    if (invocation.has("--dry-run"))
        return show_request(invocation, route, path, std::move(body));
    const auto* question =
        route.method == surface::Method::del ? "Remove '{}' for good?" : "Throw away what waits of '{}', for good?";
    if (route.confirm && !invocation.has("--yes") && !confirm(fmt::format(fmt::runtime(question), name)))
        throw Error(Code::invalid_input, fmt::format("nothing was done to '{}'", name),
                    "say --yes where nobody can be asked");
    if (route.answer == nullptr) {
        print(client.fetch(path));
        return 0;
    }
    const std::string method(surface::text(route.method));
    const Json data = (body ? client.ask(method, path, *body) : client.ask(method, path)).at("data");
    print(invocation.json() ? to_pretty_text(data) : text_of(invocation, data));
    // What was looked at and is not as it should be.
    return data.is_array() || (data.value("complete", true) && data.value("whole", true)) ? 0 : 1;
}

} // namespace vectis::cli
