// Files that survive a power cut. A file is replaced by a temporary beside it, fsync, rename and fsync of the folder,
// so that a reader sees the old bytes or the new ones and never a part.
#pragma once

#include "base/unique_fd.hpp"

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace vectis {

namespace fs = std::filesystem;

/// The whole file; nothing if it does not exist. Throws Error(system) on any other failure or above `limit` bytes.
[[nodiscard]] std::optional<std::string> read_file(const fs::path& path, std::size_t limit = 1U << 30U);

/// Who may do what with a file we write. An empty name leaves the owner as the process's own.
struct Access {
    mode_t mode = 0644;
    std::string user;
    std::string group;
};

/// Replaces `path` durably; on return the new bytes survive a power cut.
void replace_file(const fs::path& path, std::string_view bytes, const Access& access);
/// Makes `path` durably unless there is such a file already; answers whether it did. Never overwrites.
bool create_file(const fs::path& path, std::string_view bytes, const Access& access);
/// Makes the folder durably if it is missing (its parent must exist); sets owner and mode either way.
void ensure_folder(const fs::path& folder, const Access& access);
/// Makes a new file in a folder that nobody reads yet (no temporary). The caller syncs afterwards, once for all.
void write_new_file(const fs::path& path, std::string_view bytes, const Access& access);
/// Points the symlink `path` at `target` by rename(2), durably.
void replace_symlink(const fs::path& path, const fs::path& target);
/// Makes the names in `folder` durable.
void sync_folder(const fs::path& folder);
/// Makes everything written to the file system of `path` durable (syncfs(2)). On btrfs an fsync of one file does not
/// make renames elsewhere durable; this does.
void sync_file_system(const fs::path& path);
/// Sets owner and mode of an open descriptor; throws Error(not_found) if the user or group does not exist.
void set_access(int fd, const fs::path& path, const Access& access);
/// The same without opening it: closing any descriptor of a SQLite database drops the locks that this process holds.
void set_access(const fs::path& path, const Access& access);
/// Opens, or throws Error(system) naming the path.
[[nodiscard]] UniqueFd open_file(const fs::path& path, int flags, mode_t mode = 0600);
/// Writes all of `bytes`; `path` is for the message.
void write_all(int fd, std::string_view bytes, const fs::path& path);
/// Everything that can be read from `fd` until its end; throws above `limit` bytes.
[[nodiscard]] std::string read_all(int fd, std::size_t limit = 1U << 30U);
/// An anonymous file with these bytes, sealed and rewound: the way large answers cross the bus.
[[nodiscard]] UniqueFd memory_file(const std::string& name, std::string_view bytes);

} // namespace vectis
