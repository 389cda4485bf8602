// A generation on disk: generations/N with config.yaml and every rendered file. Written once, whole or not at all.
#pragma once

#include "render/file.hpp"
#include "state/paths.hpp"

#include <set>
#include <string>
#include <vector>

namespace vectis::apply {

/// Writes generations/`number` under a temporary name and renames it; durable after the next sync of its file system.
void write_generation(const state::Paths& paths, std::uint64_t number, const std::string& config_text,
                      const std::vector<render::File>& files);
/// Makes an existing generation byte for byte what was written, however it was edited since.
void restore_generation(const state::Paths& paths, std::uint64_t number, const std::vector<render::File>& files);
/// Keeps a copy of files that somebody edited, in edited/<number>/.
void keep_edited(const state::Paths& paths, std::uint64_t number, const std::set<std::string>& edited);
/// Removes a generation that nothing refers to, and half-written ones.
void remove_generation(const state::Paths& paths, std::uint64_t number);

} // namespace vectis::apply
