#include "api/handlers/csv.hpp"

#include <nlohmann/json.hpp>

namespace vectis::api::handlers {

namespace {

std::string csv_field(const Json& value) {
    std::string text = value.is_null() ? "" : value.is_string() ? value.get<std::string>() : to_text(value);
    if (value.is_string() && !text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos)
        text.insert(0, "'");
    std::string quoted = "\"";
    for (const char c : text)
        quoted += c == '"' ? "\"\"" : std::string(1, c);
    return quoted + "\"";
}

} // namespace

std::string csv_line(const Json& row, bool head) {
    std::string line;
    for (const auto& each : row.items())
        line += (line.empty() ? "" : ",") + csv_field(head ? Json(each.key()) : each.value());
    return line + "\r\n";
}

} // namespace vectis::api::handlers
