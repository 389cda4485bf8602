#include "api.hpp"
#include "base/guarded.hpp"

#include <future>
#include <thread>

using namespace vectis;
using vectis::test::Api;

namespace {

Json message(const std::string& id, const std::string& in) {
    return {{"id", id},
            {"queue", in},
            {"arrived_at", "2026-11-24T10:00:00.000Z"},
            {"size", 700},
            {"sender", "anna@example.test"},
            {"recipients", {{{"address", "bert@elsewhere.test"}, {"reason", "timed out"}}}}};
}

std::vector<std::string> ids(const test::Answer& answer) {
    std::vector<std::string> all;
    for (const auto& each : answer.json.at("data"))
        all.push_back(each.at("id"));
    return all;
}

/// Asks until the operation is over.
Json ended(Api& api, const std::string& id) {
    for (int i = 0; i < 500; ++i) {
        Json operation = api.ask("GET", "/operations/" + id).json["data"];
        if (operation["status"] != "running")
            return operation;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    FAIL("the operation has not ended");
    return nullptr;
}

test::Ask with_body(const Json& body, const std::map<std::string, std::string>& fields = {}) {
    return {.body = body, .fields = fields, .raw = {}};
}

} // namespace

TEST_CASE("config.yaml is shown without hashes, and judged with every problem at once") {
    Api api;
    const Json shown = api.ask("GET", "/config").json["data"];
    CHECK(shown["valid"] == true);
    CHECK(shown["yaml"].get<std::string>().find("mail.example.test") != std::string::npos);
    const auto judge = [&](const std::string& yaml) {
        return api.ask("POST", "/config/validate", with_body({{"yaml", yaml}})).json["data"];
    };
    CHECK(judge(api.config)["valid"] == true);
    const Json judged = judge("hostnam: x\nadmin: 7\n");
    CHECK(judged["valid"] == false);
    REQUIRE(judged["problems"].size() >= 2);
    CHECK(judged["problems"][0]["line"] == 1);
    CHECK(judged["problems"][0]["hint"].get<std::string>().find("hostname") != std::string::npos);
    api.config = "hostname: [\n";
    const Json broken = api.ask("GET", "/config").json["data"];
    CHECK(broken["valid"] == false);
    CHECK(broken["yaml"].is_null());
    CHECK(api.ask("GET", "/config/plan").json["data"]["plan_id"] == "p1");
}

TEST_CASE("an apply is begun once, followed, and its end is kept") {
    Api api;
    Guarded<std::vector<std::string>> begun;
    std::promise<void> go_on;
    std::shared_future<void> waits = go_on.get_future().share();
    api.work = [&](const store::Operation& operation, const auto& progress, const auto&) {
        begun.with([&](auto& all) { all.push_back(operation.kind + " " + operation.argument); });
        progress(Json{{"event", "step"}, {"text", "files"}});
        waits.wait();
        return Json{{"generation", 2}, {"summary", "1 file"}, {"changed", true}};
    };
    const auto answer = api.ask("POST", "/config/apply", with_body({{"plan_id", "p1"}}, {{"idempotency-key", "k"}}));
    REQUIRE(answer.status == 202);
    const std::string id = answer.json["data"]["id"];
    CHECK(answer.field("Location") == "/api/v1/operations/" + id);
    const auto again = api.ask("POST", "/config/apply", with_body({{"plan_id", "p1"}}, {{"idempotency-key", "k"}}));
    CHECK(again.status == 202);
    CHECK(again.json["data"]["id"] == id);
    for (int i = 0; i < 500 && api.ask("GET", "/operations/" + id).json["data"]["progress"].is_null(); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    CHECK(api.ask("GET", "/operations/" + id).json["data"]["progress"]["text"] == "files");
    CHECK(api.ask("GET", "/operations?status=running").json["data"].size() == 1);
    CHECK(api.ask("POST", "/config/apply", with_body({{"plan_id", "p2"}})).status == 409);
    go_on.set_value();
    const Json done = ended(api, id);
    CHECK(done["status"] == "done");
    CHECK(done["result"]["generation"] == 2);
    CHECK(done["progress"].is_null());
    CHECK(done["error"].is_null());
    CHECK(done["started_by"] == "root");
    CHECK(begun.with([](const auto& all) { return all; }) == std::vector<std::string>{"apply p1"});
    const Json audit = api.ask("GET", "/audit").json["data"];
    REQUIRE(audit.size() == 1);
    CHECK(audit[0]["action"] == "config.apply");
    CHECK(audit[0]["target"] == "p1");
    CHECK(audit[0]["target_id"] == id);
}

TEST_CASE("what an operation fails with is kept, and so is that nobody heard how it ended") {
    Api api;
    api.work = [](const store::Operation& operation, const auto&, const auto&) -> Json {
        if (operation.argument == "9")
            throw Error(Code::not_found, "there is no generation 9", "GET /generations");
        const Error gone(Code::unavailable, "the supervisor went away");
        if (operation.argument == "3")
            throw api::Operations::Unheard(gone);
        throw gone;
    };
    const auto roll_back = [&](const std::string& generation) {
        const auto begun = api.ask("POST", "/generations/" + generation + "/rollback");
        REQUIRE(begun.status == 202);
        return ended(api, begun.json["data"]["id"]);
    };
    const Json failed = roll_back("9");
    CHECK(failed["status"] == "failed");
    CHECK(failed["error"]["code"] == "not_found");
    CHECK(failed["error"]["hint"] == "GET /generations");
    CHECK(failed["result"].is_null());
    CHECK(roll_back("3")["status"] == "interrupted");
    CHECK(roll_back("4")["status"] == "failed");
    CHECK(api.ask("POST", "/generations/x/rollback").status == 404);
    CHECK(api.ask("POST", "/generations/0/rollback").status == 404);
    CHECK(api.ask("GET", "/operations/019dc1a6-6f5e-7a4c-b5c0-3f0b0a1f5d11").status == 404);
    CHECK(api.ask("GET", "/operations?kind=rollback&sort=started_at&order=desc&limit=1").json["data"].size() == 1);
}

TEST_CASE("an operation that a killed process followed is interrupted when the next one starts") {
    Api api;
    api.database.write([](store::Database& database) {
        store::Operations(database).add({.id = "019dc1a6-6f5e-7a4c-b5c0-3f0b0a1f5d11",
                                         .kind = "apply",
                                         .argument = "p1",
                                         .result = {},
                                         .error = {},
                                         .started_by = "root",
                                         .started_at = "2026-11-24T10:00:00.000Z",
                                         .finished_at = {}});
        return 0;
    });
    const api::Operations next(api.ledger, api.work, [](const std::string&) {});
    const Json left = api.ask("GET", "/operations/019dc1a6-6f5e-7a4c-b5c0-3f0b0a1f5d11").json["data"];
    CHECK(left["status"] == "interrupted");
    CHECK(left["error"]["code"] == "unavailable");
    CHECK_FALSE(left["finished_at"].is_null());
}

TEST_CASE("the probes are run, and what they found last is kept") {
    Api api;
    CHECK(api.ask("GET", "/health/probes").json["data"]["ran_at"].is_null());
    api.work = [](const store::Operation& operation, const auto&, const auto&) {
        return Json{
            {"passed", 1},
            {"failed", 0},
            {"probes", {{{"probe", operation.argument}, {"passed", true}, {"detail", ""}, {"milliseconds", 3}}}}};
    };
    const auto run = [&](const test::Ask& ask) {
        const auto begun = api.ask("POST", "/health/probes/run", ask);
        REQUIRE(begun.status == 202);
        static_cast<void>(ended(api, begun.json["data"]["id"]));
        return api.ask("GET", "/health/probes").json["data"];
    };
    CHECK(run({})["probes"][0]["probe"] == "quick");
    const Json all = run(with_body({{"set", "all"}}));
    CHECK(all["probes"][0]["probe"] == "all");
    CHECK(all["passed"] == 1);
    CHECK_FALSE(all["ran_at"].is_null());
    CHECK(api.ask("POST", "/health/probes/run", with_body({{"set", "some"}})).status == 422);
}

TEST_CASE("figures come in Prometheus's text format, with or without the supervisor") {
    Api api;
    CHECK(api.ask("GET", "/helth").status == 404);
    const auto text = [&] {
        const auto answer = api.ask("GET", "/metrics");
        REQUIRE(answer.status == 200);
        CHECK(answer.response.type == "text/plain; version=0.0.4; charset=utf-8");
        return answer.response.body;
    };
    const auto has = [](const std::string& all, const std::string& line) {
        return all.find("\n" + line + "\n") != std::string::npos;
    };
    const std::string alone = text();
    CHECK(has(alone, "vectis_supervisor_up 0"));
    CHECK(has(alone, "vectis_api_requests_total{status=\"4xx\"} 1"));
    CHECK(alone.find("vectis_generation") == std::string::npos);
    api.figures = {
        {"generation", 7},
        {"services", {test::service("postfix"), {{"service", "redis"}, {"active", "missing"}, {"why", "x"}}}},
        {"queues", {{"deferred", 2}}},
        {"filter", {{"actions", {{"reject", 3}, {"add header", 4}}}, {"learned", 5}}},
        {"certificate", {{"days_left", 80}}},
        {"disks", {{{"folder", "/"}, {"bytes", 1000}, {"free", 500}}}},
        {"databases", {{"directory", 4096}}}};
    const std::string whole = text();
    for (const auto* line :
         {"vectis_supervisor_up 1", "vectis_generation 7", "vectis_service_active{service=\"postfix\"} 1",
          "vectis_service_active{service=\"redis\"} 0", "vectis_service_memory_bytes{service=\"postfix\"} 4096",
          "vectis_queue_messages{queue=\"deferred\"} 2", "vectis_messages_total{action=\"add header\"} 4",
          "vectis_messages_learned_total 5", "vectis_certificate_days 80", "vectis_disk_free_bytes{folder=\"/\"} 500",
          "vectis_database_bytes{database=\"directory\"} 4096"}) {
        INFO(line << "\n" << whole);
        CHECK(has(whole, line));
    }
    api.figures = {{"generation", 0},
                   {"queues", Json::object()},
                   {"services", Json::array()},
                   {"disks", Json::array()},
                   {"databases", Json::object()}};
    CHECK(has(text(), "vectis_generation 0"));
}

TEST_CASE("a daemon's last lines are shown, as many as are asked for") {
    Api api;
    const Json usual = api.ask("GET", "/logs/postfix").json["data"];
    CHECK(usual[0]["program"] == "postfix");
    CHECK(usual[0]["pid"] == 200);
    const Json chosen = api.ask("GET", "/logs/postfix?limit=7&since=2026-11-24T10:00:00.000Z").json["data"];
    CHECK(chosen[0]["pid"] == 7);
    CHECK(chosen[0]["at"] == "2026-11-24T10:00:00.000Z");
    CHECK(api.ask("GET", "/logs/postfix?limit=1001").status == 422);
    CHECK(api.ask("GET", "/logs/postfix?since=yesterday").status == 422);
}

TEST_CASE("what is done beside the database is done once for an Idempotency-Key; its failure is written down, too") {
    Api api;
    const auto restart = [&](const std::string& name) {
        return api.ask("POST", "/services/" + name + "/restart", with_body(nullptr, {{"idempotency-key", name}}))
            .status;
    };
    CHECK(restart("postfix") == 200);
    CHECK(restart("postfix") == 200);
    CHECK(restart("exim") == 404);
    CHECK(api.done == std::vector<std::string>{"restart postfix"});
    std::vector<std::string> told;
    const Json audit = api.ask("GET", "/audit").json["data"];
    for (const auto& row : audit)
        told.push_back(row["action"].get<std::string>() + " " + row["target"].get<std::string>());
    CHECK(told ==
          std::vector<std::string>{"service.restart.failed exim", "service.restart exim", "service.restart postfix"});
}

TEST_CASE("services and generations are what the supervisor says; a restart is written down") {
    Api api;
    const auto services = api.ask("GET", "/services");
    REQUIRE(services.status == 200);
    CHECK(services.json["data"].size() == 2);
    CHECK(services.json["data"][0]["why"].is_null());
    CHECK(api.ask("GET", "/generations").json["data"][0]["current"] == true);
    CHECK(api.ask("POST", "/services/postfix/restart").json["data"]["unit"] == "postfix.service");
    CHECK(api.done == std::vector<std::string>{"restart postfix"});
    const Json audit = api.ask("GET", "/audit").json["data"];
    REQUIRE(audit.size() == 1);
    CHECK(audit[0]["action"] == "service.restart");
    CHECK(audit[0]["target"] == "postfix");
}

TEST_CASE("the queue comes in pages, by what is asked for") {
    Api api;
    for (const auto* id : {"4gFw2xPqz9z3", "4gFw2xPqz9z1", "4gFw2xPqz9z2"})
        api.queue.push_back(message(id, std::string(id).back() == '2' ? "hold" : "deferred"));
    const auto first = api.ask("GET", "/queue?limit=2");
    CHECK(ids(first) == std::vector<std::string>{"4gFw2xPqz9z1", "4gFw2xPqz9z2"});
    const std::string cursor = first.json["meta"]["pagination"]["next_cursor"];
    const auto second = api.ask("GET", "/queue?limit=2&cursor=" + cursor);
    CHECK(ids(second) == std::vector<std::string>{"4gFw2xPqz9z3"});
    CHECK(second.json["meta"]["pagination"]["has_more"] == false);
    CHECK(ids(api.ask("GET", "/queue?order=desc")).front() == "4gFw2xPqz9z3");
    CHECK(ids(api.ask("GET", "/queue?queue=hold")) == std::vector<std::string>{"4gFw2xPqz9z2"});
    CHECK(ids(api.ask("GET", "/queue?sender=nobody@example.test")).empty());
}

TEST_CASE("a message is flushed, held, released and removed, and that is written down; another is not found") {
    Api api;
    api.queue.push_back(message("4gFw2xPqz9z1", "deferred"));
    const std::string path = "/queue/4gFw2xPqz9z1";
    for (const auto* action : {"flush", "hold", "release"})
        CHECK(api.ask("POST", path + "/" + action).json["data"]["action"] == action);
    CHECK(api.ask("DELETE", path).status == 422);
    CHECK(api.done.size() == 3);
    CHECK(api.ask("DELETE", path + "?confirm=4gFw2xPqz9z1").status == 200);
    CHECK(api.done.back() == "remove 4gFw2xPqz9z1");
    CHECK(api.ask("POST", "/queue/ALL/hold").status == 404);
    CHECK(api.ask("POST", "/queue/4gFw2xPqz9zX/hold").status == 404);
    std::vector<std::string> actions;
    const Json audit = api.ask("GET", "/audit").json.at("data");
    for (const auto& row : audit)
        actions.push_back(row.at("action"));
    CHECK(actions == std::vector<std::string>{"queue.hold.failed", "queue.hold", "queue.remove", "queue.release",
                                              "queue.hold", "queue.flush"});
}
