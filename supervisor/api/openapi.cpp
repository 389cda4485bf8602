#include "api/openapi.hpp"

#include "surface/routes.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

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

Json written(const Schema& schema) {
    Json json{{"type", type_of(schema.kind)}};
    if (schema.nullable)
        json["type"] = {type_of(schema.kind), "null"};
    if (!schema.format.empty())
        json["format"] = schema.format;
    if (!schema.values.empty())
        json["enum"] = schema.values;
    if (schema.kind == Kind::array)
        json["items"] = json_schema(*schema.items);
    if (schema.kind != Kind::object)
        return json;
    Json properties = Json::object();
    Json required = Json::array();
    for (const auto& each : schema.properties) {
        Json property = json_schema(*each.schema);
        property["description"] = each.description;
        properties[std::string(each.name)] = std::move(property);
        if (each.required)
            required.push_back(each.name);
    }
    json["properties"] = std::move(properties);
    json["required"] = std::move(required);
    json["additionalProperties"] = false;
    return json;
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

Json operation(const surface::Route& route) {
    const Json content = route.answer == nullptr
                             ? Json{{"schema", {{"type", route.type == "application/json" ? "object" : "string"}}}}
                             : Json{{"schema", enveloped(*route.answer)}};
    Json responses{{"200", {{"description", route.summary}, {"content", {{std::string(route.type), content}}}}}};
    if (route.role) {
        responses["401"] = reference("responses", "Problem");
        responses["403"] = reference("responses", "Problem");
    }
    responses["default"] = reference("responses", "Problem");
    Json parameters = Json::array();
    for (std::size_t at = route.path.find('{'); at != std::string_view::npos; at = route.path.find('{', at + 1)) {
        const auto name = route.path.substr(at + 1, route.path.find('}', at) - at - 1);
        parameters.push_back(
            {{"name", name}, {"in", "path"}, {"required", true}, {"schema", {{"type", "string"}, {"format", "uuid"}}}});
    }
    Json json{{"operationId", route.id},
              {"summary", route.summary},
              {"description", route.role ? fmt::format("For the role {} and above.", surface::text(*route.role))
                                         : fmt::format("For everybody: {}.", route.open_because)},
              {"tags", {route.group}},
              {"security", route.role ? Json::array({{{"bearer", Json::array()}}}) : Json::array()}};
    if (!parameters.empty())
        json["parameters"] = std::move(parameters);
    json["responses"] = std::move(responses);
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
    }
    Json schemas = Json::object();
    for (const auto& [name, schema] : named)
        schemas[name] = written(*schema);
    const Json text{{"type", "string"}};
    schemas["Meta"] = {{"type", "object"},
                       {"properties",
                        {{"request_id", {{"type", "string"}, {"format", "uuid"}}},
                         {"timestamp", {{"type", "string"}, {"format", "date-time"}}}}},
                       {"required", {"request_id", "timestamp"}}};
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
    return {
        {"openapi", "3.1.0"},
        {"info",
         {{"title", "Vectis"},
          {"version", VECTIS_VERSION},
          {"description", "Manages and uses a Vectis mail server."},
          {"contact", {{"name", "Vectis"}, {"url", "/api/v1/docs"}}},
          {"license", {{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}}}},
        {"servers", {{{"url", surface::api_base}}}},
        {"tags", std::move(tags)},
        {"paths", std::move(paths)},
        {"components",
         {{"schemas", std::move(schemas)},
          {"responses",
           {{"Problem",
             {{"description", "A problem document"},
              {"content", {{"application/problem+json", {{"schema", reference("schemas", "Problem")}}}}}}}}},
          {"securitySchemes", {{"bearer", {{"type", "http"}, {"scheme", "bearer"}, {"description", "An API key"}}}}}}}};
}

} // namespace vectis::api
