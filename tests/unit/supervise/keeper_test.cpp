#include "catch.hpp"
#include "supervise/budget.hpp"
#include "supervise/keeper.hpp"

using namespace vectis::supervise;
using std::chrono::seconds;
using vectis::systemd::UnitState;

namespace {

const Instant start{seconds(1000)};

UnitState unit(const std::string& active, const std::string& sub, int run, std::uint32_t restarts = 0) {
    UnitState state;
    state.name = "dovecot.service";
    state.load_state = "loaded";
    state.type = "notify";
    state.active_state = active;
    state.sub_state = sub;
    state.invocation_id = std::to_string(run);
    state.n_restarts = restarts;
    state.result = active == "failed" || sub == "auto-restart" ? "signal" : "success";
    return state;
}

std::vector<std::string> types(const std::vector<Notice>& notices) {
    std::vector<std::string> names;
    for (const auto& notice : notices)
        names.emplace_back(notice.type);
    return names;
}

using Names = std::vector<std::string>;

} // namespace

TEST_CASE("a budget waits longer each time, is spent, and comes back with time") {
    Budget budget({});
    REQUIRE(budget.take(start) == seconds(1));
    REQUIRE(budget.take(start + seconds(10)) == seconds(4));
    REQUIRE(budget.take(start + seconds(20)) == seconds(16));
    REQUIRE_FALSE(budget.take(start + seconds(30)).has_value());
    REQUIRE_FALSE(budget.take(start + seconds(599)).has_value());
    REQUIRE(budget.take(start + seconds(600)) == seconds(16)); // the first of three has left the window
    budget.refill();
    REQUIRE(budget.take(start + seconds(601)) == seconds(1));
}

TEST_CASE("a failed unit is started again after a wait, and its recovery told") {
    Keeper keeper;
    const auto up = unit("active", "running", 1);
    const auto dead = unit("failed", "failed", 1);
    REQUIRE(keeper.changed({}, up, start).empty());
    REQUIRE(types(keeper.changed(up, dead, start)) == Names{"unit.failed"});
    REQUIRE(keeper.changed(dead, dead, start).empty()); // told once
    REQUIRE(keeper.next() == start + seconds(1));
    REQUIRE(keeper.due(start).empty());
    REQUIRE(keeper.due(start + seconds(1)) == Names{"dovecot.service"});
    REQUIRE(keeper.due(start + seconds(2)).empty()); // given once
    // The failure is reset before the start: that is not somebody's stop.
    const auto reset = unit("inactive", "dead", 1);
    REQUIRE(keeper.changed(dead, reset, start + seconds(1)).empty());
    REQUIRE(types(keeper.changed(reset, unit("active", "running", 2), start + seconds(2))) == Names{"unit.recovered"});
    REQUIRE(keeper.down().empty());
}

TEST_CASE("a unit that keeps failing is given up, and mended by somebody starts over") {
    Keeper keeper;
    auto before = unit("active", "running", 0);
    REQUIRE(keeper.changed({}, before, start).empty());
    Instant now = start;
    for (int run = 0; run < 3; ++run) {
        const auto dead = unit("failed", "failed", run);
        REQUIRE(types(keeper.changed(before, dead, now)) == Names{"unit.failed"});
        now += seconds(20);
        REQUIRE(keeper.due(now).size() == 1);
        before = unit("active", "running", run + 1); // it comes up for a moment each time
        REQUIRE(types(keeper.changed(dead, before, now)) == Names{"unit.recovered"});
    }
    const auto dead = unit("failed", "failed", 3);
    REQUIRE(types(keeper.changed(before, dead, now)) == Names{"unit.given_up"});
    REQUIRE_FALSE(keeper.next().has_value());
    REQUIRE(keeper.down() == Names{"dovecot.service"});

    const auto mended = unit("active", "running", 4);
    REQUIRE(types(keeper.changed(dead, mended, now)) == Names{"unit.recovered"});
    REQUIRE(types(keeper.changed(mended, unit("failed", "failed", 4), now)) == Names{"unit.failed"});
}

TEST_CASE("a unit that somebody stopped stays stopped") {
    Keeper keeper;
    const auto up = unit("active", "running", 1);
    REQUIRE(keeper.changed({}, up, start).empty());
    REQUIRE(keeper.changed(up, unit("inactive", "dead", 1), start).empty());
    REQUIRE_FALSE(keeper.next().has_value());

    SECTION("also while a start was waiting") {
        const auto dead = unit("failed", "failed", 1);
        REQUIRE(keeper.changed(up, dead, start).size() == 1);
        REQUIRE(keeper.changed(dead, unit("inactive", "dead", 1), start).empty());
        REQUIRE_FALSE(keeper.next().has_value());
    }
}

TEST_CASE("a restart by systemd is told, and left to systemd") {
    Keeper keeper;
    const auto up = unit("active", "running", 1);
    REQUIRE(keeper.changed({}, up, start).empty());

    SECTION("seen waiting") {
        const auto waiting = unit("activating", "auto-restart", 1);
        REQUIRE(types(keeper.changed(up, waiting, start)) == Names{"unit.failed"});
        REQUIRE_FALSE(keeper.next().has_value());
        REQUIRE(types(keeper.changed(waiting, unit("active", "running", 2, 1), start)) == Names{"unit.recovered"});
    }
    SECTION("seen only afterwards") {
        REQUIRE(types(keeper.changed(up, unit("active", "running", 2, 1), start)) ==
                Names{"unit.failed", "unit.recovered"});
    }
}

TEST_CASE("a unit found failed at start is started; one that is not there or a dummy is not") {
    Keeper keeper;
    REQUIRE(keeper.changed({}, unit("failed", "failed", 1), start).size() == 1);
    REQUIRE(keeper.next().has_value());

    Keeper other;
    auto missing = unit("failed", "failed", 1);
    missing.load_state = "not-found";
    REQUIRE(other.changed({}, missing, start).empty());
    auto dummy = unit("failed", "failed", 1);
    dummy.type = "oneshot";
    dummy.exec_start = {"/bin/true"};
    REQUIRE(other.changed({}, dummy, start).empty());
    REQUIRE_FALSE(other.next().has_value());
}

TEST_CASE("a start that systemd could not take is tried again") {
    Keeper keeper;
    REQUIRE(keeper.changed({}, unit("failed", "failed", 1), start).size() == 1);
    const Instant later = start + seconds(1);
    REQUIRE(keeper.due(later).size() == 1);
    keeper.postpone("dovecot.service", later);
    REQUIRE(keeper.due(later).empty());
    REQUIRE(keeper.due(later + seconds(1)).size() == 1);
}
