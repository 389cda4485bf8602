// The other end of service.hpp: the same methods for the command line and `vectis serve`. An Error of the supervisor is
// thrown here as it was there; no supervisor is Error(unavailable), not being allowed is Error(denied).
#pragma once

#include "base/error.hpp"
#include "base/json.hpp"
#include "systemd/service.hpp"

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

namespace vectis::systemd {

/// What was begun goes on or not: nobody hears any more how it ends.
class Unheard : public Error {
    using Error::Error;
};

/// One bus connection, opened by the first call. One thread at a time.
class SupervisorClient {
  public:
    SupervisorClient();
    ~SupervisorClient();

    [[nodiscard]] std::string plan();
    /// Calls `progress` for each event and returns the final one; Unheard if the supervisor goes away before, or `stop`
    /// is requested.
    /// Neither that nor the end of the program ends the apply.
    Json apply(const std::string& plan_id, const Progress& progress, const std::stop_token& stop = {});
    Json rollback(std::uint32_t generation, const Progress& progress, const std::stop_token& stop = {});
    [[nodiscard]] std::string generations();
    [[nodiscard]] std::string status();
    [[nodiscard]] std::string figures();
    Json health(HealthSet set, const Progress& progress, const std::stop_token& stop = {});
    /// See SupervisorMethods::logs.
    [[nodiscard]] std::string logs(const std::string& service, Time since, std::uint32_t most);
    void restart(const std::string& service);
    [[nodiscard]] std::string queue();
    /// `action` as text(QueueAction) says it.
    void act_on_queue(const std::string& id, const std::string& action);
    [[nodiscard]] std::string mailbox_use(const std::string& address);
    [[nodiscard]] std::string sieve_scripts(const std::string& address);
    [[nodiscard]] std::string sieve_script(const std::string& address, const std::string& name);
    void put_sieve_script(const std::string& address, const std::string& name, const std::string& script);
    /// `action` as text(SieveAction) says it.
    void act_on_sieve_script(const std::string& address, const std::string& name, const std::string& action);
    [[nodiscard]] std::string deploy_certificates();
    void set_password(const std::string& address, const std::string& hash);
    [[nodiscard]] std::string change_account(const std::string& id, const std::string& change);
    [[nodiscard]] std::string dns_records(const std::string& domain, const std::vector<std::string>& published);
    [[nodiscard]] std::string export_yaml();
    /// Waits two seconds at most.
    [[nodiscard]] std::string version();

  private:
    class Session;
    std::unique_ptr<Session> session_;
};

} // namespace vectis::systemd
