#include "api/answer.hpp"
#include "api/server.hpp"
#include "base/text.hpp"
#include "catch.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>

#include <poll.h>
#include <thread>

using namespace vectis;
using namespace vectis::api;

namespace {

/// A server on a port of its own that says what it was asked.
class Running {
  public:
    Running() {
        UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        REQUIRE(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) == 0); // NOLINT: the sockets API's own way
        REQUIRE(listen(fd.get(), 512) == 0);
        REQUIRE(getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0); // NOLINT
        address_ = address;
        std::vector<Listener> listeners;
        listeners.push_back({std::move(fd), Door::local});
        server_ = std::make_unique<Server>(std::move(listeners), [](Request& request) { return echo(request); });
        thread_ = std::jthread([this](const std::stop_token& stop) { server_->run(stop); });
    }

    [[nodiscard]] UniqueFd dial() const {
        UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        REQUIRE(connect(fd.get(), reinterpret_cast<const sockaddr*>(&address_), sizeof address_) == 0); // NOLINT
        return fd;
    }

    void stop() { thread_.request_stop(); }

  private:
    static Response echo(Request& request) {
        try {
            if (request.path == "/unread")
                return {.status = 202, .body = "unread", .fields = {}};
            if (request.path == "/form") {
                std::string told;
                for (const auto& each : request.form(100000))
                    told += fmt::format("[{}|{}|{}|{}]", each.name, each.filename, each.content_type, each.content);
                return {.body = told, .fields = {}};
            }
            if (request.path == "/slow")
                std::this_thread::sleep_for(std::chrono::milliseconds(300));
            return {.body = request.method + " " + request.path + " " + request.body(1000), .fields = {}};
        } catch (const HttpError& error) {
            return problem(request.id, error);
        }
    }

    sockaddr_in address_{};
    std::unique_ptr<Server> server_;
    std::jthread thread_;
};

void say(const UniqueFd& fd, std::string_view text) {
    REQUIRE(send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
}

/// What comes until the other side closes, or until `bytes` have come.
std::string hear(const UniqueFd& fd, const std::string& until = {}) {
    std::string text;
    pollfd one{.fd = fd.get(), .events = POLLIN, .revents = 0};
    while ((until.empty() || text.find(until) == std::string::npos) && poll(&one, 1, 10000) == 1) {
        std::array<char, 4096> bytes{};
        const auto size = recv(fd.get(), bytes.data(), bytes.size(), 0);
        if (size <= 0)
            break;
        text.append(bytes.data(), static_cast<std::size_t>(size));
    }
    return text;
}

std::string asked_once(const Running& server, std::string_view request) {
    const auto fd = server.dial();
    say(fd, request);
    shutdown(fd.get(), SHUT_WR);
    return hear(fd);
}

/// How many begin in it: a status line, not the words of one.
std::size_t answers_in(const std::string& text) {
    constexpr std::string_view version = "HTTP/1.1 ";
    std::size_t count = 0;
    for (auto at = text.find(version); at != std::string::npos; at = text.find(version, at + 1))
        count += at + version.size() < text.size() && std::isdigit(text[at + version.size()]) != 0 ? 1 : 0;
    return count;
}

} // namespace

TEST_CASE("requests are answered one after the other on a connection that stays") {
    const Running server;
    const auto fd = server.dial();
    for (int i = 0; i < 3; ++i) {
        say(fd, "POST /a%20b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
        const auto text = hear(fd, "hello");
        CHECK(text.starts_with("HTTP/1.1 200"));
        CHECK(text.ends_with("POST /a b hello"));
    }
}

TEST_CASE("requests that come together are answered in order, however they are cut") {
    const Running server;
    const auto fd = server.dial();
    const std::string both =
        "POST /one HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nabGET /two HTTP/1.1\r\nHost: x\r\n\r\n";
    say(fd, both);
    const auto text = hear(fd, "GET /two ");
    CHECK(text.find("POST /one ab") < text.find("GET /two "));
    for (std::size_t cut = 1; cut < both.size(); cut += 7) {
        say(fd, both.substr(0, cut));
        say(fd, both.substr(cut));
        const auto again = hear(fd, "GET /two ");
        CHECK(answers_in(again) == 2);
    }
}

TEST_CASE("a body that nobody has read is no next request") {
    const Running server;
    const auto text = asked_once(server, "POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 40\r\n\r\n"
                                         "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n12345");
    CHECK(answers_in(text) == 1);
    CHECK(text.find("Connection: close") != std::string::npos);
    CHECK(text.find("smuggled") == std::string::npos);
}

TEST_CASE("a body is read to its limit, whatever its length says") {
    const Running server;
    const std::string large(2000, 'x');
    CHECK(asked_once(server, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\n" + large)
              .starts_with("HTTP/1.1 413"));
    CHECK(asked_once(server, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999\r\n\r\n")
              .starts_with("HTTP/1.1 413"));
    CHECK(asked_once(server, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
              .starts_with("HTTP/1.1 411"));
    CHECK(
        asked_once(server, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc").starts_with("HTTP/1.1 400"));
}

TEST_CASE("an answer is whole and as it is, whatever part or form of it is asked for") {
    const Running server;
    const std::string plain = asked_once(server, "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
    REQUIRE(plain.ends_with("POST /x hello"));
    for (const auto* field : {"Range: bytes=0-1", "RANGE: bytes=-,-,-,-", "range: bytes=900-", "Range: x",
                              "If-Range: \"a\"\r\nRange: bytes=0-0", "Accept-Encoding: br, gzip"}) {
        const auto text = asked_once(server, std::string("POST /x HTTP/1.1\r\nHost: x\r\n") + field +
                                                 "\r\nContent-Length: 5\r\n\r\nhello");
        CHECK(text.starts_with("HTTP/1.1 200"));
        CHECK(text.ends_with("\r\n\r\nPOST /x hello"));
        CHECK(text.find("Content-Encoding") == std::string::npos);
        CHECK(text.find("Content-Range") == std::string::npos);
    }
}

TEST_CASE("who still sends while it is refused gets to read why") {
    const Running server;
    const auto fd = server.dial();
    const std::string large(900'000, 'x');
    say(fd, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n");
    std::this_thread::sleep_for(std::chrono::milliseconds(100)); // by now it is answered
    say(fd, large);
    const auto text = hear(fd);
    CHECK(text.starts_with("HTTP/1.1 413"));
    CHECK(answers_in(text) == 1);
}

TEST_CASE("what is no request is answered by a problem document and closed") {
    const Running server;
    for (const auto* request :
         {"GET / HTTP/1.1\r\n\r\n", "hello\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx",
          "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"}) {
        const auto text = asked_once(server, request);
        CHECK(answers_in(text) == 1);
        CHECK(text.starts_with("HTTP/1.1 400"));
        const Json json = parse_json(text.substr(text.find("\r\n\r\n") + 4));
        CHECK(json["status"] == 400);
        CHECK_FALSE(json["detail"].get<std::string>().empty());
    }
    CHECK(
        asked_once(server, "GET / HTTP/1.1\r\nX: " + std::string(20000, 'y') + "\r\n\r\n").starts_with("HTTP/1.1 431"));
}

TEST_CASE("many clients that keep their connections open starve nobody") {
    const Running server;
    std::vector<UniqueFd> connections;
    for (int i = 0; i < 256; ++i)
        connections.push_back(server.dial());
    for (int round = 0; round < 3; ++round) {
        for (const auto& each : connections)
            say(each, "GET /x HTTP/1.1\r\nHost: x\r\n\r\n");
        for (const auto& each : connections)
            CHECK(hear(each, "GET /x ").starts_with("HTTP/1.1 200"));
    }
}

TEST_CASE("who was let in before the server stops has their turn") {
    Running server;
    const auto fd = server.dial();
    std::this_thread::sleep_for(std::chrono::milliseconds(100)); // by now it is accepted
    server.stop();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    say(fd, "GET /late HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(hear(fd, "GET /late ").starts_with("HTTP/1.1 200"));
}

TEST_CASE("what was begun is ended when the server stops") {
    Running server;
    const auto busy = server.dial();
    say(busy, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    server.stop();
    CHECK(hear(busy).ends_with("GET /slow "));
}

namespace {

std::string ask_form(const std::string& type, const std::string& body) {
    const Running server;
    const auto client = server.dial();
    say(client, fmt::format("POST /form HTTP/1.1\r\nHost: x\r\nContent-Type: {}\r\nContent-Length: {}\r\n"
                            "Connection: close\r\n\r\n{}",
                            type, body.size(), body));
    return hear(client);
}

} // namespace

TEST_CASE("a form is read in each of the ways in which it is written") {
    const std::string part = "--b\r\nContent-Disposition: form-data; name=";
    const auto told = ask_form("multipart/form-data; boundary=b",
                               part + "\"to\"\r\n\r\nanna\r\n" + part + "\"to\"\r\n\r\n\r\n" + part +
                                   "\"file\"; filename=\"Größe.eml\"\r\nContent-Type: message/rfc822\r\n\r\n"
                                   "A: b\r\n\r\n--x\r\n-b\r\n--b--\r\n");
    CHECK(told.find("[to|||anna][to|||][file|Größe.eml|message/rfc822|A: b\r\n\r\n--x\r\n-b]") != std::string::npos);
    CHECK(ask_form("application/x-www-form-urlencoded", "to=a%40b&text=x+y%0D%0A&to=c&&empty=&bare")
              .find("[to|||a@b][text|||x y\r\n][to|||c][empty|||][bare|||]") != std::string::npos);
}

TEST_CASE("what is no form, breaks off, or would take long to read is refused") {
    const std::string part = "--b\r\nContent-Disposition: form-data; name=";
    const std::string type = "multipart/form-data; boundary=b";
    CHECK(ask_form("application/json", "{}").starts_with("HTTP/1.1 415 "));
    CHECK(ask_form("multipart/form-data", "x").starts_with("HTTP/1.1 415 "));
    CHECK(ask_form(type, "x").starts_with("HTTP/1.1 400 "));
    CHECK(ask_form(type, part + "\"to\"\r\n\r\nanna").starts_with("HTTP/1.1 400 "));
    CHECK(ask_form(type, std::string(100001, 'x')).starts_with("HTTP/1.1 413 "));
    std::string many;
    for (int i = 0; i < 2001; ++i)
        many += part + "\"\"\r\n\r\n\r\n";
    CHECK(ask_form(type, many).starts_with("HTTP/1.1 413 "));
    // The library reads these lines by a std::regex, which goes as deep as they are long.
    for (const std::size_t size : {8000U, 90000U}) {
        const auto told = ask_form(type, part + "\"" + std::string(size, 'x') + "\"\r\n\r\na\r\n--b--\r\n");
        CHECK((told.starts_with("HTTP/1.1 400 ") || told.starts_with("HTTP/1.1 200 ")));
    }
}
