// Makes the server as config.yaml says, or as an earlier generation was: whole, or not at all.
//
// The order, and why a power cut at any point leaves the old or the new:
//   look for room -> journal the intent -> write generation N+1 beside the others -> make missing keys -> let every
//   daemon's own checker read it -> sync -> COMMIT directory rows and meta.generation in one transaction -> switch the
//   symlink -> reload or restart exactly the units that read something else now -> probe -> journal the end.
// Before the commit everything is thrown away; after it recover() finishes, or undoes if mail does not work. What a
// full disk or a lost bus keeps from ending is left in the journal, and whoever awaits it (await_unended) calls
// recover() again.
#pragma once

#include "health/result.hpp"
#include "plan/plan.hpp"
#include "state/observed.hpp"
#include "systemd/service.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

namespace vectis::apply {

struct Outcome {
    std::uint64_t generation = 0;
    std::string summary;
    bool changed = false;
};

/// What became of issued certificates, by name.
struct Deployed {
    std::vector<std::string> placed;
    std::map<std::string, std::string> refused; // and why
};

class Applier {
  public:
    /// `probes` runs the quick set and answers within its own time limits; it is called from several threads and may
    /// use everything but this object.
    Applier(state::Paths paths, store::Directory& directory, store::Supervisor& supervisor,
            std::function<std::vector<health::Result>()> probes);

    /// What apply() would do now. Throws Error(busy) while an apply runs (a plan is waited for).
    [[nodiscard]] plan::Plan plan();
    /// Does the plan with this id. Throws Error(stale) if another plan is true by now, Error(check_failed),
    /// Error(unit_failed) or Error(probe_failed) after everything was put back.
    Outcome apply(const std::string& plan_id, const systemd::Progress& progress);
    /// Back to an earlier generation, its files, rows and config.yaml (the present one is kept beside it).
    Outcome rollback(std::uint64_t number, const systemd::Progress& progress);
    /// Puts certificates that an authority has issued meanwhile in place and lets the daemons that show them read them.
    /// Nothing else changes, and no connection is dropped.
    Deployed deploy_certificates(const systemd::Progress& progress);
    /// Finishes or undoes what was interrupted: at start, before any other method, and after await_unended().
    void recover(const systemd::Progress& progress);
    /// Waits until an apply or rollback could neither be finished nor undone (the disk is full, the bus is away), until
    /// `at_most` is over or until `stop`.
    void await_unended(const std::stop_token& stop, std::optional<std::chrono::seconds> at_most);
    /// Whether a plan, an apply, a rollback or a recovery is under way.
    [[nodiscard]] bool running();

  private:
    struct Change; // one apply or rollback under way

    [[nodiscard]] std::unique_lock<std::timed_mutex> only_one();
    [[nodiscard]] state::Desired from_generation(std::uint64_t number);
    void finish_interrupted(const systemd::Progress& progress);
    void expect_room(const Change& change) const;
    void also(const std::string& what, const Error& first, const std::function<void()>& act);
    void carry_out(Change& change, const systemd::Progress& progress);
    void remember_loaded(const state::Observed& observed);
    void stage(Change& change, const systemd::Progress& progress);
    void commit(Change& change, const systemd::Progress& progress);
    void settle(Change& change, const systemd::Progress& progress);
    void switch_to(const Change& change);
    void confirm(const Change& change);
    [[nodiscard]] std::vector<render::Placement> only_in(std::uint64_t generation, std::uint64_t other);
    void act_on_units(Change& change, bool tolerant, const systemd::Progress& progress);
    [[nodiscard]] std::vector<health::Result> still_red(std::chrono::seconds patience,
                                                        const std::set<std::string>& not_judged,
                                                        const std::function<void(const health::Result&)>& tell);
    void probe(const Change& change, const systemd::Progress& progress);
    void undo(Change& change, const std::string& cause, const systemd::Progress& progress);
    void undo_first(Change& change, const systemd::Progress& progress);
    void discard(const Change& change, const std::string& cause);
    void prune(std::uint32_t keep, std::uint64_t current);

    state::Paths paths_;
    store::Directory& directory_;
    store::Supervisor& supervisor_;
    std::function<std::vector<health::Result>()> probes_;
    std::string probe_password_;
    std::timed_mutex mutex_;
    std::mutex unended_mutex_;
    std::condition_variable_any unended_changed_;
    bool unended_ = false;
};

} // namespace vectis::apply
