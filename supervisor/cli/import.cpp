// import: the domains, mailboxes and aliases of a file, through the API's own route.
#include "base/file.hpp"
#include "base/text.hpp"
#include "cli/invocation.hpp"
#include "directory/account.hpp"
#include "directory/import_file.hpp"
#include "net/api_client.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

namespace vectis::cli {

namespace {

using directory::ImportRow;

/// What is sent at once, and what came of it: a pointer into it leads back to a row of the file.
using Batch = std::map<std::string, std::vector<ImportRow>>;

std::vector<ImportRow> rows_in(const std::string& file) {
    constexpr std::size_t longest_file = 64U << 20U;
    const auto text = read_file(file);
    if (!text)
        throw Error(Code::not_found, fmt::format("cannot find '{}'", file));
    if (text->size() > longest_file)
        throw Error(Code::invalid_input,
                    fmt::format("cannot import '{}': it is larger than {}", file, format_size(longest_file)),
                    "divide it");
    const std::string name = lower_ascii(file);
    if (name.ends_with(".csv"))
        return directory::read_import_csv(*text, file);
    if (name.ends_with(".yaml") || name.ends_with(".yml"))
        return directory::read_import_yaml(*text, file);
    throw Error(Code::invalid_input, fmt::format("cannot tell what '{}' is", file), "its name ends in .csv or .yaml");
}

std::vector<Problem> problems_of(const std::vector<ImportRow>& rows) {
    std::vector<Problem> all;
    for (const auto& row : rows)
        all.insert(all.end(), row.problems.begin(), row.problems.end());
    return all;
}

/// The row of the file that /mailboxes/17 or /mailboxes/17/address is about.
const ImportRow* row_at(const Batch& batch, const std::string& pointer) {
    const auto words = split(pointer, '/');
    std::size_t index = 0;
    if (words.size() < 3)
        return nullptr;
    const auto list = batch.find(words[1]);
    const char* end = words[2].data() + words[2].size();
    if (list == batch.end() || std::from_chars(words[2].data(), end, index).ptr != end || index >= list->second.size())
        return nullptr;
    return &list->second[index];
}

Json body_of(const Batch& batch, const Invocation& invocation) {
    Json body{{"row_by_row", invocation.has("--row-by-row")}, {"dry_run", invocation.has("--dry-run")}};
    for (const auto& [list, rows] : batch) {
        body[list] = Json::array();
        for (const auto& row : rows)
            body[list].push_back(row.row);
    }
    return body;
}

/// What the API says of one batch; where it speaks of a row, it says where that stands in the file.
Json send(net::ApiClient& client, const Batch& batch, const Invocation& invocation) {
    try {
        Json report = client.ask("POST", "/import", body_of(batch, invocation)).at("data");
        for (auto& failure : report.at("failures")) {
            if (const auto* row = row_at(batch, failure.at("pointer"))) {
                failure["file"] = row->where.file;
                failure["line"] = row->where.line;
            }
        }
        return report;
    } catch (const Error& error) {
        std::vector<Problem> problems = error.problems();
        for (auto& problem : problems) {
            if (const auto* row = row_at(batch, problem.path)) {
                const auto words = split(problem.path, '/');
                problem.where = row->where;
                problem.path = words.size() > 3 ? words[3] : std::string();
            }
        }
        throw Error(error.code(), error.what(), error.hint(), std::move(problems));
    }
}

/// Row by row, a large file goes in parts, so that each is made soon and can be told of. What repeats another domain
/// comes after it.
std::vector<Batch> parts_of(std::vector<ImportRow> rows) {
    constexpr std::size_t domains_at_once = 20;
    constexpr std::size_t addresses_at_once = 500;
    const auto rank = [](const ImportRow& row) {
        return row.list == "domains" ? (row.row.contains("alias_of") ? 1 : 0) : row.list == "mailboxes" ? 2 : 3;
    };
    std::stable_sort(rows.begin(), rows.end(),
                     [&](const auto& one, const auto& other) { return rank(one) < rank(other); });
    std::vector<Batch> parts;
    for (auto& row : rows) {
        const std::size_t most = row.list == "domains" ? domains_at_once : addresses_at_once;
        if (parts.empty() || !parts.back().contains(row.list) || parts.back()[row.list].size() == most)
            parts.emplace_back();
        parts.back()[row.list].push_back(std::move(row));
    }
    return parts;
}

Json failure_of(const ImportRow& row) {
    std::string detail;
    for (const auto& problem : row.problems)
        detail += fmt::format("{}{}{}", detail.empty() ? "" : "; ", problem.path.empty() ? "" : problem.path + ": ",
                              problem.what);
    return {{"pointer", ""},
            {"name", row.row.value("address", row.row.value("name", ""))},
            {"code", info(Code::invalid_input).name},
            {"detail", detail},
            {"hint", row.problems.front().hint},
            {"file", row.where.file},
            {"line", row.where.line}};
}

void add(Json& total, const Json& report) {
    for (const auto* kind : {"domains", "mailboxes", "aliases"})
        total[kind] = total.at(kind).get<std::uint64_t>() + report.at(kind).get<std::uint64_t>();
    for (const auto& failure : report.at("failures"))
        total["failures"].push_back(failure);
}

std::string counted(const Json& number, const char* one, const char* many) {
    return fmt::format("{} {}", number.get<std::uint64_t>(), number == 1 ? one : many);
}

std::string text_of_report(const Json& report) {
    std::string text;
    for (const auto& failure : report.at("failures")) {
        const std::string hint = failure.at("hint");
        text += fmt::format("{}:{}: {}{}{}\n", failure.at("file").get<std::string>(),
                            failure.at("line").get<std::uint32_t>(), printable(failure.at("detail").get<std::string>()),
                            hint.empty() ? "" : "; ", printable(hint));
    }
    return text + fmt::format("{} {}, {} and {}{}\n", report.at("dry_run").get<bool>() ? "would make" : "made",
                              counted(report.at("domains"), "domain", "domains"),
                              counted(report.at("mailboxes"), "mailbox", "mailboxes"),
                              counted(report.at("aliases"), "alias", "aliases"),
                              report.at("failures").empty()
                                  ? ""
                                  : fmt::format("; {} not", counted(report.at("failures").size(), "row", "rows")));
}

/// All of it as one. Throws if it is more than the API takes at once.
Batch whole(std::vector<ImportRow> rows) {
    Batch batch;
    for (auto& row : rows)
        batch[row.list].push_back(std::move(row));
    for (const auto& [list, of_it] : batch) {
        const std::size_t most =
            list == "domains" ? directory::Import::most_domains : directory::Import::most_addresses;
        if (of_it.size() > most)
            throw Error(
                Code::invalid_input,
                fmt::format("cannot import {} {} at once, all or nothing: at most {}", of_it.size(), list, most),
                "say --row-by-row, or divide the file");
    }
    return batch;
}

} // namespace

int run_import(const Invocation& invocation) {
    const bool row_by_row = invocation.has("--row-by-row");
    auto rows = rows_in(invocation.value("FILE").value_or(""));
    if (auto problems = problems_of(rows); !row_by_row && !problems.empty())
        throw Error(Code::invalid_input, "cannot import the file, and nothing was made", "mend it, or say --row-by-row",
                    std::move(problems));
    Json total{{"domains", 0},
               {"mailboxes", 0},
               {"aliases", 0},
               {"failures", Json::array()},
               {"dry_run", invocation.has("--dry-run")}};
    std::vector<ImportRow> good;
    for (auto& row : rows) {
        if (row.problems.empty())
            good.push_back(std::move(row));
        else
            total["failures"].push_back(failure_of(row));
    }
    net::ApiClient client(invocation.paths.api_socket());
    const std::size_t all = good.size();
    std::size_t done = 0;
    const auto parts = row_by_row ? parts_of(std::move(good)) : std::vector{whole(std::move(good))};
    for (const auto& part : parts) {
        add(total, send(client, part, invocation));
        for (const auto& [list, of_it] : part)
            done += of_it.size();
        if (parts.size() > 1 && on_terminal())
            note(fmt::format("{} of {} rows", done, all));
    }
    print(invocation.json() ? to_pretty_text(total) : text_of_report(total));
    return total.at("failures").empty() ? 0 : 1;
}

} // namespace vectis::cli
