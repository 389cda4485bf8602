// Probes on the host itself: the directory as the daemons read it, the queue, the DKIM keys as the signer reads them.
#include "base/clock.hpp"
#include "base/subprocess.hpp"
#include "base/text.hpp"
#include "health/letter.hpp"
#include "health/probes.hpp"
#include "health/queue.hpp"
#include "keys/dkim.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <grp.h>

namespace vectis::health {

namespace {

using std::chrono::seconds;

constexpr seconds command_limit{10};

// --- directory ---

std::string group_name(gid_t id) {
    std::array<char, 4096> buffer{};
    group entry{};
    group* found = nullptr;
    getgrgid_r(id, &entry, buffer.data(), buffer.size(), &found);
    return found == nullptr ? std::to_string(id) : std::string(found->gr_name);
}

/// The modes with which Postfix and Dovecot, who may not write the database, can read it at any time.
void expect_mode(const fs::path& path, mode_t mode) {
    struct stat is {};
    if (lstat(path.c_str(), &is) != 0)
        throw red(fmt::format("{}: {}, expected mode {:04o} and group vectis-directory", path.string(),
                              std::strerror(errno), mode));
    const mode_t seen = is.st_mode & 07777U;
    const std::string group = group_name(is.st_gid);
    if (seen != mode || group != "vectis-directory")
        throw red(fmt::format("{} has mode {:04o} and group {}, expected {:04o} and vectis-directory", path.string(),
                              seen, group, mode));
}

/// Runs a lookup that has to answer something; what it answered.
std::string look_up(const std::vector<std::string>& command) {
    const Finished finished = run(command, command_limit);
    if (finished.status != 0 || trim(finished.out).empty())
        throw red(fmt::format("`{}` ended with status {}: '{}', expected an answer", join(command, " "),
                              finished.status, printable(trim(finished.err.empty() ? finished.out : finished.err))));
    return std::string(trim(finished.out));
}

// --- queue ---

Queue ask_queue() {
    // As root it answers without Postfix, too, with a warning: "Mail system is down -- accessing queue directly".
    const Finished finished = run({"postqueue", "-j"}, command_limit);
    if (finished.status != 0 || finished.err.find("Mail system is down") != std::string::npos)
        throw red(fmt::format("`postqueue -j` ended with status {}: '{}', expected the queue", finished.status,
                              printable(trim(finished.err))));
    return read_queue(finished.out, now());
}

/// Postfix refuses mail below 1.5 times message_size_limit (queue_minfree in postconf(5)); being red comes earlier.
std::uint64_t expect_room(const fs::path& path, std::uint64_t floor) {
    constexpr std::uint64_t floor_files = 1000;
    struct statvfs room {};
    if (statvfs(path.c_str(), &room) != 0)
        throw red(fmt::format("{}: {}", path.string(), std::strerror(errno)));
    const std::uint64_t free = std::uint64_t{room.f_bavail} * room.f_frsize;
    if (free < floor)
        throw red(
            fmt::format("{} has {} MiB free, expected at least {} MiB", path.string(), free >> 20U, floor >> 20U));
    if (room.f_files != 0 && room.f_favail < floor_files)
        throw red(fmt::format("{} has room for {} more files, expected at least {}", path.string(),
                              std::uint64_t{room.f_favail}, floor_files));
    return free;
}

} // namespace

std::string probe_directory(const Facts& facts) {
    const fs::path folder = facts.directory;
    expect_mode(folder, 02750);
    expect_mode(folder / "directory.db", 0640);
    expect_mode(folder / "directory.db-wal", 0640);
    expect_mode(folder / "directory.db-shm", 0660);
    // Through proxymap, with Postfix's credentials.
    const std::string maps = "proxy:sqlite:" + facts.lib + "/current/postfix/";
    look_up({"postmap", "-q", facts.hostname, maps + "domains.cf"});
    look_up({"postmap", "-q", facts.mailbox, maps + "mailboxes.cf"});
    // Through Dovecot's own processes, with theirs.
    look_up({"doveadm", "auth", "lookup", facts.mailbox});
    look_up({"doveadm", "user", facts.mailbox});
    return "Postfix and Dovecot found the probe's mailbox; owners and modes are right";
}

std::string probe_queue(const Facts& facts) {
    const Queue queue = ask_queue();
    if (!queue.stalled.empty())
        throw red(queue.stalled + ": the queue manager does not take it up");
    const std::uint64_t floor = 2 * facts.message_size;
    std::uint64_t least = expect_room("/var/spool/postfix", floor);
    for (const auto& path : {std::string("/var/vmail"), facts.lib})
        least = std::min(least, expect_room(path, floor));
    return fmt::format("{} messages, {} of them deferred; {} MiB free", queue.messages, queue.deferred, least >> 20U);
}

std::string probe_dkim(const Facts& facts) {
    std::vector<std::string> faults;
    for (const auto& key : facts.keys) {
        try {
            const auto text = read_file(key.path, 65536);
            if (!text)
                faults.push_back(fmt::format("{}: there is no such file", key.path));
            else if (!keys::dkim_record(*text).starts_with(fmt::format("v=DKIM1; k={};", key.algorithm)))
                faults.push_back(fmt::format("{}: a key of another algorithm, expected {}", key.path, key.algorithm));
        } catch (const Error& error) {
            faults.push_back(fmt::format("{}: {}", key.path, error.what()));
        }
    }
    if (!faults.empty()) {
        const std::size_t count = faults.size();
        faults.resize(std::min<std::size_t>(count, 5));
        throw red(
            fmt::format("Rspamd cannot sign with {} of {} keys: {}", count, facts.keys.size(), join(faults, "; ")));
    }
    return fmt::format("{} keys can be used by the signer", facts.keys.size());
}

} // namespace vectis::health
