// What the supervisor does for its callers: plan, apply, rollback, status, health. Owns the two databases.
#pragma once

#include "apply/applier.hpp"
#include "base/guarded.hpp"
#include "health/prober.hpp"
#include "state/paths.hpp"
#include "store/directory.hpp"
#include "store/supervisor.hpp"
#include "supervise/accounts.hpp"
#include "systemd/service.hpp"

namespace vectis::supervise {

class Methods : public systemd::SupervisorMethods {
  public:
    explicit Methods(state::Paths paths);

    /// See apply::Applier.
    void recover();
    void await_unended(const std::stop_token& stop, std::optional<std::chrono::seconds> at_most);
    /// See Accounts.
    void keep_signing(const std::stop_token& stop);
    /// An event that others take later (a unit that failed or recovered).
    void add_event(const std::string& type, const Json& data);

    std::string plan() override;
    Json apply(const std::string& plan_id, const systemd::Progress& progress) override;
    Json rollback(std::uint32_t generation, const systemd::Progress& progress) override;
    std::string generations() override;
    std::string status() override;
    std::string figures() override;
    std::string logs(const std::string& service, Time since, std::uint32_t most) override;
    Json health(systemd::HealthSet set, const systemd::Progress& progress) override;
    void restart(const std::string& service) override;
    std::string queue() override;
    void act_on_queue(const std::string& id, systemd::QueueAction action) override;
    std::string mailbox_use(const std::string& address) override;
    std::string sieve_scripts(const std::string& address) override;
    std::string sieve_script(const std::string& address, const std::string& name) override;
    void put_sieve_script(const std::string& address, const std::string& name, const std::string& script) override;
    void act_on_sieve_script(const std::string& address, const std::string& name, systemd::SieveAction action) override;
    std::string deploy_certificates() override;
    void set_password(const std::string& address, const std::string& hash) override;
    std::string change_account(const std::string& id, const std::string& change) override;
    std::string dns_records(const std::string& domain, const std::vector<std::string>& published) override;
    std::string export_yaml() override;
    std::string version() override;

  private:
    /// The configuration that is applied now, without its accounts.
    struct Zones {
        std::uint64_t generation = 0;
        std::optional<config::Config> config;
    };

    /// The certificate that is shown, and the name of this host.
    void add_certificate(Json& json) const;
    [[nodiscard]] std::vector<health::Result> probe(systemd::HealthSet set, const systemd::Progress& progress);
    /// The configuration that is applied now. Error(not_found) before the first apply.
    [[nodiscard]] config::Config applied() const;
    /// That of a generation, by its folder.
    [[nodiscard]] static config::Config config_in(const fs::path& generation);

    state::Paths paths_;
    store::Directory directory_;
    store::Supervisor supervisor_;
    Accounts accounts_;
    health::Prober prober_;
    apply::Applier applier_;
    Guarded<Zones> zones_;
};

} // namespace vectis::supervise
