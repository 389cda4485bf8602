#include "base/file.hpp"
#include "catch.hpp"
#include "config/load.hpp"
#include "config/secrets.hpp"

#include <cstdlib>

using namespace vectis;
using namespace vectis::config;

TEST_CASE("secrets.yaml is a flat map of names to texts") {
    const auto loaded = load_secrets("relay: 'p@ss: word'\nother: plain-text\n", "secrets.yaml");
    CHECK(loaded.problems.empty());
    CHECK(loaded.secrets == Secrets{{"relay", "p@ss: word"}, {"other", "plain-text"}});
    CHECK(load_secrets("", "secrets.yaml").problems.empty());
    CHECK(load_secrets("# none yet\n", "secrets.yaml").problems.empty());
}

TEST_CASE("what is wrong with a secret is said without showing it") {
    for (const std::string yaml :
         {"a: [hunter2]", "a: {b: hunter2}", "- hunter2", "hunter2", "a: hunter2\na: hunter2", "a: &x hunter2",
          "a: !!str hunter2", "a: \"hunter2\\n\"", "hunter2 name: b", "a: hunter2\n b: c", "a: 123456", "a:", "a: ''",
          "? [hunter2]\n: x", "a: *hunter2"}) {
        INFO(yaml);
        const auto loaded = load_secrets(yaml, "secrets.yaml");
        REQUIRE_FALSE(loaded.problems.empty());
        for (const auto& problem : loaded.problems) {
            CHECK(problem.text().find("hunter2") == std::string::npos);
            CHECK(problem.text().find("123456") == std::string::npos);
        }
    }
}

TEST_CASE("a credential goes before secrets.yaml, and what is nowhere is named") {
    std::string pattern = fs::temp_directory_path() / "vectis-secrets-XXXXXX";
    const fs::path folder = ::mkdtemp(pattern.data());
    write_new_file(folder / "relay", "from systemd\n", {});
    write_new_file(folder / "broken", "two\nlines\n", {});
    const Secrets secrets{{"relay", "from file"}, {"other", "also from file"}};
    CHECK(find_secret("relay", secrets, folder) == "from systemd");
    CHECK(find_secret("relay", secrets, {}) == "from file");
    CHECK(find_secret("other", secrets, folder) == "also from file");
    CHECK(find_secret("none", secrets, folder) == std::nullopt);
    CHECK_THROWS_AS(find_secret("broken", secrets, folder), Error);

    Config config;
    CHECK(resolve_secrets(config, secrets, folder).empty());
    config.network.relay_host.password_secret = "relay";
    CHECK(resolve_secrets(config, secrets, folder) == Secrets{{"relay", "from systemd"}});
    config.network.relay_host.password_secret = "none";
    CHECK_THROWS_AS(resolve_secrets(config, secrets, folder), Error);
    fs::remove_all(folder);
}
