// The other end of service.hpp: the same methods for the command line and `vectis serve`. An Error of the supervisor is
// thrown here as it was there; no supervisor is Error(unavailable), not being allowed is Error(denied).
#pragma once

#include "base/json.hpp"
#include "systemd/service.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace vectis::systemd {

/// One bus connection, opened by the first call. One thread at a time.
class SupervisorClient {
  public:
    SupervisorClient();
    ~SupervisorClient();

    [[nodiscard]] std::string plan();
    /// Calls `progress` for each event and returns the final one. Ending the program does not end the apply.
    Json apply(const std::string& plan_id, const Progress& progress);
    Json rollback(std::uint32_t generation, const Progress& progress);
    [[nodiscard]] std::string generations();
    [[nodiscard]] std::string status();
    Json health(HealthSet set, const Progress& progress);
    void restart(const std::string& service);
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
