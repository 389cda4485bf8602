#include "base/json.hpp"
#include "catch.hpp"
#include "installer/upgrade.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

using namespace vectis;
using namespace vectis::installer;

namespace {

/// A server that can be upgraded at once.
UpgradeFacts good_facts() {
    return {.release_id = "debian",
            .release_version = "12",
            .release_name = "Debian GNU/Linux 12 (bookworm)",
            .target = "13",
            .free = 20 * gibibyte,
            .versions = {{"dovecot-core", "2.3.19.1"}, {"postfix", "3.7.11"}, {"nginx", "1.22.1"}},
            .pending = false};
}

Check check_of(const UpgradeFacts& facts, const std::string& name) {
    const auto checks = judge_upgrade(facts).checks;
    const auto at = std::find_if(checks.begin(), checks.end(), [&](const Check& each) { return each.name == name; });
    REQUIRE(at != checks.end());
    if (at->verdict != Verdict::pass) {
        CHECK_FALSE(at->expected.empty());
        CHECK_FALSE(at->hint.empty());
    }
    return *at;
}

} // namespace

TEST_CASE("a server in order can be upgraded, and is told how") {
    const auto upgrade = judge_upgrade(good_facts());
    for (const auto& check : upgrade.checks) {
        INFO(check.name << ": " << check.found);
        CHECK(check.verdict == Verdict::pass);
    }
    REQUIRE(upgrade.steps.size() > 3);
    const auto text = upgrade_text(upgrade, false);
    CHECK(text.find("dovecot-core     2.3.19.1     -> 2.4") != std::string::npos);
    CHECK(text.find("apt full-upgrade ./vectis_*+deb13_amd64.deb") != std::string::npos);
    const Json json = upgrade_json(upgrade);
    CHECK(json["failed"] == 0);
    CHECK(json["upgrade"]["to"] == "13");
    CHECK(json["upgrade"]["steps"].size() == upgrade.steps.size());
    for (const auto& package : json["upgrade"]["packages"])
        CHECK(package["installed"].is_null() == !good_facts().versions.contains(package["name"]));
}

TEST_CASE("there is a way to the next release only") {
    CHECK(next_release("debian", "12", "13") != nullptr);
    auto facts = good_facts();
    for (const auto* target : {"12", "14", "11", "trixie", "13 ", "", "\x1b[31m13"}) {
        facts.target = target;
        const auto upgrade = judge_upgrade(facts);
        CHECK(upgrade.steps.empty());
        CHECK(upgrade.checks.size() == 1);
        const auto check = check_of(facts, "release");
        CHECK(check.verdict == Verdict::fail);
        CHECK(check.found.find('\x1b') == std::string::npos);
        CHECK_FALSE(upgrade_json(upgrade).contains("upgrade"));
    }
    facts = good_facts();
    facts.release_version = "13";
    CHECK(check_of(facts, "release").found.find("'13'") != std::string::npos);
    facts.target = "14";
    CHECK(check_of(facts, "release").hint.find("a newer Vectis") != std::string::npos);
    facts.release_id = "ubuntu";
    CHECK(check_of(facts, "release").verdict == Verdict::fail);
}

TEST_CASE("what would stop the upgrade or spoil it is found beforehand") {
    auto facts = good_facts();
    facts.audit = "The following packages are only half configured:\n dovecot-core";
    CHECK(check_of(facts, "packages").verdict == Verdict::fail);
    facts = good_facts();
    facts.held = {"postfix", "rspamd"};
    CHECK(check_of(facts, "holds").hint == "apt-mark unhold postfix rspamd");
    facts = good_facts();
    facts.free = gibibyte;
    CHECK(check_of(facts, "disk").verdict == Verdict::fail);
    facts = good_facts();
    facts.configuration =
        Error(Code::invalid_input, "cannot use config.yaml", {}, {{{}, "hostname", "is missing", "set it"}});
    CHECK(check_of(facts, "configuration").found.find("is missing") != std::string::npos);
    facts = good_facts();
    facts.pending = true;
    CHECK(check_of(facts, "changes").verdict == Verdict::warn);
    facts.pending = std::nullopt;
    CHECK(check_of(facts, "changes").verdict == Verdict::warn);
}

TEST_CASE("a daemon that is newer than what the release brings is told") {
    auto facts = good_facts();
    for (const auto* version : {"2.4", "2.4.1", "2.10", "3"}) {
        facts.versions["dovecot-core"] = version;
        CHECK(check_of(facts, "daemons").found.find(version) != std::string::npos);
    }
    for (const auto* version : {"2.3.21", "2", "1.99"}) {
        facts.versions["dovecot-core"] = version;
        CHECK(check_of(facts, "daemons").verdict == Verdict::pass);
    }
}
