// What units start: supervise, directory-recover, probe.
#include "cli/invocation.hpp"
#include "store/directory.hpp"
#include "supervise/run.hpp"

#include <fmt/format.h>

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

} // namespace

int run_process(const Invocation& invocation) {
    switch (invocation.command) {
    case surface::Command::supervise:
        return supervise::run(invocation.paths);
    case surface::Command::directory_recover:
        return recover_directory(invocation.paths);
    default:
        throw Error(Code::not_supported, "probe");
    }
}

} // namespace vectis::cli
