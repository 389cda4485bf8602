#include "apply/placement.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <vector>

namespace vectis::apply {

namespace {

constexpr const char* absent = ".absent";

fs::path kept(const state::Paths& paths, const render::Placement& placement) {
    return paths.originals() / fs::path(placement.where).relative_path();
}

bool is_ours(const state::Paths& paths, const render::Placement& placement) {
    std::error_code error;
    return fs::read_symlink(placement.where, error) == paths.current() / placement.path;
}

bool stands(const fs::path& path) {
    return fs::exists(fs::symlink_status(path));
}

/// Whether one plain file or link is as the other; folders are not compared.
bool same(const fs::path& one, const fs::path& other) {
    const auto status = fs::symlink_status(one);
    if (status.type() != fs::symlink_status(other).type())
        return false;
    if (fs::is_symlink(status))
        return fs::read_symlink(one) == fs::read_symlink(other);
    return fs::is_regular_file(status) && read_file(one) == read_file(other);
}

/// A whole copy appears under its name or not at all.
void copy_whole(const fs::path& from, const fs::path& to) {
    const fs::path temporary = to.string() + ".part";
    fs::remove_all(temporary);
    fs::copy(from, temporary, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
    if (std::rename(temporary.c_str(), to.c_str()) != 0)
        throw system_error(errno, fmt::format("cannot keep '{}'", from.string()));
}

void move_away(const fs::path& path, const fs::path& to) {
    fs::remove_all(to);
    if (std::rename(path.c_str(), to.c_str()) != 0)
        throw system_error(errno, fmt::format("cannot move '{}' away", path.string()));
}

void remove_if_empty(const fs::path& path) {
    const auto status = fs::symlink_status(path);
    if ((fs::is_directory(status) || fs::is_regular_file(status)) && fs::is_empty(path))
        fs::remove(path);
}

} // namespace

void keep_originals(const state::Paths& paths, const std::vector<render::Placement>& placements,
                    const fs::path& generation) {
    for (const auto& placement : placements) {
        const fs::path where = placement.where;
        const fs::path copy = kept(paths, placement);
        if (is_ours(paths, placement))
            continue;
        if (!stands(copy) && !stands(copy.string() + absent)) {
            fs::create_directories(copy.parent_path());
            if (stands(where))
                copy_whole(where, copy);
            else
                replace_file(copy.string() + absent, "", {.mode = 0600});
        } else if (stands(where) && !same(where, copy)) {
            const fs::path replaced = paths.edited() / "replaced" / where.relative_path();
            fs::create_directories(replaced.parent_path());
            fs::remove_all(replaced);
            copy_whole(where, replaced);
        }
        if (stands(where))
            continue;
        fs::create_directories(where.parent_path());
        if (fs::is_directory(generation / placement.path))
            fs::create_directory(where);
        else
            replace_file(where, "", {});
    }
    fs::create_directories(paths.originals());
    sync_file_system(paths.originals());
}

void remove_stand_ins(const std::vector<render::Placement>& placements) {
    for (const auto& placement : placements)
        remove_if_empty(placement.where);
}

void place(const state::Paths& paths, const std::vector<render::Placement>& placements) {
    for (const auto& placement : placements) {
        const fs::path where = placement.where;
        if (placement.placed == render::Placed::copy) {
            const auto bytes = read_file(paths.current() / placement.path).value_or("");
            if (fs::is_symlink(where) || read_file(where) != bytes)
                replace_file(where, bytes, {.mode = 0644});
        } else if (!is_ours(paths, placement)) {
            // A folder cannot be renamed over; its original is kept already.
            if (fs::is_directory(fs::symlink_status(where)))
                move_away(where, where.string() + ".vectis-old");
            replace_symlink(where, paths.current() / placement.path);
            fs::remove_all(where.string() + ".vectis-old");
        }
    }
}

std::vector<render::Placement> still_ours(const state::Paths& paths, std::vector<render::Placement> placements,
                                          const fs::path& generation) {
    std::erase_if(placements, [&](const render::Placement& placement) {
        if (!stands(placement.where))
            return false;
        if (placement.placed == render::Placed::link)
            return !is_ours(paths, placement);
        return !fs::is_regular_file(fs::symlink_status(placement.where)) ||
               read_file(placement.where) != read_file(generation / placement.path);
    });
    return placements;
}

void restore_originals(const state::Paths& paths, const std::vector<render::Placement>& placements) {
    for (const auto& placement : placements) {
        const fs::path where = placement.where;
        const fs::path copy = kept(paths, placement);
        if (stands(copy)) {
            if (stands(where))
                move_away(where, where.string() + ".vectis-old");
            copy_whole(copy, where);
            fs::remove_all(where.string() + ".vectis-old");
        } else if (stands(copy.string() + absent)) {
            fs::remove_all(where);
            // systemd looks for drop-ins in folders that nobody needs otherwise.
            if (where.parent_path().filename().string().ends_with(".service.d"))
                remove_if_empty(where.parent_path());
        }
    }
}

void forget_originals(const state::Paths& paths, const std::vector<render::Placement>& placements) {
    for (const auto& placement : placements) {
        const fs::path copy = kept(paths, placement);
        if (stands(copy.string() + absent)) {
            remove_if_empty(placement.where);
            fs::remove(copy.string() + absent);
        }
        fs::remove_all(copy);
    }
}

} // namespace vectis::apply
