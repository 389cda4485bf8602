#include "accounts/password.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "catch.hpp"
#include "config/load.hpp"
#include "folder.hpp"
#include "installer/setup.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

using namespace vectis;
using namespace vectis::installer;
using vectis::test::Folder;

namespace {

constexpr auto example =
    "# The host\nhostname: mail.example.test\n\n# The person\nadmin: anna@example.test\n\n# Size\n#message_size: 50 "
    "MiB\n\n"
    "# The domains that\n# receive mail\ndomains:\n  - name: example.test\n    mailboxes:\n      - name: anna\n";
constexpr auto good_config = "hostname: mail.example.test\nadmin: anna@example.test\ndomains:\n  - name: "
                             "example.test\n    mailboxes:\n      - name: anna\n";

/// A server in a folder: what setup changes here is real, what it does through others is counted.
struct Server {
    Folder folder;
    SetupOptions options;
    SetupSteps steps;
    std::vector<Check> checks{{.name = "memory", .found = "4 GiB"}};
    int applies = 0;
    bool apply_fails = false;
    std::vector<OneTimePassword> announced;
    std::optional<OneTimePassword> admin;
    bool admin_seen = false;
    int passwords = 0;
    std::vector<std::string> answers; // taken from the front
    bool enabled = false;

    Server() {
        fs::create_directories(folder.path / "root/var/lib/dpkg/info");
        fs::create_directories(folder.path / "root/etc/dovecot");
        replace_file(folder.path / "root/var/lib/dpkg/status", "", {});
        replace_file(folder.path / "root/etc/dovecot/dovecot.conf", "# Debian's\n", {});
        options = {.config = folder.path / "vectis/config.yaml", .config_group = "", .root = folder.path / "root"};
        steps.progress = [](std::string_view) {};
        steps.example = [] { return std::string(example); };
        steps.preflight = [this](const config::Config&) { return checks; };
        steps.enable_units = [this] { return !std::exchange(enabled, true); };
        steps.apply = [this] {
            if (apply_fails)
                throw Error(Code::unit_failed, "cannot start dovecot.service");
            return Applied{.changed = ++applies == 1, .generation = 1, .summary = "everything"};
        };
        steps.records = [](const config::Config& config) {
            return zone::dns_records(config, {.addresses = {"203.0.113.10"}});
        };
        // As the API has it: one administrator, whose password is another until somebody has seen it.
        steps.first_admin = [this](const std::string& email, const std::optional<std::string>& password) {
            if (admin && admin_seen)
                return std::optional<OneTimePassword>();
            admin = OneTimePassword{.email = admin ? admin->email : email,
                                    .password = password.value_or(fmt::format("made {}", ++passwords))};
            return admin;
        };
        steps.announce = [this](const OneTimePassword& each) { announced.push_back(each); };
        steps.announced = [this] { admin_seen = true; };
    }
    void name_file(const std::string& text) {
        options.from = folder.path / "given.yaml";
        replace_file(*options.from, text, {});
    }
    void answer(std::vector<std::string> given) {
        answers = std::move(given);
        steps.ask = [this](std::string_view, const std::string&) {
            if (answers.empty())
                throw Error(Code::invalid_input, "nobody answers");
            const std::string first = answers.front();
            answers.erase(answers.begin());
            return first;
        };
    }
    [[nodiscard]] bool untouched() const {
        return !fs::exists(options.config) && !admin && !enabled && applies == 0 &&
               !fs::exists(folder.path / "root/etc/dovecot/dovecot.conf.distrib") &&
               !fs::exists(folder.path / "root/etc/systemd");
    }
    [[nodiscard]] Code refusal() {
        try {
            static_cast<void>(setup(options, steps));
        } catch (const Error& error) {
            return error.code();
        }
        FAIL("setup went through");
        return Code::internal;
    }
};

} // namespace

TEST_CASE(
    "setup with a file writes it, diverts, applies and makes the first administrator; a second run changes nothing") {
    Server server;
    server.name_file(good_config);
    const auto first = setup(server.options, server.steps);
    CHECK(first.changed);
    CHECK(first.wrote_config);
    CHECK(first.diverted.size() == 1);
    CHECK(first.applied.generation == 1);
    CHECK(first.first_admin == "anna@example.test");
    CHECK(read_file(server.options.config) == good_config);
    struct stat status {};
    REQUIRE(stat(server.options.config.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0640);
    REQUIRE(server.announced.size() == 1);
    const std::string text = setup_text(first, false);
    CHECK(text.find("example.test. 3600 IN MX 10 mail.example.test.") != std::string::npos);
    CHECK(text.find(server.announced[0].password) == std::string::npos);

    const auto second = setup(server.options, server.steps);
    CHECK_FALSE(second.changed);
    CHECK(server.announced.size() == 1);
    CHECK(setup_text(second, false).find("nothing was changed") != std::string::npos);

    server.options.from.reset(); // without the file it takes the one that is there
    CHECK_FALSE(setup(server.options, server.steps).changed);
    CHECK(parse_json(setup_json(second, std::nullopt))["changed"] == false);
}

TEST_CASE("another file than the one that is there is refused, not written") {
    Server server;
    server.name_file(good_config);
    static_cast<void>(setup(server.options, server.steps));
    server.name_file(std::string(good_config) + "message_size: 10 MiB\n");
    CHECK(server.refusal() == Code::conflict);
    CHECK(read_file(server.options.config) == good_config);
    CHECK(server.applies == 1);
}

TEST_CASE("what is wrong is said before anything is changed") {
    Server server;
    SECTION("a configuration with problems") {
        server.name_file("hostname: mail\nadmin: anna\ndomians: []\n");
        CHECK(server.refusal() == Code::invalid_input);
    }
    SECTION("a file that is not there") {
        server.options.from = server.folder.path / "missing.yaml";
        CHECK(server.refusal() == Code::not_found);
    }
    SECTION("nobody to ask and no file") {
        CHECK(server.refusal() == Code::invalid_input);
    }
    SECTION("a certificate that does not exist") {
        server.name_file(std::string(good_config) +
                         "tls:\n  mode: files\n  certificate: /nonexistent/a.pem\n  key: /nonexistent/a.key\n");
        CHECK(server.refusal() == Code::invalid_input);
    }
    SECTION("a check that does not exist") {
        server.name_file(good_config);
        server.options.ignored = {"prots"};
        CHECK(server.refusal() == Code::invalid_input);
    }
    SECTION("a failed preflight, unless it is ignored by name") {
        server.name_file(good_config);
        server.checks = {{.name = "ports", .verdict = Verdict::fail, .found = "taken"}};
        server.options.ignored = {"memory"};
        CHECK(server.refusal() == Code::check_failed);
        CHECK(server.untouched());
        server.options.ignored = {"ports"};
        CHECK(setup(server.options, server.steps).changed);
        return;
    }
    CHECK(server.untouched());
}

TEST_CASE("setup that was cut off is finished by the next run") {
    Server server;
    server.name_file(good_config);
    SECTION("in apply") {
        server.apply_fails = true;
        CHECK(server.refusal() == Code::unit_failed);
        server.apply_fails = false;
        const auto again = setup(server.options, server.steps);
        CHECK(again.changed);
        CHECK_FALSE(again.wrote_config);
        CHECK(again.first_admin);
    }
    SECTION("before the password was seen: the next run shows another") {
        const auto announce = server.steps.announce;
        server.steps.announce = [](const auto&) { throw Error(Code::system, "power cut"); };
        CHECK(server.refusal() == Code::system);
        server.steps.announce = announce;
        CHECK(setup(server.options, server.steps).first_admin == "anna@example.test");
        REQUIRE(server.announced.size() == 1);
        CHECK(server.announced[0].password == "made 2");
        CHECK_FALSE(setup(server.options, server.steps).changed);
    }
}

TEST_CASE("answers make a commented configuration; bad ones are asked for again") {
    Server server;
    server.answer({"mail", "anna@example.test", "mail.example.test", "an\nna@example.test", " Mail.Example.TEST ",
                   "Anna@example.test"});
    const auto result = setup(server.options, server.steps);
    CHECK(result.wrote_config);
    const std::string text = read_file(server.options.config).value_or("");
    CHECK(text.find("# The host\nhostname: 'mail.example.test'\n") != std::string::npos);
    CHECK(text.find("#message_size: 50 MiB\n") != std::string::npos);
    const auto loaded = config::load(text, "config.yaml");
    REQUIRE(loaded.ok());
    REQUIRE(loaded.config.domains.size() == 1);
    REQUIRE(loaded.config.domains[0].mailboxes.size() == 1);
    REQUIRE(server.announced.size() == 1);
    // The administrator and their mailbox begin with the same password.
    CHECK(accounts::verify_password(server.announced[0].password, loaded.config.domains[0].mailboxes[0].password_hash));
    CHECK(server.announced[0].password == server.admin->password);
}

TEST_CASE("a bad answer is not offered again, a good one is") {
    Server server;
    std::vector<std::string> offered;
    std::vector<std::string> given{"mail.example.test", "no address", "", "anna@example.test"};
    server.steps.ask = [&](std::string_view, const std::string& guess) {
        offered.push_back(guess);
        const std::string answer = given.at(offered.size() - 1);
        return answer.empty() ? guess : answer;
    };
    CHECK(setup(server.options, server.steps).wrote_config);
    REQUIRE(offered.size() == 4);
    CHECK(offered[2] == "mail.example.test");
    CHECK(offered[3] == "admin@example.test");
}

TEST_CASE("an administrator elsewhere declares no domain") {
    const std::string text = first_config(example, "mail.example.test", "me@elsewhere.test", "{ARGON2ID}x");
    const auto loaded = config::load(text, "config.yaml");
    CHECK(loaded.ok());
    CHECK(loaded.config.domains.empty());
    CHECK(text.find("receive mail\ndomains") == std::string::npos); // the example's own comment is gone
}

TEST_CASE("guesses come from the system's name, and are left out when they would be bad") {
    CHECK(guesses("mail.example.test", "mail.example.test").hostname == "mail.example.test");
    CHECK(guesses("mail.example.test", "mail.example.test").admin == "admin@example.test");
    CHECK(guesses("mail", "mail").hostname.empty());
    CHECK(guesses("mail", "mail").admin.empty());
    CHECK(guesses("localhost.localdomain", "").hostname.empty());
    CHECK(guesses("example.test", "example.test").admin.empty());
}
