#include "mail/tracking.hpp"
#include "served_api.hpp"
#include "store/messages.hpp"

#include <httplib.h>

using namespace vectis;
using vectis::test::ServedApi;

namespace {

/// A server with a message that is tracked.
struct TrackingApi : ServedApi {
    TrackingApi() {
        const auto sent = send({{"opens", true}, {"clicks", true}});
        INFO(sent.response.body);
        REQUIRE(sent.status == 202);
        message = sent.json["data"]["id"];
    }

    static Json body(const Json& tracking) {
        return {{"from", {{"email", "shop@example.test"}}},
                {"to", {{{"email", "anna@outside.test"}}, {{"email", "bert@outside.test"}}}},
                {"subject", "News"},
                {"html", "<a href='https://a.test/?x=1&amp;y=2'>a</a><a href='mailto:x@a.test'>m</a>"
                         "<a href=\"http://b.test/é\">b</a>"},
                {"tracking", tracking}};
    }
    test::Answer send(const Json& tracking) { return post("/send", body(tracking)); }
    std::string token(mail::Reading reading, std::size_t which = 0) {
        const auto rows =
            database.read([&](store::Database& open) { return store::Messages(open).recipients(message); });
        return mail::reading_token(reading, {.recipient = rows.at(which).id, .message = message},
                                   services.tracking_key);
    }
    std::string click(std::size_t which, const std::string& number) {
        return "/click/" + token(mail::Reading::clicked, which) + "/" + number;
    }
    std::string picture(std::size_t which) { return "/open/" + token(mail::Reading::opened, which); }
    httplib::Result get(const std::string& path) {
        return httplib::Client("127.0.0.1", port).Get(path, {{"User-Agent", "Reader/1"}, {"Cookie", "a=b"}});
    }
    Json events(const std::string& type) {
        Json found = Json::array();
        const Json all = ask("GET", "/messages/" + message + "/events").json["data"];
        for (const auto& each : all) {
            if (each["type"] == type)
                found.push_back(each);
        }
        return found;
    }
    Json recipients() { return ask("GET", "/messages/" + message).json["data"]["recipients"]; }

    std::string message;
};

} // namespace

TEST_CASE("a link leads on to what it was, and is told of") {
    TrackingApi api;
    CHECK(api.recipients()[0]["clicked_at"].is_null());
    // The library's client decodes what it reads; tests/flow/tracking_test.py sees the field itself.
    for (const auto& [number, url] :
         {std::pair{"0", "https://a.test/?x=1&y=2"}, std::pair{"1", "http://b.test/\xC3\xA9"}}) {
        const auto answer = api.get(api.click(0, number));
        REQUIRE(answer);
        CHECK(answer->status == 302);
        CHECK(httplib::detail::decode_url(answer->get_header_value("Location"), false) == url);
        CHECK(answer->get_header_value("Cache-Control") == "no-store");
        CHECK(answer->get_header_value("Referrer-Policy") == "no-referrer");
        CHECK_FALSE(answer->has_header("Set-Cookie"));
    }
    const Json events = api.events("message.clicked");
    REQUIRE(events.size() == 2);
    CHECK(events[0]["recipient"] == "anna@outside.test");
    CHECK(events[0]["data"]["url"] == "https://a.test/?x=1&y=2");
    CHECK(events[0]["data"]["link"] == 0);
    CHECK(events[0]["data"]["user_agent"] == "Reader/1");
    CHECK(events[0]["data"]["first"] == true);
    CHECK(events[1]["data"]["first"] == false);
    CHECK(events[1]["data"]["url"] == "http://b.test/%C3%A9");
    CHECK(events[0]["told"].get<std::string>().find("https://a.test/?x=1&y=2") != std::string::npos);
    CHECK(to_text(events).find("127.0.0.1") == std::string::npos);
    CHECK(api.recipients()[0]["clicked_at"] == events[0]["at"]);
    CHECK(api.recipients()[0]["opened_at"].is_null());
    CHECK(api.recipients()[1]["clicked_at"].is_null());
    const Json figures = api.ask("GET", "/analytics").json["data"]["groups"][0]["figures"];
    CHECK(figures["clicked"] == 1);
    CHECK_FALSE(figures.contains("opened"));
}

TEST_CASE("a picture is the same for everybody, and told of once it is somebody's") {
    TrackingApi api;
    const auto answer = api.get(api.picture(1));
    REQUIRE(answer);
    CHECK(answer->status == 200);
    CHECK(answer->get_header_value("Content-Type") == "image/gif");
    CHECK(answer->get_header_value("Cache-Control") == "no-store");
    CHECK_FALSE(answer->has_header("Set-Cookie"));
    CHECK(answer->body.size() == 43);
    CHECK(answer->body.starts_with("GIF89a"));
    CHECK(answer->body.ends_with(";"));
    for (const auto& path : {std::string("/open/"), std::string("/open/x"), "/open/" + std::string(64, 'a'),
                             api.picture(1) + "/1", "/open/" + api.token(mail::Reading::clicked)}) {
        const auto same = api.get(path);
        CHECK(same->status == 200);
        CHECK(same->body == answer->body);
    }
    const Json events = api.events("message.opened");
    REQUIRE(events.size() == 1);
    CHECK(events[0]["recipient"] == "bert@outside.test");
    CHECK(events[0]["data"]["user_agent"] == "Reader/1");
    CHECK(api.recipients()[1]["opened_at"] == events[0]["at"]);
    for (int i = 0; i < 60; ++i)
        CHECK(api.get(api.picture(1))->status == 200);
    CHECK(api.events("message.opened").size() == 50);
    CHECK(api.ask("GET", "/analytics").json["data"]["groups"][0]["figures"]["opened"] == 1);
}

TEST_CASE("who only looks whether there is anything is told the same, and is no event") {
    TrackingApi api;
    httplib::Client client("127.0.0.1", api.port);
    const auto picture = client.Head(api.picture(0));
    REQUIRE(picture);
    CHECK(picture->status == 200);
    CHECK(picture->get_header_value("Content-Length") == "43");
    const auto link = client.Head(api.click(0, "0"));
    REQUIRE(link);
    CHECK(link->status == 302);
    CHECK(link->get_header_value("Location") == "https://a.test/?x=1&y=2");
    CHECK(client.Post(api.click(0, "0"), "x", "text/plain")->status == 405);
    CHECK(client.Post(api.picture(0), "x", "text/plain")->status == 405);
    CHECK(api.events("message.clicked").empty());
    CHECK(api.events("message.opened").empty());
}

TEST_CASE("no link leads anywhere but to the message's own") {
    TrackingApi api;
    const std::string path = api.click(0, "0");
    std::string forged = path;
    forged[10] = forged[10] == 'a' ? 'b' : 'a';
    const std::string token = api.token(mail::Reading::clicked);
    for (const auto& each :
         {forged, std::string("/click/"), std::string("/click/x/0"), "/click/" + token, "/click/" + token + "/",
          "/click/" + token + "/2", "/click/" + token + "/-1", "/click/" + token + "/00", "/click/" + token + "/0/",
          "/click/" + token + "/0x", "/click/" + token + "/99999999999999999999",
          "/click/" + token + "/%68ttps://c.test", "/click/" + api.token(mail::Reading::opened) + "/0"}) {
        INFO(each);
        const auto answer = api.get(each);
        CHECK(answer->status == 404);
        CHECK_FALSE(answer->has_header("Location"));
    }
    CHECK(api.get("/click")->status == 404);
    CHECK(api.get("/api/v1" + path)->status == 404);
    CHECK(api.events("message.clicked").empty());
    api.database.write([&](store::Database& open) {
        open.execute("delete from messages");
        return true;
    });
    CHECK(api.get(path)->status == 410);
}

TEST_CASE("a reader is led on though nothing can be written down") {
    TrackingApi api;
    const std::string path = api.click(0, "0");
    api.database.write([](store::Database& open) {
        open.execute("create trigger full before insert on events begin select raise(abort, 'full'); end");
        return true;
    });
    const auto before = api.logged.size();
    CHECK(api.get(path)->get_header_value("Location") == "https://a.test/?x=1&y=2");
    CHECK(api.get(api.picture(0))->body.size() == 43);
    CHECK(api.logged.size() == before + 2);
    CHECK(api.recipients()[0]["clicked_at"].is_null());
    CHECK(api.logged.back().find(api.token(mail::Reading::opened)) == std::string::npos);
}

TEST_CASE("nobody is followed unless whoever sends asks, and only where there is something to follow") {
    TrackingApi api;
    const auto tracked = [&](const test::Answer& sent) {
        REQUIRE(sent.status == 202);
        return api.database.read(
            [&](store::Database& open) { return store::Messages(open).readings().html(sent.json["data"]["id"]); });
    };
    Json plain = TrackingApi::body(nullptr);
    plain.erase("tracking");
    const auto sent = api.post("/send", plain);
    CHECK_FALSE(tracked(sent));
    const Json message = api.ask("GET", "/messages/" + sent.json["data"]["id"].get<std::string>()).json["data"];
    CHECK(message["tracking"] == Json{{"opens", false}, {"clicks", false}});
    CHECK_FALSE(tracked(api.send(Json::object())));
    CHECK_FALSE(tracked(api.send({{"opens", false}, {"clicks", false}})));
    const auto opens = tracked(api.send({{"opens", true}}));
    REQUIRE(opens);
    CHECK(opens->pixel);
    CHECK(opens->links.empty());
    const auto clicks = tracked(api.send({{"clicks", true}}));
    REQUIRE(clicks);
    CHECK_FALSE(clicks->pixel);
    CHECK(clicks->links.size() == 2);
    CHECK(clicks->base == "https://mail.example.test/");

    const auto pointers = [](const test::Answer& refused) {
        CHECK(refused.status == 422);
        std::vector<std::string> all;
        for (const auto& each : refused.json["errors"])
            all.push_back(each["pointer"]);
        return all;
    };
    Json text = TrackingApi::body({{"opens", true}, {"clicks", true}});
    text.erase("html");
    text["text"] = "https://a.test/";
    CHECK(pointers(api.post("/send", text)) == std::vector<std::string>{"/tracking/opens", "/tracking/clicks"});
    text["tracking"] = {{"opens", true}, {"clicks", false}};
    CHECK(pointers(api.post("/send/batch", {{"messages", {plain, text}}})) ==
          std::vector<std::string>{"/messages/1/tracking/opens"});
    text["tracking"] = {{"opens", false}};
    CHECK(api.post("/send", text).status == 202);
    CHECK(pointers(api.send({{"open", true}})) == std::vector<std::string>{"/tracking/open"});
    CHECK(pointers(api.send({{"opens", "yes"}})) == std::vector<std::string>{"/tracking/opens"});
    Json many = TrackingApi::body({{"clicks", true}});
    many["html"] = "";
    for (std::size_t i = 0; i <= mail::most_links; ++i)
        many["html"] = many["html"].get<std::string>() + "<a href=http://a.test>";
    CHECK(pointers(api.post("/send", many)) == std::vector<std::string>{"/tracking/clicks"});
    CHECK(pointers(api.post("/send/raw", {{"raw", "eA=="}, {"tracking", {{"opens", true}}}})) ==
          std::vector<std::string>{"/tracking"});
}

TEST_CASE("what belongs to the HTML of each recipient is forgotten with what goes out, its links with the message") {
    TrackingApi api;
    const auto count = [&](const std::string& table) {
        return api.database.read([&](store::Database& open) {
            auto select = open.prepare("select count(*) from " + table);
            return select.step() ? select.integer(0) : -1;
        });
    };
    CHECK(count("tracked_html") == 1);
    CHECK(count("tracked_links") == 2);
    CHECK(api.ask("POST", "/messages/" + api.message + "/cancel").status == 200);
    CHECK(count("tracked_html") == 0);
    CHECK(count("tracked_links") == 2);
    CHECK(api.get(api.click(1, "0"))->status == 302);
    CHECK(count("readings") == 1);
    api.database.write([&](store::Database& open) {
        open.execute("delete from messages");
        return true;
    });
    CHECK(count("tracked_links") == 0);
    CHECK(count("readings") == 0);
}
