// directory.db: read live by Postfix and Dovecot, written by the supervisor alone. The commit of apply() is the commit
// point of a whole apply: rows and meta.generation change together.
#pragma once

#include "directory/account.hpp"
#include "directory/rows.hpp"
#include "store/accounts.hpp"
#include "store/database.hpp"

#include <mutex>
#include <set>

namespace vectis::store {

/// Any thread may call it.
class Directory {
  public:
    /// Opens `folder`/directory.db, makes and migrates it where needed, recovers it after a crash (what it says from
    /// here on, a power cut leaves as it is), and gives the database, -wal and -shm the group and modes that readers
    /// need (an empty `group` leaves it as it is).
    Directory(const fs::path& folder, const fs::path& migrations, const std::string& group);

    /// The generation whose rows are here; 0 before the first apply.
    [[nodiscard]] std::uint64_t generation();
    /// The active rows owned by config or system, sorted.
    [[nodiscard]] directory::Rows rows();
    /// The domains and addresses that the API made.
    [[nodiscard]] std::set<std::string> api_made();
    /// Makes the changes and records `generation`, in one transaction that survives a power cut once this returns.
    /// A mailbox that goes is suspended, never deleted. Throws Error(conflict) if an address belongs to the API.
    /// With `going_back` a password that the user has changed since stays.
    void apply(const directory::Changes& changes, std::uint64_t generation, bool going_back);
    /// The same for what has to succeed: a row that the API has taken meanwhile is left to it, and named.
    std::vector<std::string> undo(const directory::Changes& changes, std::uint64_t generation);
    /// Gives an active mailbox another password (a Dovecot password with its scheme), in a transaction that survives a
    /// power cut once this returns. What config.yaml declared stays noted, so that only a change there counts later.
    /// Throws Error(not_found) if there is no such mailbox, it is suspended, or it is Vectis's own.
    void set_password(const std::string& address, const std::string& password);
    /// Makes a change of the API's in a transaction that survives a power cut once this returns. Asked again with the
    /// same `id` it changes nothing, and answers the same. {"before": ..., "after": ...}; throws as store::Accounts.
    [[nodiscard]] Json change(const std::string& id, const directory::AccountChange& change);
    /// What change() would answer, or throw. Changes nothing.
    [[nodiscard]] Json trial(const directory::AccountChange& change);
    /// What was answered to the change with this id.
    [[nodiscard]] std::optional<Json> changed(const std::string& id);
    /// What is read of the accounts between changes.
    template<typename Use>
    auto read(Use&& use) {
        const std::lock_guard lock(mutex_);
        Accounts accounts(database_);
        return std::forward<Use>(use)(accounts);
    }

  private:
    std::vector<std::string> write(const directory::Changes& changes, std::uint64_t generation, bool going_back,
                                   bool yielding);

    std::mutex mutex_; // a password may be changed during an apply, and the connection is for one thread at a time
    Database database_;
};

/// For many readers of one process that may only read. Opens the file when it is first asked; Error(unavailable) if
/// there is none yet.
class DirectoryReader {
  public:
    explicit DirectoryReader(fs::path folder) : folder_(std::move(folder)) {}

    template<typename Use>
    auto read(Use&& use) {
        const std::lock_guard lock(mutex_);
        return std::forward<Use>(use)(database());
    }

  private:
    [[nodiscard]] Database& database();

    fs::path folder_;
    std::mutex mutex_;
    std::optional<Database> database_;
};

/// Generation and rows for a caller that may only read; Error(not_found) if there is no directory.db.
struct DirectoryContents {
    std::uint64_t generation = 0;
    directory::Rows rows;
    std::set<std::string> api_made;
};
[[nodiscard]] DirectoryContents read_directory(const fs::path& folder);
/// Its generation alone.
[[nodiscard]] std::uint64_t read_directory_generation(const fs::path& folder);

} // namespace vectis::store
