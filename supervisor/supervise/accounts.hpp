// What an account has beside its rows in directory.db: keys that sign its mail, and the mail itself. Each step may be
// taken again: whoever was killed is asked again with the same id.
#pragma once

#include "directory/account.hpp"
#include "state/paths.hpp"
#include "store/directory.hpp"

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <string>

namespace vectis::supervise {

/// Any thread may call it.
class Accounts {
  public:
    Accounts(const state::Paths& paths, store::Directory& directory) : paths_(paths), directory_(directory) {}

    /// See systemd::SupervisorMethods::change_account.
    [[nodiscard]] Json change(const std::string& id, const directory::AccountChange& change);

    /// Brings Rspamd's list of signers to what directory.db says, and Rspamd to that list. Called at start, since
    /// whoever was killed may have left either behind. Throws if it could not; keep_signing() tries again.
    void sign(bool reload_anyway);
    /// Tries again what sign() could not do, until it has; returns when asked to stop.
    void keep_signing(const std::stop_token& stop);

  private:
    /// What has to be there before the rows are.
    void prepare(const std::string& id, const directory::AccountChange& change);
    void make_keys(const std::vector<directory::DkimKey>& keys);
    /// For the mail of a new mailbox.
    void make_room(const std::string& id, const std::string& address);
    Json remove(const std::string& id, const directory::RemovedMailbox& removed);
    Json import_all(const std::string& id, directory::Import import);
    Json import_key(const std::string& id, const directory::ImportedDkimKey& imported);

    const state::Paths& paths_;
    store::Directory& directory_;
    std::mutex changing_;
    std::mutex signing_;
    std::condition_variable_any fell_behind_;
    bool behind_ = false; // Rspamd has not been told yet
};

} // namespace vectis::supervise
