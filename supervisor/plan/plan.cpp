#include "plan/plan.hpp"

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "plan/unified.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace vectis::plan {

namespace {

bool world_readable(const render::File& file) {
    return (file.access.mode & 0004U) != 0;
}

std::vector<FileStep> file_steps(const state::Desired& desired, const state::Observed& observed) {
    std::vector<FileStep> steps;
    std::map<std::string, std::string> gone = observed.files;
    for (const auto& file : desired.files) {
        const auto found = observed.files.find(file.path);
        const bool exists = found != observed.files.end();
        gone.erase(file.path);
        if (exists && found->second == file.bytes)
            continue;
        FileStep step{.path = file.path,
                      .change = exists ? FileChange::changed : FileChange::added,
                      .edited = observed.edited.contains(file.path),
                      .secret = !world_readable(file),
                      .digest = sha256(file.bytes)};
        if (!step.secret)
            step.diff = unified(exists ? found->second : "", file.bytes, exists ? "a/" + file.path : "/dev/null",
                                "b/" + file.path);
        steps.push_back(std::move(step));
    }
    for (const auto& [path, bytes] : gone)
        steps.push_back({.path = path, .change = FileChange::removed, .edited = observed.edited.contains(path)});
    return steps;
}

/// One of the changed files of `service` that is only read when it starts; empty if there is none.
std::string restarting_file(const state::Desired& desired, const state::Observed& observed,
                            const std::string& service) {
    auto gone = observed.files;
    for (const auto& file : desired.files) {
        const auto found = gone.extract(file.path);
        const std::string before = found ? found.mapped() : "";
        if (std::find(file.services.begin(), file.services.end(), service) != file.services.end() &&
            render::needs_restart(file.path, before, file.bytes))
            return file.path;
    }
    for (const auto& [path, bytes] : gone) {
        if (render::service_of(path) == service && render::needs_restart(path, bytes, ""))
            return path;
    }
    return {};
}

/// Whether a reload makes `service` read anything at all: Redis reads its file only at start.
bool can_reload(const state::Desired& desired, const std::string& service) {
    return std::any_of(desired.files.begin(), desired.files.end(), [&](const render::File& file) {
        return std::find(file.services.begin(), file.services.end(), service) != file.services.end() &&
               !render::needs_restart(file.path, "", file.bytes);
    });
}

/// Whether somebody changed what `service` reads behind our back: a process that it started since may have read that.
bool tampered(const state::Desired& desired, const state::Observed& observed, const std::string& service) {
    for (const auto& file : desired.files) {
        if (std::find(file.services.begin(), file.services.end(), service) == file.services.end())
            continue;
        if (observed.edited.contains(file.path))
            return true;
        for (const auto& placement : desired.placements) {
            const bool holds = file.path == placement.path || file.path.starts_with(placement.path + "/");
            if (holds && observed.misplaced.contains(placement.where))
                return true;
        }
    }
    return false;
}

UnitStep unit_step(const state::Desired& desired, const state::Observed& observed, const std::string& service,
                   const state::ObservedUnit& unit) {
    UnitStep step{.service = service, .unit = unit.unit};
    const bool wanted = std::find(desired.services.begin(), desired.services.end(), service) != desired.services.end();
    const bool active = unit.state.active();
    if (!wanted) {
        step.action = active ? UnitAction::stop : UnitAction::untouched;
        step.why = active ? "not in config.yaml" : "";
        return step;
    }
    if (!active) {
        step.action = UnitAction::start;
        step.why = "it is " + unit.state.active_state;
        return step;
    }
    // A certificate that will be made by the apply itself is not what any process has loaded.
    const auto certificates = observed.certificate_due ? state::Certificates{"due", "due"} : observed.certificates;
    const bool meddled = tampered(desired, observed, service);
    if (unit.loaded == service_digest(desired, service, certificates) && !meddled)
        return step;
    if (observed.generation == 0) {
        step.action = UnitAction::restart;
        step.why = "it runs with a configuration that is not ours";
    } else if (const auto path = restarting_file(desired, observed, service); !path.empty()) {
        step.action = UnitAction::restart;
        step.why = fmt::format("{} is only read at start", path);
    } else {
        step.action = can_reload(desired, service) ? UnitAction::reload : UnitAction::restart;
        step.why = meddled               ? "what it reads was changed by hand"
                   : unit.loaded.empty() ? "what it has loaded is not known"
                                         : "what it reads has changed";
    }
    return step;
}

std::string identity(const Plan& plan, const state::Desired& desired) {
    Sha256 hash;
    hash.part(to_text(to_json(plan))).part(plan.config_sha256);
    for (const auto& file : desired.files)
        hash.part(file.path).part(file.bytes);
    return hash.finish().substr(0, 16);
}

} // namespace

std::string_view text(UnitAction action) {
    constexpr std::array names{"untouched", "reload", "restart", "start", "stop"};
    return names.at(static_cast<std::size_t>(action));
}

bool Plan::empty() const {
    return files.empty() && rows.empty() && placements.empty() && keys.empty() && !certificate &&
           std::all_of(units.begin(), units.end(),
                       [](const UnitStep& step) { return step.action == UnitAction::untouched; });
}

std::string Plan::summary() const {
    std::vector<std::string> parts;
    const auto count = [&](std::size_t number, std::string_view one, std::string_view many) {
        if (number > 0)
            parts.push_back(fmt::format("{} {}", number, number == 1 ? one : many));
    };
    count(files.size(), "file", "files");
    count(rows.domains.size(), "domain", "domains");
    count(rows.mailboxes.size(), "mailbox", "mailboxes");
    count(rows.aliases.size(), "alias", "aliases");
    count(placements.size(), "link", "links");
    count(keys.size(), "DKIM key", "DKIM keys");
    if (certificate)
        parts.emplace_back("self-signed certificate");
    for (const auto& step : units) {
        if (step.action != UnitAction::untouched)
            parts.push_back(fmt::format("{} {}", text(step.action), step.service));
    }
    return parts.empty() ? "no change" : join(parts, ", ");
}

Plan difference(const state::Desired& desired, const state::Observed& observed) {
    if (!observed.missing_packages.empty())
        throw Error(Code::not_found,
                    fmt::format("cannot plan: missing package{} {}", observed.missing_packages.size() == 1 ? "" : "s",
                                join(observed.missing_packages, ", ")),
                    fmt::format("apt install {}", join(observed.missing_packages, " ")));
    Plan plan;
    plan.from = observed.generation;
    plan.config_sha256 = sha256(desired.config_text);
    plan.files = file_steps(desired, observed);
    plan.rows = directory::difference(observed.rows, desired.rows);
    for (const auto& placement : desired.placements) {
        if (const auto fault = observed.misplaced.find(placement.where); fault != observed.misplaced.end())
            plan.placements.push_back({placement, fault->second});
    }
    for (const auto& placement : observed.left_over)
        plan.placements.push_back({placement, fmt::format("from generation {}", observed.generation), true});
    plan.keys = observed.missing_keys;
    plan.certificate = observed.certificate_due;
    for (const auto& [service, unit] : observed.units)
        plan.units.push_back(unit_step(desired, observed, service, unit));
    plan.id = identity(plan, desired);
    return plan;
}

void expect_none_of(const std::set<std::string>& api_made, const directory::Changes& changes) {
    std::vector<Problem> problems;
    const auto look = [&](std::string_view list, const auto& rows) {
        for (const auto& change : rows) {
            if (change.after && api_made.contains(change.after->key()))
                problems.push_back({.where = {},
                                    .path = std::string(list),
                                    .what = fmt::format("'{}' was made through the API", change.after->key()),
                                    .hint = "delete it there first, or take it out of config.yaml"});
        }
    };
    look("domains", changes.domains);
    look("mailboxes", changes.mailboxes);
    look("aliases", changes.aliases);
    if (!problems.empty())
        throw Error(Code::conflict, "cannot plan: config.yaml declares what it does not own", {}, std::move(problems));
}

} // namespace vectis::plan
