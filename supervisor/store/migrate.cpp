#include "store/migrate.hpp"

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace vectis::store {

namespace {

std::vector<fs::path> migration_files(const fs::path& folder) {
    std::vector<fs::path> files;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        if (entry.path().extension() == ".sql")
            files.push_back(entry.path());
    }
    if (files.empty())
        throw Error(Code::system, fmt::format("cannot find migrations in '{}'", folder.string()),
                    "reinstall the package: apt install --reinstall vectis");
    std::sort(files.begin(), files.end());
    return files;
}

// Each statement ends with its function: one that is still open keeps a migration from changing tables.

std::string newest_run(Database& database) {
    auto newest = database.prepare("select max(name) from migrations");
    return newest.step() ? newest.text(0) : "";
}

std::optional<std::string> hash_of_run(Database& database, const std::string& name) {
    auto find = database.prepare("select sha256 from migrations where name = ?1");
    return find.bind(name).step() ? std::optional(find.text(0)) : std::nullopt;
}

} // namespace

void migrate(Database& database, const fs::path& folder) {
    database.execute("create table if not exists migrations ("
                     "name text primary key, sha256 text not null, run_at text not null) strict");
    const auto files = migration_files(folder);
    if (const std::string newest = newest_run(database); newest > files.back().filename().string())
        throw Error(Code::not_supported,
                    fmt::format("cannot use database '{}': it was made by a newer release (migration '{}')",
                                database.path().string(), newest),
                    "install that release of vectis again");
    for (const auto& file : files) {
        const std::string name = file.filename().string();
        const std::string sql = read_file(file).value_or("");
        const std::string hash = sha256(sql);
        if (const auto run = hash_of_run(database, name)) {
            if (*run != hash)
                throw Error(Code::conflict,
                            fmt::format("cannot migrate '{}': migration '{}' has changed since it was run",
                                        database.path().string(), name));
            continue;
        }
        Transaction transaction(database);
        database.execute(sql);
        database.prepare("insert into migrations (name, sha256, run_at) values (?1, ?2, ?3)")
            .bind(name, hash, rfc3339(now()))
            .run();
        transaction.commit();
    }
}

} // namespace vectis::store
