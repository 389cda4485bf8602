#include "api/openapi.hpp"

#include "api/credentials.hpp"
#include "surface/routes.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <string>

namespace vectis::api {

namespace {

using surface::Kind;
using surface::Schema;

std::string_view type_of(Kind kind) {
    constexpr std::array names{"object", "array", "string", "integer", "boolean"};
    return names.at(static_cast<std::size_t>(kind));
}

/// What a value of this shape may be, beyond its kind.
void limit(Json& json, const Schema& schema) {
    if (schema.kind == Kind::integer) {
        json["minimum"] = schema.least;
        json["maximum"] = schema.most;
    }
    if (schema.kind == Kind::array) {
        json["items"] = json_schema(*schema.items);
        json["minItems"] = schema.least;
        json["maxItems"] = schema.most;
        json["uniqueItems"] = schema.items->kind == Kind::string;
    }
    if (const auto format = surface::text(schema.format); schema.kind == Kind::string && !format.empty())
        json["format"] = format;
    if (schema.values.empty())
        return;
    Json values = schema.values;
    if (schema.nullable)
        values.push_back(nullptr);
    json["enum"] = std::move(values);
}

Json written(const Schema& schema, bool partial = false) {
    Json json{{"type", type_of(schema.kind)}};
    if (schema.nullable)
        json["type"] = {type_of(schema.kind), "null"};
    limit(json, schema);
    if (schema.kind != Kind::object)
        return json;
    if (schema.open) {
        json["additionalProperties"] = true; // said aloud: generators of clients make an empty object of it else
        return json;
    }
    Json properties = Json::object();
    Json required = Json::array();
    for (const auto& each : schema.properties) {
        Json property = json_schema(*each.schema);
        property["description"] = each.description;
        properties[std::string(each.name)] = std::move(property);
        if (each.required && !partial)
            required.push_back(each.name);
    }
    json["properties"] = std::move(properties);
    json["required"] = std::move(required);
    json["additionalProperties"] = false;
    return json;
}

Json header_parameter(std::string_view name, std::string_view description) {
    return {{"name", name},
            {"in", "header"},
            {"description", description},
            {"schema", {{"type", "string"}, {"minLength", 1}, {"maxLength", 255}}}};
}

Json header_parameters() {
    return {
        {"IdempotencyKey", header_parameter("Idempotency-Key", "Made by you for this request; the same key again does "
                                                               "nothing twice and gives the same answer, for a day")},
        {"IfMatch", header_parameter("If-Match", "The ETag of what you read: 412 if it was changed meanwhile")}};
}

/// Whether it is what a PATCH expects: every property may be left out (RFC 7396).
bool is_patch(const Schema& schema) {
    const auto routes = surface::routes();
    return std::any_of(routes.begin(), routes.end(), [&](const surface::Route& route) {
        return route.method == surface::Method::patch && route.body == &schema;
    });
}

/// Every named shape that one leads to.
void collect(const Schema& schema, std::map<std::string, const Schema*>& named) {
    if (!schema.name.empty())
        named.emplace(schema.name, &schema);
    if (schema.items != nullptr)
        collect(*schema.items, named);
    for (const auto& each : schema.properties)
        collect(*each.schema, named);
}

Json reference(std::string_view kind, std::string_view name) {
    return {{"$ref", fmt::format("#/components/{}/{}", kind, name)}};
}

Json enveloped(const Schema& schema) {
    return {{"type", "object"},
            {"properties", {{"data", json_schema(schema)}, {"meta", reference("schemas", "Meta")}}},
            {"required", {"data", "meta"}}};
}

Json enveloped_page(const Schema& schema) {
    Json json = enveloped(schema);
    json["properties"]["meta"] = reference("schemas", "PageMeta");
    return json;
}

Json answers(const surface::Route& route) {
    Json content{{"schema", {{"type", route.type == "application/json" ? "object" : "string"}}}};
    if (route.answer != nullptr)
        content["schema"] = route.list != nullptr ? enveloped_page(*route.answer) : enveloped(*route.answer);
    Json responses{{std::to_string(route.status),
                    {{"description", route.summary}, {"content", {{std::string(route.type), std::move(content)}}}}}};
    if (route.role) {
        responses["401"] = reference("responses", "Problem");
        responses["403"] = reference("responses", "Problem");
    }
    if (route.body != nullptr)
        responses["422"] = reference("responses", "Problem");
    responses["429"] = reference("responses", "Problem");
    responses["default"] = reference("responses", "Problem");
    return responses;
}

Json parameters(const surface::Route& route) {
    Json all = Json::array();
    for (std::size_t at = route.path.find('{'); at != std::string_view::npos; at = route.path.find('{', at + 1)) {
        const auto name = route.path.substr(at + 1, route.path.find('}', at) - at - 1);
        all.push_back({{"name", name},
                       {"in", "path"},
                       {"required", true},
                       {"schema", json_schema(surface::schema_of_parameter(name))}});
    }
    for (const auto& each : surface::query_of(route))
        all.push_back({{"name", each.name},
                       {"in", "query"},
                       {"required", each.name == "confirm"},
                       {"description", each.description},
                       {"schema", json_schema(*each.schema)}});
    if (route.method == surface::Method::post && !route.ignores_key)
        all.push_back(reference("parameters", "IdempotencyKey"));
    if (route.method == surface::Method::patch || route.confirm)
        all.push_back(reference("parameters", "IfMatch"));
    return all;
}

std::string access(const surface::Route& route) {
    if (!route.role)
        return fmt::format("For everybody: {}.", route.open_because);
    return fmt::format("For the role {} and above{}.", surface::text(*route.role),
                       route.scope.empty() ? "" : fmt::format("; a key needs the scope `{}`", route.scope));
}

/// What may be shown: one of these.
Json security(const surface::Route& route) {
    Json any = Json::array();
    if (route.role && !route.session)
        any.push_back({{"bearer", Json::array()}});
    if (route.role)
        any.push_back({{"session", Json::array()}});
    if (route.signed_url) // its query is the credential
        any.push_back(Json::object());
    return any;
}

Json operation(const surface::Route& route) {
    Json json{{"operationId", route.id},
              {"summary", route.summary},
              {"description", access(route)},
              {"tags", {route.group}},
              {"security", security(route)}};
    if (Json all = parameters(route); !all.empty())
        json["parameters"] = std::move(all);
    if (route.body != nullptr)
        json["requestBody"] = {{"required", true},
                               {"content", {{"application/json", {{"schema", json_schema(*route.body)}}}}}};
    json["responses"] = answers(route);
    return json;
}

std::string verb(surface::Method method) {
    constexpr std::array names{"get", "post", "put", "patch", "delete"};
    return names.at(static_cast<std::size_t>(method));
}

} // namespace

Json json_schema(const Schema& schema) {
    return schema.name.empty() ? written(schema) : reference("schemas", schema.name);
}

Json openapi_document() {
    Json tags = Json::array();
    for (const auto& group : surface::groups())
        tags.push_back({{"name", group.name}, {"description", group.summary}});
    Json paths = Json::object();
    std::map<std::string, const Schema*> named;
    for (const auto& route : surface::routes()) {
        paths[std::string(route.path)][verb(route.method)] = operation(route);
        if (route.answer != nullptr)
            collect(*route.answer, named);
        if (route.body != nullptr)
            collect(*route.body, named);
    }
    Json schemas = Json::object();
    for (const auto& [name, schema] : named)
        schemas[name] = written(*schema, is_patch(*schema));
    const Json text{{"type", "string"}};
    schemas["Meta"] = {{"type", "object"},
                       {"properties",
                        {{"request_id", {{"type", "string"}, {"format", "uuid"}}},
                         {"timestamp", {{"type", "string"}, {"format", "date-time"}}}}},
                       {"required", {"request_id", "timestamp"}}};
    schemas["PageMeta"] = schemas["Meta"];
    schemas["PageMeta"]["properties"]["pagination"] = {
        {"type", "object"},
        {"properties", {{"next_cursor", {{"type", {"string", "null"}}}}, {"has_more", {{"type", "boolean"}}}}},
        {"required", {"next_cursor", "has_more"}}};
    schemas["PageMeta"]["required"].push_back("pagination");
    schemas["Problem"] = {
        {"type", "object"},
        {"description", "What went wrong (RFC 9457)."},
        {"properties",
         {{"type", {{"type", "string"}, {"format", "uri-reference"}}},
          {"title", text},
          {"status", {{"type", "integer"}}},
          {"code", {{"type", "string"}, {"description", "The same for the same fault, for programs"}}},
          {"detail", {{"type", "string"}, {"description", "What happened, for people"}}},
          {"hint", {{"type", "string"}, {"description", "What to do"}}},
          {"request_id", {{"type", "string"}, {"format", "uuid"}}},
          {"errors",
           {{"type", "array"},
            {"items",
             {{"type", "object"},
              {"properties", {{"pointer", text}, {"code", text}, {"detail", text}}},
              {"required", {"pointer", "code", "detail"}}}}}}}},
        {"required", {"type", "title", "status", "code", "detail", "request_id"}}};
    return {{"openapi", "3.1.0"},
            {"info",
             {{"title", "Vectis"},
              {"version", VECTIS_VERSION},
              {"description", "Manages and uses a Vectis mail server."},
              {"contact", {{"name", "The administrators of this server"}}},
              {"license", {{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}}}},
            {"servers", {{{"url", surface::api_base}}}},
            {"tags", std::move(tags)},
            {"paths", std::move(paths)},
            {"components",
             {{"schemas", std::move(schemas)},
              {"parameters", header_parameters()},
              {"responses",
               {{"Problem",
                 {{"description", "A problem document"},
                  {"content", {{"application/problem+json", {{"schema", reference("schemas", "Problem")}}}}}}}}},
              {"securitySchemes",
               {{"bearer", {{"type", "http"}, {"scheme", "bearer"}, {"description", "An API key"}}},
                {"session",
                 {{"type", "apiKey"},
                  {"in", "cookie"},
                  {"name", session_cookie},
                  {"description", "Of a login. A change shows its csrf_token, too, in the field X-CSRF-Token"}}}}}}}};
}

} // namespace vectis::api
