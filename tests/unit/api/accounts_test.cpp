#include "base/clock.hpp"
#include "base/subprocess.hpp"
#include "keys/dkim.hpp"
#include "mail_api.hpp"
#include "private_keys.hpp"
#include "zone/live.hpp"

#include <fmt/format.h>

#include <set>

using namespace vectis;
using vectis::test::Answer;
using vectis::test::MailApi;

namespace {

/// Somebody asks for a mailbox, and is not answered; then all is as if they had been.
void check_unanswered(const std::string& when, bool asked_again) {
    const Json body{{"address", "bob@example.test"}};
    const std::map<std::string, std::string> key{{"idempotency-key", "k1"}};
    struct Killed {};
    INFO(when << ", asked again: " << asked_again);
    MailApi api;
    const auto there = [&] { return api.one("select count(*) from mailboxes where address = 'bob@example.test'"); };
    const auto finish = [&] { api.errands.finish_left(); };
    if (when == "there was no supervisor") {
        api.before_carrying = [] { throw Error(Code::unavailable, "cannot reach the supervisor"); };
        CHECK(api.post("/mailboxes", body, key).status == 503);
        finish();
    } else {
        auto& kill = when == "before the supervisor was asked" ? api.before_carrying : api.after_carrying;
        kill = [] { throw Killed(); };
        CHECK_THROWS_AS(api.post("/mailboxes", body, key), Killed);
    }
    CHECK(there() == (when == "before its answer was heard" ? "1" : "0"));
    api.before_carrying = api.after_carrying = {};
    CHECK(api.actions().empty());
    if (asked_again) {
        const auto again = api.post("/mailboxes", body, key);
        CHECK(again.status == 201);
        CHECK(again.json["data"]["generated_password"].is_null()); // nobody saw it, and it is kept nowhere
        CHECK(api.post("/mailboxes", body, key).json["data"] == again.json["data"]);
        CHECK(api.post("/mailboxes", {{"address", "eve@example.test"}}, key).status == 422);
    } else {
        finish();
        finish();
    }
    CHECK(there() == "1");
    CHECK(api.actions() == std::vector<std::string>{"mailbox.create"});
    finish();
    CHECK(api.actions().size() == 1);
}

} // namespace

TEST_CASE("a domain, a mailbox and an alias are made, changed and removed; each is in the audit log") {
    MailApi api;
    const auto domain = api.post("/domains", {{"name", "Shop.Test"}});
    INFO(domain.response.body);
    REQUIRE(domain.status == 201);
    CHECK(domain.json["data"]["name"] == "shop.test");
    const std::string domain_path = "/domains/" + domain.json["data"]["id"].get<std::string>();
    CHECK(domain.field("Location") == "/api/v1" + domain_path);
    CHECK(api.ask("GET", domain_path).field("ETag") == domain.field("ETag"));
    // RFC 2142, RFC 5321 section 4.5.1.
    for (const auto* role : {"postmaster", "abuse"})
        CHECK(api.one(fmt::format("select destination from alias_destinations join aliases on id = alias_id "
                                  "where address = '{}@shop.test'",
                                  role)) == "postmaster@mail.example.test");

    const auto mailbox = api.post("/mailboxes", {{"address", "Anna@shop.test"}, {"quota", 1000}});
    REQUIRE(mailbox.status == 201);
    CHECK(mailbox.json["data"]["generated_password"].get<std::string>().size() == 20);
    const std::string mailbox_path = "/mailboxes/" + mailbox.json["data"]["id"].get<std::string>();
    CHECK_FALSE(api.ask("GET", mailbox_path).json["data"].contains("generated_password"));
    CHECK(api.one("select password from mailboxes where address = 'anna@shop.test'").starts_with("{ARGON2ID}"));
    CHECK(api.patch(mailbox_path, {{"display_name", "Anna"}}).json["data"]["quota"] == 1000);
    const std::string before = api.one("select password from mailboxes where address = 'anna@shop.test'");
    CHECK(api.patch(mailbox_path, {{"password", "another good one"}}).status == 200);
    CHECK(api.one("select password from mailboxes where address = 'anna@shop.test'") != before);
    CHECK(api.ask("POST", mailbox_path + "/suspend").json["data"]["active"] == false);
    CHECK(api.ask("POST", mailbox_path + "/resume").json["data"]["active"] == true);

    const auto alias = api.post(
        "/aliases", {{"address", "info@shop.test"}, {"destinations", {"anna@shop.test", "bob@elsewhere.test"}}});
    REQUIRE(alias.status == 201);
    const std::string alias_path = "/aliases/" + alias.json["data"]["id"].get<std::string>();
    CHECK(api.patch(alias_path, {{"destinations", {"anna@shop.test"}}}).json["data"]["destinations"] ==
          Json{"anna@shop.test"});
    CHECK(api.ask("GET", alias_path).json["data"]["destinations"] == Json{"anna@shop.test"});

    CHECK(api.ask("DELETE", domain_path + "?confirm=shop.test").status == 409);
    CHECK(api.ask("DELETE", mailbox_path).status == 422);
    CHECK(api.ask("DELETE", mailbox_path + "?confirm=anna@shop.test").status == 200);
    CHECK(api.ask("DELETE", alias_path + "?confirm=info@shop.test").status == 200);
    CHECK(api.ask("DELETE", domain_path + "?confirm=shop.test").status == 200);
    CHECK(api.ask("GET", domain_path).status == 404);
    CHECK(api.one("select count(*) from aliases where domain = 'shop.test'") == "0");
    CHECK(api.actions() == std::vector<std::string>{"domain.delete", "alias.delete", "mailbox.delete", "alias.update",
                                                    "alias.create", "mailbox.resume", "mailbox.suspend",
                                                    "mailbox.update", "mailbox.update", "mailbox.create",
                                                    "domain.create"});
    CHECK(api.ask("GET", "/audit/verify").json["data"]["whole"] == true);
    CHECK(api.ask("GET", "/audit/export").response.body.find("ARGON2ID") == std::string::npos);
}

TEST_CASE("what config.yaml declares is changed there, and what is the server's own is not shown") {
    MailApi api;
    const std::string alice = "/mailboxes/" + api.id_of("/mailboxes", "address", "alice@example.test");
    const std::string domain = "/domains/" + api.id_of("/domains", "name", "example.test");
    for (const auto& refused :
         {api.patch(alice, {{"quota", 5}}), api.ask("POST", alice + "/suspend"),
          api.ask("DELETE", alice + "?confirm=alice@example.test"), api.patch(domain, {{"active", false}}),
          api.ask("DELETE", domain + "?confirm=example.test")}) {
        CHECK(refused.status == 409);
        CHECK(refused.json["code"] == "managed_by_config");
    }
    CHECK(api.ask("GET", "/domains?name=mail.example.test").json["data"].empty());
    CHECK(api.ask("GET", "/mailboxes?managed_by=system").json["data"].empty());
    CHECK(api.ask("GET", "/mailboxes/" + api.one("select id from mailboxes where managed_by = 'system'")).status ==
          404);
    // In a domain of config.yaml there may be mailboxes of the API's.
    CHECK(api.post("/mailboxes", {{"address", "bob@example.test"}}).status == 201);
    CHECK(api.actions() == std::vector<std::string>{"mailbox.create"});
}

TEST_CASE("what cannot be is refused, and changes nothing") {
    MailApi api;
    const auto count = [&] {
        return api.one("select (select count(*) from domains) || ' ' || (select count(*) from mailboxes) || ' ' || "
                       "(select count(*) from aliases)");
    };
    REQUIRE(api.post("/domains", {{"name", "other.test"}, {"alias_of", "example.test"}}).status == 201);
    const std::string before = count();
    struct Row {
        const char* path;
        Json body;
        int status;
    };
    for (const auto& row : std::vector<Row>{
             {"/domains", {{"name", "example.test"}}, 409},
             {"/domains", {{"name", "mail.example.test"}}, 409},
             {"/domains", {{"name", "no domain"}}, 422},
             {"/domains", {{"name", "third.test"}, {"alias_of", "nowhere.test"}}, 409},
             {"/domains", {{"name", "third.test"}, {"alias_of", "other.test"}}, 409},
             {"/domains", {{"name", "third.test"}, {"catch_all", "no address"}}, 422},
             {"/mailboxes", {{"address", "bob@nowhere.test"}}, 409},
             {"/mailboxes", {{"address", "bob@other.test"}}, 409},
             {"/mailboxes", {{"address", "bob@mail.example.test"}}, 409},
             {"/mailboxes", {{"address", "alice@example.test"}}, 409},
             {"/mailboxes", {{"address", "postmaster@example.test"}}, 409},
             {"/mailboxes", {{"address", "../bob@example.test"}}, 422},
             {"/mailboxes", {{"address", "b/ob@example.test"}}, 422},
             {"/mailboxes", {{"address", "bob@example.test"}, {"password", "bob@example.test"}}, 422},
             {"/mailboxes",
              {{"address", "bob@example.test"}, {"password", "a good one"}, {"password_hash", "{SHA512-CRYPT}x"}},
              422},
             {"/mailboxes", {{"address", "bob@example.test"}, {"password_hash", "plain"}}, 422},
             {"/mailboxes", {{"address", "bob@example.test"}, {"quota", -1}}, 422},
             {"/aliases", {{"address", "info@example.test"}, {"destinations", Json::array()}}, 422},
             {"/aliases", {{"address", "alice@example.test"}, {"destinations", {"bob@example.test"}}}, 409},
         }) {
        const auto refused = api.post(row.path, row.body);
        INFO(row.path << " " << to_text(row.body) << " " << refused.response.body);
        CHECK(refused.status == row.status);
        CHECK(count() == before);
    }
    CHECK(api.actions() == std::vector<std::string>{"domain.create"});
    CHECK(api.ask("GET", "/domains/019dc1a6-6f5e-7a4c-b5c0-3f0b0a1f5d11").status == 404);
}

TEST_CASE("a mailbox's use and its Sieve scripts are Dovecot's, and what is done to them is written down") {
    MailApi api;
    const std::string path = "/mailboxes/" + api.id_of("/mailboxes", "address", "alice@example.test");
    CHECK(api.ask("GET", path + "/use").json["data"] == Json{{"bytes", 2048}, {"messages", 3}, {"quota", 0}});
    const std::string script = path + "/sieve/away";
    const auto put = [&](const std::string& text, const std::map<std::string, std::string>& fields = {}) {
        return api.ask("PUT", script, {.body = {{"script", text}}, .fields = fields, .raw = {}});
    };
    CHECK(api.ask("GET", script).status == 404);
    CHECK(put("").status == 422);
    const auto made = put("keep;");
    REQUIRE(made.status == 200);
    CHECK(made.json["data"] == Json{{"name", "away"}, {"active", false}, {"script", "keep;"}});
    CHECK(api.ask("POST", script + "/activate").json["data"][0]["active"] == true);
    const std::string tag = api.ask("GET", script).field("ETag");
    CHECK(put("discard;", {{"if-match", "\"other\""}}).status == 412);
    CHECK(api.ask("POST", script + "/deactivate", {.fields = {{"if-match", "\"other\""}}, .raw = {}}).status == 412);
    CHECK(api.ask("PUT", path + "/sieve/new", {.body = {{"script", "keep;"}}, .fields = {{"if-match", "*"}}, .raw = {}})
              .status == 412);
    CHECK(put("stop;", {{"if-match", tag}}).status == 200);
    CHECK(api.ask("POST", script + "/deactivate").json["data"][0]["active"] == false);
    CHECK(api.ask("DELETE", script).status == 422);
    CHECK(api.ask("DELETE", script + "?confirm=away").json["data"].empty());
    CHECK(api.ask("GET", path + "/sieve").json["data"].empty());
    CHECK(api.actions() == std::vector<std::string>{"sieve_script.remove", "sieve_script.deactivate",
                                                    "sieve_script.put", "sieve_script.activate", "sieve_script.put"});
}

TEST_CASE("app passwords are made for anybody's mailbox, shown once, and removed") {
    MailApi api;
    const std::string path =
        "/mailboxes/" + api.id_of("/mailboxes", "address", "alice@example.test") + "/app-passwords";
    const auto made = api.post(path, {{"name", "phone"}, {"protocols", {"smtp", "imap"}}}, {{"idempotency-key", "k"}});
    INFO(made.response.body);
    REQUIRE(made.status == 201);
    const std::string password = made.json["data"]["generated_password"];
    CHECK(password.size() == 24);
    CHECK(made.json["data"]["protocols"] == Json{"imap", "smtp"});
    const std::string id = made.json["data"]["id"];
    CHECK(made.field("Location") == "/api/v1" + path + "/" + id);
    CHECK(api.post(path, {{"name", "phone"}, {"protocols", {"smtp", "imap"}}}, {{"idempotency-key", "k"}})
              .json["data"]["generated_password"]
              .is_null());
    CHECK(api.one("select lookup || protocols from app_passwords") == password.substr(0, 8) + " imap smtp ");
    CHECK(api.one("select hash from app_passwords").starts_with("{ARGON2ID}"));
    CHECK(api.post(path, {{"name", "phone"}}).status == 409);
    CHECK(api.post(path, {{"name", ""}}).status == 422);
    CHECK(api.post(path, {{"name", "x"}, {"protocols", {"ftp"}}}).status == 422);
    CHECK(api.post(path, {{"name", "x"}, {"protocols", Json::array()}}).status == 422);
    CHECK(api.post(path, {{"name", "tablet"}}).json["data"]["protocols"].size() == 4);
    const Json listed = api.ask("GET", path).json["data"];
    REQUIRE(listed.size() == 2);
    CHECK_FALSE(listed[0].contains("generated_password"));
    // Under another's mailbox it is not there.
    REQUIRE(api.post("/mailboxes", {{"address", "bob@example.test"}}).status == 201);
    const std::string bobs = "/mailboxes/" + api.id_of("/mailboxes", "address", "bob@example.test") + "/app-passwords/";
    CHECK(api.ask("DELETE", bobs + id + "?confirm=phone").status == 404);
    CHECK(api.ask("DELETE", path + "/" + id + "?confirm=tablet").status == 422);
    CHECK(api.ask("DELETE", path + "/" + id + "?confirm=phone").status == 200);
    CHECK(api.ask("DELETE", path + "/" + id + "?confirm=phone").status == 404);
    CHECK(api.one("select count(*) from app_passwords") == "1");
    for (int i = 1; i < 100; ++i)
        static_cast<void>(
            api.supervisor.change(uuid7(), directory::NewAppPassword{.id = uuid7(),
                                                                     .mailbox_id = listed[0]["mailbox_id"],
                                                                     .name = std::to_string(i),
                                                                     .lookup = fmt::format("{:08}", i),
                                                                     .hash = "{ARGON2ID}x",
                                                                     .protocols = {"imap"}}));
    CHECK(api.post(path, {{"name", "one more"}}).status == 409);
    // Another password, from an administrator or from config.yaml, takes them all away.
    const auto count = [&](const std::string& address) {
        return api.one(fmt::format(
            "select count(*) from app_passwords p join mailboxes m on m.id = p.mailbox where m.address = '{}'",
            address));
    };
    CHECK(api.post(bobs.substr(0, bobs.size() - 1), {{"name", "phone"}}).status == 201);
    CHECK(count("bob@example.test") == "1");
    const std::string bob = bobs.substr(0, bobs.size() - std::string("/app-passwords/").size());
    CHECK(api.patch(bob, {{"quota", 5}}).status == 200);
    CHECK(count("bob@example.test") == "1");
    CHECK(api.patch(bob, {{"password", "another good one"}}).status == 200);
    CHECK(count("bob@example.test") == "0");
    api.declare("{ARGON2ID}other");
    CHECK(count("alice@example.test") == "0");
    const Json audit = api.ask("GET", "/audit?target=phone").json["data"];
    REQUIRE(audit.size() == 3);
    CHECK(audit[1]["action"] == "app_password.delete");
    CHECK(audit[1]["before"]["address"] == "alice@example.test");
}

TEST_CASE("an import makes all of its rows or none, and each is in the audit log") {
    MailApi api;
    const Json body{{"domains", {{{"name", "shop.net"}, {"alias_of", "shop.test"}}, {{"name", "Shop.Test"}}}},
                    {"mailboxes", {{{"address", "Anna@shop.test"}, {"quota", 1000}}, {{"address", "bert@shop.test"}}}},
                    {"aliases", {{{"address", "info@shop.test"}, {"destinations", {"anna@shop.test"}}}}}};
    Json dry = body;
    dry["dry_run"] = true;
    const auto tried = api.post("/import", dry);
    INFO(tried.response.body);
    REQUIRE(tried.status == 200);
    CHECK(tried.json["data"]["domains"] == 2);
    CHECK(tried.json["data"]["dry_run"] == true);
    CHECK(api.actions().empty());
    CHECK(api.one("select count(*) from mailboxes where domain = 'shop.test'") == "0");

    Json bad = body;
    bad["mailboxes"].push_back({{"address", "alice@example.test"}}); // config.yaml has her
    bad["mailboxes"].push_back({{"address", "anna@nowhere.test"}});  // no such domain
    bad["aliases"].push_back({{"address", "anna@shop.test"}, {"destinations", {"bert@shop.test"}}}); // twice
    const auto refused = api.post("/import", bad);
    CHECK(refused.status == 409);
    CHECK(refused.faults() == std::vector<std::string>{"/mailboxes/2", "/mailboxes/3", "/aliases/1"});
    CHECK(api.one("select count(*) from domains where name = 'shop.test'") == "0");
    CHECK(api.actions().empty());

    const std::map<std::string, std::string> key{{"idempotency-key", "k1"}};
    const auto made = api.post("/import", body, key);
    INFO(made.response.body);
    REQUIRE(made.status == 200);
    CHECK(made.json["data"]["mailboxes"] == 2);
    CHECK(made.json["data"]["failures"].empty());
    CHECK(made.json["data"]["name"] == "5 of 5 rows");
    CHECK(api.one("select password is null from mailboxes where address = 'anna@shop.test'") == "1");
    CHECK(api.one("select alias_of from domains where name = 'shop.net'") == "shop.test");
    const std::vector<std::string> actions{"alias.create",  "mailbox.create", "mailbox.create",
                                           "domain.create", "domain.create",  "import"};
    CHECK(api.actions() == actions);
    CHECK(api.post("/import", body, key).json["data"] == made.json["data"]);
    CHECK(api.actions() == actions);
    CHECK(api.post("/import", body).status == 409);
}

TEST_CASE("an import that goes row by row makes what it can and tells the rest") {
    MailApi api;
    const auto made = api.post(
        "/import",
        {{"row_by_row", true},
         {"mailboxes",
          {{{"address", "bert@example.test"}}, {{"address", "alice@example.test"}}, {{"address", "x@no.test"}}}},
         {"aliases", {{{"address", "info@example.test"}, {"destinations", {"bert@example.test"}}}}}});
    INFO(made.response.body);
    REQUIRE(made.status == 200);
    const Json& report = made.json["data"];
    CHECK(report["mailboxes"] == 1);
    CHECK(report["aliases"] == 1);
    REQUIRE(report["failures"].size() == 2);
    CHECK(report["failures"][0]["pointer"] == "/mailboxes/1");
    CHECK(report["failures"][0]["name"] == "alice@example.test");
    CHECK(report["failures"][1]["code"] == "conflict");
    CHECK(api.one("select count(*) from mailboxes where address = 'bert@example.test'") == "1");
    CHECK(api.one("select count(*) from mailboxes where address = 'x@no.test'") == "0");
    CHECK(api.actions() == std::vector<std::string>{"alias.create", "mailbox.create", "import"});
}

TEST_CASE("an import reaches no further than whoever asks, and what is malformed is named by its place") {
    MailApi api;
    const std::string token = api.make_key(
        {{"name", "k"}, {"scopes", {"import:write"}}, {"domains", {"example.test"}}, {"role", "admin"}})["token"];
    const Json own{{"mailboxes", {{{"address", "bert@example.test"}}}}};
    CHECK(api.with_key(token, "POST", "/import", own).status == 200);
    const auto beyond =
        api.with_key(token, "POST", "/import",
                     {{"domains", {{{"name", "other.test"}}}},
                      {"mailboxes", {{{"address", "carl@example.test"}}, {{"address", "eve@other.test"}}}}});
    CHECK(beyond.status == 403);
    CHECK(beyond.faults() == std::vector<std::string>{"/domains/0", "/mailboxes/1"});
    CHECK(api.one("select count(*) from mailboxes where address = 'carl@example.test'") == "0");

    const auto malformed = api.post(
        "/import", {{"mailboxes", {{{"address", "anna"}}, {{"address", "b@example.test"}, {"password", "x"}}}}});
    CHECK(malformed.status == 422);
    CHECK(malformed.faults() == std::vector<std::string>{"/mailboxes/0/address", "/mailboxes/1/password"});
    // What only the supervisor knows to be no address of one's own.
    const auto odd =
        api.post("/import", {{"mailboxes", {{{"address", "b@example.test"}}, {{"address", "a/b@example.test"}}}}});
    CHECK(odd.status == 422);
    CHECK(odd.faults() == std::vector<std::string>{"/mailboxes/1/address"});
}

TEST_CASE("no address of an import has the recipient delimiter") {
    MailApi api;
    directory::Import import{
        .id = uuid7(), .row_by_row = true, .delimiter = "+-", .domains = {}, .mailboxes = {}, .aliases = {}};
    for (const auto* address : {"a+b@example.test", "ab@example.test", "a-b@example.test"})
        import.mailboxes.push_back({.id = uuid7(), .address = address, .display_name = {}, .password = {}});
    const Json after = api.supervisor.trial(import)["after"];
    CHECK(after["mailboxes"] == 1);
    CHECK(after["failures"].size() == 2);
    CHECK(api.one("select count(*) from mailboxes where address = 'ab@example.test'") == "0");
}

TEST_CASE("If-Match holds until the change itself is made") {
    MailApi api;
    const Json bob = api.post("/mailboxes", {{"address", "bob@example.test"}}).json["data"];
    const std::string id = bob["id"];
    const std::string path = "/mailboxes/" + id;
    const auto with_tag = [&](const std::string& method, const std::string& target, const Json& body) {
        const std::string tag = api.ask("GET", path).field("ETag");
        api.before_carrying = [&] {
            api.before_carrying = {};
            static_cast<void>(api.supervisor.change(uuid7(), directory::MailboxChange{.id = id, .quota = 7}));
        };
        return api.ask(method, target, {.body = body, .fields = {{"if-match", tag}}, .raw = {}});
    };
    const auto refused = with_tag("PATCH", path, {{"display_name", "Bob"}});
    CHECK(refused.status == 412);
    CHECK(refused.json["code"] == "changed_meanwhile");
    CHECK(with_tag("DELETE", path + "?confirm=bob@example.test", nullptr).status == 412);
    CHECK(api.ask("GET", path).json["data"]["display_name"] == "");
    CHECK(api.ask("GET", path).json["data"]["quota"] == 7);
}

TEST_CASE("a domain's postmaster is always somebody") {
    MailApi api;
    REQUIRE(api.post("/domains", {{"name", "shop.test"}}).status == 201);
    const std::string path = "/aliases/" + api.id_of("/aliases", "address", "postmaster@shop.test");
    CHECK(api.ask("DELETE", path + "?confirm=postmaster@shop.test").status == 409);
    CHECK(api.ask("PATCH", path, {.body = {{"active", false}}, .fields = {}, .raw = {}}).status == 409);
    CHECK(
        api.ask("PATCH", path, {.body = {{"destinations", {"alice@example.test"}}}, .fields = {}, .raw = {}}).status ==
        200);
    const std::string domain = "/domains/" + api.id_of("/domains", "name", "shop.test");
    CHECK(api.ask("DELETE", domain + "?confirm=shop.test").status == 200);
}

TEST_CASE("a domain_admin has their own domains and no others") {
    MailApi api;
    REQUIRE(api.post("/domains", {{"name", "shop.test"}}).status == 201);
    const std::string shop = api.post("/mailboxes", {{"address", "anna@shop.test"}}).json["data"]["id"];
    api.make_admin("d@example.test", "domain_admin", {"shop.test"});
    const auto session = api.login("d@example.test");
    CHECK(api.in_session(session, "GET", "/domains").json["data"].size() == 1);
    CHECK(api.in_session(session, "GET", "/mailboxes").json["data"].size() == 1);
    CHECK(api.in_session(session, "GET", "/mailboxes?domain=example.test").json["data"].empty());
    const std::string alice = api.id_of("/mailboxes", "address", "alice@example.test");
    CHECK(api.in_session(session, "GET", "/mailboxes/" + alice).status == 404);
    CHECK(api.in_session(session, "DELETE", "/mailboxes/" + alice + "?confirm=alice@example.test").status == 404);
    CHECK(api.in_session(session, "POST", "/mailboxes", {{"address", "bob@example.test"}}).status == 403);
    for (const auto* of : {"/use", "/sieve", "/sieve/main", "/app-passwords"})
        CHECK(api.in_session(session, "GET", "/mailboxes/" + alice + of).status == 404);
    CHECK(api.in_session(session, "POST", "/mailboxes/" + alice + "/app-passwords", {{"name", "x"}}).status == 404);
    CHECK(api.in_session(session, "PUT", "/mailboxes/" + alice + "/sieve/main", {{"script", "keep;"}}).status == 404);
    CHECK(api.in_session(session, "POST", "/mailboxes/" + shop + "/app-passwords", {{"name", "x"}}).status == 201);
    api.make_admin("e@example.test", "domain_admin", {"example.test"});
    const auto theirs = api.login("e@example.test");
    CHECK(api.in_session(theirs, "GET", "/mailboxes/" + alice + "/sieve").status == 200);
    CHECK(api.in_session(theirs, "POST", "/mailboxes/" + alice + "/app-passwords", {{"name", "x"}}).status == 403);
    CHECK(api.in_session(theirs, "PUT", "/mailboxes/" + alice + "/sieve/main", {{"script", "keep;"}}).status == 403);
    CHECK(api.in_session(theirs, "DELETE", "/mailboxes/" + alice + "/sieve/main?confirm=main").status == 403);
    CHECK(api.in_session(session, "POST", "/aliases", {{"address", "x@example.test"}, {"destinations", {"a@b.test"}}})
              .status == 403);
    CHECK(api.in_session(session, "POST", "/domains", {{"name", "new.test"}}).status == 403);
    CHECK(api.in_session(session, "POST", "/mailboxes", {{"address", "bob@shop.test"}}).status == 201);
    CHECK(api.in_session(session, "PATCH", "/mailboxes/" + shop, {{"quota", 7}}).status == 200);
}

TEST_CASE("what to publish for a domain is listed, and each record is looked up") {
    MailApi api;
    std::string asked;
    // A host behind NAT: DNS knows its address.
    api.dns_records = [&](const std::string& domain, const std::vector<std::string>& published) {
        asked = domain;
        Json records = Json::array({zone::to_json({domain, domain, "MX", "10 mail.example.test.", "mail"})});
        for (const auto& each : published)
            records.push_back(zone::to_json({"mail.example.test", "mail.example.test", "A", each, ""}));
        return to_text({{"hostname", "mail.example.test"}, {"records", records}});
    };
    api.lookup = [](const std::vector<net::Question>& questions) {
        REQUIRE(questions.size() == 2);
        const net::Answer address{.status = net::Status::found, .values = {"203.0.113.10"}};
        if (questions[0].type == net::RecordType::a)
            return std::vector<net::Answer>{address, {.status = net::Status::no_data}};
        return std::vector<net::Answer>{
            {.status = net::Status::found, .secure = true, .values = {"20 mail.example.test"}}, address};
    };
    const std::string path = "/domains/" + api.id_of("/domains", "name", "example.test");
    const Json listed = api.ask("GET", path + "/dns").json["data"];
    CHECK(asked == "example.test");
    CHECK(listed["records"].size() == 2);
    CHECK(listed["zone_file"] ==
          "example.test. 3600 IN MX 10 mail.example.test.\nmail.example.test. 3600 IN A 203.0.113.10\n");
    const Json checked = api.ask("POST", path + "/verify").json["data"];
    CHECK(checked["complete"] == true);
    CHECK(checked["records"][0]["status"] == "published");
    CHECK(checked["records"][0]["secure"] == true);
    CHECK(checked["records"][1]["found"] == Json{"203.0.113.10"});
}

namespace {

/// A server with a domain whose keys' records are in DNS or not.
struct RotationApi : MailApi {
    std::set<std::string> published;
    std::chrono::steady_clock::time_point at;
    api::Rotation rotation{services, [this] { return at; }};
    std::string path;

    RotationApi() {
        path = add("shop.test");
        dns_records = [](const std::string& domain, const std::vector<std::string>&) {
            Json records = Json::array();
            for (const auto* selector : {"e1", "e2", "r1", "r2", "old"})
                records.push_back(zone::to_json({domain, std::string(selector) + "._domainkey." + domain, "TXT",
                                                 std::string("v=DKIM1; p=") + selector, ""}));
            return to_text({{"hostname", "mail.example.test"}, {"records", records}});
        };
        lookup = [this](const std::vector<net::Question>& questions) {
            std::vector<net::Answer> answers;
            for (const auto& each : questions) {
                const std::string selector = each.name.substr(0, each.name.find('.'));
                net::Answer answer{.status = net::Status::no_such_name};
                if (published.contains(selector))
                    answer = {.status = net::Status::found, .values = {"v=DKIM1; p=" + selector}};
                answers.push_back(std::move(answer));
            }
            return answers;
        };
    }

    /// Makes a domain; the path of its keys.
    std::string add(const std::string& name) {
        const auto made = post("/domains", {{"name", name}});
        REQUIRE(made.status == 201);
        return "/domains/" + made.json["data"]["id"].get<std::string>() + "/dkim";
    }
    std::string states(const std::string& of = {}) {
        const auto answer = ask("GET", of.empty() ? path : of);
        std::string text;
        for (const auto& key : answer.json["data"]["keys"])
            text += key["selector"].get<std::string>() + " " + key["state"].get<std::string>() + "; ";
        return text;
    }
    int rotate(const std::string& of = {}) { return post((of.empty() ? path : of) + "/rotate", Json::object()).status; }
    int activate() { return post(path + "/activate", Json::object()).status; }
    Answer import_key(const std::string& selector, const std::string& pem,
                      const std::map<std::string, std::string>& fields = {}) {
        return post(path + "/import", {{"selector", selector}, {"private_key", pem}}, fields);
    }
    /// Whether this is in vectis.db or its write-ahead log. Another program looks: to close them here would drop our
    /// own locks.
    [[nodiscard]] bool has_in_files(const std::string& text) const {
        const std::string file = (folder.path / "vectis.db").string();
        const auto looked = run({"grep", "-qaF", "-e", text, file, file + "-wal"}, std::chrono::seconds(20));
        REQUIRE(looked.status < 2);
        return looked.status == 0;
    }
    int remove(const std::string& selector) {
        return ask("DELETE", path + "/" + selector + "?confirm=" + selector).status;
    }
    void look_after(std::chrono::minutes pause) {
        at += pause;
        rotation.look(std::stop_token());
    }
};

constexpr auto both_wait = "e1 signing; e2 waiting; r1 signing; r2 waiting; ";
constexpr auto both_sign = "e1 retired; e2 signing; r1 retired; r2 signing; ";

} // namespace

TEST_CASE("a rotation makes the next keys, which sign once DNS has had them for an hour") {
    using std::chrono::minutes;
    RotationApi api;
    CHECK(api.states() == "e1 signing; r1 signing; ");
    CHECK(api.rotate() == 200);
    CHECK(api.states() == both_wait);
    CHECK(api.rotate() == 409);
    api.look_after(minutes(300));
    api.published = {"r2"};
    api.look_after(minutes(1));
    api.look_after(minutes(59));
    CHECK(api.states() == both_wait);
    // One of the zone's servers does not have it: the hour begins anew.
    api.published = {};
    api.look_after(minutes(1));
    api.published = {"r2"};
    api.look_after(minutes(1));
    api.look_after(minutes(59));
    CHECK(api.states() == both_wait);
    api.published = {"r2", "e2"};
    api.look_after(minutes(1));
    CHECK(api.states() == "e1 signing; e2 waiting; r1 retired; r2 signing; ");
    api.look_after(minutes(60));
    CHECK(api.states() == both_sign);
    CHECK(api.actions() == std::vector<std::string>{"domain.activate_dkim_keys", "domain.activate_dkim_keys",
                                                    "domain.rotate_dkim_keys", "domain.create"});
    CHECK(api.logged.empty());
}

TEST_CASE("keys that DNS has sign at once where that is asked for, and never before") {
    RotationApi api;
    CHECK(api.activate() == 409); // none waits
    CHECK(api.rotate() == 200);
    CHECK(api.activate() == 409); // DNS has none
    api.published = {"e1", "r1"};
    CHECK(api.activate() == 409);
    CHECK(api.states() == both_wait);
    api.published = {"e2", "r2"};
    const std::map<std::string, std::string> key{{"idempotency-key", "k"}};
    CHECK(api.post(api.path + "/activate", Json::object(), key).status == 200);
    CHECK(api.states() == both_sign);
    CHECK(api.post(api.path + "/activate", Json::object(), key).status == 200); // who did not hear the answer
    CHECK(api.activate() == 409);
    const std::string declared = "/domains/" + api.id_of("/domains", "name", "example.test") + "/dkim/rotate";
    CHECK(api.post(declared, Json::object()).json["code"] == "managed_by_config");
}

TEST_CASE("one domain's fault is told once and keeps no other's keys from signing") {
    RotationApi api;
    const std::string other = api.add("other.test");
    CHECK(api.rotate() == 200);
    CHECK(api.rotate(other) == 200);
    const auto records = api.dns_records;
    api.dns_records = [&](const std::string& domain, const std::vector<std::string>& published) {
        if (domain == "other.test")
            throw Error(Code::conflict, "its key is broken");
        return records(domain, published);
    };
    api.published = {"e2", "r2"};
    api.look_after(std::chrono::minutes(0));
    api.look_after(std::chrono::minutes(60));
    CHECK(api.states() == both_sign);
    CHECK(api.states(other) == both_wait);
    REQUIRE(api.logged.size() == 1);
    CHECK(api.logged[0].find("'other.test'") != std::string::npos);
    // Nobody there to ask is no news.
    api.dns_records = [](const std::string&, const std::vector<std::string>&) -> std::string {
        throw Error(Code::unavailable, "there is no supervisor");
    };
    api.look_after(std::chrono::minutes(1));
    CHECK(api.logged.size() == 1);
}

TEST_CASE("keys that changed while DNS was asked do not sign unseen") {
    RotationApi api;
    CHECK(api.rotate() == 200);
    api.published = {"e2", "r2"};
    api.before_carrying = [&] {
        api.before_carrying = {};
        const std::string id = api.id_of("/domains", "name", "shop.test");
        static_cast<void>(api.supervisor.change(uuid7(), directory::RemovedDkimKey{.id = id, .selector = "r2"}));
    };
    CHECK(api.activate() == 412);
    CHECK(api.states() == "e1 signing; e2 waiting; r1 signing; ");
    const auto etag = api.ask("GET", api.path).field("ETag");
    CHECK(api.remove("e2") == 200);
    CHECK(api.post(api.path + "/rotate", Json::object(), {{"if-match", etag}}).status == 412);
    CHECK(api.ask("DELETE", api.path + "/r1?confirm=r1", {.fields = {{"if-match", etag}}, .raw = {}}).status == 412);
    CHECK(api.states() == "e1 signing; r1 signing; ");
}

TEST_CASE("an activation that found no supervisor is one errand, and is done when there is one") {
    RotationApi api;
    CHECK(api.rotate() == 200);
    api.published = {"e2", "r2"};
    api.look_after(std::chrono::minutes(0));
    api.before_carrying = [] { throw Error(Code::unavailable, "there is no supervisor"); };
    api.look_after(std::chrono::minutes(60));
    api.look_after(std::chrono::minutes(1));
    CHECK(api.states() == both_wait);
    api.before_carrying = {};
    api.errands.finish_left();
    CHECK(api.states() == both_sign);
    CHECK(api.actions() ==
          std::vector<std::string>{"domain.activate_dkim_keys", "domain.rotate_dkim_keys", "domain.create"});
    CHECK(api.logged.size() == 1); // that it was finished
}

TEST_CASE("an imported key waits for DNS as a new one does, and nothing private of it is told or kept") {
    using std::chrono::minutes;
    RotationApi api;
    const std::string pem = test::pem_of(test::rsa_key());
    const std::string secret = test::secret_of(pem);
    bool was_there = false;
    api.before_carrying = [&] { was_there = api.has_in_files(secret); };
    const auto imported = api.import_key("Old", pem);
    INFO(imported.response.body);
    REQUIRE(imported.status == 200);
    CHECK(was_there); // who is killed now finds it
    CHECK_FALSE(api.has_in_files(secret));
    CHECK(api.states() == "e1 signing; old waiting; r1 signing; ");
    CHECK(imported.json["data"] == api.ask("GET", api.path).json["data"]);
    api.before_carrying = {};
    SECTION("it signs when DNS has had it for an hour") {
        api.look_after(minutes(60));
        api.published = {"old"};
        api.look_after(minutes(1));
        api.look_after(minutes(59));
        CHECK(api.states() == "e1 signing; old waiting; r1 signing; ");
        api.look_after(minutes(1));
    }
    SECTION("it signs when that is asked for and DNS has it") {
        CHECK(api.activate() == 409);
        api.published = {"old"};
        CHECK(api.activate() == 200);
    }
    CHECK(api.states() == "e1 signing; old signing; r1 retired; ");
    CHECK(api.rotate() == 200);
    CHECK(api.states() == "e1 signing; e2 waiting; old signing; r1 retired; r2 waiting; ");
    for (const auto& told : {imported.response.body, api.ask("GET", "/audit/export").response.body,
                             api.one("select group_concat(result) from changes")}) {
        CHECK(told.find("old") != std::string::npos);
        CHECK(told.find(secret) == std::string::npos);
    }
    CHECK(api.actions() == std::vector<std::string>{"domain.rotate_dkim_keys", "domain.activate_dkim_keys",
                                                    "domain.import_dkim_key", "domain.create"});
    CHECK(api.logged.empty());
}

TEST_CASE("an Ed25519 key is imported beside an RSA key, each takes the place of its own kind") {
    RotationApi api;
    CHECK(api.import_key("old", test::pem_of(test::rsa_key())).status == 200);
    CHECK(api.import_key("e2", test::pem_of(test::key_of_kind("ED25519"))).status == 200);
    api.published = {"e2", "old"};
    CHECK(api.activate() == 200);
    CHECK(api.states() == "e1 retired; e2 signing; old signing; r1 retired; ");
    CHECK(api.ask("GET", api.path).json["data"]["keys"][2]["algorithm"] == "rsa");
}

TEST_CASE("a key is not imported where it has no place") {
    RotationApi api;
    const std::string pem = test::pem_of(test::rsa_key());
    const std::string secret = test::secret_of(pem);
    const std::string before = api.states();
    const auto tag = api.ask("GET", api.path).field("ETag");
    CHECK(api.import_key("r1", pem).status == 409);
    CHECK_FALSE(api.has_in_files(secret));
    CHECK(api.import_key("e1", pem).status == 409);
    const std::string declared = "/domains/" + api.id_of("/domains", "name", "example.test") + "/dkim/import";
    const Json body{{"selector", "old"}, {"private_key", pem}};
    CHECK(api.post(declared, body).json["code"] == "managed_by_config");
    CHECK(api.post("/domains/019dc1a6-6f5e-7a4c-b5c0-3f0b0a1f5d11/dkim/import", body).status == 404);
    CHECK(api.states() == before);
    CHECK(api.import_key("old", pem, {{"if-match", tag}}).status == 200);
    CHECK(api.import_key("other", pem).status == 409); // one waits
    CHECK(api.rotate() == 409);
    CHECK(api.import_key("other", test::pem_of(test::key_of_kind("ED25519")), {{"if-match", tag}}).status == 412);
    CHECK(api.remove("old") == 200);
    CHECK(api.import_key("other", pem).status == 200);
}

TEST_CASE("what is no key to import is refused before it is written down") {
    RotationApi api;
    const std::string pem = test::pem_of(test::rsa_key());
    bool carried = false;
    api.before_carrying = [&] { carried = true; };
    using Faults = std::vector<std::string>;
    const auto faults = [&](const Json& body) {
        const auto answer = api.post(api.path + "/import", body);
        INFO(answer.response.body);
        CHECK(answer.status == 422);
        CHECK(answer.response.body.find(test::secret_of(pem)) == std::string::npos);
        return answer.faults();
    };
    CHECK(faults(Json::object()) == Faults{"/selector", "/private_key"});
    CHECK(faults({{"selector", "old"}, {"private_key", pem + std::string(10000, ' ')}}) == Faults{"/private_key"});
    CHECK(faults({{"selector", "old"}, {"private_key", pem + std::string(1, '\0')}}) == Faults{"/private_key"});
    CHECK(faults({{"selector", "old"}, {"private_key", {pem}}}) == Faults{"/private_key"});
    CHECK(faults({{"selector", "old"}, {"private_key", pem + pem}}) == Faults{"/private_key"});
    CHECK(faults({{"selector", "old"}, {"private_key", test::pem_of(test::rsa_key(512))}}) == Faults{"/private_key"});
    CHECK_FALSE(carried);
    CHECK(faults({{"selector", "a_b"}, {"private_key", pem}}) == Faults{"/selector"});
    CHECK(faults({{"selector", pem.substr(0, 60)}, {"private_key", pem}}) == Faults{"/selector"});
    CHECK(carried);
    CHECK_FALSE(api.has_in_files(test::secret_of(pem)));
    CHECK(api.actions() == Faults{"domain.create"});
}

TEST_CASE("killed anywhere, an imported key is there once and its private part nowhere") {
    RotationApi api;
    const std::string pem = test::pem_of(test::rsa_key());
    const std::string secret = test::secret_of(pem);
    const std::map<std::string, std::string> key{{"idempotency-key", "k"}};
    struct Killed {};
    SECTION("before the supervisor was asked") {
        api.before_carrying = [] { throw Killed(); };
        CHECK_THROWS_AS(api.import_key("old", pem, key), Killed);
    }
    SECTION("before its answer was heard") {
        api.after_carrying = [] { throw Killed(); };
        CHECK_THROWS_AS(api.import_key("old", pem, key), Killed);
    }
    SECTION("there was no supervisor") {
        api.before_carrying = [] { throw Error(Code::unavailable, "there is no supervisor"); };
        CHECK(api.import_key("old", pem, key).status == 503);
        api.errands.finish_left();
    }
    CHECK(api.has_in_files(secret));
    api.before_carrying = api.after_carrying = {};
    api.errands.finish_left();
    CHECK_FALSE(api.has_in_files(secret));
    CHECK(api.states() == "e1 signing; old waiting; r1 signing; ");
    CHECK(api.import_key("old", pem, key).field("Idempotent-Replayed") == "true");
    CHECK(api.import_key("new", pem, key).status == 422);
    CHECK_FALSE(api.has_in_files(secret));
    CHECK(api.actions() == std::vector<std::string>{"domain.import_dkim_key", "domain.create"});
}

TEST_CASE("what a killed process has deleted goes from the database's log with the first look of the next") {
    RotationApi api;
    api.database.write([](store::Database& database) {
        store::Errands errands(database);
        errands.add({.id = "1", .idempotency_key = std::nullopt, .change = "a private key", .answer = {}});
        return 0;
    });
    api.database.write([](store::Database& database) { return store::Errands(database).remove("1"); });
    CHECK(api.has_in_files("a private key"));
    accounts::Errands next(
        api.database, api.ledger, [](const std::string&, const std::string&) { return std::string(); },
        api::errand_answer, [](const std::string&) {});
    next.finish_left();
    CHECK_FALSE(api.has_in_files("a private key"));
}

TEST_CASE("a key is removed that is needed no more") {
    RotationApi api;
    CHECK(api.rotate() == 200);
    api.published = {"e2", "r2"};
    CHECK(api.activate() == 200);
    CHECK(api.remove("e2") == 409); // it signs
    CHECK(api.remove("e1") == 409); // what it has signed is under way
    CHECK(api.remove("e9") == 404);
    CHECK(api.remove("e_9") == 422);
    store::Database(api.folder.path / "directory.db", store::Journal::wal_for_readers)
        .execute("update dkim_keys set retired_at = '2020-01-01T00:00:00.000Z' where selector = 'e1'");
    CHECK(api.remove("e1") == 200);
    CHECK(api.states() == "e2 signing; r1 retired; r2 signing; ");
    CHECK(api.actions().front() == "domain.delete_dkim_key");
}

TEST_CASE("killed anywhere, a change is made once and answered, or not made at all") {
    for (const bool asked_again : {true, false}) {
        for (const auto* when :
             {"before the supervisor was asked", "before its answer was heard", "there was no supervisor"})
            check_unanswered(when, asked_again);
    }
}

TEST_CASE("what was asked for first is done first, also when nobody could at that moment") {
    MailApi api;
    const std::string path =
        "/mailboxes/" + api.post("/mailboxes", {{"address", "bob@example.test"}}).json["data"]["id"].get<std::string>();
    const auto rename = [&](const std::string& name) {
        return api.ask("PATCH", path, {.body = {{"display_name", name}}, .fields = {}, .raw = {}}).status;
    };
    api.before_carrying = [] { throw Error(Code::unavailable, "cannot reach the supervisor"); };
    CHECK(rename("first") == 503);
    api.before_carrying = [&] {
        api.before_carrying = {};
        throw Error(Code::system, "the disk is full");
    };
    CHECK(rename("second") == 200); // the first was tried before it, in vain, and is given up
    api.errands.finish_left();
    CHECK(api.ask("GET", path).json["data"]["display_name"] == "second");
    api.before_carrying = [] { throw Error(Code::unavailable, "cannot reach the supervisor"); };
    CHECK(rename("third") == 503);
    api.before_carrying = {};
    CHECK(rename("fourth") == 200);
    api.errands.finish_left();
    CHECK(api.ask("GET", path).json["data"]["display_name"] == "fourth");
    CHECK(api.actions().size() == 4); // one made, three renamed
}

TEST_CASE("a key of a change that is not answered yet stands for no other request") {
    MailApi api;
    const std::map<std::string, std::string> key{{"idempotency-key", "k1"}};
    api.before_carrying = [] { throw Error(Code::unavailable, "cannot reach the supervisor"); };
    const auto refused = api.post("/mailboxes", {{"address", "bob@example.test"}}, key);
    CHECK(refused.status == 503);
    CHECK(refused.field("Retry-After") == "5");
    CHECK(api.post("/api-keys", {{"name", "one"}, {"scopes", {"keys:read"}}}, key).status == 422);
    api.before_carrying = {};
    api.errands.finish_left();
    CHECK(api.post("/mailboxes", {{"address", "bob@example.test"}}, key).field("Idempotent-Replayed") == "true");
}

TEST_CASE("a domain that is suspended and resumed has its catch-all as before") {
    MailApi api;
    REQUIRE(api.post("/domains", {{"name", "shop.test"}, {"catch_all", "alice@example.test"}}).status == 201);
    const std::string path = "/domains/" + api.id_of("/domains", "name", "shop.test");
    for (const bool active : {false, true}) {
        const auto changed = api.ask("PATCH", path, {.body = {{"active", active}}, .fields = {}, .raw = {}});
        CHECK(changed.json["data"]["active"] == active);
        CHECK(changed.json["data"]["catch_all"] == "alice@example.test");
    }
    CHECK(api.ask("PATCH", path, {.body = {{"catch_all", nullptr}}, .fields = {}, .raw = {}})
              .json["data"]["catch_all"]
              .is_null());
    CHECK(api.post("/domains", {{"name", "b.test"}, {"alias_of", "shop.test"}, {"catch_all", "a@b.test"}}).status ==
          422);
}

TEST_CASE("a change that was refused meanwhile is given up, and says so") {
    MailApi api;
    api.before_carrying = [] { throw Error(Code::unavailable, "cannot reach the supervisor"); };
    CHECK(api.post("/mailboxes", {{"address", "bob@example.test"}}).status == 503);
    api.before_carrying = {};
    static_cast<void>(api.supervisor.change(
        uuid7(),
        directory::NewAlias{.id = uuid7(), .address = "bob@example.test", .destinations = {"alice@example.test"}}));
    for (int i = 0; i < 2; ++i)
        api.errands.finish_left();
    REQUIRE(api.logged.size() == 1);
    CHECK(api.logged[0].find("mailbox.create was not done") != std::string::npos);
    CHECK(api.actions().empty());
}

TEST_CASE("a change from the bus is judged by whoever carries it out, too") {
    for (
        const auto* bad :
        {"null", "[]", "{}", R"({"new_mailbox": {}})", R"({"drop": {"id": "019dc1a6-6f5e-7a4c-b5c0-3f0b0a1f5d11"}})",
         R"({"removed_domain": {"id": "1"}})",
         R"({"removed_domain": {"id": "019dc1a6-6f5e-7a4c-b5c0-3f0b0a1f5d11", "path": "/"}})",
         R"({"new_mailbox": {"id": "019dc1a6-6f5e-7a4c-b5c0-3f0b0a1f5d11", "address": "a/../b@example.test", "display_name": "", "password": "", "quota": 0}})",
         R"({"new_mailbox": {"id": "019dc1a6-6f5e-7a4c-b5c0-3f0b0a1f5d11", "address": "a@example.test", "display_name": "\n", "password": "", "quota": 0}})",
         R"({"new_mailbox": {"id": "019dc1a6-6f5e-7a4c-b5c0-3f0b0a1f5d11", "address": "a@example.test", "display_name": "", "password": "x", "quota": 0}})",
         R"({"new_mailbox": {"id": "019dc1a6-6f5e-7a4c-b5c0-3f0b0a1f5d11", "address": "a@example.test", "display_name": "", "password": "", "quota": 18446744073709551615}})",
         R"({"new_alias": {"id": "019dc1a6-6f5e-7a4c-b5c0-3f0b0a1f5d11", "address": "a@example.test", "destinations": ["a\u0000@b.test"]}})"}) {
        INFO(bad);
        CHECK_THROWS_AS(directory::account_change(parse_json(bad)), Error);
    }
    const directory::AccountChange change =
        directory::AliasChange{.id = "019dc1a6-6f5e-7a4c-b5c0-3f0b0a1f5d11",
                               .destinations = {{"b@example.test", "a@example.test"}},
                               .active = false};
    CHECK(
        to_text(directory::to_json(directory::account_change(directory::to_json(change)))) ==
        R"({"alias_change":{"id":"019dc1a6-6f5e-7a4c-b5c0-3f0b0a1f5d11","destinations":["a@example.test","b@example.test"],"active":false}})");
}
