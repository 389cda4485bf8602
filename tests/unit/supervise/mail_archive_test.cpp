#include "catch.hpp"
#include "folder.hpp"
#include "supervise/mail_archive.hpp"
#include "thrown.hpp"

using namespace vectis;
using supervise::archive_mail;

namespace {

void put(const fs::path& file, const std::string& text) {
    fs::create_directories(file.parent_path());
    replace_file(file, text, {.mode = 0600});
}

} // namespace

TEST_CASE("mail is moved out of the way once, and what comes later is moved beside it") {
    const test::Folder folder;
    const fs::path home = folder.path / "shop.test" / "anna";
    const fs::path archive = folder.path / ".archive" / "shop.test";
    archive_mail(folder.path, "shop.test", "anna", "1"); // there is none
    CHECK_FALSE(fs::exists(archive));
    put(home / "Maildir" / "one", "1");
    archive_mail(folder.path, "shop.test", "anna", "1");
    archive_mail(folder.path, "shop.test", "anna", "1"); // asked again
    CHECK_FALSE(fs::exists(home));
    CHECK(read_file(archive / "anna.1" / "Maildir" / "one") == "1");
    put(home / "Maildir" / "two", "2");
    archive_mail(folder.path, "shop.test", "anna", "1");
    CHECK_FALSE(fs::exists(home));
    CHECK(std::distance(fs::directory_iterator(archive), fs::directory_iterator()) == 2);
    const std::string longest(64, 'x');
    put(folder.path / "shop.test" / longest / "one", "1");
    archive_mail(folder.path, "shop.test", longest, "019dc1a6-6f5e-7a4c-b5c0-3f0b0a1f5d11");
    CHECK(fs::exists(archive / (longest + ".019dc1a6-6f5e-7a4c-b5c0-3f0b0a1f5d11") / "one"));
}

TEST_CASE("it is known whose mail was archived") {
    const test::Folder folder;
    const std::string id = "019dc1a6-6f5e-7a4c-b5c0-3f0b0a1f5d11";
    CHECK_FALSE(supervise::has_archived_mail(folder.path, "shop.test", "anna"));
    for (const auto* name : {"anna.b", "anna", "anna"}) {
        put(folder.path / "shop.test" / name / "one", "1");
        archive_mail(folder.path, "shop.test", name, id);
        CHECK(supervise::has_archived_mail(folder.path, "shop.test", name));
        CHECK(supervise::has_archived_mail(folder.path, "shop.test", "anna") == (name == std::string("anna")));
    }
    CHECK_FALSE(supervise::has_archived_mail(folder.path, "shop.test", "ann"));
}

TEST_CASE("no link leads out of the mail store") {
    const test::Folder folder;
    const test::Folder elsewhere;
    put(elsewhere.path / "anna" / "one", "1");
    SECTION("of a domain") {
        fs::create_directory_symlink(elsewhere.path, folder.path / "shop.test");
    }
    SECTION("of the archive") {
        put(folder.path / "shop.test" / "anna" / "one", "1");
        fs::create_directory_symlink(elsewhere.path, folder.path / ".archive");
    }
    CHECK_THROWS_AS(archive_mail(folder.path, "shop.test", "anna", "1"), Error);
    CHECK(read_file(elsewhere.path / "anna" / "one") == "1");
    CHECK_FALSE(fs::exists(elsewhere.path / "shop.test"));
}
