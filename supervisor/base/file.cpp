#include "base/file.hpp"

#include "base/error.hpp"
#include "base/random.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <vector>

namespace vectis {

namespace {

uid_t user_id(const std::string& name) {
    std::vector<char> buffer(16384);
    passwd entry{};
    passwd* found = nullptr;
    if (getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
        throw Error(Code::not_found, fmt::format("cannot find user '{}'", name),
                    "install the package that brings it, or run 'apt install --reinstall vectis'");
    return entry.pw_uid;
}

gid_t group_id(const std::string& name) {
    std::vector<char> buffer(65536);
    group entry{};
    group* found = nullptr;
    if (getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
        throw Error(Code::not_found, fmt::format("cannot find group '{}'", name),
                    "install the package that brings it, or run 'apt install --reinstall vectis'");
    return entry.gr_gid;
}

void sync_fd(int fd, const fs::path& path) {
    if (fsync(fd) != 0)
        throw system_error(errno, fmt::format("cannot make '{}' durable", path.string()));
}

fs::path temporary_beside(const fs::path& path) {
    return path.parent_path() / fmt::format(".{}.vectis-{}", path.filename().string(), random_hex(6));
}

void rename_over(const fs::path& from, const fs::path& to) {
    if (rename(from.c_str(), to.c_str()) != 0) {
        const int number = errno;
        unlink(from.c_str());
        throw system_error(number, fmt::format("cannot replace '{}'", to.string()));
    }
    sync_folder(to.parent_path());
}

} // namespace

UniqueFd open_file(const fs::path& path, int flags, mode_t mode) {
    UniqueFd fd(open(path.c_str(), flags | O_CLOEXEC, mode));
    if (!fd)
        throw system_error(errno, fmt::format("cannot open '{}'", path.string()));
    return fd;
}

std::string read_all(int fd, std::size_t limit) {
    std::string bytes;
    std::array<char, 65536> chunk{};
    for (;;) {
        const ssize_t count = read(fd, chunk.data(), chunk.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            throw system_error(errno, "cannot read");
        if (count == 0)
            return bytes;
        bytes.append(chunk.data(), static_cast<std::size_t>(count));
        if (bytes.size() > limit)
            throw Error(Code::invalid_input, fmt::format("cannot read more than {} bytes", limit));
    }
}

std::optional<std::string> read_file(const fs::path& path, std::size_t limit) {
    const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd && (errno == ENOENT || errno == ENOTDIR))
        return std::nullopt;
    if (!fd)
        throw system_error(errno, fmt::format("cannot read '{}'", path.string()));
    try {
        return read_all(fd.get(), limit);
    } catch (const Error& error) {
        throw Error(error.code(), fmt::format("cannot read '{}': {}", path.string(), error.what()), error.hint());
    }
}

void write_all(int fd, std::string_view bytes, const fs::path& path) {
    while (!bytes.empty()) {
        const ssize_t count = write(fd, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            throw system_error(errno, fmt::format("cannot write '{}'", path.string()));
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
}

/// Only where an owner is named: a unit that may change none may not ask for the one that is there, either.
template<typename Chown>
int change_owner(const Access& access, Chown chown) {
    if (access.user.empty() && access.group.empty())
        return 0;
    return chown(access.user.empty() ? static_cast<uid_t>(-1) : user_id(access.user),
                 access.group.empty() ? static_cast<gid_t>(-1) : group_id(access.group));
}

void set_access(int fd, const fs::path& path, const Access& access) {
    const auto chown = [fd](uid_t user, gid_t group) { return fchown(fd, user, group); };
    if (change_owner(access, chown) != 0 || fchmod(fd, access.mode) != 0)
        throw system_error(errno, fmt::format("cannot set owner and mode of '{}'", path.string()));
}

void set_access(const fs::path& path, const Access& access) {
    const auto chown = [&path](uid_t user, gid_t group) { return ::chown(path.c_str(), user, group); };
    if (change_owner(access, chown) != 0 || chmod(path.c_str(), access.mode) != 0)
        throw system_error(errno, fmt::format("cannot set owner and mode of '{}'", path.string()));
}

void write_new_file(const fs::path& path, std::string_view bytes, const Access& access) {
    const UniqueFd fd = open_file(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    write_all(fd.get(), bytes, path);
    set_access(fd.get(), path, access);
}

void replace_file(const fs::path& path, std::string_view bytes, const Access& access) {
    const fs::path temporary = temporary_beside(path);
    try {
        const UniqueFd fd = open_file(temporary, O_WRONLY | O_CREAT | O_EXCL, 0600);
        write_all(fd.get(), bytes, path);
        set_access(fd.get(), path, access);
        sync_fd(fd.get(), path);
    } catch (...) {
        unlink(temporary.c_str());
        throw;
    }
    rename_over(temporary, path);
}

bool create_file(const fs::path& path, std::string_view bytes, const Access& access) {
    const fs::path temporary = temporary_beside(path);
    int number = 0;
    try {
        const UniqueFd fd = open_file(temporary, O_WRONLY | O_CREAT | O_EXCL, 0600);
        write_all(fd.get(), bytes, path);
        set_access(fd.get(), path, access);
        sync_fd(fd.get(), path);
        number = link(temporary.c_str(), path.c_str()) == 0 ? 0 : errno;
    } catch (...) {
        unlink(temporary.c_str());
        throw;
    }
    unlink(temporary.c_str());
    if (number != 0 && number != EEXIST)
        throw system_error(number, fmt::format("cannot make '{}'", path.string()));
    sync_folder(path.parent_path());
    return number == 0;
}

void ensure_folder(const fs::path& folder, const Access& access) {
    const bool made = mkdir(folder.c_str(), 0700) == 0;
    if (!made && errno != EEXIST)
        throw system_error(errno, fmt::format("cannot make the folder '{}'", folder.string()));
    const UniqueFd fd = open_file(folder, O_RDONLY | O_DIRECTORY);
    set_access(fd.get(), folder, access);
    if (made)
        sync_folder(folder.parent_path());
}

void replace_symlink(const fs::path& path, const fs::path& target) {
    const fs::path temporary = temporary_beside(path);
    if (symlink(target.c_str(), temporary.c_str()) != 0)
        throw system_error(errno, fmt::format("cannot make link '{}'", path.string()));
    rename_over(temporary, path);
}

void sync_folder(const fs::path& folder) {
    const UniqueFd fd = open_file(folder, O_RDONLY | O_DIRECTORY);
    sync_fd(fd.get(), folder);
}

void sync_file_system(const fs::path& path) {
    const UniqueFd fd = open_file(path, O_RDONLY);
    if (syncfs(fd.get()) != 0)
        throw system_error(errno, fmt::format("cannot make the file system of '{}' durable", path.string()));
}

UniqueFd memory_file(const std::string& name, std::string_view bytes) {
    UniqueFd fd(memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!fd)
        throw system_error(errno, "cannot make a memory file");
    write_all(fd.get(), bytes, name);
    if (lseek(fd.get(), 0, SEEK_SET) != 0 ||
        fcntl(fd.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0)
        throw system_error(errno, "cannot seal a memory file");
    return fd;
}

} // namespace vectis
