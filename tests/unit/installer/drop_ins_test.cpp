#include "base/error.hpp"
#include "catch.hpp"
#include "folder.hpp"
#include "installer/drop_ins.hpp"

using namespace vectis;
using vectis::test::Folder;

TEST_CASE("drop-ins are placed once, and again when the package brings others") {
    const Folder folder;
    const fs::path kept = folder.path / "usr/share/vectis/units/rspamd.service.d";
    const fs::path placed = folder.path / "etc/systemd/system/rspamd.service.d/vectis.conf";
    fs::create_directories(kept);
    replace_file(kept / "vectis.conf", "[Service]\nRestart=always\n", {});

    CHECK(installer::place_drop_ins(folder.path) ==
          std::vector<std::string>{"/etc/systemd/system/rspamd.service.d/vectis.conf"});
    CHECK(read_file(placed) == "[Service]\nRestart=always\n");
    CHECK(installer::place_drop_ins(folder.path).empty());

    replace_file(kept / "vectis.conf", "[Service]\nRestart=no\n", {});
    CHECK(installer::place_drop_ins(folder.path).size() == 1);
    CHECK(read_file(placed) == "[Service]\nRestart=no\n");
}

TEST_CASE("a package without its drop-ins is told") {
    const Folder folder;
    CHECK_THROWS_AS(installer::place_drop_ins(folder.path), Error);
}
