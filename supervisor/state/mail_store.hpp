// What a power cut leaves in Dovecot's mail store, and nobody can use: full-text indexes that Flatcurve writes without
// fsync(2), of which one that reached the disk in part ends every IMAP session that touches its folder; and locks of
// processes that are gone, for which whoever comes next waits two minutes. No message is touched.
#pragma once

#include "base/file.hpp"

#include <cstddef>

namespace vectis::state {

/// Makes the disk hold everything, and then notes in the file `clean` that it does: after Dovecot has stopped.
/// Not after a recovery that did not reach its end.
void note_mail_store_whole(const fs::path& mail, const fs::path& clean);

struct Recovered {
    std::size_t indexes = 0;
    std::size_t locks = 0;
};

/// Before Dovecot starts: removes the note. Without one the power was cut, and below `mail` every lock is removed, and
/// every index that was written in the last ten minutes of writing; the kernel keeps nothing back that long. Indexes
/// are a cache: Dovecot makes them again when somebody searches.
Recovered recover_mail_store(const fs::path& mail, const fs::path& clean);

} // namespace vectis::state
