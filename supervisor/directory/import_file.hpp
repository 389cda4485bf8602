// A file of domains, mailboxes and aliases as people keep them, CSV or YAML -> rows as POST /import takes them. Pure:
// takes text, returns values.
#pragma once

#include "base/error.hpp"
#include "base/json.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace vectis::directory {

struct ImportRow {
    std::string list; // domains, mailboxes, aliases
    Place where;
    Json row;
    std::vector<Problem> problems; // empty: it may be sent
};

/// The head line names the columns, as the API names the fields. A column `kind` (domain, mailbox, alias) tells mixed
/// rows apart; without it `destinations` makes them aliases, `address` mailboxes, `name` domains. Commas, or semicolons
/// if the head line has these. Throws Error(invalid_input) if there are no rows to be had from it.
[[nodiscard]] std::vector<ImportRow> read_import_csv(std::string_view text, const std::string& file);
/// The lists `domains`, `mailboxes` and `aliases`, each of the API's fields. Throws the same.
[[nodiscard]] std::vector<ImportRow> read_import_yaml(std::string_view text, const std::string& file);

} // namespace vectis::directory
