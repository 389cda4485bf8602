#include "catch.hpp"
#include "surface/commands.hpp"

#include <set>
#include <string>

using namespace vectis;

TEST_CASE("a command's arguments have different names") {
    for (const auto& row : surface::commands()) {
        std::set<std::string_view> names;
        for (const auto& argument : row.arguments) {
            INFO(row.path << " " << argument.name);
            CHECK(names.insert(argument.name).second);
        }
    }
}

TEST_CASE("every command has its own words") {
    std::set<std::string_view> paths;
    for (const auto& row : surface::commands()) {
        INFO(row.path);
        CHECK(paths.insert(row.path).second);
    }
}
