#include "apply/generation.hpp"
#include "catch.hpp"
#include "folder.hpp"

using namespace vectis;
using vectis::test::Folder;

TEST_CASE("a generation that was edited by hand becomes again what was written, and the edit is kept") {
    const Folder folder;
    state::Paths paths;
    paths.lib = folder.path;
    paths.service_group = "";
    const std::vector<render::File> files{{"postfix/main.cf", "one", {}, {"postfix"}},
                                          {"redis/redis.conf", "two", {}, {"redis"}}};
    apply::write_generation(paths, 3, "hostname: x\n", files);
    CHECK(read_file(paths.generation(3) / "config.yaml") == "hostname: x\n");

    replace_file(paths.generation(3) / "postfix/main.cf", "edited", {});
    fs::remove(paths.generation(3) / "redis/redis.conf");
    write_new_file(paths.generation(3) / "postfix/stranger", "x", {});
    apply::keep_edited(paths, 3, {"postfix/main.cf", "redis/redis.conf"});
    apply::restore_generation(paths, 3, files);

    CHECK(read_file(paths.generation(3) / "postfix/main.cf") == "one");
    CHECK(read_file(paths.generation(3) / "redis/redis.conf") == "two");
    CHECK_FALSE(fs::exists(paths.generation(3) / "postfix/stranger"));
    CHECK(read_file(paths.edited() / "3/postfix/main.cf") == "edited");
    apply::remove_generation(paths, 3);
    CHECK_FALSE(fs::exists(paths.generation(3)));
}
