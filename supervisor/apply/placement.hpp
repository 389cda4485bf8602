// The links and copies in /etc through which daemons find their files, and what stood there before.
#pragma once

#include "render/file.hpp"
#include "state/paths.hpp"

#include <vector>

namespace vectis::apply {

/// Keeps what stands at each placement in originals/, once; where nothing stands, a mark that says so. What somebody
/// put there later is kept in edited/replaced/. Where a path is missing, an empty file or folder is made, so that a
/// checker's mount namespace has something to mount on. `generation` is the folder of what comes next.
void keep_originals(const state::Paths& paths, const std::vector<render::Placement>& placements,
                    const fs::path& generation);
/// Removes the empty files and folders that keep_originals() made for these placements.
void remove_stand_ins(const std::vector<render::Placement>& placements);
/// Makes every placement right. Only wrong ones are touched.
void place(const state::Paths& paths, const std::vector<render::Placement>& placements);
/// Of these placements of a generation (its folder), those at which still stands what it put there, or nothing.
[[nodiscard]] std::vector<render::Placement>
still_ours(const state::Paths& paths, std::vector<render::Placement> placements, const fs::path& generation);
/// Puts the originals back, and keeps them. Repeating it after a kill does no harm.
void restore_originals(const state::Paths& paths, const std::vector<render::Placement>& placements);
/// Forgets the originals: these places are no longer ours. The empty stand-in goes where nothing stood.
void forget_originals(const state::Paths& paths, const std::vector<render::Placement>& placements);

} // namespace vectis::apply
