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
        CHECK_FALSE(fs::exists(server.etc / "redis/redis.conf"));
    }
    SECTION("forgotten, what stands then is the original") {
        apply::forget_originals(server.paths, server.placements);
        CHECK(read_file(server.etc / "postfix/main.cf") == "debian's");
        fs::remove(server.etc / "postfix/main.cf");
        write_new_file(server.etc / "postfix/main.cf", "the administrator's", {});
        apply::keep_originals(server.paths, server.placements, server.paths.generation(1));
        apply::place(server.paths, server.placements);
        apply::restore_originals(server.paths, server.placements);
        CHECK(read_file(server.etc / "postfix/main.cf") == "the administrator's");
        CHECK_FALSE(fs::exists(server.paths.edited() / "replaced"));
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

TEST_CASE("what a generation no longer has is given back where nobody has replaced it") {
    const Server server;
    const fs::path generation = server.paths.generation(1);
    apply::keep_originals(server.paths, server.placements, generation);
    apply::place(server.paths, server.placements);
    replace_symlink(server.paths.current(), "generations/2"); // which has none of them
    const auto ours = [&] {
        std::vector<std::string> paths;
        for (const auto& placement : apply::still_ours(server.paths, server.placements, generation))
            paths.push_back(placement.path);
        return paths;
    };
    CHECK(ours().size() == 4);
    fs::remove(server.etc / "redis/redis.conf");
    write_new_file(server.etc / "redis/redis.conf", "the administrator's", {});
    replace_file(server.etc / "unbound/vectis.conf", "edited", {});
    CHECK(ours() == std::vector<std::string>{"postfix/main.cf", "rspamd/local.d"});
    apply::restore_originals(server.paths, apply::still_ours(server.paths, server.placements, generation));
    CHECK(read_file(server.etc / "postfix/main.cf") == "debian's");
    CHECK(ours().empty());
    apply::forget_originals(server.paths, server.placements);
    CHECK(read_file(server.etc / "redis/redis.conf") == "the administrator's");
    CHECK(read_file(server.etc / "unbound/vectis.conf") == "edited");
}

TEST_CASE("the folder of a drop-in goes with the drop-in, if it was the only one") {
    Server server;
    const fs::path folder = server.etc / "systemd/system/postfix.service.d";
    server.placements = {{"unbound/vectis.conf", (folder / "vectis.conf").string(), render::Placed::copy}};
    apply::keep_originals(server.paths, server.placements, server.paths.generation(1));
    apply::place(server.paths, server.placements);
    SECTION("alone") {
        apply::restore_originals(server.paths, server.placements);
        CHECK_FALSE(fs::exists(folder));
    }
    SECTION("beside the administrator's") {
        write_new_file(folder / "limits.conf", "[Service]", {});
        apply::restore_originals(server.paths, server.placements);
        CHECK(fs::exists(folder / "limits.conf"));
        CHECK_FALSE(fs::exists(folder / "vectis.conf"));
    }
}
