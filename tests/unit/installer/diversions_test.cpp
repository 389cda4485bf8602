#include "base/error.hpp"
#include "base/subprocess.hpp"
#include "base/text.hpp"
#include "catch.hpp"
#include "folder.hpp"
#include "installer/diversions.hpp"

#include <sys/stat.h>

#include <array>

using namespace vectis;
using vectis::test::Folder;

namespace {

constexpr std::array<std::string_view, 1> files{"/etc/dovecot/dovecot.conf"};

/// A system of its own for dpkg-divert.
struct System {
    Folder folder;
    fs::path conf = folder.path / "etc/dovecot/dovecot.conf";
    fs::path distrib = folder.path / "etc/dovecot/dovecot.conf.distrib";

    System() {
        fs::create_directories(folder.path / "var/lib/dpkg/info");
        fs::create_directories(conf.parent_path());
        replace_file(folder.path / "var/lib/dpkg/status", "", {});
        replace_file(conf, "protocols = imap\n", {.mode = 0640});
    }
    [[nodiscard]] std::string divert(std::vector<std::string> arguments) const {
        std::vector<std::string> command{"dpkg-divert", "--admindir", (folder.path / "var/lib/dpkg").string(),
                                         "--instdir", folder.path.string()};
        command.insert(command.end(), arguments.begin(), arguments.end());
        return run(command, std::chrono::seconds(20)).out;
    }
    [[nodiscard]] Code refusal() const {
        try {
            installer::divert_files(files, folder.path);
        } catch (const Error& error) {
            return error.code();
        }
        FAIL("it was diverted");
        return Code::internal;
    }
};

} // namespace

TEST_CASE("a file is diverted once, stays in place, and its copy is what dpkg keeps") {
    const System system;
    CHECK(installer::divert_files(files, system.folder.path) == std::vector<std::string>{"/etc/dovecot/dovecot.conf"});
    CHECK(trim(system.divert({"--listpackage", "/etc/dovecot/dovecot.conf"})) == "vectis");
    CHECK(trim(system.divert({"--truename", "/etc/dovecot/dovecot.conf"})) == "/etc/dovecot/dovecot.conf.distrib");
    CHECK(read_file(system.conf) == "protocols = imap\n");
    CHECK(read_file(system.distrib) == "protocols = imap\n");
    struct stat status {};
    REQUIRE(stat(system.distrib.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0640);

    SECTION("a second time changes nothing, even when our link has taken the place") {
        replace_symlink(system.conf, "/var/lib/vectis/current/dovecot/dovecot.conf");
        CHECK(installer::divert_files(files, system.folder.path).empty());
        CHECK(read_file(system.distrib) == "protocols = imap\n");
    }
    SECTION("taking it back puts the package's file where it was") {
        fs::remove(system.conf);
        static_cast<void>(system.divert({"--package", "vectis", "--rename", "--remove", "/etc/dovecot/dovecot.conf"}));
        CHECK(read_file(system.conf) == "protocols = imap\n");
        CHECK_FALSE(fs::exists(system.distrib));
    }
}

TEST_CASE("cut off after the copy, diverting is finished by the next run") {
    const System system;
    replace_file(system.distrib, "protocols = imap\n", {.mode = 0640});
    CHECK(installer::divert_files(files, system.folder.path).size() == 1);
}

TEST_CASE("somebody else's diversion or file is not touched") {
    const System system;
    SECTION("a local diversion") {
        static_cast<void>(system.divert(
            {"--local", "--no-rename", "--divert", "/etc/dovecot/mine", "--add", "/etc/dovecot/dovecot.conf"}));
        CHECK(system.refusal() == Code::conflict);
    }
    SECTION("a file at the diverted name") {
        replace_file(system.distrib, "precious", {});
        CHECK(system.refusal() == Code::conflict);
        CHECK(read_file(system.distrib) == "precious");
        CHECK(trim(system.divert({"--listpackage", "/etc/dovecot/dovecot.conf"})).empty());
    }
}

TEST_CASE("a file that does not exist is diverted all the same: its package may bring it later") {
    const System system;
    fs::remove(system.conf);
    CHECK(installer::divert_files(files, system.folder.path).size() == 1);
    CHECK_FALSE(fs::exists(system.distrib));
}
