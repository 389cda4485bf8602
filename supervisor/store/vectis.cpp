#include "store/vectis.hpp"

#include "store/migrate.hpp"

#include <fmt/format.h>

#include <limits>

namespace vectis::store {

namespace {

constexpr std::int64_t incremental = 2; // of pragma auto_vacuum

std::int64_t number(Database& database, std::string_view pragma) {
    auto select = database.prepare(pragma);
    return select.step() ? select.integer(0) : 0;
}

Database open_vectis(const fs::path& file, const fs::path& migrations, const std::string& owner) {
    // Made before SQLite does: it gives -wal and -shm the owner and mode of the file they belong to.
    create_file(file, "", {.mode = 0600, .user = owner, .group = owner});
    Database database(file, Journal::wal);
    // A private key passes through here (accounts/errands): what is deleted is overwritten, not only left aside.
    database.execute("pragma secure_delete = on");
    // The room of what is forgotten goes back to the disk. Other than in a new file only a rewrite can bring this
    // about, which takes as much room again, twice; on a full disk it is put off to a later start.
    if (number(database, "pragma auto_vacuum") != incremental &&
        fs::space(file.parent_path()).available > 2 * fs::file_size(file))
        database.execute("pragma auto_vacuum = incremental; vacuum");
    migrate(database, migrations);
    return database;
}

} // namespace

/// Somebody who waits for their change to be committed.
struct Vectis::Waiting {
    const std::function<void(Database&)>& change;
    std::exception_ptr fault;
    bool done = false;
};

Vectis::Vectis(const fs::path& file, const fs::path& migrations, const std::string& owner) :
    database_(open_vectis(file, migrations, owner)) {}

void Vectis::give_room_back() {
    constexpr int pages = 1000;
    for (std::int64_t left = std::numeric_limits<std::int64_t>::max();;) {
        const std::scoped_lock lock(mutex_);
        database_.execute(fmt::format("pragma incremental_vacuum({})", pages));
        // A reader beside us may keep the last ones.
        const std::int64_t now = number(database_, "pragma freelist_count");
        if (now == 0 || now >= left)
            return;
        left = now;
    }
}

void Vectis::commit(const std::function<void(Database&)>& change) {
    Waiting own{.change = change, .fault = nullptr};
    std::unique_lock lock(waiting_mutex_);
    waiting_.push_back(&own);
    committed_.wait(lock, [&] { return own.done || !committing_; });
    if (!own.done) {
        // Nobody is at it: this one commits for all that wait by now.
        committing_ = true;
        const auto all = std::exchange(waiting_, {});
        lock.unlock();
        commit_all(all);
        changed_();
        lock.lock();
        committing_ = false;
        for (auto* each : all)
            each->done = true;
        committed_.notify_all();
    }
    lock.unlock();
    if (own.fault)
        std::rethrow_exception(own.fault);
}

void Vectis::commit_all(const std::vector<Waiting*>& waiting) {
    const std::scoped_lock lock(mutex_);
    try {
        Transaction transaction(database_);
        for (auto* each : waiting) {
            database_.prepare("savepoint one_change").run();
            try {
                each->change(database_);
            } catch (...) {
                each->fault = std::current_exception();
                // Throws if SQLite has undone the whole transaction by itself (a full disk).
                database_.prepare("rollback to one_change").run();
            }
            database_.prepare("release one_change").run();
        }
        transaction.commit();
    } catch (...) {
        // None of it is there.
        for (auto* each : waiting) {
            if (!each->fault)
                each->fault = std::current_exception();
        }
    }
}

} // namespace vectis::store
