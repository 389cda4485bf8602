// Whether what an apply is about to write can be written. Asked before anything is changed, so that a full disk or a
// read-only file system stops it at the door.
#pragma once

#include "base/file.hpp"

#include <cstdint>
#include <set>

namespace vectis::apply {

/// Throws Error(system) that names the folder: one of `folders`, or the nearest above it that is there, may not be
/// written to, or the file system of `lib` has less than `bytes` free.
void expect_room(const std::set<fs::path>& folders, const fs::path& lib, std::uint64_t bytes);

} // namespace vectis::apply
