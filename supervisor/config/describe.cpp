#include "config/describe.hpp"

#include "base/json.hpp"
#include "base/text.hpp"
#include "config/fields.hpp"
#include "config/kinds.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <optional>
#include <utility>

namespace vectis::config {

namespace {

/// A model in which nothing is set, to read the defaults from.
struct Defaults {
    Config config;
    Domain domain;
    Mailbox mailbox;
    Alias alias;

    std::optional<std::string> of(const Field& field) {
        if (field.ref == nullptr)
            return std::nullopt;
        return to_yaml_value(field, field.ref({&config, &domain, &mailbox, &alias}));
    }
};

// JSON Schema

constexpr std::string_view domain_pattern =
    "^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$";
constexpr std::string_view address_pattern =
    "^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)+[A-Za-z]"
    "([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$";

Json text_schema(std::string_view pattern, std::size_t longest) {
    Json schema = {{"type", "string"}, {"minLength", 1}, {"maxLength", longest}};
    if (!pattern.empty())
        schema["pattern"] = pattern;
    return schema;
}

Json size_schema(const Field& field) {
    const bool unlimited = field.range.min == 0;
    return {{"anyOf", Json::array({{{"type", "integer"}, {"minimum", field.range.min}, {"maximum", field.range.max}},
                                   {{"type", "string"},
                                    {"pattern", unlimited ? "^(unlimited|(0|[1-9][0-9]*) ?(B|KiB|MiB|GiB|TiB))$"
                                                          : "^(0|[1-9][0-9]*) ?(B|KiB|MiB|GiB|TiB)$"}}})}};
}

Json choice_schema(const Field& field) {
    Json choices = Json::array();
    for (const auto choice : field.choices)
        choices.push_back(choice);
    return {{"enum", std::move(choices)}};
}

Json element_schema(const Field& field) {
    switch (field.kind) {
    case Kind::boolean:
        return {{"type", "boolean"}};
    case Kind::integer:
        return {{"type", "integer"}, {"minimum", field.range.min}, {"maximum", field.range.max}};
    case Kind::count:
        return {
            {"anyOf", Json::array({{{"type", "integer"}, {"minimum", field.range.min}, {"maximum", field.range.max}},
                                   {{"enum", {"unlimited"}}}})}};
    case Kind::score:
        return {{"type", "number"},
                {"minimum", static_cast<double>(field.range.min) / 10},
                {"maximum", static_cast<double>(field.range.max) / 10}};
    case Kind::size:
        return size_schema(field);
    case Kind::minutes:
    case Kind::hours:
        return {{"type", "string"}, {"pattern", "^[1-9][0-9]* (minutes?|hours?|days?|weeks?)$"}};
    case Kind::days:
        return {{"type", "string"}, {"pattern", "^(forever|[1-9][0-9]* (minutes?|hours?|days?|weeks?))$"}};
    case Kind::choice:
        return choice_schema(field);
    case Kind::host_name:
    case Kind::domain:
        return text_schema(domain_pattern, 253);
    case Kind::address:
        return text_schema(address_pattern, 254);
    case Kind::local_part:
        return text_schema("^[A-Za-z0-9._+=&'#~^?-]+$", 64);
    case Kind::ip_address:
        return {{"anyOf",
                 Json::array({{{"type", "string"}, {"format", "ipv4"}}, {{"type", "string"}, {"format", "ipv6"}}})}};
    case Kind::ip_network:
        return text_schema("^[0-9A-Fa-f.:]+(/[0-9]+)?$", 43);
    case Kind::interface:
        return text_schema("^[A-Za-z0-9_.@-]+$", 15);
    case Kind::path:
        return text_schema("^/[A-Za-z0-9/._+@:=-]+$", 1024);
    case Kind::secret_name:
        return text_schema("^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$", 63);
    case Kind::selector:
        return text_schema("^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$", 63);
    case Kind::password_hash:
        return text_schema("^\\{[A-Za-z0-9.-]+\\}[A-Za-z0-9./+=$,:_*-]+$", 512);
    case Kind::host:
        return text_schema("", 253);
    case Kind::text:
        return text_schema("", static_cast<std::size_t>(field.range.max));
    case Kind::section:
    case Kind::items:
        break;
    }
    return Json::object();
}

/// A default as JSON: `text` is how YAML writes it.
Json default_json(const Field& field, const std::string& text) {
    if (field.kind == Kind::count)
        return text == "unlimited" ? Json(text) : parse_json(text);
    if (field.kind == Kind::boolean || field.kind == Kind::integer || field.kind == Kind::score)
        return parse_json(text);
    if (field.arity == Arity::one)
        return text.starts_with('"') ? Json(text.substr(1, text.size() - 2)) : Json(text);
    Json list = Json::array();
    for (const auto& each : split(text.substr(1, text.size() - 2), ','))
        list.push_back(trim(each));
    return list;
}

Json section_schema(const Section& section, Defaults& defaults);

Json key_schema(const Section::Key& key, Defaults& defaults) {
    const Field& field = *key.field;
    Json schema;
    if (field.kind == Kind::section)
        schema = section_schema(*key.section, defaults);
    else if (field.kind == Kind::items)
        schema = {{"type", "array"}, {"items", section_schema(*key.section, defaults)}};
    else if (field.arity == Arity::one)
        schema = element_schema(field);
    else {
        Json list = {{"type", "array"}, {"items", element_schema(field)}, {"uniqueItems", true}, {"maxItems", 1000}};
        if (field.required || field.kind == Kind::choice)
            list["minItems"] = 1;
        schema = field.arity == Arity::list ? list : Json{{"anyOf", Json::array({element_schema(field), list})}};
    }
    Json described = {{"description", field.help}};
    if (const auto text = defaults.of(field))
        described["default"] = default_json(field, *text);
    described.update(schema);
    return described;
}

Json section_schema(const Section& section, Defaults& defaults) {
    Json properties = Json::object();
    Json required = Json::array();
    for (const auto& key : section.keys) {
        properties[std::string(key.name)] = key_schema(key, defaults);
        if (key.field->required)
            required.push_back(key.name);
    }
    Json schema = {{"type", "object"}, {"additionalProperties", false}};
    if (!required.empty())
        schema["required"] = std::move(required);
    schema["properties"] = std::move(properties);
    return schema;
}

// The reference

std::string code(std::string_view text) {
    return fmt::format("`{}`", text);
}

std::string allowed(const Field& field) {
    std::string text = expected(field);
    for (std::size_t i = text.find('|'); i != std::string::npos; i = text.find('|', i + 2))
        text.replace(i, 1, "\\|");
    return text;
}

void reference_section(const Section& section, Defaults& defaults, std::string& out) {
    if (section.field != nullptr)
        out += fmt::format("\n## {}\n\n{}.\n", section.field->path, section.field->help);
    bool table = false;
    for (const auto& key : section.keys) {
        if (key.section != nullptr)
            continue;
        if (!std::exchange(table, true))
            out += "\n| key | value | default | meaning |\n|---|---|---|---|\n";
        const Field& field = *key.field;
        const auto text = defaults.of(field);
        out += fmt::format("| {} | {} | {} | {} |\n", code(field.path), allowed(field),
                           text             ? code(*text)
                           : field.required ? "required"
                                            : "",
                           field.help);
    }
    for (const auto& key : section.keys) {
        if (key.section != nullptr)
            reference_section(*key.section, defaults, out);
    }
}

// The example

void comment(std::string& out, std::size_t indent, std::string_view text) {
    constexpr std::size_t width = 100;
    while (!text.empty()) {
        std::size_t end = text.size();
        if (indent + 2 + end > width)
            end = text.rfind(' ', width - indent - 2);
        out.append(indent, ' ').append("# ").append(text.substr(0, end)).append("\n");
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

void example_section(const Section& section, Defaults& defaults, std::string& out, std::size_t indent, bool active) {
    bool first = true;
    for (const auto& key : section.keys) {
        const Field& field = *key.field;
        const bool item = section.field != nullptr && section.field->kind == Kind::items;
        // The first key of an element stands after its dash, so nothing stands between the list and it.
        if (!(item && first)) {
            if (key.section != nullptr || indent == 0)
                out += out.empty() ? "" : "\n";
            comment(out, indent, field.help);
        }
        const bool shown = active && (field.required || field.kind == Kind::items);
        const std::string mark = shown ? "" : "#";
        const std::string dash = item && first ? "- " : "";
        const std::size_t margin = indent - dash.size();
        first = false;
        if (key.section != nullptr) {
            out.append(margin, ' ').append(mark).append(key.name).append(":\n");
            example_section(*key.section, defaults, out, indent + (field.kind == Kind::items ? 4 : 2), shown);
            continue;
        }
        const auto text = defaults.of(field);
        out.append(margin, ' ').append(dash).append(mark).append(key.name).append(": ");
        out.append(text && field.kind != Kind::address ? *text : std::string(field.example)).append("\n");
    }
}

} // namespace

std::string json_schema() {
    Defaults defaults;
    Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                   {"title", "Vectis: config.yaml"},
                   {"description", "The whole configuration of a Vectis mail server."}};
    schema.update(section_schema(root(), defaults));
    return to_pretty_text(schema);
}

std::string reference() {
    Defaults defaults;
    std::string out =
        "# config.yaml\n\n"
        "Every key that `/etc/vectis/config.yaml` can have. `vectis config check` tells what is wrong with a "
        "file,\n`vectis config show` prints it with every default, and `vectis config schema` is for "
        "editors.\nThis page is made from the table of keys (`supervisor/config/fields.cpp`).\n\n"
        "Booleans are `true` and `false`; numbers stand without quotes; sizes count in 1024 (`B`, `KiB`, "
        "`MiB`, `GiB`, `TiB`).\nAnchors, aliases, tags, merge keys and a second document are refused. A key "
        "that is left out has its default.\n";
    reference_section(root(), defaults, out);
    return out;
}

std::string example() {
    Defaults defaults;
    std::string out;
    comment(
        out, 0,
        "What a Vectis mail server does: the one file to edit. Then: vectis plan, vectis apply. What is commented out "
        "shows the default, or an example of a key that has none.");
    example_section(root(), defaults, out, 0, true);
    return out;
}

} // namespace vectis::config
