// A plan as text and as JSON. Every value in it comes from config.yaml or the disk and is made printable; password
// hashes are never shown.
#include "base/text.hpp"
#include "plan/plan.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace vectis::plan {

namespace {

constexpr std::array file_marks{'+', '~', '-'};
constexpr std::array file_words{"added", "changed", "removed"};

struct Value {
    std::string name;
    std::string text;
    bool secret = false;
};

std::string quota_text(std::uint64_t quota) {
    return quota == 0 ? "unlimited" : format_size(quota);
}

std::vector<Value> values(const directory::DomainRow& row) {
    return {{"alias_of", row.alias_of}, {"catch_all", row.catch_all}};
}
std::vector<Value> values(const directory::MailboxRow& row) {
    return {
        {"display_name", row.display_name}, {"quota", quota_text(row.quota)}, {"password_hash", row.password, true}};
}
std::vector<Value> values(const directory::AliasRow& row) {
    return {{"to", join(row.destinations, ", ")}};
}

std::string shown(const Value& value) {
    if (value.secret)
        return value.text.empty() ? "none" : "set";
    return value.text.empty() ? "none" : printable(value.text);
}

template<typename Row>
std::string row_text(std::string_view kind, const directory::Change<Row>& change) {
    const Row& row = change.after ? *change.after : *change.before;
    const std::string owner = row.owner == directory::Owner::system ? " (system)" : "";
    if (!change.after) {
        const std::string_view fate = kind == "mailbox" ? "suspended, its mail stays" : "removed";
        return fmt::format("  - {} {}{}: {}\n", kind, printable(row.key()), owner, fate);
    }
    std::vector<std::string> parts;
    const auto after = values(*change.after);
    for (std::size_t i = 0; i < after.size(); ++i) {
        const auto& value = after.at(i);
        if (!change.before) {
            if (!value.text.empty() && !value.secret)
                parts.push_back(fmt::format("{} {}", value.name, shown(value)));
            continue;
        }
        const Value before = values(*change.before).at(i);
        if (before.text == value.text)
            continue;
        parts.push_back(value.secret && !before.text.empty() && !value.text.empty()
                            ? fmt::format("{} changed", value.name)
                            : fmt::format("{} {} -> {}", value.name, shown(before), shown(value)));
    }
    return fmt::format("  {} {} {}{}{}{}\n", change.before ? '~' : '+', kind, printable(row.key()), owner,
                       parts.empty() ? "" : ": ", join(parts, ", "));
}

template<typename Row>
void describe_rows(std::string& out, std::string_view kind, const std::vector<directory::Change<Row>>& changes,
                   std::size_t most) {
    for (std::size_t i = 0; i < std::min(most, changes.size()); ++i)
        out += row_text(kind, changes[i]);
    if (changes.size() > most)
        out += fmt::format("    and {} more of this kind\n", changes.size() - most);
}

template<typename Row>
Json rows_json(const std::vector<directory::Change<Row>>& changes) {
    Json list = Json::array();
    for (const auto& change : changes) {
        const Row& row = change.after ? *change.after : *change.before;
        Json item{{"key", row.key()},
                  {"change", change.before ? (change.after ? "changed" : "removed") : "added"},
                  {"managed_by", row.owner == directory::Owner::system ? "system" : "config"}};
        const auto put = [&](const char* name, const std::optional<Row>& side) {
            if (!side)
                return;
            for (const auto& value : values(*side))
                item[name][value.name] = value.secret ? shown(value) : value.text;
        };
        put("before", change.before);
        put("after", change.after);
        list.push_back(std::move(item));
    }
    return list;
}

} // namespace

std::string describe(const Plan& plan, std::size_t rows) {
    if (plan.empty())
        return fmt::format("Nothing to do: the server is as config.yaml says (generation {}).\n", plan.from);
    std::string out = fmt::format("Plan {} (from generation {})\n", plan.id, plan.from);
    if (!plan.files.empty())
        out += "\nFiles\n";
    for (const auto& step : plan.files) {
        const auto index = static_cast<std::size_t>(step.change);
        out += fmt::format("  {} {}{}{}\n", file_marks.at(index), printable(step.path),
                           step.edited ? "  EDITED BY HAND: the edit will be taken back (a copy is kept)" : "",
                           step.secret ? "  (secret, not shown)" : "");
        for (const auto& line : split(step.diff, '\n')) {
            if (!line.empty())
                out += "      " + line + "\n";
        }
    }
    if (!plan.placements.empty())
        out += "\nLinks\n";
    for (const auto& step : plan.placements)
        out += fmt::format("  ! {}: {}, will be {}\n", step.placement.where, printable(step.found),
                           step.goes                                       ? "given back"
                           : step.placement.placed == render::Placed::link ? "linked"
                                                                           : "written");
    if (!plan.rows.empty())
        out += "\nDirectory\n";
    describe_rows(out, "domain", plan.rows.domains, rows);
    describe_rows(out, "mailbox", plan.rows.mailboxes, rows);
    describe_rows(out, "alias", plan.rows.aliases, rows);
    if (!plan.keys.empty() || plan.certificate)
        out += "\nKeys\n";
    for (std::size_t i = 0; i < std::min(rows, plan.keys.size()); ++i)
        out +=
            fmt::format("  + DKIM key {} ({}) for {}\n", plan.keys[i].selector,
                        plan.keys[i].algorithm == keys::Algorithm::rsa ? "RSA 2048" : "Ed25519", plan.keys[i].domain);
    if (plan.keys.size() > rows)
        out += fmt::format("    and {} more of this kind\n", plan.keys.size() - rows);
    if (plan.certificate)
        out += "  + self-signed certificate for the hostname\n";
    if (!plan.units.empty())
        out += "\nUnits\n";
    for (const auto& step : plan.units)
        out += fmt::format("  {:<10} {}{}\n", step.service, text(step.action),
                           step.why.empty() ? "" : "  (" + step.why + ")");
    return out;
}

Json to_json(const Plan& plan) {
    Json files = Json::array();
    for (const auto& step : plan.files)
        files.push_back({{"path", step.path},
                         {"change", file_words.at(static_cast<std::size_t>(step.change))},
                         {"edited_by_hand", step.edited},
                         {"secret", step.secret},
                         {"diff", step.diff}});
    Json placements = Json::array();
    for (const auto& step : plan.placements)
        placements.push_back({{"path", step.placement.where}, {"found", step.found}, {"given_back", step.goes}});
    Json keys = Json::array();
    for (const auto& key : plan.keys)
        keys.push_back({{"domain", key.domain}, {"selector", key.selector}});
    Json units = Json::array();
    for (const auto& step : plan.units)
        units.push_back(
            {{"service", step.service}, {"unit", step.unit}, {"action", text(step.action)}, {"why", step.why}});
    return {{"plan_id", plan.id},
            {"changes", !plan.empty()},
            {"summary", plan.summary()},
            {"from_generation", plan.from},
            {"config_sha256", plan.config_sha256},
            {"files", std::move(files)},
            {"links", std::move(placements)},
            {"rows",
             {{"domains", rows_json(plan.rows.domains)},
              {"mailboxes", rows_json(plan.rows.mailboxes)},
              {"aliases", rows_json(plan.rows.aliases)}}},
            {"dkim_keys", std::move(keys)},
            {"certificate", plan.certificate},
            {"units", std::move(units)}};
}

} // namespace vectis::plan
