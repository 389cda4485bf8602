// A request's body: whatever comes is refused by name or has the shape that handlers count on.
#include "judge/judge.hpp"
#include "surface/routes.hpp"

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <string_view>

namespace {

using namespace vectis;

/// What handlers do with a body that was judged: they take each value for what its shape says, and would throw.
void take(const surface::Schema& schema, const Json& json) {
    if (json.is_null() && schema.nullable)
        return;
    switch (schema.kind) {
    case surface::Kind::object:
        for (const auto& property : schema.properties) {
            if (const auto found = json.find(std::string(property.name)); found != json.end())
                take(*property.schema, *found);
        }
        break;
    case surface::Kind::array:
        for (const auto& each : json)
            take(*schema.items, each);
        break;
    case surface::Kind::string:
        if (json.get<std::string>().find_first_of(std::string_view("\0\r\n", 3)) != std::string::npos)
            std::abort();
        break;
    case surface::Kind::integer:
        if (json.get<std::int64_t>() < schema.least || json.get<std::int64_t>() > schema.most)
            std::abort();
        break;
    case surface::Kind::boolean:
        static_cast<void>(json.get<bool>());
        break;
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    Json json;
    try {
        json = parse_json(
            std::string_view(reinterpret_cast<const char*>(data), size)); // NOLINT: bytes are what it is about
    } catch (const Error&) {
        return 0; // refused
    }
    for (const auto& route : surface::routes()) {
        if (route.body == nullptr)
            continue;
        const auto problems = judge::value(*route.body, json, route.method == surface::Method::patch);
        if (problems.empty())
            take(*route.body, json);
        for (const auto& problem : problems) {
            if (problem.what.empty())
                std::abort();
        }
    }
    return 0;
}
