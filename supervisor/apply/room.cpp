#include "apply/room.hpp"

#include "base/error.hpp"

#include <fmt/format.h>
#include <sys/statvfs.h>

#include <cerrno>
#include <unistd.h>

namespace vectis::apply {

void expect_room(const std::set<fs::path>& folders, const fs::path& lib, std::uint64_t bytes) {
    for (fs::path folder : folders) {
        while (!fs::exists(folder) && folder.has_relative_path())
            folder = folder.parent_path();
        if (access(folder.c_str(), W_OK) != 0)
            throw system_error(errno, fmt::format("cannot write to '{}', and nothing was changed", folder.string()));
    }
    struct statvfs room {};
    if (statvfs(lib.c_str(), &room) != 0)
        throw system_error(errno, fmt::format("cannot look at '{}'", lib.string()));
    const std::uint64_t free = std::uint64_t{room.f_bavail} * room.f_frsize;
    if (free < bytes)
        throw system_error(ENOSPC, fmt::format("cannot write a generation to '{}', which has {} MiB free and needs {} "
                                               "MiB, and nothing was changed",
                                               lib.string(), free >> 20U, (bytes >> 20U) + 1));
}

} // namespace vectis::apply
