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

} // namespace

void migrate(Database& database, const fs::path& folder) {
    database.execute("create table if not exists migrations ("
                     "name text primary key, sha256 text not null, run_at text not null) strict");
    const auto files = migration_files(folder);
    auto newest = database.prepare("select max(name) from migrations");
    if (newest.step() && newest.text(0) > files.back().filename().string())
        throw Error(Code::not_supported,
                    fmt::format("cannot use database '{}': it was made by a newer release (migration '{}')",
                                database.path().string(), newest.text(0)),
                    "install that release of vectis again");
    auto find = database.prepare("select sha256 from migrations where name = ?1");
    for (const auto& file : files) {
        const std::string name = file.filename().string();
        const std::string sql = read_file(file).value_or("");
        const std::string hash = sha256(sql);
        if (find.bind(name).step()) {
            if (find.text(0) != hash)
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
