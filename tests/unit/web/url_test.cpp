#include "catch.hpp"
#include "web/url.hpp"

#include <array>
#include <string>

using namespace std::string_literals;
using namespace vectis;
using namespace vectis::web;

namespace {

constexpr std::array<std::uint16_t, 3> usual_ports{80, 443, 8443};

WebUrl url_of(std::string_view text) {
    const auto read = read_web_url(text, usual_ports);
    if (const auto* problem = std::get_if<Problem>(&read))
        FAIL(std::string(text) << ": " << problem->what);
    return std::get<WebUrl>(read);
}

std::string url_fault(std::string_view text) {
    const auto read = read_web_url(text, usual_ports);
    const auto* problem = std::get_if<Problem>(&read);
    return problem == nullptr ? "" : problem->what;
}

} // namespace

TEST_CASE("a URL is read into what is connected and what is asked there") {
    const auto usual = url_of("https://Hook.Example.test/In/%2e?a=B&c=%5B%5D");
    CHECK(usual.tls);
    CHECK(usual.host == "hook.example.test");
    CHECK_FALSE(usual.address.has_value());
    CHECK(usual.port == 443);
    CHECK(usual.target == "/In/%2e?a=B&c=%5B%5D");
    CHECK(url_of("http://hook.example.test").text() == "http://hook.example.test:80/");
    CHECK(url_of("HTTPS://hook.example.test:8443?q").text() == "https://hook.example.test:8443/?q");
    CHECK(url_of("https://a-b_c.xn--mnchen-3ya.test/../a//b/.").target == "/../a//b/.");
    CHECK(url_of("http://localhost:8443/").host == "localhost"); // DNS and its addresses decide
    CHECK(url_of("https://" + std::string(63, 'a') + ".test/").host.size() == 68);
    CHECK(url_of("https://0x.example.test/").host == "0x.example.test");
}

TEST_CASE("a literal address is read as one") {
    CHECK(url_of("http://192.0.2.1:80/").address == parse_ip_network("192.0.2.1"));
    CHECK(url_of("https://[2001:DB8:0:0::1]:443/x").text() == "https://[2001:db8::1]:443/x");
    CHECK(url_of("https://[2001:DB8:0:0::1]").host == "2001:db8::1");
    CHECK(url_of("https://[::ffff:127.0.0.1]/").address == parse_ip_network("::ffff:127.0.0.1"));
}

TEST_CASE("what readers could understand differently is no URL to us") {
    for (const auto& wrong : {
             ""s,
             "/"s,
             "//hook.example.test/"s,
             "hook.example.test"s,
             "https:"s,
             "https:/hook.example.test"s,
             "https://"s,
             "https:///x"s,
             "https://?x"s,
             "https://:443/"s,
             " https://hook.example.test/"s,
             "https://hook.example.test/ "s,
             "https ://hook.example.test/"s,
             // schemes
             "ftp://hook.example.test/"s,
             "file:///etc/passwd"s,
             "gopher://hook.example.test/"s,
             "httpss://x.test/"s,
             "javascript://x.test/"s,
             "unix:///run/x"s,
             // users
             "https://user@hook.example.test/"s,
             "https://user:pass@hook.example.test/"s,
             "https://@hook.example.test/"s,
             "https://hook.example.test@127.0.0.1/"s,
             "https://hook.example.test:80@127.0.0.1/"s,
             "https://hook.example.test%40127.0.0.1/"s,
             // signs
             "https:\\\\hook.example.test/"s,
             "https://hook.example.test\\@127.0.0.1/"s,
             "https://127.0.0.1\\.hook.example.test/"s,
             "https://hook.example.test/\\x"s,
             "https://hook.example.test/a b"s,
             "https://hook.example.test/\tx"s,
             "https://hook.example.test/\r\nX: y"s,
             "https://hook.example.test\r\n/"s,
             "https://hook.example.test/\nx"s,
             "https://hook.example.test/\0x"s,
             "https://hook.example.test\0.evil.test/"s,
             "https://hook.example.test/\x7f"s,
             "https://hook.example.test/<x>"s,
             "https://hook.example.test/{x}"s,
             "https://hook.example.test/\"x\""s,
             "https://hook.example.test/a|b"s,
             "https://hook.example.test/^"s,
             "https://hook.example.test/`x`"s,
             "https://hook.example.test/?a[]=1"s,
             // fragments
             "https://hook.example.test/#x"s,
             "https://hook.example.test#@127.0.0.1/"s,
             "https://hook.example.test#"s,
             // percents
             "https://hook.example.test/%"s,
             "https://hook.example.test/%2"s,
             "https://hook.example.test/%zz"s,
             "https://hook%2eexample.test/"s,
             "https://%31%32%37.0.0.1/"s,
             // letters that look like others: U+3002, U+FF0E, U+FF61, fullwidth digits, ß
             "https://127\xe3\x80\x82"s + "0.0.1/",
             "https://127\xef\xbc\x8e"s + "0.0.1/",
             "https://127\xef\xbd\xa1"s + "0.0.1/",
             "https://\xef\xbc\x91"s + "27.0.0.1/",
             "https://stra\xc3\x9f"s + "e.test/",
             "https://hook.example.test/\xc3\xa4"s,
             "https://\xff\xfe.test/"s,
             // names
             "https://hook.example.test./"s,
             "https://./"s,
             "https://hook..example.test/"s,
             "https://.hook.example.test/"s,
             "https://-hook.example.test/"s,
             "https://hook-.example.test/"s,
             "https://hook.example.test,/"s,
             "https://hook.example.test;x/"s,
             "https://hook.example.test&x/"s,
             "https://*.example.test/"s,
             "https://$(id).test/"s,
             "https://" + std::string(64, 'a') + ".test/",
             "https://" + std::string(127, 'a').replace(63, 1, ".") + "." + std::string(127, 'b').replace(63, 1, ".") +
                 "/",
         }) {
        INFO(wrong);
        CHECK_FALSE(url_fault(wrong).empty());
    }
    CHECK_FALSE(url_fault("https://hook.example.test/" + std::string(2048, 'x')).empty());
}

TEST_CASE("an address of IPv4 is written as everybody writes it") {
    for (const auto* odd :
         {"127.1",      "127.0.1",    "2130706433", "017700000001", "0177.0.0.1", "0x7f.0.0.1",     "0x7f.1",
          "0x7f000001", "0X7F000001", "127.0.0.01", "127.0.0.0x1",  "127.0.0.1.", "127.0.0.256",    "127.0.0.1.1",
          "4294967296", "0",          "0x",         "00",           "1e3.1",      "hook.example.1", "hook.0x1f",
          "127.0.0.-1", "127.0.0.+1"}) {
        INFO(odd);
        CHECK_FALSE(url_fault("http://" + std::string(odd) + "/").empty());
        CHECK_FALSE(url_fault("https://" + std::string(odd) + ":8443/x").empty());
    }
}

TEST_CASE("an address of IPv6 stands in brackets, alone, with no zone") {
    for (const auto* odd : {"[",
                            "]",
                            "[]",
                            "[::1",
                            "::1]",
                            "::1",
                            "[[::1]]",
                            "[::1]x",
                            "[::1]]",
                            "[::1%25lo]",
                            "[::1%lo]",
                            "[v1.x]",
                            "[127.0.0.1]",
                            "[::1/128]",
                            "[::1]:",
                            "[::1]443",
                            "[1:2:3:4:5:6:7:8:9]",
                            "[::1].test",
                            "x[::1]",
                            "[hook.example.test]"}) {
        INFO(odd);
        CHECK_FALSE(url_fault("https://" + std::string(odd) + "/").empty());
    }
}

TEST_CASE("only some ports are asked") {
    for (const auto* port :
         {":0",          ":1", ":22",  ":25",  ":79",  ":442",  ":8080", ":65535", ":65536", ":65616",
          ":4294967376", ":",  ":-80", ":+80", ":080", ":0x50", ":80x",  ":8 0",   ":80:80", ":http"}) {
        INFO(port);
        CHECK_FALSE(url_fault("https://hook.example.test" + std::string(port) + "/").empty());
        CHECK_FALSE(url_fault("https://192.0.2.1" + std::string(port) + "/").empty());
        CHECK_FALSE(url_fault("https://[2001:db8::1]" + std::string(port) + "/").empty());
    }
    constexpr std::array<std::uint16_t, 1> one{8443};
    CHECK(std::holds_alternative<Problem>(read_web_url("https://hook.example.test/", one)));
    CHECK(std::holds_alternative<Problem>(read_web_url("http://hook.example.test/", one)));
    CHECK(std::holds_alternative<WebUrl>(read_web_url("http://hook.example.test:8443/", one)));
    CHECK(std::holds_alternative<Problem>(read_web_url("https://hook.example.test:8443/", {})));
}

TEST_CASE("what is wrong with a URL is said without a byte that could start a line") {
    for (const auto& hostile :
         {"https://a\nb/"s, "https://a.test/\x1b[2J"s, "https://\xe2\x80\xa8.test/"s, "https://a.test:8\x7f/"s}) {
        const auto read = read_web_url(hostile, usual_ports);
        const auto& problem = std::get<Problem>(read);
        for (const char each : problem.what + problem.hint)
            CHECK(static_cast<unsigned char>(each) >= ' ');
    }
}
