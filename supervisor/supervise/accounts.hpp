// What an account has beside its rows in directory.db: keys that sign its mail, and the mail itself. Each step may be
// taken again: whoever was killed is asked again with the same id.
#pragma once

#include "directory/account.hpp"
#include "state/paths.hpp"
#include "store/directory.hpp"

#include <mutex>
#include <string>

namespace vectis::supervise {

/// Any thread may call it.
class Accounts {
  public:
    Accounts(const state::Paths& paths, store::Directory& directory) : paths_(paths), directory_(directory) {}

    /// See systemd::SupervisorMethods::change_account.
    [[nodiscard]] Json change(const std::string& id, const directory::AccountChange& change);

    /// Brings Rspamd's list of signers to what directory.db says, and Rspamd to that list. Called at start, since
    /// whoever was killed may have left either behind. Throws if it could not; the next change tries again.
    void sign(bool reload_anyway);

  private:
    /// What has to be there before the rows are.
    void prepare(const std::string& id, const directory::AccountChange& change);
    Json remove(const std::string& id, const directory::RemovedMailbox& removed);

    const state::Paths& paths_;
    store::Directory& directory_;
    std::mutex changing_;
    std::mutex signing_;
    bool behind_ = false; // Rspamd has not been told yet
};

} // namespace vectis::supervise
