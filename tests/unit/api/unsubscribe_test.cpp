#include "mail/unsubscribe.hpp"
#include "served_api.hpp"
#include "store/messages.hpp"
#include "store/suppressions.hpp"

#include <httplib.h>

using namespace vectis;
using vectis::test::ServedApi;

namespace {

/// A server with a message whose readers have links.
struct LinkApi : ServedApi {
    LinkApi() : message(send()) {}

    /// Its id.
    std::string send(const Json& unsubscribe = {{"one_click", true}, {"mailto", "leave@example.test"}}) {
        const auto sent = post("/send", {{"from", {{"email", "shop@example.test"}}},
                                         {"to", {{{"email", "Anna@outside.test"}}, {{"email", "b'a&b@outside.test"}}}},
                                         {"subject", "News"},
                                         {"text", "x"},
                                         {"list_unsubscribe", unsubscribe}});
        INFO(sent.response.body);
        REQUIRE(sent.status == 202);
        return sent.json["data"]["id"];
    }
    std::string link(std::size_t which) {
        const auto rows =
            database.read([&](store::Database& open) { return store::Messages(open).recipients(message); });
        return "/unsubscribe/" +
               mail::unsubscribe_token({.recipient = rows.at(which).id, .message = message}, services.unsubscribe_key);
    }
    httplib::Result get(const std::string& path) { return httplib::Client("127.0.0.1", port).Get(path); }
    httplib::Result click(const std::string& path, const std::string& body = "List-Unsubscribe=One-Click",
                          const std::string& type = "application/x-www-form-urlencoded") {
        return httplib::Client("127.0.0.1", port).Post(path, body, type);
    }
    Json suppressions() { return ask("GET", "/suppressions").json["data"]; }
    std::size_t told() {
        std::size_t count = 0;
        const Json events = ask("GET", "/messages/" + message + "/events").json["data"];
        for (const auto& each : events)
            count += each["type"] == "message.unsubscribed" ? 1 : 0;
        return count;
    }

    std::string message;
};

} // namespace

TEST_CASE("a link shows who would unsubscribe from what, and changes nothing; its button does, once") {
    LinkApi api;
    const std::string path = api.link(0);
    for (int i = 0; i < 2; ++i) {
        const auto page = api.get(path);
        REQUIRE(page);
        CHECK(page->status == 200);
        CHECK(page->get_header_value("Content-Type") == "text/html; charset=utf-8");
        CHECK_FALSE(page->has_header("Set-Cookie"));
        CHECK(page->get_header_value("Cache-Control") == "no-store");
        CHECK(page->body.find("example.test") != std::string::npos);
        CHECK(page->body.find("Anna@outside.test") != std::string::npos);
        CHECK(page->body.find("<form method=\"post\">") != std::string::npos);
    }
    CHECK(api.suppressions().empty());
    CHECK(api.told() == 0);
    for (int i = 0; i < 3; ++i) {
        const auto done = api.click(path);
        REQUIRE(done);
        CHECK(done->status == 200);
        CHECK_FALSE(done->has_header("Set-Cookie"));
        CHECK_FALSE(done->has_header("Location"));
    }
    const Json rows = api.suppressions();
    REQUIRE(rows.size() == 1);
    CHECK(rows[0]["address"] == "anna@outside.test");
    CHECK(rows[0]["domain"] == "example.test");
    CHECK(rows[0]["reason"] == "unsubscribe");
    CHECK(rows[0]["source"] == api.message);
    CHECK(api.told() == 1);

    // To them nothing more is sent; to the other one it is.
    api.message = api.send();
    const Json again = api.ask("GET", "/messages/" + api.message).json["data"]["recipients"];
    CHECK(again[0]["status"] == "suppressed");
    CHECK(again[1]["status"] == "queued");
    // Somebody takes it back, and they say it anew.
    const std::string id = rows[0]["id"];
    CHECK(api.ask("DELETE", "/suppressions/" + id + "?confirm=anna@outside.test").status == 200);
    CHECK(api.click(path)->status == 200);
    CHECK(api.suppressions().size() == 1);
}

TEST_CASE("an address is shown as it is, and a mail provider's form is taken as a person's") {
    LinkApi api;
    const std::string path = api.link(1);
    CHECK(api.get(path)->body.find("b&#39;a&amp;b@outside.test") != std::string::npos);
    const std::string form =
        "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n";
    CHECK(api.click(path, form, "multipart/form-data; boundary=x")->status == 200);
    CHECK(api.told() == 1);
}

TEST_CASE("what is suppressed stays as it is, and is told all the same") {
    LinkApi api;
    REQUIRE(api.post("/suppressions", {{"domain", "example.test"}, {"address", "anna@outside.test"}}).status == 201);
    const Json before = api.suppressions();
    CHECK(api.click(api.link(0))->status == 200);
    CHECK(api.click(api.link(0))->status == 200);
    CHECK(api.suppressions() == before);
    CHECK(api.told() == 1);
}

TEST_CASE("a link that nobody was given is none, and one whose message is gone says so") {
    LinkApi api;
    const std::string path = api.link(0);
    std::string forged = path;
    forged.back() = forged.back() == 'a' ? 'b' : 'a';
    for (const auto& each : {forged, path + "a", path.substr(0, path.size() - 1), std::string("/unsubscribe/"),
                             "/unsubscribe/" + std::string(64, 'a'), path + "/"}) {
        CHECK(api.get(each)->status == 404);
        CHECK(api.click(each)->status == 404);
    }
    CHECK(api.get("/unsubscribe")->status == 404);
    CHECK(api.get("/api/v1" + path)->status == 404);
    CHECK(api.click(path, "List-Unsubscribe=no")->status == 400);
    CHECK(api.click(path, "")->status == 400);
    CHECK(api.click(path, "{}", "application/json")->status == 415);
    CHECK(api.click(path, std::string(9000, 'x'))->status == 413);
    CHECK(httplib::Client("127.0.0.1", api.port).Put(path, "x", "text/plain")->status == 405);
    CHECK(api.suppressions().empty());
    api.database.write([&](store::Database& open) {
        open.execute("delete from messages");
        return true;
    });
    CHECK(api.get(path)->status == 410);
    CHECK(api.click(path)->status == 410);
    // Its number is another recipient's now.
    const std::string first = api.message;
    api.message = api.send();
    CHECK(api.get(path)->status == 410);
    CHECK(api.click(path)->status == 410);
    CHECK(api.get(api.link(0))->status == 200);
    CHECK(api.suppressions().empty());
}

TEST_CASE("with a URL of the sender's own, or without one-click, there is no link of this server's") {
    LinkApi api;
    const auto message = [&](const std::string& id) {
        return api.database.read([&](store::Database& open) { return store::Messages(open).find(id).value(); });
    };
    CHECK(message(api.message).unsubscribe_url == "https://mail.example.test/unsubscribe/");
    CHECK(message(api.message).unsubscribe_mailto == "mailto:leave@example.test");
    const auto content = [&](const std::string& id) {
        return api.database.read([&](store::Database& open) { return store::Messages(open).content(id).value(); });
    };
    CHECK(content(api.message).find("List-Unsubscribe") == std::string::npos);
    const std::string own = api.send({{"url", "https://example.test/u"}, {"one_click", true}});
    CHECK_FALSE(message(own).unsubscribe_url);
    CHECK(content(own).find("List-Unsubscribe: <https://example.test/u>\r\n") != std::string::npos);
    CHECK(content(own).find("List-Unsubscribe-Post: ") != std::string::npos);
    const std::string mailto = api.send({{"mailto", "leave@example.test"}});
    CHECK_FALSE(message(mailto).unsubscribe_url);
    CHECK(content(mailto).find("List-Unsubscribe: <mailto:leave@example.test>\r\n") != std::string::npos);
    CHECK(content(mailto).find("List-Unsubscribe-Post: ") == std::string::npos);
}

TEST_CASE("who follows links is slowed down like every stranger") {
    LinkApi api;
    httplib::Client client("127.0.0.1", api.port);
    client.set_keep_alive(true);
    int refused = 0;
    for (int i = 0; i < 310; ++i)
        refused += client.Get("/unsubscribe/x")->status == 429 ? 1 : 0;
    CHECK(refused > 0);
}
