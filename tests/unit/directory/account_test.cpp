#include "catch.hpp"
#include "directory/account.hpp"
#include "thrown.hpp"

#include <nlohmann/json.hpp>

using namespace vectis;
using directory::DkimKey;

namespace {

Json importing(const Json& changed) {
    Json members{{"id", "019dc1a6-6f5e-7a4c-b5c0-3f0b0a1f5d11"}};
    if (changed.contains("as_of"))
        members["as_of"] = changed["as_of"]; // in the order of to_json()
    members.update({{"selector", "old"}, {"algorithm", "rsa"}, {"private_key", "-----BEGIN PRIVATE KEY-----\n..."}});
    members.update(changed);
    return {{"imported_dkim_key", members}};
}

std::string selectors_after(const std::vector<std::string>& there) {
    std::vector<DkimKey> keys;
    for (const auto& each : there)
        keys.push_back({.domain = "shop.test", .selector = each, .created_at = {}, .retired_at = std::nullopt});
    std::string text;
    for (const auto& key : directory::next_dkim_keys(keys, "2026-11-24T10:00:00.000Z"))
        text += key.selector + " ";
    return text;
}

} // namespace

TEST_CASE("an imported key crosses the bus as it is, and its selector in lower case") {
    const auto change = directory::account_change(importing({{"as_of", "x"}, {"selector", "Old-1"}}));
    const auto& imported = std::get<directory::ImportedDkimKey>(change);
    CHECK(imported.selector == "old-1");
    CHECK(imported.as_of == "x");
    CHECK(imported.private_key == "-----BEGIN PRIVATE KEY-----\n...");
    CHECK(directory::to_json(change) == importing({{"as_of", "x"}, {"selector", "old-1"}}));
}

TEST_CASE("everything that is wrong with an imported key is told by its pointer, and nothing of the key") {
    const std::string secret(10001, 's');
    struct Row {
        Json changed;
        const char* pointer;
    };
    for (const auto& [changed, pointer] : std::vector<Row>{{{{"selector", ""}}, "/selector"},
                                                           {{{"selector", "a.b"}}, "/selector"},
                                                           {{{"selector", "../x"}}, "/selector"},
                                                           {{{"selector", std::string(64, 'a')}}, "/selector"},
                                                           {{{"selector", 1}}, "/selector"},
                                                           {{{"algorithm", "ecdsa"}}, "/algorithm"},
                                                           {{{"private_key", ""}}, "/private_key"},
                                                           {{{"private_key", secret}}, "/private_key"},
                                                           {{{"private_key", {secret}}}, "/private_key"},
                                                           {{{"path", "/etc"}}, "/path"},
                                                           {{{"id", "1"}}, "/id"}}) {
        INFO(pointer << " " << to_text(changed).substr(0, 60));
        const Json json = importing(changed);
        const Error error = test::error_of([&] { static_cast<void>(directory::account_change(json)); });
        CHECK(error.code() == Code::invalid_input);
        REQUIRE_FALSE(error.problems().empty());
        CHECK(error.problems().front().path == pointer);
        CHECK(error.text().find("sss") == std::string::npos);
    }
}

TEST_CASE("a rotation's selectors are new, whatever others were imported") {
    CHECK(selectors_after({"r1", "e1"}) == "r2 e2 ");
    CHECK(selectors_after({"r1", "e1", "r20260101", "mail"}) == "r20260102 e2 ");
    CHECK(selectors_after({"r1", "e1", "r2", "e02", "rsa", "r", "e-7"}) == "r3 e3 ");
    CHECK(selectors_after({"r1", "e1", "r99999999999999999999999"}) == "r2 e2 "); // no number of ours
    CHECK(selectors_after({"r1", "e1", "r18446744073709551615"}) == "r0 e2 ");
    CHECK(selectors_after({"r1", "e1", "r18446744073709551615", "r0"}) == "r2 e2 ");
}
