// vectis.db: everything that belongs to the API. One process opens it, `vectis serve`; one connection reads and writes,
// under a lock. The files admins, api_keys, audit and idempotency know its tables.
#pragma once

#include "store/database.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

namespace vectis::store {

/// Any thread may call it.
class Vectis {
  public:
    /// Opens or makes the file, which belongs to `owner` alone (user and group; empty: whoever runs this), and migrates
    /// it.
    Vectis(const fs::path& file, const fs::path& migrations, const std::string& owner);

    template<typename Use>
    auto read(Use&& use) {
        const std::scoped_lock lock(mutex_);
        return std::forward<Use>(use)(database_);
    }
    /// All that `use` changes, or nothing if it throws. On return it survives a power cut. Those who come while
    /// another's change is being written to the disk are written together, one commit for all; each is undone by
    /// itself.
    template<typename Use>
    auto write(Use&& use) {
        std::optional<decltype(use(std::declval<Database&>()))> result;
        commit([&](Database& database) { result.emplace(use(database)); });
        return std::move(*result);
    }
    /// `changed` is called after each commit, by any thread; set before there are several.
    void when_changed(std::function<void()> changed) { changed_ = std::move(changed); }
    /// Takes out of the write-ahead log what was deleted, which is there until it is written over. False: not yet,
    /// since another program reads the database.
    [[nodiscard]] bool forget() {
        const std::scoped_lock lock(mutex_);
        return database_.empty_log();
    }

    /// Gives the room of what was deleted back to the disk, some at a time.
    void give_room_back();

  private:
    struct Waiting;

    void commit(const std::function<void(Database&)>& change);
    void commit_all(const std::vector<Waiting*>& waiting);

    std::mutex waiting_mutex_;
    std::condition_variable committed_;
    std::vector<Waiting*> waiting_;
    bool committing_ = false;

    std::function<void()> changed_ = [] {};
    std::mutex mutex_;
    Database database_;
};

} // namespace vectis::store
