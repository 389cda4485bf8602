#include "store/vectis.hpp"

#include "store/migrate.hpp"

namespace vectis::store {

namespace {

Database open_vectis(const fs::path& file, const fs::path& migrations, const std::string& owner) {
    // Made before SQLite does: it gives -wal and -shm the owner and mode of the file they belong to.
    create_file(file, "", {.mode = 0600, .user = owner, .group = owner});
    Database database(file, Journal::wal);
    // A private key passes through here (accounts/errands): what is deleted is overwritten, not only left aside.
    database.execute("pragma secure_delete = on");
    migrate(database, migrations);
    return database;
}

} // namespace

Vectis::Vectis(const fs::path& file, const fs::path& migrations, const std::string& owner) :
    database_(open_vectis(file, migrations, owner)) {}

} // namespace vectis::store
