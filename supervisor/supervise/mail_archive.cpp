#include "supervise/mail_archive.hpp"

#include "base/error.hpp"
#include "base/random.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace vectis::supervise {

namespace {

/// A folder in another, itself and no link to one; nothing if there is none.
UniqueFd folder_in(int parent, const std::string& name, const fs::path& path) {
    UniqueFd fd(openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd && errno != ENOENT)
        throw system_error(errno, fmt::format("cannot open the folder '{}'", path.string()));
    return fd;
}

/// The same, of ours; made if there is none.
UniqueFd own_folder_in(int parent, const std::string& name, const fs::path& path) {
    if (mkdirat(parent, name.c_str(), 0700) == 0) {
        if (fsync(parent) != 0)
            throw system_error(errno, fmt::format("cannot make the folder '{}' durable", path.string()));
    } else if (errno != EEXIST) {
        throw system_error(errno, fmt::format("cannot make the folder '{}'", path.string()));
    }
    UniqueFd fd = folder_in(parent, name, path);
    struct stat facts {};
    if (!fd || fstat(fd.get(), &facts) != 0 || facts.st_uid != geteuid())
        throw Error(Code::system,
                    fmt::format("cannot use the folder '{}': it belongs to somebody else", path.string()));
    return fd;
}

} // namespace

void archive_mail(const fs::path& mail, const std::string& domain, const std::string& local_part,
                  const std::string& id) {
    const UniqueFd store(open(mail.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!store) {
        if (errno == ENOENT)
            return;
        throw system_error(errno, fmt::format("cannot open the folder '{}'", mail.string()));
    }
    const UniqueFd from = folder_in(store.get(), domain, mail / domain);
    struct stat facts {};
    if (!from || fstatat(from.get(), local_part.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0)
        return;
    const fs::path archive = mail / ".archive";
    const UniqueFd archives = own_folder_in(store.get(), ".archive", archive);
    const UniqueFd to = own_folder_in(archives.get(), domain, archive / domain);
    std::string name = fmt::format("{}.{}", local_part, id);
    // Somebody was faster than we were stopped, and made it anew: whatever came is kept as well.
    if (fstatat(to.get(), name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) == 0)
        name += "." + random_hex(4);
    if (renameat(from.get(), local_part.c_str(), to.get(), name.c_str()) != 0 || fsync(to.get()) != 0 ||
        fsync(from.get()) != 0)
        throw system_error(errno, fmt::format("cannot move '{}' to '{}'", (mail / domain / local_part).string(),
                                              (archive / domain / name).string()));
}

bool has_archived_mail(const fs::path& mail, const std::string& domain, const std::string& local_part) {
    constexpr std::size_t id_size = 36;
    std::error_code none; // there is no such folder
    for (const auto& each : fs::directory_iterator(mail / ".archive" / domain, none)) {
        const std::string name = each.path().filename().string();
        if (!name.starts_with(local_part + "."))
            continue;
        // The mail of local_part.more begins like this, too; of this one an id follows, and perhaps another mark.
        const std::string_view mark = std::string_view(name).substr(local_part.size() + 1);
        if (mark.substr(0, mark.find('.')).size() == id_size)
            return true;
    }
    return false;
}

} // namespace vectis::supervise
