#include "apply/applier.hpp"

#include "accounts/password.hpp"
#include "apply/check.hpp"
#include "apply/generation.hpp"
#include "apply/placement.hpp"
#include "apply/room.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "keys/certificate.hpp"
#include "keys/dkim.hpp"
#include "keys/issued.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <thread>
#include <utility>

namespace vectis::apply {

namespace {

constexpr std::chrono::seconds unit_limit{90};
// How long a red probe is asked again. Before a change: a daemon that is only starting must not pass for a broken one,
// which is not judged afterwards. After it: what has been restarted or reloaded needs longer.
constexpr std::chrono::seconds patience_before{5};
constexpr std::chrono::seconds patience_after{45};

void tell(const systemd::Progress& progress, std::string_view step, std::string_view state,
          const std::string& detail = {}) {
    Json event{{"event", "step"}, {"step", step}, {"state", state}};
    if (!detail.empty())
        event["detail"] = detail;
    progress(event);
}

/// The hash of the probe mailbox's password; makes both at the first start.
std::string probe_password(const state::Paths& paths) {
    if (const auto secret = read_file(paths.probe_secret())) {
        if (const auto lines = split(*secret, '\n'); lines.size() >= 2)
            return lines[1];
    }
    const std::string password = random_password(32);
    // The probes log in with it some twenty times in each round.
    std::string hash = accounts::hash_random_password(password);
    replace_file(paths.probe_secret(), password + "\n" + hash + "\n", {.mode = 0600});
    return hash;
}

std::vector<store::StoredFile> stored(const std::vector<render::File>& files) {
    std::vector<store::StoredFile> all;
    for (const auto& file : files)
        all.push_back({file.path, file.bytes, file.access, file.services});
    return all;
}

std::vector<render::File> rendered(std::vector<store::StoredFile> files) {
    std::vector<render::File> all;
    for (auto& file : files)
        all.push_back({std::move(file.path), std::move(file.bytes), std::move(file.access), std::move(file.services)});
    return all;
}

/// An RSA key takes a good part of a second of one processor, and a new domain needs two keys; so all of them make
/// some.
void make_keys(const fs::path& folder, const std::vector<state::KeyWanted>& wanted) {
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
        for (auto i = next++; i < wanted.size(); i = next++)
            keys::ensure_dkim_key(folder, wanted[i].domain, wanted[i].selector, wanted[i].algorithm);
    };
    std::vector<std::future<void>> workers(
        std::clamp<std::size_t>(wanted.size(), 1, std::max(1U, std::thread::hardware_concurrency())));
    for (auto& worker : workers)
        worker = std::async(std::launch::async, work);
    for (auto& worker : workers)
        worker.get();
}

/// What ran the service before an upgrade of the system gave it another unit: systemd starts none of them beside the
/// other.
void stop_others(systemd::Manager& manager, const surface::Service& service, const std::string& unit) {
    for (const auto name : service.units) {
        const systemd::UnitState other = manager.state(std::string(name));
        if (other.name == unit || !other.active() || other.dummy())
            continue;
        manager.act(other.name, systemd::Action::stop, unit_limit);
        manager.reset_failed(other.name);
    }
}

} // namespace

struct Applier::Change {
    std::string id;
    std::string kind;
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    state::Desired desired;
    plan::Plan plan;
    std::set<std::string> edited;
    systemd::Manager manager;
    /// Probes that were red before anything was changed: they do not judge the change.
    std::set<std::string> red_before;

    [[nodiscard]] bool is_rollback() const { return kind == "rollback"; }
};

Applier::Applier(state::Paths paths, store::Directory& directory, store::Supervisor& supervisor,
                 std::function<std::vector<health::Result>()> probes) :
    paths_(std::move(paths)),
    directory_(directory), supervisor_(supervisor), probes_(std::move(probes)),
    probe_password_(probe_password(paths_)) {}

std::unique_lock<std::timed_mutex> Applier::only_one() {
    // Long enough for somebody else's plan, not for an apply.
    std::unique_lock lock(mutex_, std::chrono::seconds(5));
    if (!lock)
        throw Error(Code::busy, "cannot start: another plan, apply or rollback is running",
                    "wait for it; 'vectis status' shows it");
    return lock;
}

state::Desired Applier::from_generation(std::uint64_t number) {
    auto files = rendered(supervisor_.files(number));
    const auto config = read_file(paths_.generation(number) / "config.yaml");
    if (files.empty() || !config)
        throw Error(Code::not_found, fmt::format("cannot find generation {}", number),
                    "'vectis generations' lists those that are kept");
    return state::desired_from_generation(*config, std::move(files), paths_, probe_password_);
}

plan::Plan Applier::plan() {
    const auto lock = only_one();
    finish_interrupted([](const Json&) {});
    systemd::Manager manager;
    const auto desired = state::desired_from_disk(state::observe_platform(paths_), paths_, probe_password_);
    const auto observed = state::observe(desired, paths_, directory_, supervisor_, manager);
    auto plan = plan::difference(desired, observed);
    plan::expect_none_of(observed.api_made, plan.rows);
    return plan;
}

Outcome Applier::apply(const std::string& plan_id, const systemd::Progress& progress) {
    const auto lock = only_one();
    finish_interrupted(progress);
    Change change;
    change.kind = "apply";
    tell(progress, "plan", "started");
    change.desired = state::desired_from_disk(state::observe_platform(paths_), paths_, probe_password_);
    const auto observed = state::observe(change.desired, paths_, directory_, supervisor_, change.manager);
    change.plan = plan::difference(change.desired, observed);
    plan::expect_none_of(observed.api_made, change.plan.rows);
    change.edited = observed.edited;
    change.from = observed.generation;
    if (change.plan.id != plan_id)
        throw Error(Code::stale, fmt::format("cannot apply plan '{}': it is no longer true", printable(plan_id)),
                    "something has changed since; look at 'vectis plan' again");
    tell(progress, "plan", "done", change.plan.summary());
    if (change.plan.empty())
        return {change.from, change.plan.summary(), false};
    change.to = std::max(supervisor_.next_generation(), change.from + 1);
    remember_loaded(observed);
    carry_out(change, progress);
    return {change.to, change.plan.summary(), true};
}

Outcome Applier::rollback(std::uint64_t number, const systemd::Progress& progress) {
    const auto lock = only_one();
    finish_interrupted(progress);
    Change change;
    change.kind = "rollback";
    change.to = number;
    tell(progress, "plan", "started");
    change.desired = from_generation(number);
    const auto observed = state::observe(change.desired, paths_, directory_, supervisor_, change.manager);
    change.plan = plan::difference(change.desired, observed);
    plan::expect_none_of(observed.api_made, change.plan.rows);
    change.edited = observed.edited;
    change.from = observed.generation;
    tell(progress, "plan", "done", change.plan.summary());
    const bool same_config = read_file(paths_.config()) == change.desired.config_text;
    if (change.plan.empty() && change.from == number && same_config)
        return {number, change.plan.summary(), false};
    remember_loaded(observed);
    carry_out(change, progress);
    return {number, change.plan.summary(), true};
}

Deployed Applier::deploy_certificates(const systemd::Progress& progress) {
    const auto lock = only_one();
    finish_interrupted(progress);
    Change change;
    change.desired = from_generation(directory_.generation());
    Deployed deployed;
    for (const auto& name : change.desired.issued) {
        const fs::path live = paths_.acme() / "certbot/live" / name;
        constexpr std::size_t most = 1U << 20U;
        const auto certificate = read_file(live / "fullchain.pem", most);
        const auto key = read_file(live / "privkey.pem", most);
        if (!certificate || !key)
            continue;
        // Somebody else's program has written it: it is believed no more than a file of the administrator's.
        const auto problems = keys::certificate_problems(live / "fullchain.pem", live / "privkey.pem", name, now());
        if (!problems.empty())
            deployed.refused[name] = problems.front().what;
        else if (keys::put_issued(paths_.tls(), name, *certificate, *key))
            deployed.placed.push_back(name);
    }
    act_on_units(change, false, progress);
    return deployed;
}

/// Does what follows on `first`. If that fails as well, both are told, and who awaits it hears that something has no
/// end.
void Applier::also(const std::string& what, const Error& first, const std::function<void()>& act) {
    try {
        act();
    } catch (const std::exception& fault) {
        {
            const std::scoped_lock lock(unended_mutex_);
            unended_ = true;
        }
        unended_changed_.notify_all();
        const Error second = as_error(fault);
        throw Error(first.code(), fmt::format("{}; and {}: {}", first.what(), what, second.what()),
                    second.hint().empty() ? "mend that; the supervisor tries again, and so does the next plan or apply"
                                          : second.hint(),
                    first.problems());
    }
}

void Applier::await_unended(const std::stop_token& stop, std::optional<std::chrono::seconds> at_most) {
    std::unique_lock lock(unended_mutex_);
    const auto unended = [this] { return unended_; };
    if (at_most)
        unended_changed_.wait_for(lock, stop, *at_most, unended);
    else
        unended_changed_.wait(lock, stop, unended);
    unended_ = false;
}

bool Applier::running() {
    return !std::unique_lock(mutex_, std::try_to_lock);
}

/// The commit cannot be taken back by a full disk or a read-only file system, if neither is there before.
void Applier::expect_room(const Change& change) const {
    std::set<fs::path> folders{paths_.lib};
    for (const auto& step : change.plan.placements)
        folders.insert(fs::path(step.placement.where).parent_path());
    for (const auto& placement : change.desired.placements) {
        const bool changes = std::any_of(change.plan.files.begin(), change.plan.files.end(),
                                         [&](const auto& file) { return file.path == placement.path; });
        if (placement.placed == render::Placed::copy && changes)
            folders.insert(fs::path(placement.where).parent_path());
    }
    if (change.is_rollback())
        folders.insert(paths_.etc);
    // The databases' logs hold the rows again, and what they are compared with.
    std::uint64_t bytes = (32U << 20U) + 4 * change.desired.config_text.size();
    for (const auto& file : change.desired.files)
        bytes += 2 * file.bytes.size();
    apply::expect_room(folders, paths_.lib, bytes);
}

void Applier::carry_out(Change& change, const systemd::Progress& progress) {
    expect_room(change);
    change.id = supervisor_.begin_apply(change.kind, change.from, change.to);
    try {
        // What works now is asked while the new generation is staged, which touches nothing that is in use.
        auto before = std::async(std::launch::async, [&] {
            std::set<std::string> red;
            if (change.from == 0)
                return red;
            for (const auto& result : still_red(patience_before, {}, [](const health::Result&) {}))
                red.insert(result.probe);
            return red;
        });
        stage(change, progress);
        change.red_before = before.get();
        commit(change, progress);
    } catch (const std::exception& fault) {
        const Error error = as_error(fault);
        also("the new generation could not be removed", error, [&] { discard(change, error.text()); });
        throw Error(error);
    }
    try {
        settle(change, progress);
        probe(change, progress);
    } catch (const std::exception& fault) {
        const Error error = as_error(fault);
        also(fmt::format("generation {} could not be brought back", change.from), error,
             [&] { undo(change, error.text(), progress); });
        throw Error(error.code(), fmt::format("{}; generation {} is back", error.what(), change.from), error.hint(),
                    error.problems());
    }
    confirm(change);
    prune(change.desired.config.retention.generations, change.to);
}

/// What a unit that started by itself has read is told by its start after the last switch, which the next one hides.
void Applier::remember_loaded(const state::Observed& observed) {
    for (const auto& [service, unit] : observed.units) {
        if (unit.state.active() && !unit.loaded.empty())
            supervisor_.set_loaded(unit.unit, {unit.state.invocation_id, unit.loaded});
    }
}

void Applier::stage(Change& change, const systemd::Progress& progress) {
    tell(progress, "stage", "started");
    if (!change.edited.empty())
        keep_edited(paths_, change.from, change.edited);
    if (change.is_rollback()) {
        restore_generation(paths_, change.to, change.desired.files);
    } else {
        supervisor_.add_generation({change.to, rfc3339(now()), change.plan.config_sha256, change.plan.summary()},
                                   stored(change.desired.files));
        write_generation(paths_, change.to, change.desired.config_text, change.desired.files);
    }
    tell(progress, "stage", "done");

    if (!change.plan.keys.empty() || change.plan.certificate) {
        tell(progress, "keys", "started");
        make_keys(paths_.dkim(), change.plan.keys);
        if (change.desired.config.tls.mode == config::TlsMode::self_signed)
            keys::ensure_self_signed(paths_.tls(), change.desired.config.hostname, now());
        keys::ensure_stand_ins(paths_.tls(), change.desired.issued, now());
        tell(progress, "keys", "done");
    }

    std::vector<std::string> changed;
    for (const auto& file : change.plan.files) {
        for (const auto& each : change.desired.files) {
            if (each.path == file.path)
                changed.insert(changed.end(), each.services.begin(), each.services.end());
        }
    }
    std::vector<render::Placement> elsewhere;
    for (const auto& step : change.plan.placements) {
        if (!step.goes)
            elsewhere.push_back(step.placement);
    }
    keep_originals(paths_, elsewhere, paths_.generation(change.to));
    // A link shows the new file through `current`; what is not a link yet, or never is one, is laid over.
    for (const auto& placement : change.desired.placements) {
        if (placement.placed == render::Placed::copy && fs::exists(placement.where))
            elsewhere.push_back(placement);
    }
    tell(progress, "check", "started");
    if (change.from == 0) {
        // An empty generation that the new one can be laid over.
        fs::create_directories(paths_.generation(0));
        replace_symlink(paths_.current(), "generations/0");
    }
    check(change.manager, paths_, change.from, change.to, elsewhere, changed);
    tell(progress, "check", "done");
    sync_file_system(paths_.lib);
}

void Applier::commit(Change& change, const systemd::Progress& progress) {
    tell(progress, "commit", "started");
    directory_.apply(change.plan.rows, change.to, change.is_rollback());
    tell(progress, "commit", "done");
}

void Applier::settle(Change& change, const systemd::Progress& progress) {
    tell(progress, "switch", "started");
    switch_to(change);
    if (const auto present = read_file(paths_.config());
        change.is_rollback() && present != change.desired.config_text) {
        if (present)
            replace_file(paths_.etc / fmt::format("config.yaml.before-rollback-to-{}", change.to), *present,
                         {.mode = 0640, .group = paths_.service_group});
        replace_file(paths_.config(), change.desired.config_text, {.mode = 0640, .group = paths_.service_group});
    }
    sync_file_system(paths_.lib);
    sync_file_system("/etc");
    tell(progress, "switch", "done");
    act_on_units(change, false, progress);
}

/// From now on /etc shows that generation, and where only the one before had something, what stood there before us.
void Applier::switch_to(const Change& change) {
    replace_symlink(paths_.current(), fs::path("generations") / std::to_string(change.to));
    place(paths_, change.desired.placements);
    restore_originals(paths_, still_ours(paths_, only_in(change.from, change.to), paths_.generation(change.from)));
}

/// The placements of one generation that the other does not have.
std::vector<render::Placement> Applier::only_in(std::uint64_t generation, std::uint64_t other) {
    auto placements = render::placements(rendered(supervisor_.files(generation)));
    const auto others = render::placements(rendered(supervisor_.files(other)));
    std::erase_if(placements, [&](const render::Placement& placement) {
        return std::any_of(others.begin(), others.end(),
                           [&](const render::Placement& each) { return each.where == placement.where; });
    });
    return placements;
}

/// Until here an undo may need what stood in /etc before us.
void Applier::confirm(const Change& change) {
    forget_originals(paths_, only_in(change.from, change.to));
    supervisor_.finish_apply(change.id, "confirmed", "");
}

void Applier::act_on_units(Change& change, bool tolerant, const systemd::Progress& progress) {
    // Cheap, and right after an interruption as well: drop-ins may have changed.
    change.manager.daemon_reload();
    const auto observed = state::observe(change.desired, paths_, directory_, supervisor_, change.manager);
    const auto certificates = state::read_certificates(change.desired, paths_);
    const auto record = [&](const plan::UnitStep& step) {
        const auto state = change.manager.state(step.unit);
        supervisor_.set_loaded(
            step.unit, {state.invocation_id, state::service_digest(change.desired, step.service, certificates)});
    };
    // What was announced, before the files were switched, and what is true now, after an interruption perhaps: a
    // restart for a changed file can only be seen before, a unit that died meanwhile only now.
    const auto now_needed = plan::difference(change.desired, observed).units;
    for (const auto& service : surface::services()) {
        const auto by_name = [&](const plan::UnitStep& step) { return step.service == service.name; };
        const auto needed = std::find_if(now_needed.begin(), now_needed.end(), by_name);
        const auto announced = std::find_if(change.plan.units.begin(), change.plan.units.end(), by_name);
        if (needed == now_needed.end())
            continue;
        auto action = needed->action;
        if (announced != change.plan.units.end() && announced->action <= plan::UnitAction::restart)
            action = std::max(action, announced->action);
        if (action == plan::UnitAction::untouched)
            continue;
        const std::string step = fmt::format("{} {}", plan::text(action), service.name);
        tell(progress, step, "started");
        try {
            if (action == plan::UnitAction::start || action == plan::UnitAction::restart) {
                stop_others(change.manager, service, needed->unit);
                change.manager.reset_failed(needed->unit);
            }
            change.manager.act(needed->unit,
                               action == plan::UnitAction::reload    ? systemd::Action::reload
                               : action == plan::UnitAction::restart ? systemd::Action::restart
                               : action == plan::UnitAction::start   ? systemd::Action::start
                                                                     : systemd::Action::stop,
                               unit_limit);
            if (action != plan::UnitAction::stop)
                record(*needed);
        } catch (const Error& error) {
            tell(progress, step, "failed", error.what());
            if (!tolerant)
                throw;
            continue;
        }
        tell(progress, step, "done");
    }
}

/// The probes that are red and stay red for this long after they were first asked, except those that are `not_judged`.
/// No daemon says when it is ready after a start or a reload; what stays red is a fault. `tell` hears why it is asked
/// again.
std::vector<health::Result> Applier::still_red(std::chrono::seconds patience, const std::set<std::string>& not_judged,
                                               const std::function<void(const health::Result&)>& tell) {
    const auto ask = [&] {
        auto results = probes_();
        std::erase_if(results,
                      [&](const health::Result& each) { return each.passed || not_judged.contains(each.probe); });
        return results;
    };
    auto red = ask();
    // From the first answer on: asking takes a while itself where nobody answers.
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!red.empty() && std::chrono::steady_clock::now() < deadline) {
        tell(red.front());
        std::this_thread::sleep_for(std::chrono::milliseconds(500));
        red = ask();
    }
    return red;
}

void Applier::probe(const Change& change, const systemd::Progress& progress) {
    tell(progress, "probe", "started");
    const auto red = still_red(patience_after, change.red_before, [&](const health::Result& result) {
        tell(progress, "probe", "red", fmt::format("{}: {}", result.probe, result.detail));
    });
    if (!red.empty()) {
        std::vector<Problem> problems;
        for (const auto& result : red)
            problems.push_back({{}, result.probe, result.detail, {}});
        throw Error(Code::probe_failed, fmt::format("cannot confirm generation {}: mail does not work", change.to), {},
                    std::move(problems));
    }
    std::string detail;
    if (!change.red_before.empty())
        detail = "red before the change as well, and not judged: " +
                 join({change.red_before.begin(), change.red_before.end()}, ", ");
    tell(progress, "probe", "done", detail);
}

namespace {

/// It was made while the change was under way that is undone now.
void leave_to_the_api(const std::vector<std::string>& rows, const systemd::Progress& progress) {
    for (const auto& each : rows)
        tell(progress, "undo", "warning", fmt::format("'{}' was made through the API meanwhile, and stays", each));
}

} // namespace

void Applier::undo(Change& change, const std::string& cause, const systemd::Progress& progress) {
    tell(progress, "undo", "started", cause);
    supervisor_.begin_undo(change.id, cause);
    if (change.from == 0) {
        undo_first(change, progress);
    } else {
        Change back;
        back.kind = "apply";
        back.from = change.to;
        back.to = change.from;
        back.desired = from_generation(change.from);
        back.plan.units = change.plan.units;
        const auto rows = directory_.rows();
        leave_to_the_api(directory_.undo(directory::difference(rows, back.desired.rows), change.from), progress);
        // After a power cut within confirm() they may have been forgotten.
        keep_originals(paths_, only_in(change.from, change.to), paths_.generation(change.from));
        switch_to(back);
        forget_originals(paths_, only_in(change.to, change.from));
        const fs::path kept = paths_.etc / fmt::format("config.yaml.before-rollback-to-{}", change.to);
        if (const auto config = read_file(kept); change.is_rollback() && config) {
            replace_file(paths_.config(), *config, {.mode = 0640, .group = paths_.service_group});
            fs::remove(kept);
        }
        sync_file_system(paths_.lib);
        sync_file_system("/etc");
        act_on_units(back, true, progress);
    }
    supervisor_.finish_apply(change.id, "undone", cause);
    if (!change.is_rollback()) {
        supervisor_.remove_generation(change.to);
        remove_generation(paths_, change.to);
    }
    tell(progress, "undo", "done");
}

/// There is no generation to go back to: what Debian had configured comes back.
void Applier::undo_first(Change& change, const systemd::Progress& progress) {
    leave_to_the_api(directory_.undo(directory::difference(directory_.rows(), {}), 0), progress);
    restore_originals(paths_, change.desired.placements);
    forget_originals(paths_, change.desired.placements);
    fs::remove(paths_.current());
    fs::remove(paths_.generation(0));
    sync_file_system(paths_.lib);
    sync_file_system("/etc");
    change.manager.daemon_reload();
    for (const auto& step : change.plan.units) {
        const bool was_running = step.action == plan::UnitAction::restart || step.action == plan::UnitAction::reload;
        try {
            change.manager.reset_failed(step.unit);
            change.manager.act(step.unit, was_running ? systemd::Action::restart : systemd::Action::stop, unit_limit);
        } catch (const Error& error) {
            tell(progress, fmt::format("restore {}", step.service), "failed", error.what());
        }
    }
}

void Applier::discard(const Change& change, const std::string& cause) {
    const auto added = only_in(change.to, change.from);
    if (change.from == 0) {
        restore_originals(paths_, added);
        fs::remove(paths_.current());
        fs::remove(paths_.generation(0));
    }
    std::vector<render::Placement> missing;
    for (const auto& step : change.plan.placements) {
        if (step.found == "missing")
            missing.push_back(step.placement);
    }
    remove_stand_ins(missing);
    forget_originals(paths_, added);
    if (!change.is_rollback()) {
        remove_generation(paths_, change.to); // first: it may be what has filled the disk
        supervisor_.remove_generation(change.to);
    }
    supervisor_.finish_apply(change.id, "discarded", cause);
}

void Applier::recover(const systemd::Progress& progress) {
    const auto lock = only_one();
    finish_interrupted(progress);
    const std::uint64_t committed = directory_.generation();
    if (committed == 0)
        return;
    if (supervisor_.generations().empty()) {
        // A purge took the generations and left the directory: what it holds is data, and nothing is applied.
        directory_.apply({}, 0, true);
        return;
    }
    if (supervisor_.files(committed).empty())
        throw Error(Code::not_found,
                    fmt::format("cannot find generation {}, which '{}' names", committed, paths_.directory().string()),
                    "nothing was changed; 'vectis apply' makes a new generation from config.yaml");
    // The directory's commit decides; the link follows it.
    if (fs::read_symlink(paths_.current()) != fs::path("generations") / std::to_string(committed))
        replace_symlink(paths_.current(), fs::path("generations") / std::to_string(committed));
}

/// Ends what a kill, a power cut or a full disk has interrupted.
void Applier::finish_interrupted(const systemd::Progress& progress) {
    const auto interrupted = supervisor_.unfinished_apply();
    if (!interrupted)
        return;
    const std::uint64_t committed = directory_.generation();
    Change change;
    change.id = interrupted->id;
    change.kind = interrupted->kind;
    change.from = interrupted->from;
    change.to = interrupted->to;
    if (committed != change.to && !interrupted->undoing) {
        tell(progress, "recover", "started", fmt::format("discarding generation {}", change.to));
        discard(change, "interrupted before the commit");
        tell(progress, "recover", "done");
        return;
    }
    change.desired = from_generation(change.to);
    // The link may have been switched already; which units need a restart shows against the files of before.
    auto observed = state::observe(change.desired, paths_, directory_, supervisor_, change.manager);
    observed.generation = change.from;
    observed.files.clear();
    for (const auto& file : supervisor_.files(change.from))
        observed.files[file.path] = file.bytes;
    change.plan = plan::difference(change.desired, observed);
    tell(progress, "recover", "started",
         fmt::format("{} generation {}", interrupted->undoing ? "undoing" : "finishing", change.to));
    try {
        if (interrupted->undoing)
            throw Error(Code::probe_failed, interrupted->error);
        settle(change, progress);
        probe(change, progress);
        confirm(change);
    } catch (const std::exception& fault) {
        undo(change, as_error(fault).text(), progress);
    }
    tell(progress, "recover", "done");
}

void Applier::prune(std::uint32_t keep, std::uint64_t current) {
    auto all = supervisor_.generations();
    while (all.size() > keep) {
        const auto oldest =
            std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.number != current; });
        if (oldest == all.end())
            return;
        supervisor_.remove_generation(oldest->number);
        remove_generation(paths_, oldest->number);
        all.erase(oldest);
    }
}

} // namespace vectis::apply
