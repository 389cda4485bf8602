#include "supervise/methods.hpp"

#include "base/subprocess.hpp"
#include "base/text.hpp"
#include "config/load.hpp"
#include "config/write.hpp"
#include "health/run_here.hpp"
#include "keys/certificate.hpp"
#include "state/zone_facts.hpp"
#include "supervise/figures.hpp"
#include "supervise/mailbox_tools.hpp"
#include "supervise/queue.hpp"
#include "surface/services.hpp"
#include "systemd/journal.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <malloc.h>
#include <utility>

namespace vectis::supervise {

namespace {

/// Large plans leave much freed memory behind; an idle supervisor gives it back.
struct TrimAtEnd {
    TrimAtEnd() = default;
    ~TrimAtEnd() { malloc_trim(0); }
    TrimAtEnd(const TrimAtEnd&) = delete;
    TrimAtEnd& operator=(const TrimAtEnd&) = delete;
};

Json service_json(systemd::Manager& manager, const surface::Service& service) {
    const systemd::UnitState unit = state::unit_of(manager, service);
    Json json{{"service", service.name}, {"unit", unit.name},    {"active", unit.active_state},
              {"sub", unit.sub_state},   {"pid", unit.main_pid}, {"restarts", unit.n_restarts}};
    json["since"] = unit.active() && unit.active_since ? Json(rfc3339(*unit.active_since)) : Json(nullptr);
    json["memory"] = unit.memory ? Json(*unit.memory) : Json(nullptr);
    if (!unit.active())
        json["why"] = unit.why();
    return json;
}

Json services_json() {
    systemd::Manager manager;
    Json services = Json::array();
    for (const auto& service : surface::services()) {
        try {
            services.push_back(service_json(manager, service));
        } catch (const Error& error) {
            services.push_back({{"service", service.name}, {"active", "missing"}, {"why", error.what()}});
        }
    }
    return services;
}

Json queue_json() {
    try {
        const Finished finished = run({"postqueue", "-j"}, std::chrono::seconds(20));
        if (finished.status != 0)
            return {{"error", finished.err}};
        return {{"messages", std::count(finished.out.begin(), finished.out.end(), '\n')}};
    } catch (const Error& error) {
        return {{"error", error.what()}};
    }
}

/// Asked of Postfix, which answers at once however many mailboxes config.yaml has.
struct InForce {
    std::string hostname;
    fs::path certificate;
};

InForce in_force() {
    const Finished finished = run({"postconf", "-h", "myhostname", "smtpd_tls_cert_file"}, std::chrono::seconds(20));
    const auto lines = split(finished.out, '\n');
    if (finished.status != 0 || lines.size() < 2)
        throw Error(Code::check_failed, "cannot ask Postfix for its settings: " + printable(finished.err),
                    "'vectis apply' puts them right");
    return {lines[0], lines[1]};
}

Json certificate_json(const fs::path& path) {
    const auto pem = read_file(path);
    if (!pem)
        return {{"path", path.string()}, {"error", "missing"}};
    const auto info = keys::certificate_info(*pem);
    const auto left = std::chrono::duration_cast<std::chrono::hours>(info.not_after - now()).count() / 24;
    return {{"path", path.string()},
            {"names", info.names},
            {"self_signed", info.self_signed},
            {"not_after", rfc3339(info.not_after)},
            {"days_left", left}};
}

Json apply_json(const store::Apply& apply, bool running) {
    return {{"kind", apply.kind},
            {"from", apply.from},
            {"to", apply.to},
            {"started_at", apply.started_at},
            {"finished_at", apply.finished_at},
            {"outcome", !apply.outcome.empty() ? apply.outcome
                        : running              ? "running"
                                               : "interrupted"},
            {"error", apply.error}};
}

Json outcome_json(const apply::Outcome& outcome) {
    return {{"generation", outcome.generation}, {"summary", outcome.summary}, {"changed", outcome.changed}};
}

} // namespace

Methods::Methods(state::Paths paths) :
    paths_(std::move(paths)), directory_(paths_.directory(), paths_.migrations() / "directory", "vectis-directory"),
    supervisor_(paths_.supervisor_db(), paths_.migrations() / "supervisor"), accounts_(paths_, directory_),
    prober_(paths_),
    applier_(paths_, directory_, supervisor_, [this] { return probe(systemd::HealthSet::quick, [](const Json&) {}); }) {
}

void Methods::recover() {
    const TrimAtEnd trim;
    applier_.recover([](const Json& event) { systemd::log(systemd::Priority::notice, to_text(event)); });
    try {
        accounts_.sign(true);
    } catch (const Error& error) {
        // Rspamd reads the list when it starts, too.
        systemd::log(systemd::Priority::error, "cannot bring Rspamd its list of signers: " + error.text());
    }
}

void Methods::await_unended(const std::stop_token& stop, std::optional<std::chrono::seconds> at_most) {
    applier_.await_unended(stop, at_most);
}

void Methods::keep_signing(const std::stop_token& stop) {
    accounts_.keep_signing(stop);
}

void Methods::add_event(const std::string& type, const Json& data) {
    // A connection of its own: the loop must not wait for an apply.
    store::Supervisor(paths_.supervisor_db(), paths_.migrations() / "supervisor").add_event(type, to_text(data));
}

std::string Methods::plan() {
    const TrimAtEnd trim;
    const plan::Plan plan = applier_.plan();
    Json json = plan::to_json(plan);
    json["text"] = plan::describe(plan);
    return to_text(json);
}

Json Methods::apply(const std::string& plan_id, const systemd::Progress& progress) {
    const TrimAtEnd trim;
    return outcome_json(applier_.apply(plan_id, progress));
}

Json Methods::rollback(std::uint32_t generation, const systemd::Progress& progress) {
    const TrimAtEnd trim;
    return outcome_json(applier_.rollback(generation, progress));
}

std::string Methods::generations() {
    auto reader = store::Supervisor::reader(paths_.supervisor_db());
    const std::uint64_t current = store::read_directory_generation(paths_.directory());
    Json list = Json::array();
    for (const auto& each : reader.generations())
        list.push_back({{"generation", each.number},
                        {"made_at", each.made_at},
                        {"summary", each.summary},
                        {"current", each.number == current}});
    return to_text(
        {{"current", current}, {"before", reader.generation_before(current)}, {"generations", std::move(list)}});
}

std::string Methods::status() {
    Json json{{"version", VECTIS_VERSION}, {"generation", store::read_directory_generation(paths_.directory())}};
    json["services"] = services_json();
    auto reader = store::Supervisor::reader(paths_.supervisor_db());
    const auto last = reader.last_apply();
    json["last_apply"] = last ? apply_json(*last, applier_.running()) : Json(nullptr);
    if (json["generation"] == 0)
        return to_text(json);
    json["queue"] = queue_json();
    add_certificate(json);
    return to_text(json);
}

std::string Methods::figures() {
    Json json = supervise::figures(paths_);
    json["generation"] = store::read_directory_generation(paths_.directory());
    json["services"] = services_json();
    if (json["generation"] != 0)
        add_certificate(json);
    return to_text(json);
}

void Methods::add_certificate(Json& json) const {
    fs::path asked = paths_.current() / "postfix/main.cf";
    try {
        const InForce found = in_force();
        json["hostname"] = found.hostname;
        asked = found.certificate;
        json["certificate"] = certificate_json(asked);
    } catch (const Error& error) {
        json["certificate"] = {{"path", asked.string()}, {"error", error.what()}};
    }
}

Json Methods::health(systemd::HealthSet set, const systemd::Progress& progress) {
    std::size_t failed = 0;
    const auto results = probe(set, progress);
    for (const auto& result : results)
        failed += result.passed ? 0 : 1;
    return {{"passed", results.size() - failed}, {"failed", failed}};
}

std::string Methods::logs(const std::string& service, Time since, std::uint32_t most) {
    Json rows = Json::array();
    for (const auto& entry : systemd::tail(state::log_units(service), most, since))
        rows.push_back({{"at", rfc3339(entry.time)},
                        {"program", printable(entry.identifier)},
                        {"pid", entry.pid},
                        {"priority", systemd::text(entry.priority)},
                        {"message", printable(entry.message)}});
    return to_text(rows);
}

void Methods::restart(const std::string& service) {
    const auto* row = surface::find_service(service);
    if (row == nullptr)
        throw Error(Code::not_found, "cannot restart: there is no such service", "'vectis status' lists the services");
    systemd::Manager manager;
    const auto unit = state::unit_of(manager, *row);
    manager.reset_failed(unit.name);
    manager.act(unit.name, systemd::Action::restart, std::chrono::seconds(90));
}

std::string Methods::queue() {
    return to_text(queued_messages());
}

void Methods::act_on_queue(const std::string& id, systemd::QueueAction action) {
    act_on_message(id, action);
    systemd::log(systemd::Priority::notice, fmt::format("{} {} in the queue", systemd::text(action), id));
}

std::string Methods::mailbox_use(const std::string& address) {
    return to_text(supervise::mailbox_use(address));
}

std::string Methods::sieve_scripts(const std::string& address) {
    return to_text(supervise::sieve_scripts(address));
}

std::string Methods::sieve_script(const std::string& address, const std::string& name) {
    return supervise::sieve_script(address, name);
}

void Methods::put_sieve_script(const std::string& address, const std::string& name, const std::string& script) {
    supervise::put_sieve_script(address, name, script);
}

void Methods::act_on_sieve_script(const std::string& address, const std::string& name, systemd::SieveAction action) {
    supervise::act_on_sieve_script(address, name, action);
}

std::string Methods::deploy_certificates() {
    const TrimAtEnd trim;
    const auto deployed =
        applier_.deploy_certificates([](const Json& event) { systemd::log(systemd::Priority::info, to_text(event)); });
    return to_text({{"placed", deployed.placed}, {"refused", deployed.refused}});
}

void Methods::set_password(const std::string& address, const std::string& hash) {
    directory_.set_password(address, hash);
    systemd::log(systemd::Priority::notice, "the password of " + address + " was changed");
}

std::string Methods::change_account(const std::string& id, const std::string& change) {
    return to_text(accounts_.change(id, directory::account_change(parse_json(change))));
}

std::string Methods::dns_records(const std::string& domain, const std::vector<std::string>& published) {
    // One at a time, and config.yaml is read once for each generation: it may be large, and many may ask.
    return zones_.with([&](Zones& zones) {
        const auto generation = store::read_directory_generation(paths_.directory());
        if (!zones.config || zones.generation != generation) {
            const TrimAtEnd trim;
            zones = {generation, config_in(paths_.generation(generation))};
            for (auto& each : zones.config->domains) {
                each.mailboxes = {};
                each.aliases = {};
            }
        }
        Json records = Json::array();
        for (const auto& each :
             zone::dns_records(*zones.config, state::zone_facts(*zones.config, paths_, published, domain))) {
            if (each.zone == domain || each.zone == zones.config->hostname || each.elsewhere)
                records.push_back(zone::to_json(each));
        }
        return to_text({{"hostname", zones.config->hostname}, {"records", std::move(records)}});
    });
}

std::string Methods::export_yaml() {
    return config::to_yaml(applied());
}

std::string Methods::version() {
    return VECTIS_VERSION;
}

config::Config Methods::applied() const {
    return config_in(paths_.current());
}

config::Config Methods::config_in(const fs::path& generation) {
    const auto text = read_file(generation / "config.yaml");
    if (!text)
        throw Error(Code::not_found, "cannot read the applied configuration: nothing was applied yet",
                    "run 'vectis setup'");
    return config::load(*text, "config.yaml").config;
}

std::vector<health::Result> Methods::probe(systemd::HealthSet set, const systemd::Progress& progress) {
    return prober_.run(set == systemd::HealthSet::all ? health::Set::all : health::Set::quick,
                       [&](const health::Result& result) {
                           Json event = health::to_json(result);
                           event["event"] = "probe";
                           progress(event);
                       });
}

} // namespace vectis::supervise
