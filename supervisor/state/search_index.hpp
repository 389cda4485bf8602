// Dovecot's full-text indexes after a power cut. Flatcurve writes them without fsync(2), and one that reached the disk
// in part ends every IMAP session that touches its folder. They are a cache: what may be damaged is removed, and
// indexed again when somebody searches.
#pragma once

#include "base/file.hpp"

#include <cstddef>

namespace vectis::state {

/// Makes the disk hold everything, and then notes in the file `clean` that it does: after Dovecot has stopped.
void note_indexes_whole(const fs::path& mail, const fs::path& clean);

/// Before Dovecot starts: removes the note. Without one the power was cut, and every index below `mail` is removed that
/// was written in the last ten minutes of writing; the kernel keeps nothing back that long. Returns how many were.
std::size_t drop_damaged_indexes(const fs::path& mail, const fs::path& clean);

} // namespace vectis::state
