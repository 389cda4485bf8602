// The API without its sockets: real routes, real database, in a folder of its own.
#pragma once

#include "accounts/password.hpp"
#include "api/dispatch.hpp"
#include "api/rotation.hpp"
#include "base/clock.hpp"
#include "base/guarded.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "catch.hpp"
#include "directory/rows.hpp"
#include "folder.hpp"

#include <nlohmann/json.hpp>

#include <set>

namespace vectis::test {

/// A response, and its body as JSON where it is some.
struct Answer {
    api::Response response;
    int status = 0;
    Json json;

    [[nodiscard]] std::string field(const std::string& name) const {
        for (const auto& [key, value] : response.fields) {
            if (key == name)
                return value;
        }
        return {};
    }
    /// The pointers of what is wrong.
    [[nodiscard]] std::vector<std::string> faults() const {
        std::vector<std::string> pointers;
        for (const auto& each : json.value("errors", Json::array()))
            pointers.push_back(each.at("pointer"));
        return pointers;
    }
};

struct Ask {
    Json body;                                 // null: none
    std::map<std::string, std::string> fields; // in lower case
    api::Door door = api::Door::admin;
    std::string address = "192.0.2.1";
    std::string raw; // instead of `body`
    std::vector<api::FormPart> form = {};
};

/// The method and path, below api_base, of what the API has answered well in this run of the tests.
inline Guarded<std::set<std::pair<std::string, std::string>>>& answered_well() {
    static Guarded<std::set<std::pair<std::string, std::string>>> answered;
    return answered;
}

/// As the supervisor says it.
inline Json service(const std::string& name) {
    return {
        {"service", name}, {"unit", name + ".service"},           {"active", "active"}, {"sub", "running"}, {"pid", 7},
        {"restarts", 0},   {"since", "2026-11-24T10:00:00.000Z"}, {"memory", 4096}};
}

struct Api {
    Folder folder;
    store::Vectis database{folder.path / "vectis.db", fs::path(MIGRATIONS) / "vectis", ""};
    accounts::Ledger ledger{database};
    accounts::Throttle throttle;
    // The supervisor's part, without the bus between.
    store::Directory supervisor{folder.path, fs::path(MIGRATIONS) / "directory", ""};
    store::DirectoryReader directory{folder.path};
    bool dovecot_away = false;
    Guarded<std::vector<std::pair<std::string, std::string>>> asked_dovecot; // user and password
    std::function<void()> after_judging;
    std::function<void()> before_setting;
    accounts::MailboxOwners owners{
        directory, [this](const std::string& user, const std::string& password) { return judge(user, password); },
        [this](const std::string& address, const std::string& hash) {
            if (before_setting)
                before_setting();
            supervisor.set_password(address, hash);
        },
        std::chrono::milliseconds(0)};
    std::function<void()> before_carrying;
    std::function<void()> after_carrying;
    accounts::Errands errands{database, ledger,
                              [this](const std::string& id, const std::string& change) {
                                  if (before_carrying)
                                      before_carrying();
                                  std::string result =
                                      to_text(supervisor.change(id, directory::account_change(parse_json(change))));
                                  if (after_carrying)
                                      after_carrying();
                                  return result;
                              },
                              api::errand_answer, [this](const std::string& line) { logged.push_back(line); }};
    std::function<std::string(const std::string&, const std::vector<std::string>&)> dns_records;
    std::function<std::vector<net::Answer>(const std::vector<net::Question>&)> lookup;
    Json queue = Json::array();
    Json figures;
    std::map<std::string, std::map<std::string, std::string>> scripts; // of each mailbox
    std::string active_script;
    std::string config = "hostname: mail.example.test\nadmin: anna@example.test\n"
                         "domains:\n  - name: example.test\n    mailboxes:\n      - name: anna\n";
    api::Operations::Work work = [](const store::Operation&, const auto&, const auto&) { return Json::object(); };
    std::vector<std::string> done; // what the supervisor was asked to do
    bool well = true;
    std::function<void()> fail;             // in the middle of a health check
    int woken = 0;                          // how often the submitter was
    std::optional<std::int64_t> being_sent; // to whom, at this moment
    std::vector<std::string> logged;
    api::Operations operations{ledger,
                               [this](const auto& operation, const auto& progress, const auto& stop) {
                                   return work(operation, progress, stop);
                               },
                               [this](const std::string& line) { logged.push_back(line); }};
    mail::Limits limits;
    mail::InboundSettings inbound_settings{.hostname = "mail.example.test", .recipient_delimiter = "+"};
    api::Services services{.ledger = ledger,
                           .throttle = throttle,
                           .owners = owners,
                           .errands = errands,
                           .directory = directory,
                           .hostname = [] { return std::string("mail.example.test"); },
                           .try_import =
                               [this](const std::string& change) {
                                   return to_text(supervisor.trial(directory::account_change(parse_json(change))));
                               },
                           .dns_records = [this](const std::string& domain,
                                                 const auto& published) { return dns_records(domain, published); },
                           .plan =
                               [] {
                                   return to_text({{"plan_id", "p1"}});
                               },
                           .status =
                               [] {
                                   return to_text({{"services", {service("postfix"), service("redis")}}});
                               },
                           .figures =
                               [this] {
                                   if (figures.is_null())
                                       throw Error(Code::unavailable, "cannot reach the supervisor");
                                   return to_text(figures);
                               },
                           .generations =
                               [] {
                                   return to_text({{"generations",
                                                    {{{"generation", 1},
                                                      {"made_at", "2026-11-24T10:00:00.000Z"},
                                                      {"summary", "first"},
                                                      {"current", true}}}}});
                               },
                           .logs =
                               [](const std::string& name, Time since, std::uint32_t most) {
                                   return to_text(Json::array({{{"at", rfc3339(since)},
                                                                {"program", name},
                                                                {"pid", most},
                                                                {"priority", "info"},
                                                                {"message", "ready"}}}));
                               },
                           .restart =
                               [this](const std::string& name) {
                                   if (name != "postfix")
                                       throw Error(Code::not_found, "cannot restart: there is no such service");
                                   done.push_back("restart " + name);
                               },
                           .queue = [this](bool) { return to_text(queue); },
                           .act_on_queue =
                               [this](const std::string& id, const std::string& action) {
                                   const bool there = std::any_of(queue.begin(), queue.end(), [&](const Json& each) {
                                       return each.at("id") == id;
                                   });
                                   if (!there)
                                       throw Error(Code::not_found, "there is no such message");
                                   done.push_back(action + " " + id);
                               },
                           .mailbox_use = [](const std::string&) { return R"({"bytes":2048,"messages":3})"; },
                           .sieve_scripts =
                               [this](const std::string& address) {
                                   Json rows = Json::array();
                                   for (const auto& [name, script] : scripts[address])
                                       rows.push_back({{"name", name}, {"active", name == active_script}});
                                   return to_text(rows);
                               },
                           .sieve_script =
                               [this](const std::string& address, const std::string& name) {
                                   if (!scripts[address].contains(name))
                                       throw Error(Code::not_found, "there is no such script");
                                   return scripts[address][name];
                               },
                           .put_sieve_script = [this](const std::string& address, const std::string& name,
                                                      const std::string& script) { scripts[address][name] = script; },
                           .act_on_sieve_script =
                               [this](const std::string& address, const std::string& name, const std::string& action) {
                                   if (action == "remove")
                                       scripts[address].erase(name);
                                   else
                                       active_script = action == "activate" ? name : "";
                               },
                           .operations = operations,
                           .wake_sender = [this] { ++woken; },
                           .is_being_sent = [this](std::int64_t recipient) { return recipient == being_sent; },
                           .config = [this] { return config; },
                           .lookup = [this](const auto& questions) { return lookup(questions); },
                           .health =
                               [this] {
                                   if (fail)
                                       fail();
                                   return std::vector<std::pair<std::string, bool>>{{"directory", well}};
                               },
                           .log = [this](const std::string& line) { logged.push_back(line); },
                           .unsubscribe_key = std::string(64, 'u'),
                           .limits = [this] { return limits; },
                           .tracking_key = std::string(64, 't'),
                           .inbound_settings = [this] { return inbound_settings; },
                           .link_key = std::string(64, 'k')};
    api::Dispatch dispatch{services};

    /// As Dovecot does it, but for the delay: Vectis's own mailbox has a password, too.
    std::optional<std::string> judge(const std::string& user, const std::string& password) {
        if (dovecot_away)
            throw Error(Code::unavailable, "cannot ask Dovecot");
        asked_dovecot.with([&](auto& all) { all.emplace_back(user, password); });
        const std::string hash = directory.read([&](store::Database& reader) {
            auto select = reader.prepare("select m.password from mailboxes m join domains d on d.name = m.domain "
                                         "where m.address = ?1 and m.active = 1 and d.active = 1");
            return select.bind(user).step() ? select.text(0) : std::string();
        });
        const bool good = accounts::verify_password(password, hash);
        if (after_judging)
            after_judging();
        return good ? std::optional(user) : std::nullopt;
    }

    Answer ask(const std::string& method, const std::string& target, const Ask& ask = {}) {
        const auto cut = target.find('?');
        api::Request request{
            .id = uuid7(),
            .peer = {.door = ask.door, .address = ask.door == api::Door::admin ? "" : ask.address, .user = 0},
            .method = method,
            .path = (target.starts_with("/compat") ? "" : "/api/v1") + target.substr(0, cut),
            .query = {},
            .field = {},
            .has_body = !ask.raw.empty() || !ask.body.is_null() || !ask.form.empty(),
            .body = {},
            .form = [&](std::size_t) { return ask.form; }};
        for (const auto& pair : split(cut == std::string::npos ? "" : target.substr(cut + 1), '&')) {
            if (!pair.empty())
                request.query.emplace(pair.substr(0, pair.find('=')), pair.substr(pair.find('=') + 1));
        }
        const std::string body = !ask.raw.empty() ? ask.raw : ask.body.is_null() ? "" : to_text(ask.body);
        request.field = [&](const std::string& name) -> std::optional<std::string> {
            const auto found = ask.fields.find(lower_ascii(name));
            if (found != ask.fields.end())
                return found->second;
            return lower_ascii(name) == "content-type" ? std::optional<std::string>("application/json") : std::nullopt;
        };
        request.body = [&](std::size_t most) {
            if (body.size() > most)
                throw api::HttpError{413, "too_large", "the body is too long", {}, {}};
            return body;
        };
        Answer answer{.response = dispatch(request), .status = 0, .json = {}};
        answer.status = answer.response.status;
        if (answer.status < 300)
            answered_well().with([&](auto& answered) { answered.emplace(method, target.substr(0, cut)); });
        if (answer.response.type.find("json") != std::string::npos &&
            answer.response.type.find("jsonl") == std::string::npos)
            answer.json = parse_json(answer.response.body);
        return answer;
    }
    /// From the network, with this key.
    Answer with_key(const std::string& token, const std::string& method, const std::string& target,
                    const Json& body = nullptr, const std::string& address = "192.0.2.1") {
        return ask(method, target,
                   {.body = body,
                    .fields = {{"authorization", "Bearer " + token}},
                    .door = api::Door::proxy,
                    .address = address,
                    .raw = {}});
    }
    struct Session {
        std::string cookie;
        std::string csrf;
    };
    /// From the network, in this session; `fields` beside what a session owes.
    Answer in_session(const Session& session, const std::string& method, const std::string& target,
                      const Json& body = nullptr, const std::map<std::string, std::string>& fields = {}) {
        std::map<std::string, std::string> all{{"cookie", "theme=dark; " + session.cookie},
                                               {"x-csrf-token", session.csrf}};
        for (const auto& [name, value] : fields)
            all[name] = value;
        return ask(method, target, {.body = body, .fields = all, .door = api::Door::proxy, .raw = {}});
    }
    /// As a browser would, from this address.
    Answer try_login(const std::string& email, const std::string& password, const std::string& code = {},
                     const std::string& address = "192.0.2.1") {
        Json body{{"email", email}, {"password", password}};
        if (!code.empty())
            body["code"] = code;
        return ask("POST", "/auth/login",
                   {.body = body,
                    .fields = {{"user-agent", "Browser/1"}},
                    .door = api::Door::proxy,
                    .address = address,
                    .raw = {}});
    }
    Session login(const std::string& email, const std::string& password = "a good password",
                  const std::string& code = {}) {
        const auto answer = try_login(email, password, code);
        INFO(answer.response.body);
        REQUIRE(answer.status == 200);
        const std::string cookie = answer.field("Set-Cookie");
        return {.cookie = cookie.substr(0, cookie.find(';')), .csrf = answer.json["data"]["csrf_token"]};
    }
    /// Makes a key; answers what the API says of it.
    Json make_key(const Json& body, const std::string& by = {}) {
        const auto made = by.empty() ? ask("POST", "/api-keys", {.body = body, .fields = {}, .raw = {}})
                                     : with_key(by, "POST", "/api-keys", body);
        INFO(made.response.body);
        REQUIRE(made.status == 201);
        return made.json["data"];
    }
    Json make_admin(const std::string& email, const std::string& role, const Json& domains = Json::array()) {
        const auto made =
            ask("POST", "/admins",
                {.body = {{"email", email}, {"role", role}, {"domains", domains}, {"password", "a good password"}},
                 .fields = {},
                 .raw = {}});
        INFO(made.response.body);
        REQUIRE(made.status == 201);
        return made.json["data"];
    }
};

} // namespace vectis::test
