#include "base/text.hpp"
#include "catch.hpp"
#include "local_server.hpp"
#include "web/client.hpp"

#include <cstdlib>
#include <set>

using namespace std::string_literals;
using namespace vectis;
using namespace vectis::web;
using vectis::test::Listening;
using vectis::test::LocalDns;
using vectis::test::LocalServer;
using vectis::test::Peer;

namespace {

const std::vector<IpNetwork> this_host{parse_ip_network("127.0.0.0/8").value(), parse_ip_network("::1").value()};

WebOptions local_options(std::uint16_t port) {
    return {.allow_networks = this_host, .ports = {port}, .ca_file = {}};
}

WebOptions hasty_options(std::uint16_t port) {
    WebOptions options = local_options(port);
    options.limit = std::chrono::milliseconds(400);
    return options;
}

/// Answers each request on a connection with `answer`.
LocalServer::Serve always(const std::string& answer) {
    return [answer](Peer& peer) {
        while (!peer.request().empty() && peer.say(answer)) {
        }
    };
}

const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Posts once to a server that does `serve`.
WebAnswer answer_of(const LocalServer::Serve& serve,
                    const std::function<WebOptions(std::uint16_t)>& options = local_options) {
    LocalServer server(serve);
    LocalDns dns({"127.0.0.1"});
    return WebClient(dns.lookup(), options(server.port())).post(server.url(), {}, "{}");
}

} // namespace

TEST_CASE("a post arrives as it was given, and its answer as it came") {
    Guarded<std::string> request;
    LocalServer server([&](Peer& peer) {
        request.with([&](std::string& text) { text = peer.request(); });
        peer.say("HTTP/1.1 202 Accepted\r\nContent-Type: text/plain\r\nX-Two: a\r\nx-two: b\r\nRetry-After:  7 \r\n"
                 "Content-Length: 5\r\n\r\nhe\0lo"s);
    });
    LocalDns dns({"127.0.0.1"});
    WebClient client(dns.lookup(), local_options(server.port()));
    const auto answer =
        client.post(server.url("Hook.Example.test", "/a/../b?c=%0d%0a"),
                    {{"Content-Type", "application/json"}, {"webhook-id", "msg_1"}, {"X-Empty", ""}}, "{\"a\":1}");
    INFO(answer.detail);
    CHECK(answer.answered());
    CHECK(answer.status == 202);
    CHECK(answer.body == "he\0lo"s);
    CHECK(answer.address == "127.0.0.1");
    CHECK(answer.headers ==
          std::map<std::string, std::string>{
              {"content-type", "text/plain"}, {"x-two", "a, b"}, {"retry-after", "7"}, {"content-length", "5"}});
    const auto text = request.with([](const std::string& kept) { return kept; });
    CHECK(text.starts_with("POST /a/../b?c=%0d%0a HTTP/1.1\r\n"));
    CHECK(text.ends_with("\r\n\r\n{\"a\":1}"));
    std::multiset<std::string> lines;
    for (const auto& line : split(text.substr(0, text.find("\r\n\r\n")), '\n'))
        lines.insert(std::string(trim(line)));
    lines.erase("POST /a/../b?c=%0d%0a HTTP/1.1");
    CHECK(lines == std::multiset<std::string>{"Host: hook.example.test:" + std::to_string(server.port()), "Accept: */*",
                                              "Content-Type: application/json", "webhook-id: msg_1",
                                              "X-Empty:", "Content-Length: 7"});
}

TEST_CASE("a body may be empty, or large") {
    Guarded<std::string> request;
    LocalServer server([&](Peer& peer) {
        request.with([&](std::string& text) { text = peer.request(); });
        peer.say(ok);
    });
    LocalDns dns({"127.0.0.1"});
    WebClient client(dns.lookup(), local_options(server.port()));
    const std::string large(3'000'000, 'x');
    for (const std::string_view body : {std::string_view(), std::string_view("\0\r\n", 3), std::string_view(large)}) {
        CHECK(client.post(server.url(), {}, body).status == 200);
        const auto text = request.with([](const std::string& kept) { return kept; });
        CHECK(text.find("Content-Length: " + std::to_string(body.size()) + "\r\n") != std::string::npos);
        CHECK(text.find("Content-Type") == std::string::npos);
        CHECK(text.find("Expect") == std::string::npos);
        CHECK((text.substr(text.find("\r\n\r\n") + 4) == body)); // not said: it is long
    }
}

TEST_CASE("any status is an answer, and none is followed") {
    LocalServer closed(always(ok), "127.0.0.1");
    for (const int status : {204, 301, 302, 303, 307, 308, 401, 407, 410, 429, 500, 599}) {
        INFO(status);
        const auto answer =
            answer_of(always("HTTP/1.1 " + std::to_string(status) + " X\r\nLocation: " + closed.url("127.0.0.1") +
                             "\r\nWWW-Authenticate: Basic realm=x\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"));
        INFO(answer.detail);
        CHECK(answer.answered());
        CHECK(answer.status == status);
        CHECK(answer.headers.at("location") == closed.url("127.0.0.1"));
    }
    CHECK(closed.count() == 0);
}

TEST_CASE("an answer ends by its length, its chunks or with the connection") {
    CHECK(
        answer_of(
            always("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: u\r\n\r\n"))
            .body == "abcde");
    CHECK(answer_of([](Peer& peer) {
              peer.request();
              peer.say("HTTP/1.0 200 OK\r\n\r\nto the end");
          }).body == "to the end");
    CHECK(answer_of(always("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok)).status == 200);
    // As it came: nothing is unpacked.
    CHECK(answer_of(always("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc")).body == "abc");
}

TEST_CASE("of a long answer the beginning is kept, and the rest is not read") {
    const auto short_options = [](std::uint16_t port) {
        auto options = local_options(port);
        options.longest_answer = 1000;
        return options;
    };
    const auto endless = [](Peer& peer) {
        peer.request();
        peer.say("HTTP/1.1 200 OK\r\n\r\n");
        while (peer.say(std::string(5000, 'x'))) {
        }
    };
    auto answer = answer_of(endless, short_options);
    INFO(answer.detail);
    CHECK(answer.status == 200);
    CHECK(answer.body == std::string(1000, 'x'));
    answer = answer_of(endless);
    CHECK(answer.status == 200);
    CHECK(answer.body.size() == 65536);
    for (const std::size_t size : {999U, 1000U, 1001U}) {
        answer = answer_of(
            always("HTTP/1.1 500 Oh\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" + std::string(size, 'y')),
            short_options);
        CHECK(answer.status == 500);
        CHECK(answer.body.size() == std::min<std::size_t>(size, 1000));
    }
    answer = answer_of(
        [](Peer& peer) {
            peer.request();
            peer.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            while (peer.say("7\r\nendless\r\n")) {
            }
        },
        short_options);
    CHECK(answer.status == 200);
    CHECK(answer.body.size() == 1000);
}

TEST_CASE("who says nothing, or too slowly, is left at the limit") {
    const auto drip = [](const std::string& beginning, const std::string& drop) {
        return [beginning, drop](Peer& peer) {
            peer.request();
            peer.say(beginning);
            while (peer.say(drop))
                peer.pause();
        };
    };
    for (const auto& serve :
         {LocalServer::Serve([](Peer& peer) { peer.wait(); }), // reads, and that is all
          LocalServer::Serve(drip("HTTP/1.1 200 O", "k")), LocalServer::Serve(drip("HTTP/1.1 200 OK\r\nX: ", "y")),
          LocalServer::Serve(drip("HTTP/1.1 200 OK\r\n", "X: y\r\n")),
          LocalServer::Serve(drip("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", "z")),
          LocalServer::Serve(drip("HTTP/1.1 200 OK\r\n\r\n", "z")),
          LocalServer::Serve(drip("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", "x")),
          LocalServer::Serve(drip("", "HTTP/1.1 100 Continue\r\n\r\n"))}) {
        const auto answer = answer_of(serve, hasty_options);
        INFO(answer.detail);
        CHECK(answer.fault == WebFault::timeout);
        CHECK(answer.status == 0);
        CHECK(answer.body.empty());
    }
}

TEST_CASE("a body that nobody reads is not sent for ever") {
    LocalServer server([](Peer& peer) {
        for (int i = 0; i < 100; ++i)
            peer.pause();
    });
    LocalDns dns({"127.0.0.1"});
    WebClient client(dns.lookup(), hasty_options(server.port()));
    CHECK(client.post(server.url(), {}, std::string(50'000'000, 'x')).fault == WebFault::timeout);
}

TEST_CASE("what is no answer is none") {
    const auto once = [](const std::string& text) {
        return [text](Peer& peer) {
            peer.request();
            peer.say(text);
        };
    };
    for (const auto& text :
         {""s, "H"s, "hello"s, "hello\r\n\r\n"s, "220 mail.example.test ESMTP\r\n"s, "SSH-2.0-x\r\n"s, "\0\0\0\0"s,
          "\r\n\r\n"s, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"s,
          "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nx"s, "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nx"s,
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"s,
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"s,
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFFFF\r\nab"s,
          "HTTP/9.9 200 OK\r\n\r\n"s}) {
        INFO(printable(text));
        const auto answer = answer_of(once(text));
        CHECK(answer.fault == WebFault::protocol);
        CHECK_FALSE(answer.detail.empty());
        CHECK_FALSE(has_control(answer.detail));
        CHECK(answer.status == 0);
    }
}

TEST_CASE("a head has a limit, however it is made long") {
    const auto say_all = [](const std::string& beginning, const std::string& again) {
        return [beginning, again](Peer& peer) {
            peer.request();
            peer.say(beginning);
            while (peer.say(again)) {
            }
        };
    };
    const std::string begun = "HTTP/1.1 200 OK\r\n";
    CHECK(answer_of(say_all(begun, "X-Y: z\r\n")).fault == WebFault::protocol);
    CHECK(answer_of(say_all(begun + "X: ", std::string(1000, 'y'))).fault == WebFault::protocol);
    CHECK(answer_of(say_all("", "HTTP/1.1 100 Continue\r\n\r\n")).fault == WebFault::protocol);
    CHECK(answer_of(say_all(begun + "Transfer-Encoding: chunked\r\n\r\n0\r\n", "X: y\r\n")).fault ==
          WebFault::protocol);
    CHECK(answer_of(always(begun + "X: " + std::string(100'000, 'y') + "\r\nContent-Length: 0\r\n\r\n")).fault ==
          WebFault::protocol);
    CHECK(answer_of(always(begun + "X: " + std::string(20'000, 'y') + "\r\nContent-Length: 0\r\n\r\n")).status == 200);
}

TEST_CASE("a name without an address is a matter of DNS") {
    const auto fault = [](std::vector<net::Answer> answers) {
        WebClient client([&](const std::vector<net::Question>& questions) {
            REQUIRE(questions.size() == 2);
            CHECK(questions[0].name == "hook.example.test");
            return answers;
        });
        return client.post("https://hook.example.test/", {}, "");
    };
    CHECK(fault({}).fault == WebFault::dns);
    CHECK(fault({{.status = net::Status::no_data, .values = {}, .why = {}},
                 {.status = net::Status::no_data, .values = {}, .why = {}}})
              .fault == WebFault::dns);
    const auto bogus = fault({{.status = net::Status::no_data, .values = {}, .why = {}},
                              {.status = net::Status::bogus, .values = {}, .why = "signature expired"}});
    CHECK(bogus.fault == WebFault::dns);
    CHECK(bogus.detail.find("signature expired") != std::string::npos);
    // What is no single address is none.
    CHECK(fault({{.status = net::Status::found, .values = {"0.0.0.0/0", "127.1", "x", "::1%lo"}, .why = {}}}).fault ==
          WebFault::dns);
}

TEST_CASE("no address that is not the internet's is connected, named or found") {
    LocalServer server(always(ok));
    for (const auto* address : {"127.0.0.1",        "127.255.255.254", "0.0.0.0",      "10.0.0.1",    "100.64.0.1",
                                "169.254.169.254",  "172.16.0.1",      "192.0.0.8",    "192.0.2.1",   "192.88.99.1",
                                "192.168.1.1",      "198.18.0.1",      "198.51.100.1", "203.0.113.1", "224.0.0.1",
                                "240.0.0.1",        "255.255.255.255", "::1",          "::",          "::127.0.0.1",
                                "::ffff:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2001::1",     "2001:db8::1",
                                "2002:7f00:1::",    "3fff::1",         "fc00::1",      "fd00::1",     "fe80::1",
                                "fec0::1",          "ff02::1"}) {
        INFO(address);
        LocalDns dns({address});
        WebClient client(
            dns.lookup(),
            {.own_addresses = [] { return std::vector<std::string>{}; }, .ports = {server.port()}, .ca_file = {}});
        auto answer = client.post(server.url(), {}, "");
        CHECK(answer.fault == WebFault::refused_address);
        CHECK(answer.detail.find(parse_ip_network(address).value().text()) != std::string::npos);
        CHECK(answer.address.empty());
        answer = client.post(server.url(net::is_ipv6(address) ? "["s + address + "]" : address), {}, "");
        CHECK(answer.fault == WebFault::refused_address);
        CHECK(dns.asked() == 1);
    }
    CHECK(server.count() == 0);
}

TEST_CASE("this server's own addresses are not asked, unless they are allowed") {
    LocalServer server(always(ok));
    LocalDns dns({"8.8.8.8"});
    WebOptions options{.own_addresses =
                           [] {
                               return std::vector<std::string>{"no address", "8.8.8.8", "2a00::8"};
                           },
                       .ports = {server.port()},
                       .ca_file = {}};
    WebClient client(dns.lookup(), options);
    CHECK(client.post(server.url(), {}, "").fault == WebFault::refused_address);
    CHECK(client.post(server.url("[2A00:0::8]"), {}, "").fault == WebFault::refused_address);
    options.own_addresses = [] { return std::vector<std::string>{"127.0.0.1"}; };
    options.allow_networks = {parse_ip_network("127.0.0.1").value()};
    CHECK(WebClient(dns.lookup(), options).post(server.url("127.0.0.1"), {}, "").status == 200);
    CHECK(WebClient(dns.lookup(), options).post(server.url("127.0.0.2"), {}, "").fault == WebFault::refused_address);
    // An allowed network of IPv4 does not open the forms of IPv6 that carry it.
    CHECK(WebClient(dns.lookup(), options).post(server.url("[::ffff:127.0.0.1]"), {}, "").fault ==
          WebFault::refused_address);
    CHECK(server.count() == 1);
}

TEST_CASE("a name that leads elsewhere the next time is judged anew, and connected where it was judged") {
    // 127.0.0.2 is what a public address would be, 127.0.0.1 what no name may lead to.
    LocalServer open(always(ok), "127.0.0.2");
    LocalServer closed(always(ok), "127.0.0.1", open.port());
    LocalDns dns({"127.0.0.2", "127.0.0.1", "127.0.0.2", "127.0.0.1 127.0.0.2"});
    auto options = local_options(open.port());
    options.allow_networks = {parse_ip_network("127.0.0.2").value()};
    WebClient client(dns.lookup(), options);
    auto answer = client.post(open.url(), {}, "");
    CHECK(answer.status == 200);
    CHECK(answer.address == "127.0.0.2");
    CHECK(dns.asked() == 1);
    // The connection to where it led before is still there, and of no use.
    answer = client.post(open.url(), {}, "");
    CHECK(answer.fault == WebFault::refused_address);
    CHECK(dns.asked() == 2);
    CHECK(client.post(open.url(), {}, "").status == 200);
    // Of several the good one.
    answer = client.post(open.url(), {}, "");
    CHECK(answer.status == 200);
    CHECK(answer.address == "127.0.0.2");
    CHECK(dns.asked() == 4);
    CHECK(closed.count() == 0);
    CHECK(open.count() == 1);
}

TEST_CASE("the next good address is tried where nobody is") {
    LocalServer server(always(ok), "127.0.0.2");
    LocalDns dns({"127.0.0.3 127.0.0.2", "127.0.0.3 127.0.0.4", "127.0.0.3"});
    WebClient client(dns.lookup(), local_options(server.port()));
    auto answer = client.post(server.url(), {}, "");
    CHECK(answer.status == 200);
    CHECK(answer.address == "127.0.0.2");
    answer = client.post(server.url(), {}, "");
    CHECK(answer.fault == WebFault::connect);
    CHECK(answer.address == "127.0.0.4");
    answer = client.post(server.url(), {}, "");
    CHECK(answer.fault == WebFault::connect);
    CHECK(answer.address == "127.0.0.3");
}

TEST_CASE("an address where nothing comes back is left in time for the next") {
    LocalServer server(always(ok), "127.0.0.2");
    const Listening full("127.0.0.1", server.port(), 0);
    REQUIRE(full.fd);
    // Nobody accepts: once one waits, the kernel does not answer others.
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_port = htons(full.port);
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    std::vector<UniqueFd> waiting;
    for (int i = 0; i < 4; ++i) {
        waiting.emplace_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        static_cast<void>(connect(waiting.back().get(), reinterpret_cast<sockaddr*>(&place), sizeof place)); // NOLINT
    }
    LocalDns dns({"127.0.0.1 127.0.0.2", "127.0.0.1"});
    auto options = local_options(server.port());
    options.limit = std::chrono::milliseconds(4000);
    const auto answer = WebClient(dns.lookup(), options).post(server.url(), {}, "");
    INFO(answer.detail);
    CHECK(answer.status == 200);
    CHECK(answer.address == "127.0.0.2");
    options.limit = std::chrono::milliseconds(200);
    CHECK(WebClient(dns.lookup(), options).post(server.url(), {}, "").fault == WebFault::timeout);
}

TEST_CASE("who has got the request, or a part of it, is not left for another address") {
    LocalServer silent([](Peer& peer) { peer.wait(); }, "127.0.0.2");
    LocalServer other(always(ok), "127.0.0.3", silent.port());
    LocalDns dns({"127.0.0.2 127.0.0.3"});
    WebClient client(dns.lookup(), hasty_options(silent.port()));
    CHECK(client.post(silent.url(), {}, "").fault == WebFault::timeout);
    CHECK(other.count() == 0);
}

TEST_CASE("a lookup that takes all of the time leaves none for the rest") {
    LocalServer server(always(ok));
    LocalDns dns({"127.0.0.1"});
    auto options = local_options(server.port());
    options.limit = std::chrono::milliseconds(20);
    WebClient client(
        [&](const std::vector<net::Question>& questions) {
            std::this_thread::sleep_for(std::chrono::milliseconds(30));
            return dns.lookup()(questions);
        },
        options);
    CHECK(client.post(server.url(), {}, "").fault == WebFault::timeout);
    CHECK(server.count() == 0);
}

TEST_CASE("connections are kept, each for its own origin and address") {
    LocalServer server([](Peer& peer) {
        for (int i = 0; i < 3 && !peer.request().empty(); ++i)
            peer.say(ok);
    });
    LocalDns dns({"127.0.0.1"});
    WebClient client(dns.lookup(), local_options(server.port()));
    for (int i = 0; i < 3; ++i)
        CHECK(client.post(server.url(), {}, "one").status == 200);
    CHECK(server.count() == 1);
    // Now the server has closed it.
    CHECK(client.post(server.url(), {}, "two").status == 200);
    CHECK(server.count() == 2);
    CHECK(client.post(server.url("other.example.test"), {}, "").status == 200);
    CHECK(server.count() == 3);
    CHECK(client.post(server.url(), {}, "").status == 200);
    CHECK(server.count() == 3);
}

TEST_CASE("a kept connection that the other side closes is replaced, at whatever moment") {
    LocalServer server([](Peer& peer) {
        if (!peer.request().empty() && peer.say(ok))
            peer.more(); // of the next, and no more than a part
    });
    LocalDns dns({"127.0.0.1"});
    WebClient client(dns.lookup(), local_options(server.port()));
    const std::string large(30'000'000, 'x');
    for (const std::string_view body : {std::string_view("one"), std::string_view("two"), std::string_view(large)}) {
        const auto answer = client.post(server.url(), {}, body);
        INFO(answer.detail);
        CHECK(answer.status == 200);
    }
    CHECK(server.count() == 3);
}

TEST_CASE("a kept connection is no reason to ask where a name leads no more") {
    const auto here = [](const std::string& name) {
        return always("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" + name);
    };
    LocalServer first(here("first"), "127.0.0.2");
    LocalServer other(here("other"), "127.0.0.3", first.port());
    LocalDns dns({"127.0.0.2", "127.0.0.3", "127.0.0.2"});
    WebClient client(dns.lookup(), local_options(first.port()));
    CHECK(client.post(first.url(), {}, "").body == "first");
    const auto answer = client.post(first.url(), {}, "");
    CHECK(answer.body == "other");
    CHECK(answer.address == "127.0.0.3");
    CHECK(client.post(first.url(), {}, "").body == "first");
    CHECK(first.count() == 1);
    CHECK(other.count() == 1);
}

TEST_CASE("nothing of one exchange is left for the next on its connection") {
    LocalServer server([](Peer& peer) {
        for (int i = 0;; ++i) {
            const auto request = peer.request();
            if (request.empty())
                return;
            const std::string body = request.find("X-Once") == std::string::npos ? "without" : "with";
            peer.say("HTTP/1.1 200 OK\r\n" + (i == 0 ? "X-First: yes\r\n"s : ""s) +
                     "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
        }
    });
    LocalDns dns({"127.0.0.1"});
    WebClient client(dns.lookup(), local_options(server.port()));
    const auto first = client.post(server.url(), {{"X-Once", "1"}}, "long body");
    CHECK(first.body == "with");
    CHECK(first.headers.contains("x-first"));
    const auto second = client.post(server.url(), {}, "");
    CHECK(second.body == "without");
    CHECK_FALSE(second.headers.contains("x-first"));
    CHECK(server.count() == 1);
}

TEST_CASE("headers that are none, or ours, are refused") {
    LocalServer server(always(ok));
    LocalDns dns({"127.0.0.1"});
    WebClient client(dns.lookup(), local_options(server.port()));
    for (const auto& header : std::vector<std::pair<std::string, std::string>>{{"", "x"},
                                                                               {"X Y", "x"},
                                                                               {"X:", "x"},
                                                                               {"X\r\nY", "x"},
                                                                               {"X\n", "x"},
                                                                               {"X\0"s, "x"},
                                                                               {"\xc3\xa4", "x"},
                                                                               {"X", "a\r\nY: b"},
                                                                               {"X", "a\nY: b"},
                                                                               {"X", "a\rb"},
                                                                               {"X", "a\0b"s},
                                                                               {"X", "\tx"},
                                                                               {"X", "\xe2\x80\xa8"},
                                                                               {"X", "\x7f"},
                                                                               {"Host", "other.example.test"},
                                                                               {"host", "x"},
                                                                               {"CONTENT-LENGTH", "0"},
                                                                               {"Transfer-Encoding", "chunked"},
                                                                               {"Connection", "close"},
                                                                               {"Expect", "100-continue"},
                                                                               {"Upgrade", "websocket"},
                                                                               {"TE", "trailers"},
                                                                               {"Trailer", "X"},
                                                                               {"Keep-Alive", "1"},
                                                                               {"Proxy-Authorization", "x"}}) {
        INFO(printable(header.first) << ": " << printable(header.second));
        const auto answer = client.post(server.url(), {{"X-Good", "1"}, header}, "");
        CHECK(answer.fault == WebFault::refused_header);
        CHECK_FALSE(has_control(answer.detail));
    }
    CHECK(server.count() == 0);
    CHECK(
        client.post(server.url(), {{"X-Blank", "  "}, {"X-Odd", " a: \"b\"; c, @file "}, {"@file", "x;"}}, "").fault ==
        WebFault::refused_header); // '@' is none of a name's signs
    CHECK(client.post(server.url(), {{"X-Blank", "  "}, {"X-Odd", " a: \"b\"; c, @file "}, {"X-Semicolon", ";"}}, "")
              .status == 200);
}

TEST_CASE("an odd URL leads to no lookup and no connection") {
    LocalServer server(always(ok));
    LocalDns dns({"127.0.0.1"});
    WebClient client(dns.lookup(), local_options(server.port()));
    const std::string port = ":" + std::to_string(server.port());
    for (const auto& url :
         {"http://user@127.0.0.1" + port + "/", "http://hook.example.test\\@127.0.0.1" + port + "/",
          "http://127.0.0.1" + port + "/\r\nX: y", "http://127.0.0.1" + port + "/ x", "http://127.0.0.1" + port + "/#x",
          "http://127.1" + port + "/", "http://2130706433" + port + "/", "http://0x7f.1" + port + "/",
          "http://017700000001" + port + "/", "http://127\xe3\x80\x82" + ("0.0.1" + port) + "/",
          "http://127.0.0.1." + port + "/", "ftp://127.0.0.1" + port + "/", "http://127.0.0.1:0/"s,
          "http://127.0.0.1:65536/"s, "http://127.0.0.1:22/"s, "http://127.0.0.1/"s, "http://[::1%25lo]" + port + "/",
          "http://" + port + "/", "127.0.0.1" + port + "/"}) {
        INFO(printable(url));
        CHECK(client.post(url, {}, "").fault == WebFault::refused_url);
    }
    CHECK(server.count() == 0);
    CHECK(dns.asked() == 0);
}

TEST_CASE("the environment's proxies count for nothing") {
    LocalServer server(always(ok));
    LocalServer proxy(always(ok));
    const std::array names{"http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"};
    for (const auto* each : names)
        setenv(each, ("http://127.0.0.1:" + std::to_string(proxy.port())).c_str(), 1);
    LocalDns dns({"127.0.0.1"});
    CHECK(WebClient(dns.lookup(), local_options(server.port())).post(server.url(), {}, "").status == 200);
    for (const auto* each : names)
        unsetenv(each);
    CHECK(server.count() == 1);
    CHECK(proxy.count() == 0);
}

TEST_CASE("an address of IPv6 is connected like any other") {
    if (!Listening("::1").fd)
        return; // a host without it
    LocalServer server(always(ok), "::1");
    LocalDns dns({"::1"});
    WebClient client(dns.lookup(), local_options(server.port()));
    CHECK(client.post(server.url("[::1]"), {}, "").status == 200);
    const auto answer = client.post(server.url(), {}, "");
    CHECK(answer.status == 200);
    CHECK(answer.address == "::1");
}

TEST_CASE("one client serves several threads, which share its connections") {
    LocalServer server([](Peer& peer) {
        for (auto request = peer.request(); !request.empty(); request = peer.request()) {
            const auto body = request.substr(request.find("\r\n\r\n") + 4);
            peer.say("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
        }
    });
    LocalDns dns({"127.0.0.1"});
    WebClient client(dns.lookup(), local_options(server.port()));
    Guarded<int> good{0};
    {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < 8; ++thread) {
            threads.emplace_back([&, thread] {
                for (int i = 0; i < 25; ++i) {
                    const std::string body = std::to_string(thread) + "/" + std::to_string(i);
                    if (client.post(server.url(), {}, body).body == body)
                        good.with([](int& count) { ++count; });
                }
            });
        }
    }
    CHECK(good.with([](int count) { return count; }) == 200);
    CHECK(server.count() <= 8);
}

TEST_CASE("each fault has the name that it has in the code") {
    CHECK(fault_name(WebFault::none) == "none");
    CHECK(fault_name(WebFault::refused_url) == "refused_url");
    CHECK(fault_name(WebFault::refused_header) == "refused_header");
    CHECK(fault_name(WebFault::refused_address) == "refused_address");
    CHECK(fault_name(WebFault::dns) == "dns");
    CHECK(fault_name(WebFault::connect) == "connect");
    CHECK(fault_name(WebFault::tls) == "tls");
    CHECK(fault_name(WebFault::timeout) == "timeout");
    CHECK(fault_name(WebFault::protocol) == "protocol");
}
