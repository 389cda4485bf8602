// The mail of a mailbox that is removed: kept, out of reach of whoever has the address next.
#pragma once

#include "base/file.hpp"

#include <string>

namespace vectis::supervise {

/// Moves <mail>/<domain>/<local_part> to <mail>/.archive/<domain>/<local_part>.<id>, durably; without such a folder it
/// does nothing. Follows no link: <mail> belongs to the user of the mail processes, and .archive to us alone. Throws
/// Error(system).
void archive_mail(const fs::path& mail, const std::string& domain, const std::string& local_part,
                  const std::string& id);

/// Whether mail of an earlier owner of this address is there.
[[nodiscard]] bool has_archived_mail(const fs::path& mail, const std::string& domain, const std::string& local_part);

} // namespace vectis::supervise
