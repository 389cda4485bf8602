#include "base/file.hpp"
#include "base/text.hpp"
#include "catch.hpp"
#include "render/files.hpp"
#include "surface/services.hpp"

#include <algorithm>
#include <array>
#include <set>

using namespace vectis;

namespace {

const fs::path templates = fs::path(VECTIS_SOURCE_ROOT) / "templates";

} // namespace

TEST_CASE("every row belongs to a service, or is read when it is used") {
    for (const auto& row : render::rows()) {
        INFO(row.path);
        CHECK((surface::find_service(row.service) != nullptr || (row.service.empty() && row.path.starts_with("api/"))));
    }
}

TEST_CASE("every template is rendered by a row, and opens with what it is for") {
    std::set<std::string> paths;
    for (const auto& row : render::rows())
        paths.insert(std::string(row.path));
    for (const auto& entry : fs::recursive_directory_iterator(templates)) {
        if (!entry.is_regular_file())
            continue;
        std::string path = fs::relative(entry.path(), templates).string();
        INFO(path);
        REQUIRE(path.ends_with(".mustache"));
        path.resize(path.size() - std::string_view(".mustache").size());
        auto parts = split(path, '/');
        if (parts.size() > 2 && parts[1].find_first_not_of("0123456789.") == std::string::npos)
            parts.erase(parts.begin() + 1);
        CHECK(paths.contains(join(parts, "/")));
        const std::string text = read_file(entry.path()).value();
        const std::array<std::string_view, 6> openings{"# ", "-- ", "; ", "<?php\n// ", "<?xml ", "{\n  \"about\": "};
        CHECK(std::any_of(openings.begin(), openings.end(), [&](auto each) { return text.starts_with(each); }));
        CHECK(text.find("Read") != std::string::npos);
    }
}

TEST_CASE("no template goes around the quoting") {
    for (const auto& entry : fs::recursive_directory_iterator(templates)) {
        if (!entry.is_regular_file())
            continue;
        const std::string text = read_file(entry.path()).value();
        INFO(entry.path());
        CHECK(text.find("{{{") == std::string::npos);
        CHECK(text.find("{{&") == std::string::npos);
        CHECK(text.find("{{=") == std::string::npos);
        CHECK(text.find("{{>") == std::string::npos);
    }
}

TEST_CASE("a folder is placed when one of its files is rendered") {
    const auto placed = render::placements({{.path = "rspamd/local.d/actions.conf"}, {.path = "unbound/vectis.conf"}});
    REQUIRE(placed.size() == 2);
    CHECK(placed[0].where == "/etc/unbound/unbound.conf.d/vectis.conf");
    CHECK(placed[0].placed == render::Placed::copy);
    CHECK(placed[1].where == "/etc/rspamd/local.d");
    CHECK(placed[1].placed == render::Placed::link);
    CHECK(render::placements({{.path = "rspamd/local.dx"}}).empty());
}

TEST_CASE("Postfix restarts only for what it reads at start") {
    const std::string before = "# comment\ninet_interfaces = 192.0.2.1,\n  127.0.0.1\nmessage_size_limit = 1\n";
    const auto restarts = [&](const std::string& after) {
        return render::needs_restart("postfix/main.cf", before, after);
    };
    CHECK_FALSE(restarts(before));
    CHECK_FALSE(restarts("inet_interfaces = 192.0.2.1, 127.0.0.1\nmessage_size_limit = 2\n"));
    CHECK(restarts("inet_interfaces = 192.0.2.1,\n\nmessage_size_limit = 1\n"));
    CHECK(restarts("message_size_limit = 1\n"));
    CHECK(restarts(before + "inet_protocols = ipv4\n"));
    CHECK(render::needs_restart("redis/redis-vectis.conf", "a", "b"));
    CHECK_FALSE(render::needs_restart("redis/redis-vectis.conf", "a", "a"));
    CHECK_FALSE(render::needs_restart("rspamd/local.d/actions.conf", "a", "b"));
    CHECK_FALSE(render::needs_restart("unknown", "a", "b"));
}
