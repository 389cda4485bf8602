// What units start: supervise, directory-recover, mail-recover, learn, probe.
#include "base/clock.hpp"
#include "base/subprocess.hpp"
#include "base/text.hpp"
#include "cli/invocation.hpp"
#include "health/run_here.hpp"
#include "state/mail_store.hpp"
#include "store/directory.hpp"
#include "supervise/run.hpp"
#include "systemd/notify.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace vectis::cli {

namespace {

/// Whoever is the last to close the database and may write removes -wal and -shm, as SQLite does: `postmap -q` or
/// `sqlite3` run by root while the supervisor is away. Postfix and Dovecot cannot make them again and would read
/// nothing any more. So vectis-directory.service stays: it holds the lock that every open connection holds (SHARED:
/// os_unix.c, "locking page") and, since fcntl(2) locks outlive execve(2), becomes the smallest program that waits.
void keep_log(const fs::path& database) {
    constexpr off_t shared_first = 0x40000000 + 2;
    constexpr off_t shared_size = 510;
    const UniqueFd fd = open_file(database, O_RDONLY);
    struct flock lock {};
    lock.l_type = F_RDLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = shared_first;
    lock.l_len = shared_size;
    if (fcntl(fd.get(), F_SETLK, &lock) != 0 || fcntl(fd.get(), F_SETFD, 0) != 0)
        throw system_error(errno, fmt::format("cannot lock '{}'", database.string()));
    systemd::notify_ready();
    execl("/usr/bin/sleep", "sleep", "infinity", nullptr);
    throw system_error(errno, "cannot run '/usr/bin/sleep'");
}

/// Before Postfix and Dovecot start: a power cut may have left the database unrecovered, its -shm missing, or `current`
/// one generation behind the directory, whose commit decides.
void recover_directory(const state::Paths& paths) {
    store::Directory directory(paths.directory(), paths.migrations() / "directory", "vectis-directory");
    const auto generation = directory.generation();
    if (generation == 0)
        return;
    const fs::path target = fs::path("generations") / std::to_string(generation);
    std::error_code error;
    if (fs::read_symlink(paths.current(), error) == target)
        return;
    if (!fs::is_directory(paths.generation(generation)))
        throw Error(Code::system, fmt::format("cannot find generation {}, which directory.db names", generation));
    replace_symlink(paths.current(), target);
    note(fmt::format("vectis: switched to generation {}, which an interrupted apply had committed", generation));
}

/// Around Dovecot's life, by its unit.
void recover_mail(const Invocation& invocation) {
    const fs::path clean = invocation.paths.mail_store_whole();
    if (invocation.has("--stopped")) {
        state::note_mail_store_whole(invocation.paths.mail(), clean);
        return;
    }
    const auto recovered = state::recover_mail_store(invocation.paths.mail(), clean);
    if (recovered.indexes + recovered.locks > 0)
        note(fmt::format("vectis: after a power cut removed {} search indexes that may be damaged, and {} locks",
                         recovered.indexes, recovered.locks));
}

/// A message that somebody has moved into or out of Junk, from Dovecot (the services learn-spam and learn-ham). rspamc
/// ends with status 0 whatever becomes of it, so what it says counts.
void learn(const std::string& kind) {
    constexpr std::size_t largest = 256U << 20U;
    if (kind != "spam" && kind != "ham")
        throw Error(Code::invalid_input, fmt::format("cannot learn '{}'", printable(kind)), "'spam' or 'ham'");
    const Finished finished = run({"rspamc", "--connect", "/run/rspamd/controller.sock", "learn_" + kind},
                                  std::chrono::seconds(60), read_all(STDIN_FILENO, largest));
    if (finished.out.find("success = true") == std::string::npos &&
        finished.out.find("has been already learned") == std::string::npos)
        throw Error(Code::unavailable,
                    fmt::format("cannot learn a message as {}: {}", kind, printable(finished.out + finished.err)),
                    "systemctl status rspamd redis-server@vectis");
}

/// One probe, in the sandbox that the supervisor has made for it.
int probe(const Invocation& invocation) {
    const auto result =
        health::run_probe_here(invocation.value("NAME").value_or(""), read_all(STDIN_FILENO, 256U << 20U));
    print(to_text(health::to_json(result)) + "\n");
    return result.passed ? 0 : 1;
}

} // namespace

int run_process(const Invocation& invocation) {
    switch (invocation.command) {
    case surface::Command::supervise:
        return supervise::run(invocation.paths);
    case surface::Command::directory_recover:
        recover_directory(invocation.paths);
        if (environment("NOTIFY_SOCKET")) // run by its unit, not by hand
            keep_log(invocation.paths.directory() / "directory.db");
        return 0;
    case surface::Command::mail_recover:
        recover_mail(invocation);
        return 0;
    case surface::Command::learn:
        learn(invocation.value("KIND").value_or(""));
        return 0;
    default:
        return probe(invocation);
    }
}

} // namespace vectis::cli
