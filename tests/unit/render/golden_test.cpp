// tests/golden/NAME/config.yaml rendered must be tests/golden/NAME/rendered, byte for byte; rendered for newer daemons
// it must be tests/golden/NAME/newer, where only what differs is kept. After a change that is meant:
// VECTIS_WRITE_GOLDEN=1 ./build/debug/tests/unit/unit '[golden]', then read the difference in git.
#include "catch.hpp"
#include "config/load.hpp"
#include "render/file.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <map>

using namespace vectis;

namespace {

const fs::path root = VECTIS_SOURCE_ROOT;

render::Platform platform() {
    return {.versions = {{"dovecot-core", "2.3.19.1+dfsg1"}, {"nginx", "1.22.1"}, {"postfix", "3.7.11"}},
            .interface_addresses = {{"lo", {"127.0.0.1", "::1"}},
                                    {"eth0", {"2001:db8::10"}},
                                    {"eth1", {"198.51.100.7", "fe80::1", "192.0.2.10"}}},
            .templates = (root / "templates").string()};
}

render::Platform newer_platform() {
    render::Platform newer = platform();
    newer.versions = {{"dovecot-core", "2.4.1+dfsg1"}, {"nginx", "1.26.3"}, {"postfix", "3.10.13"}};
    return newer;
}

const config::Secrets secrets{{"relay_password", "p$w #:{}\"'\\%s|cmd"}};

config::Config load(const std::string& yaml) {
    const auto loaded = config::load(yaml, "config.yaml");
    for (const auto& problem : loaded.problems)
        FAIL(problem.text());
    return loaded.config;
}

using Files = std::map<std::string, std::string>; // path -> bytes

Files files_in(const fs::path& folder) {
    Files files;
    if (fs::exists(folder)) {
        for (const auto& entry : fs::recursive_directory_iterator(folder)) {
            if (entry.is_regular_file())
                files.emplace(fs::relative(entry.path(), folder).string(), read_file(entry.path()).value());
        }
    }
    return files;
}

Files rendered(const fs::path& folder, const render::Platform& here) {
    Files files;
    for (const auto& file : render::render(load(read_file(folder / "config.yaml").value()), secrets, here))
        files.emplace(file.path, file.bytes);
    return files;
}

void compare(const Files& files, const fs::path& golden) {
    if (std::getenv("VECTIS_WRITE_GOLDEN") != nullptr) {
        fs::remove_all(golden);
        for (const auto& [path, bytes] : files) {
            fs::create_directories((golden / path).parent_path());
            replace_file(golden / path, bytes, {});
        }
    }
    const Files expected = files_in(golden);
    for (const auto& [path, bytes] : files) {
        INFO((golden / path).string());
        REQUIRE(expected.contains(path));
        CHECK(bytes == expected.at(path));
    }
    CHECK(files.size() == expected.size());
}

std::string rendered_file(const std::vector<render::File>& files, const std::string& path) {
    for (const auto& file : files) {
        if (file.path == path)
            return file.bytes;
    }
    return "";
}

} // namespace

TEST_CASE("configurations render to their golden files", "[golden]") {
    for (const auto* name : {"minimal", "full"}) {
        const fs::path folder = root / "tests/golden" / name;
        const Files files = rendered(folder, platform());
        compare(files, folder / "rendered");
        Files newer = rendered(folder, newer_platform());
        std::erase_if(newer, [&](const auto& each) {
            const auto found = files.find(each.first);
            return found != files.end() && found->second == each.second;
        });
        compare(newer, folder / "newer");
    }
}

TEST_CASE("only the file with the relay's password is closed to others") {
    const auto files =
        render::render(load(read_file(root / "tests/golden/full/config.yaml").value()), secrets, platform());
    for (const auto& file : files) {
        INFO(file.path);
        CHECK(file.access.mode == (file.path == "postfix/relay_credentials" ? 0600 : 0644));
        CHECK((file.bytes.find("p$w") != std::string::npos) == (file.path == "postfix/relay_credentials"));
    }
}

TEST_CASE("a value with a line break never reaches a file") {
    config::Config config = load(read_file(root / "tests/golden/full/config.yaml").value());
    const auto refused = [](const config::Config& hostile, const config::Secrets& values) {
        try {
            (void)render::render(hostile, values, platform());
        } catch (const Error& error) {
            return error.code();
        }
        return Code::internal;
    };
    SECTION("in a name") {
        config.domains[0].name = "example.test\" {}\nreject = 0;";
    }
    SECTION("in a path") {
        config.tls.key = "/a\nmynetworks = 0.0.0.0/0";
    }
    SECTION("in a user name") {
        config.network.relay_host.username = "a\n[other]:25 b";
    }
    SECTION("in a selector") {
        config.domains[0].dkim.rsa_selector = "a\r\n";
    }
    CHECK(refused(config, secrets) == Code::invalid_input);
    CHECK(refused(load(read_file(root / "tests/golden/full/config.yaml").value()),
                  {{"relay_password", "x\n[a]:25 u:p"}}) == Code::invalid_input);
}

TEST_CASE("rendering refuses what it cannot write") {
    config::Config config = load(read_file(root / "tests/golden/full/config.yaml").value());
    render::Platform here = platform();
    config::Secrets values = secrets;
    Code expected = Code::invalid_input;
    SECTION("a secret that is not there") {
        values.clear();
    }
    SECTION("an interface without addresses") {
        config.network.addresses.clear();
        here.interface_addresses.clear();
    }
    SECTION("an address that the host does not have") {
        config.network.addresses = {"203.0.113.9"};
    }
    SECTION("a Dovecot without templates") {
        here.versions["dovecot-core"] = "1:9.1.0-1";
        expected = Code::not_supported;
    }
    SECTION("no Dovecot at all") {
        here.versions.clear();
        expected = Code::not_found;
    }
    try {
        (void)render::render(config, values, here);
        FAIL("rendered");
    } catch (const Error& error) {
        CHECK(error.code() == expected);
    }
}

TEST_CASE("a host without IPv6 is not asked to listen on ::1") {
    render::Platform here = platform();
    here.interface_addresses = {{"lo", {"127.0.0.1"}}, {"eth1", {"198.51.100.7"}}};
    config::Config config = load(read_file(root / "tests/golden/minimal/config.yaml").value());
    config.network.interfaces = {"eth1"};
    const auto files = render::render(config, {}, here);
    CHECK(rendered_file(files, "postfix/main.cf").find("inet_interfaces = 198.51.100.7, 127.0.0.1\n") !=
          std::string::npos);
    CHECK(rendered_file(files, "dovecot/dovecot.conf").find("listen = 198.51.100.7, 127.0.0.1\n") != std::string::npos);
    CHECK(rendered_file(files, "unbound/vectis.conf").find("interface: ::1") == std::string::npos);
}

TEST_CASE("mailboxes are rows and never appear in a rendered file") {
    config::Config config = load(read_file(root / "tests/golden/minimal/config.yaml").value());
    const auto before = render::render(config, {}, platform());
    for (int i = 0; i < 1000; ++i) {
        config.domains[0].mailboxes.push_back({.local_part = fmt::format("user{}", i)});
        config.domains[0].aliases.push_back({.local_part = fmt::format("alias{}", i), .destinations = {"a@b.test"}});
    }
    const auto after = render::render(config, {}, platform());
    REQUIRE(before.size() == after.size());
    for (std::size_t i = 0; i < before.size(); ++i)
        CHECK(before[i].bytes == after[i].bytes);
}

TEST_CASE("a thousand domains render, each with its keys and its names") {
    config::Config config = load(read_file(root / "tests/golden/minimal/config.yaml").value());
    for (int i = 0; i < 1000; ++i)
        config.domains.push_back({.name = fmt::format("domain{}.test", i), .spam = {.reject = 120}});
    const auto files = render::render(config, {}, platform());
    CHECK(rendered_file(files, "rspamd/local.d/dkim_signing.conf").find("/dkim/domain999.test/e1.key") !=
          std::string::npos);
    CHECK(rendered_file(files, "nginx/vectis.conf").find(" mta-sts.domain999.test") != std::string::npos);
}
