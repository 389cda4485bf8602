#include "store/database.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

#include <new>
#include <sqlite3.h>
#include <utility>

namespace vectis::store {

namespace {

constexpr int busy_timeout = 5000; // milliseconds
/// More than there are in this program, but for those that are made of what a search asks for.
constexpr std::size_t most_prepared = 300;

} // namespace

Database::Database(const fs::path& path, int flags) : path_(path) {
    const int result = sqlite3_open_v2(path.c_str(), &handle_, flags | SQLITE_OPEN_NOMUTEX, nullptr);
    if (result != SQLITE_OK) {
        const std::string why = handle_ != nullptr ? sqlite3_errmsg(handle_) : sqlite3_errstr(result);
        sqlite3_close_v2(std::exchange(handle_, nullptr));
        throw Error(Code::system, fmt::format("cannot open database '{}': {}", path.string(), why));
    }
    sqlite3_extended_result_codes(handle_, 1);
    sqlite3_busy_timeout(handle_, busy_timeout);
}

Database::Database(const fs::path& path, Journal journal) : Database(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) {
    // Less than FULL makes a checkpoint durable in WAL mode, and not each commit; less than EXTRA leaves a commit to
    // chance that is the removal of a rollback journal.
    execute(journal == Journal::rollback ? "pragma journal_mode = delete" : "pragma journal_mode = wal");
    execute("pragma synchronous = extra; pragma foreign_keys = on; pragma trusted_schema = off");
    if (journal == Journal::wal_for_readers) {
        int on = 1;
        if (const int result = sqlite3_file_control(handle_, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
            result != SQLITE_OK)
            fail(result, "keep the write-ahead log");
    }
}

Database Database::read_only(const fs::path& path) {
    if (!fs::exists(path))
        throw Error(Code::not_found, fmt::format("cannot open database '{}': it does not exist", path.string()));
    return {path, SQLITE_OPEN_READONLY};
}

Database::Database(Database&& other) noexcept :
    path_(std::move(other.path_)), handle_(std::exchange(other.handle_, nullptr)),
    prepared_(std::exchange(other.prepared_, {})) {}

Database& Database::operator=(Database&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(handle_, other.handle_);
    std::swap(prepared_, other.prepared_);
    return *this;
}

Database::~Database() {
    finalize_all();
    sqlite3_close_v2(handle_);
}

sqlite3_stmt* Database::take_prepared(std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    if (const auto found = prepared_.find(sql); found != prepared_.end()) {
        statement = found->second;
        prepared_.erase(found);
        return statement;
    }
    const int result = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                          &statement, nullptr);
    if (result != SQLITE_OK)
        fail(result, sql);
    return statement;
}

void Database::give_back(sqlite3_stmt* statement) noexcept {
    // What it has locked, and what was bound to it, is given free now.
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    bool kept = false;
    try {
        if (prepared_.size() >= most_prepared)
            finalize_all();
        kept = prepared_.emplace(sqlite3_sql(statement), statement).second;
    } catch (const std::bad_alloc&) {
        // It is prepared once more, then.
    }
    if (!kept)
        sqlite3_finalize(statement);
}

void Database::finalize_all() noexcept {
    for (const auto& each : prepared_)
        sqlite3_finalize(each.second);
    prepared_.clear();
}

void Database::execute(std::string_view sql) {
    const std::string text(sql);
    if (const int result = sqlite3_exec(handle_, text.c_str(), nullptr, nullptr, nullptr); result != SQLITE_OK)
        fail(result, sql);
}

bool Database::empty_log() {
    sqlite3_busy_timeout(handle_, 0);
    const int result = sqlite3_wal_checkpoint_v2(handle_, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    sqlite3_busy_timeout(handle_, busy_timeout);
    if (result != SQLITE_OK && (result & 0xFF) != SQLITE_BUSY)
        fail(result, "empty the write-ahead log");
    return result == SQLITE_OK;
}

std::int64_t Database::changes() const {
    return sqlite3_changes64(handle_);
}

void Database::fail(int result, std::string_view doing) const {
    const std::string message = fmt::format("cannot use database '{}' ({}): {}", path_.string(),
                                            doing.substr(0, doing.find('\n')), sqlite3_errmsg(handle_));
    switch (result & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        throw Error(Code::busy, message, "another process holds the database; try again");
    case SQLITE_FULL:
        throw Error(Code::system, message, "the disk is full: free some space (df -h) and try again");
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
        throw Error(Code::system, message);
    case SQLITE_CONSTRAINT:
        throw Error(Code::conflict, message);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        throw Error(Code::system, message, "the file is damaged; restore it from a backup");
    default:
        throw Error(Code::internal, message);
    }
}

Statement::Statement(Database& database, std::string_view sql) :
    database_(&database), statement_(database.take_prepared(sql)) {}

Statement::Statement(Statement&& other) noexcept :
    database_(other.database_), statement_(std::exchange(other.statement_, nullptr)) {}

Statement& Statement::operator=(Statement&& other) noexcept {
    std::swap(database_, other.database_);
    std::swap(statement_, other.statement_);
    return *this;
}

Statement::~Statement() {
    if (statement_ != nullptr)
        database_->give_back(statement_);
}

bool Statement::step() {
    const int result = sqlite3_step(statement_);
    if (result == SQLITE_ROW)
        return true;
    if (result != SQLITE_DONE)
        database_->fail(result, sqlite3_sql(statement_));
    return false;
}

void Statement::run() {
    while (step()) {
    }
    sqlite3_reset(statement_);
}

void Statement::reset() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
}

void Statement::bind_one(int index, std::string_view value) {
    if (const int result =
            sqlite3_bind_text64(statement_, index, value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
        result != SQLITE_OK)
        database_->fail(result, sqlite3_sql(statement_));
}

void Statement::bind_one(int index, std::int64_t value) {
    if (const int result = sqlite3_bind_int64(statement_, index, value); result != SQLITE_OK)
        database_->fail(result, sqlite3_sql(statement_));
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(statement_, column);
}

std::string Statement::text(int column) const {
    return optional_text(column).value_or("");
}

std::optional<std::string> Statement::optional_text(int column) const {
    const auto* bytes = sqlite3_column_blob(statement_, column);
    if (sqlite3_column_type(statement_, column) == SQLITE_NULL)
        return std::nullopt;
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
    return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), size);
}

std::optional<std::int64_t> Statement::optional_integer(int column) const {
    if (sqlite3_column_type(statement_, column) == SQLITE_NULL)
        return std::nullopt;
    return integer(column);
}

Transaction::Transaction(Database& database) : database_(database) {
    database_.execute("begin immediate");
}

void Transaction::commit() {
    database_.execute("commit");
    open_ = false;
}

Transaction::~Transaction() {
    if (!open_)
        return;
    try {
        database_.execute("rollback");
    } catch (const Error&) {
        // SQLite has undone the transaction by itself (a full disk does that); there is nothing left to undo.
    }
}

} // namespace vectis::store
