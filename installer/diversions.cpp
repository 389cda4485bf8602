#include "installer/diversions.hpp"

#include "base/error.hpp"
#include "base/subprocess.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>

namespace vectis::installer {

namespace {

constexpr std::array<std::string_view, 1> files{"/etc/dovecot/dovecot.conf"};
constexpr std::chrono::seconds limit{60};
constexpr const char* package = "vectis";

std::vector<std::string> dpkg_divert(const fs::path& root, std::vector<std::string> arguments) {
    std::vector<std::string> command{"dpkg-divert", "--admindir", (root / "var/lib/dpkg").string(), "--instdir",
                                     root.string()};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return command;
}

/// Who has diverted `path`: a package, "LOCAL", or nobody (empty).
std::string diverted_by(const fs::path& root, const std::string& path) {
    const auto asked = run(dpkg_divert(root, {"--listpackage", path}), limit);
    if (asked.status != 0)
        throw Error(Code::system,
                    fmt::format("cannot ask dpkg-divert about '{}': {}", path, printable(trim(asked.err))));
    return printable(trim(asked.out));
}

/// A copy with owner and mode beside the file; an equal one may be there already, after a power cut.
void copy_beside(const fs::path& from, const fs::path& to) {
    const auto bytes = read_file(from);
    if (!bytes)
        return;
    struct stat status {};
    if (stat(from.c_str(), &status) != 0)
        throw system_error(errno, fmt::format("cannot look at '{}'", from.string()));
    if (create_file(to, *bytes, {.mode = status.st_mode & 07777U}))
        return;
    if (read_file(to) != bytes)
        throw Error(Code::conflict,
                    fmt::format("cannot keep '{}': another file is at '{}'", from.string(), to.string()),
                    "move that file away and run setup again");
}

/// ucf follows the diversion, but has no record under the diverted name and would ask about it at the next upgrade.
/// Told now, while the file is as its package brought it, it has one. A real file must stand at `path`: ucf follows a
/// link before it looks for diversions, and would write beside what our link points to.
void tell_ucf(const std::string& path) {
    const fs::path source = fs::path("/usr/share") / fs::path(path).lexically_relative("/etc");
    const fs::path kept = diverted_name(path);
    if (!fs::exists("/usr/bin/ucf") || fs::is_symlink(path) || !fs::exists(source) ||
        read_file(source) != read_file(kept))
        return;
    const auto done =
        run({"env", "DEBIAN_FRONTEND=noninteractive", "ucf", "--three-way", source.string(), path}, limit);
    if (done.status != 0)
        throw Error(Code::system,
                    fmt::format("cannot have ucf keep '{}': {}", kept.string(), printable(trim(done.err))));
}

} // namespace

std::span<const std::string_view> diverted_files() {
    return files;
}

fs::path diverted_name(const fs::path& path) {
    return path.string() + ".distrib";
}

std::vector<std::string> divert_files(std::span<const std::string_view> paths, const fs::path& root) {
    std::vector<std::string> diverted;
    for (const auto each : paths) {
        const std::string path(each);
        const std::string owner = diverted_by(root, path);
        if (owner == package) {
            if (root == "/")
                tell_ucf(path);
            continue;
        }
        if (!owner.empty())
            throw Error(Code::conflict,
                        fmt::format("cannot divert '{}': it is diverted by {} already", path,
                                    owner == "LOCAL" ? "the administrator" : fmt::format("package '{}'", owner)),
                        fmt::format("take that diversion back: dpkg-divert --remove {}", path));
        const fs::path place = root / fs::path(path).relative_path();
        // The link of a run that was cut off after its apply is no file of a package.
        if (!fs::is_symlink(place))
            copy_beside(place, diverted_name(place));
        const auto done = run(dpkg_divert(root, {"--quiet", "--package", package, "--divert",
                                                 diverted_name(path).string(), "--no-rename", "--add", path}),
                              limit);
        if (done.status != 0)
            throw Error(Code::system, fmt::format("cannot divert '{}': {}", path, printable(trim(done.err))));
        if (root == "/")
            tell_ucf(path);
        diverted.push_back(path);
    }
    return diverted;
}

} // namespace vectis::installer
