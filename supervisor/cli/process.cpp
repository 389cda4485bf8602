// What units start: supervise, directory-recover, probe.
#include "cli/invocation.hpp"
#include "health/run_here.hpp"
#include "store/directory.hpp"
#include "supervise/run.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <unistd.h>

namespace vectis::cli {

namespace {

/// Before Postfix and Dovecot start: a power cut may have left the database unrecovered, its -shm missing, or `current`
/// one generation behind the directory, whose commit decides.
int recover_directory(const state::Paths& paths) {
    store::Directory directory(paths.directory(), paths.migrations() / "directory", "vectis-directory");
    const auto generation = directory.generation();
    if (generation == 0)
        return 0;
    const fs::path target = fs::path("generations") / std::to_string(generation);
    std::error_code error;
    if (fs::read_symlink(paths.current(), error) == target)
        return 0;
    if (!fs::is_directory(paths.generation(generation)))
        throw Error(Code::system, fmt::format("cannot find generation {}, which directory.db names", generation));
    replace_symlink(paths.current(), target);
    note(fmt::format("vectis: switched to generation {}, which an interrupted apply had committed", generation));
    return 0;
}

/// One probe, in the sandbox that the supervisor has made for it.
int probe(const Invocation& invocation) {
    const auto result = health::run_probe_here(invocation.value("NAME").value_or(""), read_all(STDIN_FILENO, 256U << 20U));
    print(to_text(health::to_json(result)) + "\n");
    return result.passed ? 0 : 1;
}

} // namespace

int run_process(const Invocation& invocation) {
    switch (invocation.command) {
    case surface::Command::supervise:
        return supervise::run(invocation.paths);
    case surface::Command::directory_recover:
        return recover_directory(invocation.paths);
    default:
        return probe(invocation);
    }
}

} // namespace vectis::cli
