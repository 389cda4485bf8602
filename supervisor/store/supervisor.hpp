// supervisor.db: the generations that were made, the journal of applies, what each unit has loaded, the outbox.
// Opened by the supervisor alone; every call here is durable when it returns.
#pragma once

#include "base/clock.hpp"
#include "store/database.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace vectis::store {

/// A rendered file as it was written. `path` is relative to the generation's folder.
struct StoredFile {
    std::string path;
    std::string bytes;
    Access access;
    std::vector<std::string> services; // who reads it
};

struct Generation {
    std::uint64_t number = 0;
    std::string made_at;
    std::string config_sha256;
    std::string summary;
};

/// One apply or rollback.
struct Apply {
    std::string id;
    std::string kind; // apply | rollback
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    bool undoing = false;
    std::string started_at;
    std::string finished_at;
    std::string outcome; // confirmed | undone | discarded; empty while it runs
    std::string error;
};

/// What a running unit has read, and in which run of the unit (systemd's InvocationID).
struct Loaded {
    std::string invocation_id;
    std::string digest;
};

struct Event {
    std::string id;
    std::string at;
    std::string type;
    std::string data; // JSON
};

class Supervisor {
  public:
    Supervisor(const fs::path& file, const fs::path& migrations);
    /// A second connection that only reads, for another thread.
    [[nodiscard]] static Supervisor reader(const fs::path& file);

    /// The number that the next generation gets; numbers are never used twice.
    [[nodiscard]] std::uint64_t next_generation();
    void add_generation(const Generation& generation, const std::vector<StoredFile>& files);
    [[nodiscard]] std::vector<Generation> generations();
    /// The files of a generation as they were written, sorted by path; empty if there is no such generation.
    [[nodiscard]] std::vector<StoredFile> files(std::uint64_t generation);
    void remove_generation(std::uint64_t number);
    /// The generation that `number` took over from when it was applied, or the highest lower one that is still kept;
    /// 0: there is none.
    [[nodiscard]] std::uint64_t generation_before(std::uint64_t number);

    /// Records the intent; what follows is finished or undone at the next start if we die.
    std::string begin_apply(const std::string& kind, std::uint64_t from, std::uint64_t to);
    void begin_undo(const std::string& id, const std::string& error);
    void finish_apply(const std::string& id, const std::string& outcome, const std::string& error);
    [[nodiscard]] std::optional<Apply> unfinished_apply();
    [[nodiscard]] std::optional<Apply> last_apply();

    [[nodiscard]] std::map<std::string, Loaded> loaded();
    void set_loaded(const std::string& unit, const Loaded& loaded);

    void add_event(const std::string& type, const std::string& data);
    [[nodiscard]] std::vector<Event> events();

  private:
    explicit Supervisor(Database database) : database_(std::move(database)) {}
    [[nodiscard]] std::optional<Apply> one_apply(std::string_view condition);

    Database database_;
};

} // namespace vectis::store
