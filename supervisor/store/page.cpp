#include "store/page.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

namespace vectis::store {

Statement select_page(Database& database, std::string_view columns, std::string_view table, const Page& page) {
    std::vector<std::string> values;
    std::vector<std::string> conditions;
    for (const auto& [column, value] : page.where) {
        values.push_back(value);
        conditions.push_back(fmt::format("{} = ?{}", column, values.size()));
    }
    if (page.among) {
        std::vector<std::string> places;
        for (const auto& value : page.among->second) {
            values.push_back(value);
            places.push_back(fmt::format("?{}", values.size()));
        }
        std::string condition = fmt::format("{} in ({})", page.among->first, join(places, ", "));
        if (page.or_none)
            condition = fmt::format("({} is null or {})", page.among->first, condition);
        conditions.push_back(std::move(condition));
    }
    for (const auto& [condition, value] : page.conditions) {
        values.push_back(value);
        conditions.push_back(fmt::format(fmt::runtime(condition), fmt::format("?{}", values.size())));
    }
    if (!page.only.empty())
        conditions.emplace_back(page.only);
    const std::string_view direction = page.descending ? "desc" : "asc";
    if (page.after) {
        values.push_back(page.after->first);
        values.push_back(page.after->second);
        conditions.push_back(fmt::format("({}, id) {} (?{}, ?{})", page.sort, page.descending ? "<" : ">",
                                         values.size() - 1, values.size()));
    }
    Statement statement = database.prepare(fmt::format(
        "select {} from {}{}{} order by {} {}, id {} limit {}", columns, table, conditions.empty() ? "" : " where ",
        join(conditions, " and "), page.sort, direction, direction, page.limit + 1));
    statement.bind_all(values);
    return statement;
}

} // namespace vectis::store
