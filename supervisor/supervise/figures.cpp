#include "supervise/figures.hpp"

#include "base/error.hpp"
#include "base/subprocess.hpp"

#include <nlohmann/json.hpp>

namespace vectis::supervise {

namespace {

const fs::path spool = "/var/spool/postfix";

/// How many files are in each queue. Not asked of postqueue(1), which reads each of them, and complains to the journal
/// that the supervisor has no network.
Json queue_figures() {
    Json queues = Json::object();
    for (const auto* name : {"incoming", "active", "deferred", "hold"}) {
        std::uint64_t files = 0;
        std::error_code gone; // delivered in this moment, or Postfix has never run
        for (fs::recursive_directory_iterator each(spool / name, gone), end; !gone && each != end;
             each.increment(gone)) {
            std::error_code vanished;
            files += each->is_regular_file(vanished) ? 1 : 0;
        }
        queues[name] = files;
    }
    return queues;
}

Json filter_figures() {
    const Finished finished =
        run({"rspamc", "-h", "/run/rspamd/controller.sock", "--json", "stat"}, std::chrono::seconds(10));
    if (finished.status != 0)
        throw Error(Code::unavailable, "Rspamd does not answer");
    const Json said = parse_json(finished.out);
    try {
        return {{"actions", said.at("actions")}, {"learned", said.at("learned")}};
    } catch (const Json::exception&) {
        throw Error(Code::unavailable, "Rspamd answers something else");
    }
}

std::uint64_t size_of(const fs::path& database) {
    std::uint64_t size = 0;
    for (const auto* part : {"", "-wal", "-shm"}) {
        std::error_code missing;
        const auto bytes = fs::file_size(database.string() + part, missing);
        size += missing ? 0 : bytes;
    }
    return size;
}

} // namespace

Json figures(const state::Paths& paths) {
    Json all = Json::object();
    all["queues"] = queue_figures();
    try {
        all["filter"] = filter_figures();
    } catch (const Error&) {
        // It is left out: the service's own figure says that it is down.
    }
    all["disks"] = Json::array();
    for (const auto& folder : {fs::path("/"), paths.mail(), spool, paths.directory()}) {
        std::error_code missing;
        const auto space = fs::space(folder, missing);
        if (!missing)
            all["disks"].push_back({{"folder", folder.string()}, {"bytes", space.capacity}, {"free", space.available}});
    }
    all["databases"] = {{"directory", size_of(paths.directory() / "directory.db")},
                        {"supervisor", size_of(paths.supervisor_db())},
                        {"vectis", size_of(paths.api_db())}};
    return all;
}

} // namespace vectis::supervise
