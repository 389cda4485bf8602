#include "apply/placement.hpp"
#include "catch.hpp"
#include "folder.hpp"

using namespace vectis;
using vectis::test::Folder;

namespace {

/// A server in a folder: etc/ with what Debian put there, lib/ with one generation.
struct Server {
    Folder folder;
    state::Paths paths;
    fs::path etc = folder.path / "etc";
    std::vector<render::Placement> placements{
        {"postfix/main.cf", (etc / "postfix/main.cf").string(), render::Placed::link},
        {"rspamd/local.d", (etc / "rspamd/local.d").string(), render::Placed::link},
        {"redis/redis.conf", (etc / "redis/redis.conf").string(), render::Placed::link},
        {"unbound/vectis.conf", (etc / "unbound/vectis.conf").string(), render::Placed::copy},
    };

    Server() {
        paths.lib = folder.path / "lib";
        for (const auto* each : {"postfix", "rspamd/local.d", "redis", "unbound"}) {
            fs::create_directories(paths.generation(1) / each);
            fs::create_directories(etc / each);
        }
        for (const auto* each : {"postfix/main.cf", "rspamd/local.d/a.conf", "redis/redis.conf", "unbound/vectis.conf"})
            write_new_file(paths.generation(1) / each, "ours", {});
        write_new_file(etc / "postfix/main.cf", "debian's", {});
        write_new_file(etc / "rspamd/local.d/admin.conf", "the administrator's", {});
        replace_symlink(paths.current(), "generations/1");
    }
};

} // namespace

TEST_CASE("placements lead to the current generation, and the originals come back") {
    const Server server;
    apply::keep_originals(server.paths, server.placements, server.paths.generation(1));
    apply::place(server.paths, server.placements);
    for (const auto* each : {"postfix/main.cf", "rspamd/local.d/a.conf", "redis/redis.conf", "unbound/vectis.conf"})
        CHECK(read_file(server.etc / each) == "ours");
    CHECK_FALSE(fs::is_symlink(server.etc / "unbound/vectis.conf"));

    apply::restore_originals(server.paths, server.placements);
    CHECK(read_file(server.etc / "postfix/main.cf") == "debian's");
    CHECK_FALSE(fs::is_symlink(server.etc / "postfix/main.cf"));
    CHECK(read_file(server.etc / "rspamd/local.d/admin.conf") == "the administrator's");
    CHECK_FALSE(fs::exists(server.etc / "redis/redis.conf"));
    CHECK_FALSE(fs::exists(server.etc / "unbound/vectis.conf"));

    SECTION("putting them back a second time changes nothing") {
        apply::restore_originals(server.paths, server.placements);
        CHECK(read_file(server.etc / "postfix/main.cf") == "debian's");
    }
}

TEST_CASE("a link that somebody replaced by a file is mended, and both files are kept") {
    const Server server;
    apply::keep_originals(server.paths, server.placements, server.paths.generation(1));
    apply::place(server.paths, server.placements);
    fs::remove(server.etc / "postfix/main.cf");
    write_new_file(server.etc / "postfix/main.cf", "by postconf -e", {});

    apply::keep_originals(server.paths, server.placements, server.paths.generation(1));
    apply::place(server.paths, server.placements);
    CHECK(fs::is_symlink(server.etc / "postfix/main.cf"));
    const auto replaced = server.paths.edited() / "replaced" / (server.etc / "postfix/main.cf").relative_path();
    CHECK(read_file(replaced) == "by postconf -e");
    apply::restore_originals(server.paths, server.placements);
    CHECK(read_file(server.etc / "postfix/main.cf") == "debian's");
}

TEST_CASE("stand-ins that were made for a check go again, and nothing else") {
    const Server server;
    apply::keep_originals(server.paths, server.placements, server.paths.generation(1));
    CHECK(fs::exists(server.etc / "redis/redis.conf"));
    apply::remove_stand_ins(server.placements);
    CHECK_FALSE(fs::exists(server.etc / "redis/redis.conf"));
    CHECK(read_file(server.etc / "postfix/main.cf") == "debian's");
}
