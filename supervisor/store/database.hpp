// SQLite with owners: a Database closes itself, a Statement gives back what was prepared for it, so that it is prepared
// once, and a Transaction that is not committed is undone. One connection is used by one thread at a time. Every
// failure is an Error that names the file and the statement; busy is Error(busy), a full disk Error(system).
#pragma once

#include "base/file.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace vectis::store {

class Database;

class Statement {
  public:
    Statement(Statement&&) noexcept;
    Statement& operator=(Statement&&) noexcept;
    ~Statement();

    /// Starts over with these values for ?1, ?2, ...
    template<typename... Values>
    Statement& bind(const Values&... values) {
        reset();
        int index = 0;
        (bind_one(++index, values), ...);
        return *this;
    }
    /// Starts over with these texts for ?1, ?2, ...
    Statement& bind_all(const std::vector<std::string>& values) {
        reset();
        int index = 0;
        for (const auto& value : values)
            bind_one(++index, std::string_view(value));
        return *this;
    }
    /// The next row; false at the end.
    [[nodiscard]] bool step();
    /// Runs a statement that gives no rows.
    void run();

    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] std::string text(int column) const;
    [[nodiscard]] std::optional<std::string> optional_text(int column) const;
    [[nodiscard]] std::optional<std::int64_t> optional_integer(int column) const;

  private:
    friend class Database;
    Statement(Database& database, std::string_view sql);

    void reset();
    void bind_one(int index, std::string_view value);
    void bind_one(int index, std::int64_t value);
    void bind_one(int index, const std::string& value) { bind_one(index, std::string_view(value)); }
    void bind_one(int index, const char* value) { bind_one(index, std::string_view(value)); }
    template<typename Integer>
    requires std::is_integral_v<Integer>
    void bind_one(int index, Integer value) { bind_one(index, static_cast<std::int64_t>(value)); }
    template<typename Value>
    void bind_one(int index, const std::optional<Value>& value) {
        if (value)
            bind_one(index, *value);
    }

    Database* database_;
    sqlite3_stmt* statement_ = nullptr;
};

enum class Journal : std::uint8_t {
    rollback,        // one process reads and writes
    wal,             // one process, readers beside the writer
    wal_for_readers, // readers without write permission: -wal and -shm outlive the writer (SQLITE_FCNTL_PERSIST_WAL)
};

class Database {
  public:
    /// Opens or makes the file for writing, with foreign keys on; every commit survives a power cut.
    Database(const fs::path& path, Journal journal);
    /// Opens an existing file for reading only; throws Error(not_found) if there is none.
    [[nodiscard]] static Database read_only(const fs::path& path);
    Database(Database&&) noexcept;
    Database& operator=(Database&&) noexcept;
    ~Database();

    [[nodiscard]] Statement prepare(std::string_view sql) { return {*this, sql}; }
    /// Runs one or more statements that give no rows.
    void execute(std::string_view sql);
    /// Writes what is in the write-ahead log into the file and leaves the log empty. False: another process reads or
    /// writes; the next call may succeed.
    [[nodiscard]] bool empty_log();
    /// Rows changed by the last statement.
    [[nodiscard]] std::int64_t changes() const;
    [[nodiscard]] const fs::path& path() const { return path_; }

  private:
    friend class Statement;
    Database(const fs::path& path, int flags);
    [[nodiscard]] sqlite3_stmt* take_prepared(std::string_view sql);
    void give_back(sqlite3_stmt* statement) noexcept;
    void finalize_all() noexcept;
    [[noreturn]] void fail(int result, std::string_view doing) const;

    fs::path path_;
    sqlite3* handle_ = nullptr;
    std::map<std::string, sqlite3_stmt*, std::less<>> prepared_; // by their text; nobody uses them
};

/// BEGIN IMMEDIATE; undone by the destructor unless commit() was reached.
class Transaction {
  public:
    explicit Transaction(Database& database);
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;

    /// On return the changes survive a power cut.
    void commit();

  private:
    Database& database_;
    bool open_ = true;
};

} // namespace vectis::store
