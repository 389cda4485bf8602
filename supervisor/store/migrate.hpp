// Brings a database's schema up to date from the numbered files of one folder (NNNN_what.sql), forward only, each in a
// transaction of its own and recorded with its hash.
#pragma once

#include "store/database.hpp"

namespace vectis::store {

/// Runs what is missing. Throws Error(not_supported) if the database is newer than the files, and Error(conflict) if a
/// file that was run has been changed since.
void migrate(Database& database, const fs::path& folder);

} // namespace vectis::store
