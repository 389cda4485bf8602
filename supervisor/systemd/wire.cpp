#include "systemd/wire.hpp"

#include "base/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace vectis::systemd {

namespace {

// D-Bus strings are UTF-8 without NUL, and the first newline ends the readable line.
std::string one_line(const std::string& text) {
    return is_utf8(text) && !has_control(text) ? text : printable(text);
}

Json problems_json(const std::vector<Problem>& problems) {
    Json list = Json::array();
    for (const auto& problem : problems) {
        Json item = Json::object();
        item["file"] = problem.where.file;
        item["line"] = problem.where.line;
        item["column"] = problem.where.column;
        item["path"] = problem.path;
        item["what"] = problem.what;
        item["hint"] = problem.hint;
        list.push_back(std::move(item));
    }
    return list;
}

std::string text_of(const Json& value, const char* key) {
    const auto found = value.find(key);
    return found != value.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::uint32_t number_of(const Json& value, const char* key) {
    const auto found = value.find(key);
    return found != value.end() && found->is_number_unsigned() ? found->get<std::uint32_t>() : 0;
}

std::vector<Problem> problems_of(const Json& value) {
    std::vector<Problem> problems;
    const auto list = value.find("problems");
    if (list == value.end() || !list->is_array())
        return problems;
    for (const auto& item : *list)
        if (item.is_object())
            problems.push_back({{text_of(item, "file"), number_of(item, "line"), number_of(item, "column")},
                                text_of(item, "path"),
                                text_of(item, "what"),
                                text_of(item, "hint")});
    return problems;
}

} // namespace

WireError to_wire(const Error& error) {
    WireError wire{std::string(error_prefix) + std::string(info(error.code()).name), one_line(error.what())};
    if (error.hint().empty() && error.problems().empty())
        return wire;
    Json more = Json::object();
    more["hint"] = error.hint();
    more["problems"] = problems_json(error.problems());
    wire.message += "\n" + to_text(more);
    return wire;
}

Error from_wire(const WireError& wire) {
    const Code code = code_named(std::string_view(wire.name).substr(std::min(error_prefix.size(), wire.name.size())));
    const auto end = wire.message.find('\n');
    if (end == std::string::npos)
        return {code, wire.message};
    try {
        const Json more = parse_json(std::string_view(wire.message).substr(end + 1));
        return {code, wire.message.substr(0, end), text_of(more, "hint"), problems_of(more)};
    } catch (const Error&) {
        return {code, wire.message}; // not by to_wire(): show all of it
    }
}

Json to_event(const Error& error) {
    Json event = Json::object();
    event["event"] = "failed";
    event["code"] = std::string(info(error.code()).name);
    event["message"] = error.what();
    event["hint"] = error.hint();
    event["problems"] = problems_json(error.problems());
    return event;
}

Error from_event(const Json& event) {
    return {code_named(text_of(event, "code")), text_of(event, "message"), text_of(event, "hint"), problems_of(event)};
}

} // namespace vectis::systemd
