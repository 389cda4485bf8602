#include "apply/generation.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>

namespace vectis::apply {

namespace {

// Daemons of several users walk through these folders; what is secret has a mode of its own.
constexpr auto folder_mode = fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec |
                             fs::perms::others_read | fs::perms::others_exec;

void make_folders(const fs::path& folder) {
    if (fs::create_directories(folder))
        fs::permissions(folder, folder_mode);
}

fs::path staging(const state::Paths& paths, std::uint64_t number) {
    return paths.generations() / fmt::format(".{}.staging", number);
}

} // namespace

void write_generation(const state::Paths& paths, std::uint64_t number, const std::string& config_text,
                      const std::vector<render::File>& files) {
    const fs::path folder = staging(paths, number);
    fs::remove_all(folder);
    make_folders(paths.generations());
    make_folders(folder);
    write_new_file(folder / "config.yaml", config_text, {.mode = 0640, .group = paths.service_group});
    for (const auto& file : files) {
        make_folders((folder / file.path).parent_path());
        write_new_file(folder / file.path, file.bytes, file.access);
    }
    if (std::rename(folder.c_str(), paths.generation(number).c_str()) != 0)
        throw system_error(errno, fmt::format("cannot make generation {}", number));
}

void restore_generation(const state::Paths& paths, std::uint64_t number, const std::vector<render::File>& files) {
    const fs::path folder = paths.generation(number);
    std::set<std::string> known{"config.yaml"};
    for (const auto& file : files) {
        known.insert(file.path);
        make_folders((folder / file.path).parent_path());
        if (read_file(folder / file.path) != file.bytes)
            replace_file(folder / file.path, file.bytes, file.access);
    }
    std::vector<fs::path> strangers;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        if (!entry.is_directory() && !known.contains(entry.path().lexically_relative(folder).string()))
            strangers.push_back(entry.path());
    }
    for (const auto& path : strangers)
        fs::remove(path);
}

void keep_edited(const state::Paths& paths, std::uint64_t number, const std::set<std::string>& edited) {
    for (const auto& path : edited) {
        const auto bytes = read_file(paths.generation(number) / path);
        if (!bytes)
            continue;
        const fs::path copy = paths.edited() / std::to_string(number) / path;
        fs::create_directories(copy.parent_path());
        // It may be a secret's file, so only root reads the copy.
        replace_file(copy, *bytes, {.mode = 0600});
    }
}

void remove_generation(const state::Paths& paths, std::uint64_t number) {
    fs::remove_all(staging(paths, number));
    fs::remove_all(paths.generation(number));
}

} // namespace vectis::apply
