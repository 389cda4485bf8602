#include "base/random.hpp"
#include "catch.hpp"
#include "folder.hpp"
#include "keys/dkim.hpp"
#include "private_keys.hpp"
#include "supervise/accounts.hpp"
#include "thrown.hpp"

#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include <set>

using namespace vectis;
using test::error_of;

namespace {

/// A supervisor's part of a server with a domain from config.yaml and one of the API's.
struct Server {
    test::Folder folder;
    state::Paths paths;
    store::Directory directory{folder.path, fs::path(MIGRATIONS) / "directory", ""};
    std::string domain = uuid7();
    std::string key = test::pem_of(test::rsa_key());
    supervise::Accounts accounts{paths, directory};

    Server() {
        paths.lib = folder.path;
        paths.signer_group = "";
        config::Config wanted;
        wanted.hostname = "mail.example.test";
        wanted.admin = "alice@example.test";
        wanted.domains.push_back({.name = "example.test", .mailboxes = {{.local_part = "alice"}}});
        directory.apply(directory::difference({}, directory::wanted(wanted, "{P}")), 1, false);
        // Not by `accounts`: that would tell Rspamd.
        static_cast<void>(directory.change(uuid7(), directory::NewDomain{.id = domain, .name = "shop.test"}));
        for (const auto* name : {"shop.test", "example.test"}) {
            keys::ensure_dkim_key(paths.dkim(), name, "r1", keys::Algorithm::rsa, "");
            keys::ensure_dkim_key(paths.dkim(), name, "e1", keys::Algorithm::ed25519, "");
        }
    }

    [[nodiscard]] directory::ImportedDkimKey imported(const std::string& selector = "old") const {
        return {.id = domain, .as_of = std::nullopt, .selector = selector, .algorithm = "rsa", .private_key = key};
    }
    [[nodiscard]] fs::path file(const std::string& selector = "old", const std::string& of = "shop.test") const {
        return keys::dkim_path(paths.dkim(), of, selector);
    }
    Error refused(const directory::ImportedDkimKey& change) {
        return error_of([&] { static_cast<void>(accounts.change(uuid7(), change)); });
    }
    std::string states() {
        std::string text;
        for (const auto& each : directory.read([](store::Accounts& rows) { return rows.dkim_keys("shop.test"); }))
            text += each.selector + (each.waits() ? " waits; " : " signs; ");
        return text;
    }
    [[nodiscard]] std::string files() const {
        std::set<std::string> names;
        for (const auto& each : fs::recursive_directory_iterator(paths.dkim())) {
            if (each.is_regular_file())
                names.insert(each.path().filename());
        }
        return join({names.begin(), names.end()}, " ");
    }
};

} // namespace

TEST_CASE("an imported key waits, its file is as a new one's, and who asks again changes nothing") {
    Server server;
    const std::string id = uuid7();
    const Json result = server.accounts.change(id, server.imported());
    CHECK(server.states() == "e1 signs; old waits; r1 signs; ");
    CHECK(result["after"]["keys"].size() == 3);
    CHECK(to_text(result).find(test::secret_of(server.key)) == std::string::npos);
    const auto text = read_file(server.file());
    REQUIRE(text);
    CHECK(keys::dkim_record(*text) == keys::dkim_record(server.key));
    struct stat status {};
    REQUIRE(stat(server.file().c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0640);
    CHECK(server.accounts.change(id, server.imported()) == result);
    CHECK(read_file(server.file()) == text);
    CHECK(server.states() == "e1 signs; old waits; r1 signs; ");
}

TEST_CASE("a supervisor that was killed before the row was there imports the key when it is asked again") {
    Server server;
    keys::add_dkim_key(server.paths.dkim(), "shop.test", "old", keys::new_dkim_key(keys::Algorithm::rsa), "");
    static_cast<void>(server.accounts.change(uuid7(), server.imported()));
    CHECK(keys::dkim_record(read_file(server.file()).value()) == keys::dkim_record(server.key));
}

TEST_CASE("a key that is not imported leaves no file, and everybody else's as it is") {
    Server server;
    const std::string before = server.files();
    auto change = server.imported();
    Code expected = Code::conflict;
    SECTION("the selector of a key that signs") {
        change.selector = "r1";
    }
    SECTION("somebody was faster") {
        change.as_of = "0123456789abcdef0123456789abcdef";
        expected = Code::changed_meanwhile;
    }
    SECTION("a key of config.yaml's domain") {
        change.id = server.directory.read([](store::Accounts& rows) { return rows.domain_named("example.test")->id; });
        change.selector = "r1";
        expected = Code::managed_by_config;
    }
    SECTION("a new key of config.yaml's domain") {
        change.id = server.directory.read([](store::Accounts& rows) { return rows.domain_named("example.test")->id; });
        expected = Code::managed_by_config;
    }
    SECTION("no domain") {
        change.id = uuid7();
        expected = Code::not_found;
    }
    SECTION("no private key") {
        change.private_key = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
        expected = Code::invalid_input;
    }
    SECTION("a key of another algorithm than was said") {
        change.algorithm = "ed25519";
        expected = Code::invalid_input;
    }
    SECTION("a selector that leads out of the folder") {
        change.selector = "../x";
        expected = Code::invalid_input;
    }
    const auto signing = read_file(server.file("r1"));
    const auto configured = read_file(server.file("r1", "example.test"));
    const Error error = server.refused(change);
    CHECK(error.code() == expected);
    CHECK(error.text().find(test::secret_of(server.key)) == std::string::npos);
    CHECK(server.files() == before);
    CHECK(read_file(server.file("r1")) == signing);
    CHECK(read_file(server.file("r1", "example.test")) == configured);
    CHECK(server.states() == "e1 signs; r1 signs; ");
}

TEST_CASE("while a key waits, only one of the other algorithm is imported beside it") {
    Server server;
    static_cast<void>(server.accounts.change(uuid7(), server.imported()));
    const auto waiting = read_file(server.file());
    CHECK(server.refused(server.imported()).code() == Code::conflict);
    CHECK(server.refused(server.imported("other")).code() == Code::conflict);
    CHECK(read_file(server.file()) == waiting);
    CHECK_FALSE(fs::exists(server.file("other")));
    auto change = server.imported("other");
    change.algorithm = "ed25519";
    change.private_key = test::pem_of(test::key_of_kind("ED25519"));
    static_cast<void>(server.accounts.change(uuid7(), change));
    CHECK(server.states() == "e1 signs; old waits; other waits; r1 signs; ");
    CHECK(error_of([&] {
              static_cast<void>(server.accounts.change(uuid7(), directory::NewDkimKeys{.id = server.domain}));
          }).code() == Code::conflict);
}
