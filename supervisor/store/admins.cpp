#include "store/admins.hpp"

#include "store/migrate.hpp"

namespace vectis::store {

namespace {

Database open(const fs::path& file, const fs::path& migrations, const std::string& owner) {
    // Made before SQLite does: it gives -wal and -shm the owner and mode of the file they belong to.
    create_file(file, "", {.mode = 0600, .user = owner, .group = owner});
    Database database(file, Journal::wal);
    migrate(database, migrations);
    return database;
}

} // namespace

Admins::Admins(const fs::path& file, const fs::path& migrations, const std::string& owner) :
    database_(open(file, migrations, owner)) {}

std::optional<Admin> Admins::first() {
    auto select = database_.prepare("select id, email, password, must_change_password, role, created_at, announced_at "
                                    "from admins order by created_at, id limit 1");
    if (!select.step())
        return std::nullopt;
    return Admin{.id = select.text(0),
                 .email = select.text(1),
                 .password = select.text(2),
                 .must_change_password = select.integer(3) != 0,
                 .role = select.text(4),
                 .created_at = select.text(5),
                 .announced_at = select.optional_text(6)};
}

void Admins::add(const Admin& admin) {
    database_
        .prepare("insert into admins (id, email, password, must_change_password, role, created_at, announced_at) "
                 "values (?1, ?2, ?3, ?4, ?5, ?6, ?7)")
        .bind(admin.id, admin.email, admin.password, admin.must_change_password, admin.role, admin.created_at,
              admin.announced_at)
        .run();
}

void Admins::set_password(const std::string& id, const std::string& password) {
    database_.prepare("update admins set password = ?2, must_change_password = 1 where id = ?1")
        .bind(id, password)
        .run();
}

void Admins::set_announced(const std::string& id, const std::string& at) {
    database_.prepare("update admins set announced_at = ?2 where id = ?1").bind(id, at).run();
}

} // namespace vectis::store
