#include "accounts/first_admin.hpp"
#include "accounts/password.hpp"
#include "base/file.hpp"
#include "catch.hpp"
#include "folder.hpp"

#include <sys/stat.h>

using namespace vectis;
using vectis::test::Folder;

TEST_CASE("the first administrator is made once, with a password that works and must be changed") {
    const Folder folder;
    store::Admins admins(folder.path / "vectis.db", fs::path(MIGRATIONS) / "vectis", "");
    const auto made = accounts::ensure_first_admin(admins, "anna@example.test");
    REQUIRE(made);
    CHECK(made->email == "anna@example.test");
    CHECK(made->password.size() == 20);
    const auto admin = admins.first();
    REQUIRE(admin);
    CHECK(accounts::verify_password(made->password, admin->password));
    CHECK(admin->must_change_password);
    CHECK(admin->role == "super_admin");
    struct stat status {};
    REQUIRE(stat((folder.path / "vectis.db").c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0600);

    SECTION("once shown, it stays") {
        accounts::first_admin_announced(admins);
        CHECK_FALSE(accounts::ensure_first_admin(admins, "bert@example.test"));
        CHECK(admins.first()->password == admin->password);
    }
    SECTION("cut off before it was shown, the same person gets another") {
        const auto again = accounts::ensure_first_admin(admins, "bert@example.test");
        REQUIRE(again);
        CHECK(again->email == "anna@example.test");
        CHECK(again->password != made->password);
        CHECK(accounts::verify_password(again->password, admins.first()->password));
        CHECK(admins.first()->id == admin->id);
    }
}
