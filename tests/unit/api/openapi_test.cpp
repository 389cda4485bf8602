#include "api/openapi.hpp"
#include "api/reference.hpp"
#include "catch.hpp"
#include "surface/routes.hpp"

#include <nlohmann/json.hpp>

using namespace vectis;

TEST_CASE("OpenAPI and the reference name every route") {
    const Json document = api::openapi_document();
    const std::string page = api::reference_page();
    std::size_t count = 0;
    for (const auto& [path, operations] : document["paths"].items())
        count += operations.size();
    CHECK(count == surface::routes().size());
    for (const auto& route : surface::routes()) {
        CHECK(document["paths"].contains(route.path));
        CHECK(page.find("id=\"" + std::string(route.id) + "\"") != std::string::npos);
    }
}

TEST_CASE("every reference in OpenAPI leads somewhere") {
    const Json document = api::openapi_document();
    std::size_t references = 0;
    const std::function<void(const Json&)> follow = [&](const Json& value) {
        if (value.is_object() && value.contains("$ref")) {
            ++references;
            INFO(value["$ref"]);
            CHECK(document.contains(Json::json_pointer(value["$ref"].get<std::string>().substr(1))));
        }
        if (value.is_structured()) {
            for (const auto& each : value)
                follow(each);
        }
    };
    follow(document);
    CHECK(references > 5);
}
