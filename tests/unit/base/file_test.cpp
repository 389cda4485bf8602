#include "base/error.hpp"
#include "base/file.hpp"
#include "base/subprocess.hpp"
#include "catch.hpp"
#include "folder.hpp"

#include <sys/stat.h>

using namespace vectis;
using vectis::test::Folder;

TEST_CASE("replace_file leaves the new bytes, the asked mode and no temporary") {
    const Folder folder;
    const fs::path path = folder.path / "main.cf";
    replace_file(path, "one", {.mode = 0600});
    replace_file(path, "two", {.mode = 0640});
    CHECK(read_file(path) == "two");
    struct stat status {};
    REQUIRE(stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0640);
    CHECK(std::distance(fs::directory_iterator(folder.path), fs::directory_iterator()) == 1);
}

TEST_CASE("replace_file that fails names the path and leaves the old file and no temporary") {
    const Folder folder;
    const fs::path path = folder.path / "main.cf";
    replace_file(path, "one", {});
    CHECK_THROWS_AS(replace_file(path, "two", {.mode = 0644, .user = "no-such-user-here", .group = ""}), Error);
    CHECK(read_file(path) == "one");
    CHECK(std::distance(fs::directory_iterator(folder.path), fs::directory_iterator()) == 1);
}

TEST_CASE("a missing file is absent, not an error") {
    CHECK(read_file("/nonexistent/file") == std::nullopt);
}

TEST_CASE("replace_symlink moves an existing link") {
    const Folder folder;
    replace_symlink(folder.path / "current", "generations/1");
    replace_symlink(folder.path / "current", "generations/2");
    CHECK(fs::read_symlink(folder.path / "current") == "generations/2");
}

TEST_CASE("run feeds input, keeps both outputs and the status apart") {
    const Finished finished = run({"sh", "-c", "cat; echo problem >&2; exit 3"}, std::chrono::seconds(10), "fed");
    CHECK(finished.status == 3);
    CHECK(finished.out == "fed");
    CHECK(finished.err == "problem\n");
    CHECK_THROWS_AS(run({"no-such-program-here"}, std::chrono::seconds(10)), Error);
    CHECK_THROWS_AS(run({"sleep", "60"}, std::chrono::seconds(1)), Error);
}
