#include "directory/import_file.hpp"

#include "base/text.hpp"
#include "config/events.hpp"
#include "config/kinds.hpp"
#include "directory/account.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <csv.h>
#include <optional>
#include <span>

namespace vectis::directory {

namespace {

constexpr std::size_t most_rows = 100000;

struct ListInfo {
    std::string_view list;
    std::string_view kind; // of one of its rows
    std::string_view change;
    std::array<std::string_view, 4> fields; // the first names it
};
constexpr std::array lists{
    ListInfo{"domains", "domain", "new_domain", {"name", "alias_of", "catch_all", ""}},
    ListInfo{"mailboxes", "mailbox", "new_mailbox", {"address", "display_name", "password_hash", "quota"}},
    ListInfo{"aliases", "alias", "new_alias", {"address", "destinations", "", ""}},
};

/// Whoever brings hashes from elsewhere often has them as crypt(3) writes them.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> crypt_schemes{{
    {"$argon2id$", "{ARGON2ID}"},
    {"$argon2i$", "{ARGON2I}"},
    {"$2", "{BLF-CRYPT}"},
    {"$6$", "{SHA512-CRYPT}"},
    {"$5$", "{SHA256-CRYPT}"},
    {"$y$", "{CRYPT}"},
}};

struct ImportField {
    std::string key;
    std::vector<std::string> values; // one, unless it is a list
};

std::string with_scheme(const std::string& hash) {
    for (const auto& [prefix, scheme] : crypt_schemes) {
        if (hash.starts_with(prefix))
            return std::string(scheme) + hash;
    }
    return hash;
}

std::vector<std::string> words(const std::string& text) {
    std::vector<std::string> all;
    std::string word;
    for (const char c : text + " ") {
        if (std::string_view(" \t\r\n,;").find(c) == std::string_view::npos) {
            word += c;
        } else if (!word.empty()) {
            all.push_back(std::move(word));
            word.clear();
        }
    }
    return all;
}

/// The change that this row will be, but for its id: what is wrong with that is wrong with the row.
Json change_of(const ListInfo& list, const Json& row) {
    Json change = row;
    change["id"] = "00000000-0000-7000-8000-000000000000";
    if (list.kind == "mailbox") {
        change["password"] = row.value("password_hash", "");
        change.erase("password_hash");
        change["display_name"] = row.value("display_name", "");
        change["quota"] = row.value("quota", std::uint64_t{0});
    }
    return {{std::string(list.change), std::move(change)}};
}

ImportRow row_of(const ListInfo& list, const Place& where, const std::vector<ImportField>& fields) {
    ImportRow made{.list = std::string(list.list), .where = where, .row = Json::object(), .problems = {}};
    const auto fault = [&](const std::string& key, const std::string& what, const std::string& hint = {}) {
        made.problems.push_back({.where = where, .path = printable(key.substr(0, 60)), .what = what, .hint = hint});
    };
    std::vector<std::string_view> known(list.fields.begin(), list.fields.end());
    std::erase(known, "");
    for (const auto& [key, values] : fields) {
        if (std::find(known.begin(), known.end(), key) == known.end()) {
            const auto near = nearest(key, known);
            fault(
                key,
                fmt::format("is nothing that the row of {} {} may have", list.kind == "alias" ? "an" : "a", list.kind),
                key == "password" ? "give `password_hash`: 'vectis hash-password' makes one"
                : near            ? fmt::format("did you mean '{}'?", *near)
                                  : "it may have: " + join({known.begin(), known.end()}, ", "));
        } else if (made.row.contains(key)) {
            fault(key, "stands there twice");
        } else if (key == "destinations") {
            made.row[key] = values.size() == 1 ? words(values.front()) : values;
        } else if (values.size() != 1) {
            fault(key, "is a list, expected one value");
        } else if (key == "quota") {
            if (const auto bytes = parse_size(values.front()))
                made.row[key] = *bytes;
            else
                fault(key, fmt::format("found '{}', expected a size", config::shown(values.front())),
                      "such as 5 GiB; 0 is unlimited");
        } else {
            made.row[key] = key == "password_hash" ? with_scheme(values.front()) : values.front();
        }
    }
    if (!made.problems.empty())
        return made;
    try {
        static_cast<void>(account_change(change_of(list, made.row)));
    } catch (const Error& error) {
        for (const auto& problem : error.problems())
            fault(problem.path == "/password" ? "password_hash" : problem.path.substr(1), problem.what, problem.hint);
        if (made.problems.empty())
            fault("", error.what());
    }
    return made;
}

void expect_not_too_many(std::size_t rows, const std::string& file) {
    if (rows > most_rows)
        throw Error(Code::invalid_input, fmt::format("cannot import '{}': it has more than {} rows", file, most_rows),
                    "divide it");
}

[[noreturn]] void refuse_file(const std::string& file, std::uint32_t line, const std::string& what,
                              const std::string& hint = {}) {
    throw Error(Code::invalid_input, fmt::format("cannot import '{}'", file), {},
                {{.where = {.file = file, .line = line, .column = 0}, .path = {}, .what = what, .hint = hint}});
}

struct CsvLine {
    std::uint32_t number = 0;
    std::vector<std::string> cells;
};

/// libcsv (RFC 4180), which tells no line numbers: they are counted beside it.
class CsvReader {
  public:
    CsvReader(std::string_view text, const std::string& file) : text_(text), file_(file) {
        constexpr unsigned char strict = CSV_STRICT | CSV_STRICT_FINI;
        if (csv_init(&parser_, strict) != 0)
            throw Error(Code::internal, "cannot read CSV");
        const auto head = text.substr(0, text.find('\n'));
        if (head.find(',') == std::string_view::npos && head.find(';') != std::string_view::npos)
            csv_set_delim(&parser_, ';');
    }
    ~CsvReader() { csv_free(&parser_); }
    CsvReader(const CsvReader&) = delete;
    CsvReader& operator=(const CsvReader&) = delete;

    std::vector<CsvLine> read() {
        for (const char c : text_) {
            if (csv_parse(&parser_, &c, 1, on_cell, on_line, this) != 1)
                refuse_file(file_, line_, "a quotation mark stands where none may",
                            "a value with one is quoted as a whole, and has it doubled");
            if (c == '\n')
                ++line_;
            expect_not_too_many(lines_.size(), file_);
        }
        if (csv_fini(&parser_, on_cell, on_line, this) != 0)
            refuse_file(file_, next_line_, "a value begins with a quotation mark and does not end");
        return std::move(lines_);
    }

  private:
    static void on_cell(void* text, std::size_t size, void* self) {
        auto& reader = *static_cast<CsvReader*>(self);
        reader.begin();
        reader.current_.cells.emplace_back(static_cast<const char*>(text), size);
    }
    static void on_line(int /*end*/, void* self) {
        auto& reader = *static_cast<CsvReader*>(self);
        reader.lines_.push_back(std::move(reader.current_));
        reader.current_ = {};
        reader.next_line_ = reader.line_ + 1;
    }
    /// A line is known by where its first cell ends, which is where it begins unless that cell has line breaks.
    void begin() {
        if (current_.cells.empty())
            current_.number = line_;
    }

    csv_parser parser_{};
    std::string_view text_;
    const std::string& file_;
    std::uint32_t line_ = 1;
    std::uint32_t next_line_ = 1; // where the one after the last whole one begins, or blank ones before it
    CsvLine current_;
    std::vector<CsvLine> lines_;
};

const ListInfo* list_with_kind(const std::string& kind) {
    const auto* found = std::find_if(lists.begin(), lists.end(), [&](const auto& each) { return each.kind == kind; });
    return found == lists.end() ? nullptr : found;
}

/// What the head line makes of the file.
class Head {
  public:
    Head(const CsvLine& line, const std::string& file) {
        std::vector<std::string_view> known{"kind"};
        for (const auto& list : lists)
            known.insert(known.end(), list.fields.begin(), list.fields.end());
        std::erase(known, "");
        for (const auto& cell : line.cells) {
            const std::string name = lower_ascii(trim(cell));
            if (std::find(known.begin(), known.end(), name) == known.end()) {
                const auto near = nearest(name, known);
                refuse_file(file, line.number, fmt::format("there is no column '{}'", config::shown(name)),
                            name == "password" ? "give `password_hash`: 'vectis hash-password' makes one"
                            : near             ? fmt::format("did you mean '{}'?", *near)
                                               : "the first line names the columns, such as: address,password_hash");
            }
            if (has(name))
                refuse_file(file, line.number, fmt::format("there are two columns '{}'", name));
            columns_.push_back(name);
        }
        if (!has("kind") && !has("address") && !has("name"))
            refuse_file(file, line.number, "there is no column 'address' or 'name'",
                        "the first line names the columns, such as: address,password_hash");
    }

    ImportRow row(const CsvLine& line, const std::string& file) const {
        const Place where{.file = file, .line = line.number, .column = 0};
        const auto broken = [&](const std::string& what, const std::string& hint) {
            return ImportRow{.list = std::string(lists.front().list),
                             .where = where,
                             .row = Json::object(),
                             .problems = {{.where = where, .path = {}, .what = what, .hint = hint}}};
        };
        if (line.cells.size() != columns_.size())
            return broken(fmt::format("has {} values, expected {}", line.cells.size(), columns_.size()),
                          "one for each column; a value with a comma is quoted");
        const ListInfo* list = &lists.at(has("destinations") ? 2 : has("address") ? 1 : 0);
        std::vector<ImportField> fields;
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            if (columns_[i] == "kind")
                list = list_with_kind(lower_ascii(line.cells[i]));
            else if (!line.cells[i].empty())
                fields.push_back({columns_[i], {line.cells[i]}});
        }
        if (list == nullptr)
            return broken("has no known kind", "domain, mailbox or alias");
        // Where kinds are mixed, one column names them all.
        for (auto& field : fields) {
            if (has("kind") && (field.key == "name" || field.key == "address"))
                field.key = list->fields.front();
        }
        return row_of(*list, where, fields);
    }

  private:
    [[nodiscard]] bool has(std::string_view name) const {
        return std::find(columns_.begin(), columns_.end(), name) != columns_.end();
    }

    std::vector<std::string> columns_;
};

struct YamlNode {
    enum class Type : std::uint8_t { null, scalar, list, map };
    Type type = Type::null;
    config::Mark mark;
    std::string text;
    std::vector<YamlNode> children; // of a map: key, value, key, value ...
};

/// Builds a tree that is no deeper than such a file can be.
class TreeBuilder : public YAML::EventHandler {
  public:
    TreeBuilder(std::string_view text, config::Problems& problems) : text_(text), problems_(problems) {}

    YamlNode root;

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { add({YamlNode::Type::null, at(mark), {}, {}}); }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        problems_.add(at(mark), "", "found an alias, expected a value", "write the value out");
        throw config::Stop{};
    }
    void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t, const std::string& value) override {
        add({YamlNode::Type::scalar, at(mark), value, {}});
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                         YAML::EmitterStyle::value) override {
        open({YamlNode::Type::list, at(mark), {}, {}});
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
        open({YamlNode::Type::map, at(mark), {}, {}});
    }
    void OnMapEnd() override { close(); }

  private:
    [[nodiscard]] config::Mark at(const YAML::Mark& mark) const { return config::mark_of(text_, mark); }

    void open(YamlNode node) {
        constexpr std::size_t deepest = 4; // the file, a list, a row, its destinations
        if (open_.size() == deepest) {
            problems_.add(node.mark, "", "is nested too deeply");
            throw config::Stop{};
        }
        open_.push_back(std::move(node));
    }
    void close() {
        YamlNode node = std::move(open_.back());
        open_.pop_back();
        add(std::move(node));
    }
    void add(YamlNode node) {
        if (open_.empty())
            root = std::move(node);
        else
            open_.back().children.push_back(std::move(node));
    }

    std::string_view text_;
    config::Problems& problems_;
    std::vector<YamlNode> open_;
};

Place place_of(const std::string& file, const config::Mark& mark) {
    return {.file = file, .line = mark.line, .column = mark.column};
}

ImportRow row_of(const ListInfo& list, const YamlNode& node, const std::string& file) {
    const Place where = place_of(file, node.mark);
    std::vector<ImportField> fields;
    std::vector<Problem> problems;
    for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
        const auto& key = node.children[i];
        const auto& value = node.children[i + 1];
        ImportField field{key.text, {}};
        const auto& values = value.type == YamlNode::Type::list ? value.children : std::span(&value, 1);
        for (const auto& each : values) {
            if (each.type == YamlNode::Type::scalar)
                field.values.push_back(each.text);
            else if (each.type != YamlNode::Type::null)
                problems.push_back({.where = place_of(file, each.mark),
                                    .path = printable(key.text.substr(0, 60)),
                                    .what = "expected a text or a number",
                                    .hint = {}});
        }
        if (value.type == YamlNode::Type::list || !field.values.empty())
            fields.push_back(std::move(field));
    }
    if (node.type != YamlNode::Type::map)
        problems.push_back({.where = where,
                            .path = {},
                            .what = fmt::format("expected the fields of a {}", list.kind),
                            .hint = fmt::format("such as: - {}: ...", list.fields.front())});
    if (problems.empty())
        return row_of(list, where, fields);
    return {.list = std::string(list.list), .where = where, .row = Json::object(), .problems = std::move(problems)};
}

} // namespace

std::vector<ImportRow> read_import_csv(std::string_view text, const std::string& file) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (text.starts_with(byte_order_mark))
        text.remove_prefix(byte_order_mark.size());
    if (!is_utf8(text) || text.find('\0') != std::string_view::npos)
        refuse_file(file, 0, "it is not UTF-8", "save it as UTF-8: `iconv -f WINDOWS-1252 -t UTF-8`");
    const auto lines = CsvReader(text, file).read();
    if (lines.empty())
        refuse_file(file, 0, "it is empty", "the first line names the columns, such as: address,password_hash");
    const Head head(lines.front(), file);
    std::vector<ImportRow> rows;
    for (const auto& line : std::span(lines).subspan(1))
        rows.push_back(head.row(line, file));
    return rows;
}

std::vector<ImportRow> read_import_yaml(std::string_view text, const std::string& file) {
    config::Problems problems(file);
    TreeBuilder tree(text, problems);
    const bool complete = config::read_events(text, tree, problems);
    if (!complete || !problems.empty())
        throw Error(Code::invalid_input, fmt::format("cannot import '{}'", file), {}, problems.take());
    const auto& root = tree.root;
    if (root.type != YamlNode::Type::map)
        refuse_file(file, 1, "expected the lists domains, mailboxes or aliases", "such as: mailboxes:");
    std::vector<ImportRow> rows;
    std::vector<std::string_view> seen;
    for (std::size_t i = 0; i + 1 < root.children.size(); i += 2) {
        const auto& key = root.children[i];
        const auto& value = root.children[i + 1];
        const auto* list =
            std::find_if(lists.begin(), lists.end(), [&](const auto& each) { return each.list == key.text; });
        if (list == lists.end())
            refuse_file(file, key.mark.line, fmt::format("there is no list '{}'", config::shown(key.text)),
                        "there are domains, mailboxes and aliases");
        if (std::find(seen.begin(), seen.end(), list->list) != seen.end())
            refuse_file(file, key.mark.line, fmt::format("the list '{}' stands there twice", list->list));
        seen.push_back(list->list);
        if (value.type != YamlNode::Type::list && value.type != YamlNode::Type::null)
            refuse_file(file, value.mark.line, fmt::format("'{}' is no list", list->list));
        expect_not_too_many(rows.size() + value.children.size(), file);
        for (const auto& each : value.children)
            rows.push_back(row_of(*list, each, file));
    }
    return rows;
}

} // namespace vectis::directory
