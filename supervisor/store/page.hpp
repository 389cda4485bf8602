// One page of a table: rows after a place, in the order of a column. Column names come from tables in the code, never
// from outside; values are bound.
#pragma once

#include "store/database.hpp"

#include <string>
#include <utility>
#include <vector>

namespace vectis::store {

struct Page {
    std::string sort = "id"; // rows with the same value follow by their id
    bool descending = false;
    std::size_t limit = 50; // rows; the statement gives one more if there are more
    /// Where the page before ended: that row's value of the column, and its id.
    std::optional<std::pair<std::string, std::string>> after;
    std::vector<std::pair<std::string, std::string>> where; // column, the value it must have
    /// A column, and the only values it may have.
    std::optional<std::pair<std::string, std::vector<std::string>>> among;
    bool or_none = false;  // it may have no value, too
    std::string_view only; // a condition of the code's own
    /// More of them, each about one value, which stands for {} there.
    std::vector<std::pair<std::string_view, std::string>> conditions;
};

/// The rows of `table` that are on the page.
[[nodiscard]] Statement select_page(Database& database, std::string_view columns, std::string_view table,
                                    const Page& page);

} // namespace vectis::store
