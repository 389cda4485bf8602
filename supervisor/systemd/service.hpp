// The D-Bus service org.vectis.Supervisor1: what root and the user `vectis` may ask of the supervisor. Arguments are
// ids and enumerations of this file; no path, command, package or free unit name crosses the bus.
//
//   Plan() -> h           memfd with the plan as JSON          Status() -> h       memfd, JSON
//   Apply(s) -> h         pipe, one JSON event per line        Generations() -> h  memfd, JSON
//   Rollback(u) -> h      pipe, likewise                       Export() -> h       memfd, YAML
//   Health(s) -> h        pipe, likewise                       Restart(s), Version() -> s
//   SetPassword(ss)       address, argon2id hash          DnsRecords(sas) -> s  domain, addresses; JSON
//   ChangeAccount(ss) -> s  id of the change; it, and what came, JSON
//   Queue() -> h          memfd, JSON                      ActOnQueue(ss)      id, action
//   Logs(sxu) -> h        service, since (milliseconds), most; memfd, JSON
//   Figures() -> h        memfd, JSON                      MailboxUse(s) -> s    address; JSON
//   SieveScripts(s) -> h  address; memfd, JSON             SieveScript(ss) -> h  address, name; memfd, the script
//   PutSieveScript(sss)   address, name, the script        ActOnSieveScript(sss) address, name, action
//
// The last line of a pipe is {"event":"done",...} or {"event":"failed","code","message","hint","problems"}; a pipe that
// ends without either means that the supervisor died. Errors travel as org.vectis.Error.CODE; the client throws the
// same Error again.
#pragma once

#include "base/clock.hpp"
#include "base/json.hpp"
#include "systemd/pollable.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace vectis::systemd {

inline constexpr std::string_view supervisor_name = "org.vectis.Supervisor1";
inline constexpr std::string_view supervisor_path = "/org/vectis/Supervisor1";

enum class HealthSet : std::uint8_t { quick, all };

/// What can be done with a message in Postfix's queue.
enum class QueueAction : std::uint8_t { flush, hold, release, remove };
[[nodiscard]] std::string_view text(QueueAction action);

/// What can be done with a Sieve script beside writing it.
enum class SieveAction : std::uint8_t { activate, deactivate, remove };
[[nodiscard]] std::string_view text(SieveAction action);

/// Takes one event: an object with the string "event" and whatever belongs to it.
using Progress = std::function<void(const Json& event)>;

/// What the supervisor does for its callers. Each call runs on a thread of its own, several at once; an Error that is
/// thrown reaches the caller whole. `progress` never throws and never waits for a slow or vanished reader.
class SupervisorMethods {
  public:
    virtual ~SupervisorMethods() = default;

    /// The plan from what is to what /etc/vectis/config.yaml says, with its id, as JSON.
    virtual std::string plan() = 0;
    /// Applies the plan with this id; throws Error(stale) if it is no longer true, Error(busy) if another is running.
    /// Returns the members of the final "done" event (an object).
    virtual Json apply(const std::string& plan_id, const Progress& progress) = 0;
    virtual Json rollback(std::uint32_t generation, const Progress& progress) = 0;
    virtual std::string generations() = 0;
    virtual std::string status() = 0;
    /// Status, and figures for whoever watches the server: {"queues", "filter", "disks", "databases"} as JSON.
    virtual std::string figures() = 0;
    /// What a service has said since then, the last `most` lines of it, the oldest first: [{at, program, pid, priority,
    /// message}] as JSON. `service` is a name of surface/services.hpp, or "vectis".
    virtual std::string logs(const std::string& service, Time since, std::uint32_t most) = 0;
    virtual Json health(HealthSet set, const Progress& progress) = 0;
    /// `service` is a name of surface/services.hpp.
    virtual void restart(const std::string& service) = 0;
    /// The messages in Postfix's queue: [{id, queue, arrived_at, size, sender, recipients}] as JSON.
    virtual std::string queue() = 0;
    /// `id` is that of one message, never "ALL". Throws Error(not_found) if there is none.
    virtual void act_on_queue(const std::string& id, QueueAction action) = 0;
    /// How full a mailbox is: {"bytes", "messages"} as JSON.
    virtual std::string mailbox_use(const std::string& address) = 0;
    /// Its Sieve scripts: [{"name", "active"}] as JSON; one of them; see supervise/mailbox_tools.
    virtual std::string sieve_scripts(const std::string& address) = 0;
    virtual std::string sieve_script(const std::string& address, const std::string& name) = 0;
    virtual void put_sieve_script(const std::string& address, const std::string& name, const std::string& script) = 0;
    virtual void act_on_sieve_script(const std::string& address, const std::string& name, SieveAction action) = 0;
    /// Puts issued certificates in place: {"placed": [name], "refused": {name: why}} as JSON.
    virtual std::string deploy_certificates() = 0;
    /// Gives the mailbox with this address another password; `hash` is {ARGON2ID}, never clear text.
    virtual void set_password(const std::string& address, const std::string& hash) = 0;
    /// Changes a domain, a mailbox or an alias: directory::AccountChange as JSON. Asked again with the same id it
    /// changes nothing and answers the same: {"before", "after"} as JSON.
    virtual std::string change_account(const std::string& id, const std::string& change) = 0;
    /// The DNS records to publish for a domain that is here, and for the host: {"hostname", "records"} as JSON, these
    /// of zone::DnsRecord. `published`: addresses that DNS has for the host, for one behind NAT.
    virtual std::string dns_records(const std::string& domain, const std::vector<std::string>& published) = 0;
    virtual std::string export_yaml() = 0;
    virtual std::string version() = 0;
};

class SupervisorService : public Pollable {
  public:
    /// Takes the name on the system bus. Throws Error(unavailable) if the bus is away, Error(conflict) if another
    /// supervisor has the name. `methods` outlives the service.
    explicit SupervisorService(SupervisorMethods& methods);
    /// Waits for the calls that are running.
    ~SupervisorService() override;

    [[nodiscard]] std::vector<pollfd> descriptors() override;
    [[nodiscard]] std::optional<std::chrono::milliseconds> patience() override;
    void dispatch() override;

    /// No new calls from now on; they get Error(unavailable).
    void refuse();
    /// How many calls are running now.
    [[nodiscard]] std::size_t running() const;
    /// Whether an apply, a rollback or a restart is running: what units do meanwhile is its business.
    [[nodiscard]] bool changing() const;
    /// Whether no running call has outlived its limit (5 minutes; 1 hour for apply, rollback and health).
    [[nodiscard]] bool healthy() const;

  private:
    class Session;
    std::unique_ptr<Session> session_;
};

} // namespace vectis::systemd
