#include "installer/upgrade.hpp"

#include "base/file.hpp"
#include "base/subprocess.hpp"
#include "base/text.hpp"
#include "installer/preflight.hpp"

#include <nlohmann/json.hpp>
#include <sys/statvfs.h>

#include <algorithm>
#include <charconv>

namespace vectis::installer {

namespace {

const Release* find_release(std::string_view id, std::string_view version) {
    const auto* found = std::find_if(releases.begin(), releases.end(),
                                     [&](const Release& each) { return each.id == id && each.version == version; });
    return found == releases.end() ? nullptr : found;
}

/// Whether a dotted version is the later one; "3.7.11" is later than "3.7".
bool later(std::string_view one, std::string_view other) {
    const auto numbers = [](std::string_view version) {
        std::vector<unsigned> parts;
        for (const auto& part : split(version, '.')) {
            unsigned number = 0;
            std::from_chars(part.data(), part.data() + part.size(), number);
            parts.push_back(number);
        }
        return parts;
    };
    return numbers(one) > numbers(other);
}

/// A version that is not known any closer than "2.4" is reached by 2.4.1.
bool reached(const std::string& installed, std::string_view version) {
    return installed.starts_with(fmt::format("{}.", version)) || installed == version || later(installed, version);
}

Check judge_way(const UpgradeFacts& facts, const Release* from, const Release* to) {
    if (to != nullptr)
        return passed("release", fmt::format("{}, and then {}", from->name, to->name));
    const std::string found = fmt::format("{} to '{}'", facts.release_name, printable(facts.target));
    if (from == nullptr)
        return failed("release", found, "a release that Vectis runs on", "see 'vectis preflight'");
    if (facts.target == from->version)
        return failed("release", found, "a release after this one", "this server has it already");
    const auto* next = from + 1;
    if (next == releases.end())
        return failed("release", found, "a release that this version of Vectis runs on",
                      fmt::format("{} is the newest that it knows: look for a newer Vectis", from->name));
    return failed(
        "release", found, fmt::format("the next release, {}", next->name),
        fmt::format("Debian goes from one release to the next: 'vectis preflight --upgrade-to {}'", next->version));
}

Check judge_packages(const UpgradeFacts& facts) {
    if (facts.audit.empty())
        return passed("packages", "every package is installed wholly");
    return failed("packages", "dpkg --audit: " + printable(split(facts.audit, '\n').front()),
                  "no package that is half installed", "dpkg --configure -a && apt --fix-broken install");
}

Check judge_holds(const UpgradeFacts& facts) {
    if (facts.held.empty())
        return passed("holds", "no package is held back");
    const std::string names = join(facts.held, " ");
    return failed("holds", "held back: " + names, "no package that keeps its version", "apt-mark unhold " + names);
}

Check judge_room(const UpgradeFacts& facts) {
    constexpr std::uint64_t needed = 3 * gibibyte;
    if (facts.free >= needed)
        return passed("disk", about(facts.free) + " free");
    return failed("disk", about(facts.free) + " free", about(needed) + " for the packages, fetched and unpacked",
                  "apt clean, or a larger disk; 'df -h' shows what fills it");
}

Check judge_daemons(const UpgradeFacts& facts, const Release& to) {
    std::vector<std::string> newer;
    for (const auto& package : to.brings) {
        const auto installed = facts.versions.find(std::string(package.name));
        if (installed != facts.versions.end() && reached(installed->second, package.version))
            newer.push_back(fmt::format("{} {}", package.name, installed->second));
    }
    if (newer.empty())
        return passed("daemons", fmt::format("older than what {} brings", to.name));
    return warned("daemons", "here already: " + join(newer, ", "), fmt::format("older ones than {} brings", to.name),
                  "a source of packages that is not Debian's: see 'apt policy'; for the upgrade, take it out");
}

Check judge_configuration(const UpgradeFacts& facts, const Release& to) {
    if (!facts.configuration)
        return passed("configuration", fmt::format("config.yaml works with the daemons of {}", to.name));
    std::string found = facts.configuration->what();
    for (const auto& problem : facts.configuration->problems())
        found += "; " + problem.text();
    return failed("configuration", found, "a config.yaml that can be rendered for the new daemons",
                  facts.configuration->hint().empty() ? "mend it, and see 'vectis config check'"
                                                      : facts.configuration->hint());
}

Check judge_pending(const UpgradeFacts& facts) {
    if (!facts.pending)
        return warned("changes", "the supervisor does not say whether changes wait", "a supervisor that answers",
                      "run preflight as root, and look at 'systemctl status vectis-supervisor'");
    if (*facts.pending)
        return warned("changes", "config.yaml, or what stands in /etc, is not what was applied last",
                      "nothing to apply",
                      "'vectis apply' now: then what is applied after the upgrade is the upgrade alone");
    return passed("changes", "everything is applied");
}

std::vector<UpgradeStep> steps(const Release& from, const Release& to) {
    return {
        {"Keep a copy: a snapshot of the server, or /etc/vectis, /var/lib/vectis and /var/vmail.", ""},
        {fmt::format("Let apt read {}.", to.name),
         fmt::format("find /etc/apt -name '*.list' -o -name '*.sources' | xargs sed -i 's/{}/{}/g'", from.codename,
                     to.codename)},
        {"Let it see what there is.", "apt update"},
        {fmt::format("Upgrade, with the Vectis that was built for {0}. From here to the next step mail waits: other "
                     "servers keep it and try again, people cannot read theirs. Webmail needs no second web server, "
                     "so apache2 is left out.",
                     to.name),
         fmt::format("apt full-upgrade ./vectis_*+deb{}_amd64.deb apache2-", to.version)},
        {"Write the new daemons' settings and start them. If mail does not work afterwards, it says why.",
         "vectis apply"},
        {"Start the new kernel; webmail takes up its new PHP.", "systemctl reboot"},
        {"See that everything works.", "vectis health --all"},
        {"Remove what nothing needs any longer.", "apt autoremove --purge"},
    };
}

std::uint64_t free_bytes(const char* path) {
    struct statvfs status {};
    return statvfs(path, &status) == 0 ? static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize : 0;
}

} // namespace

const Release* next_release(std::string_view id, std::string_view from, std::string_view version) {
    const auto* here = find_release(id, from);
    const auto* there = find_release(id, version);
    return here != nullptr && there == here + 1 ? there : nullptr;
}

UpgradeFacts measure_upgrade() {
    const HostFacts host = measure_host();
    UpgradeFacts facts{.release_id = host.release_id,
                       .release_version = host.release_version,
                       .release_name = host.release_name,
                       .free = std::min(free_bytes("/usr"), free_bytes("/var/cache/apt"))};
    facts.audit = trim(run({"dpkg", "--audit"}, std::chrono::seconds(30)).out);
    for (const auto& line : split(run({"apt-mark", "showhold"}, std::chrono::seconds(30)).out, '\n')) {
        if (!line.empty())
            facts.held.push_back(printable(line));
    }
    return facts;
}

Upgrade judge_upgrade(const UpgradeFacts& facts) {
    Upgrade upgrade{.from = find_release(facts.release_id, facts.release_version),
                    .to = next_release(facts.release_id, facts.release_version, facts.target),
                    .versions = facts.versions};
    upgrade.checks = {judge_way(facts, upgrade.from, upgrade.to)};
    if (upgrade.to == nullptr)
        return upgrade;
    for (auto&& check :
         {judge_packages(facts), judge_holds(facts), judge_room(facts), judge_daemons(facts, *upgrade.to),
          judge_configuration(facts, *upgrade.to), judge_pending(facts)})
        upgrade.checks.push_back(check);
    upgrade.steps = steps(*upgrade.from, *upgrade.to);
    return upgrade;
}

std::string upgrade_text(const Upgrade& upgrade, bool colour) {
    std::string text = preflight_text(upgrade.checks, colour);
    if (upgrade.to == nullptr)
        return text;
    text += fmt::format("\nWhat {} brings\n", upgrade.to->name);
    for (const auto& package : upgrade.to->brings) {
        const auto installed = upgrade.versions.find(std::string(package.name));
        text += fmt::format("  {:<16} {:<12} -> {}\n", package.name,
                            installed == upgrade.versions.end() ? "-" : installed->second, package.version);
    }
    text += "\nWhat to do\n";
    for (std::size_t i = 0; i < upgrade.steps.size(); ++i) {
        text += fmt::format("  {}. {}\n", i + 1, upgrade.steps[i].what);
        if (!upgrade.steps[i].command.empty())
            text += fmt::format("       {}\n", upgrade.steps[i].command);
    }
    return text;
}

Json upgrade_json(const Upgrade& upgrade) {
    Json json = preflight_json(upgrade.checks);
    if (upgrade.to == nullptr)
        return json;
    Json packages = Json::array();
    for (const auto& package : upgrade.to->brings) {
        const auto installed = upgrade.versions.find(std::string(package.name));
        packages.push_back({{"name", package.name},
                            {"installed", installed == upgrade.versions.end() ? Json() : Json(installed->second)},
                            {"coming", package.version}});
    }
    Json list = Json::array();
    for (const auto& step : upgrade.steps)
        list.push_back({{"what", step.what}, {"command", step.command}});
    json["upgrade"] = {{"from", upgrade.from->version},
                       {"to", upgrade.to->version},
                       {"packages", std::move(packages)},
                       {"steps", std::move(list)}};
    return json;
}

} // namespace vectis::installer
