#include "base/clock.hpp"
#include "base/file.hpp"
#include "base/json.hpp"
#include "catch.hpp"
#include "config/describe.hpp"
#include "config/fields.hpp"
#include "config/load.hpp"
#include "config/write.hpp"

#include <nlohmann/json.hpp>

#include <regex>

using namespace vectis;
using namespace vectis::config;

namespace {

/// Compares with a file of the repository; VECTIS_UPDATE_GOLDEN=1 writes it instead.
void check_golden(const std::string& name, const std::string& text) {
    const fs::path path = fs::path(VECTIS_SOURCE_ROOT) / name;
    if (environment("VECTIS_UPDATE_GOLDEN"))
        replace_file(path, text, {});
    INFO(name << " differs from what the table of keys says; VECTIS_UPDATE_GOLDEN=1 writes it anew");
    CHECK(read_file(path) == text);
}

} // namespace

TEST_CASE("what docs, schema and example say is what the table of keys says") {
    check_golden("docs/config.md", reference());
    check_golden("docs/config.schema.json", json_schema());
    check_golden("docs/config.example.yaml", example());
}

TEST_CASE("the example is a valid configuration, also with every setting in use") {
    CHECK(load(example(), "example").ok());
    std::string everything = std::regex_replace(example(), std::regex("(^|\n)( *)#([^ ])"), "$1$2$3");
    everything.replace(everything.find("self_signed\n"), 11, "files");
    const Loaded loaded = load(everything, "everything");
    for (const auto& problem : loaded.problems)
        UNSCOPED_INFO(problem.text());
    CHECK(loaded.ok());
    for (const Field& field : fields())
        CHECK(everything.find(std::string(field.name()) + ":") != std::string::npos);
    CHECK(load(to_yaml(loaded.config), "written").config == loaded.config);
}

TEST_CASE("the schema has every key and allows no other") {
    const Json schema = parse_json(json_schema());
    for (const Field& field : fields()) {
        std::string pointer;
        std::string_view rest = field.path;
        while (!rest.empty()) {
            const auto end = std::min(rest.find_first_of(".["), rest.size());
            pointer += "/properties/" + std::string(rest.substr(0, end));
            rest.remove_prefix(end);
            const bool items = rest.starts_with("[]");
            rest.remove_prefix(items ? 2 : 0);
            if (items && !rest.empty())
                pointer += "/items";
            rest.remove_prefix(rest.starts_with('.') ? 1 : 0);
        }
        INFO(pointer);
        CHECK(schema.contains(Json::json_pointer(pointer)));
    }
    CHECK(schema["additionalProperties"] == false);
}
