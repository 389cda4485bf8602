#include "api/head.hpp"
#include "catch.hpp"

#include <string>

using namespace vectis::api;

namespace {

/// The status with which a request is refused; 0 if it is let in.
int refused(const std::string& head) {
    Framing framing;
    const auto fault = judge_head(head + "\r\n", framing);
    if (fault) {
        CHECK_FALSE(fault->detail.empty());
    }
    return fault ? fault->status : 0;
}

int refused_with(const std::string& fields, const std::string& method = "POST") {
    return refused(method + " / HTTP/1.1\r\nHost: a\r\n" + fields);
}

} // namespace

TEST_CASE("a head ends at the first empty line") {
    CHECK_FALSE(head_size("GET / HTTP/1.1\r\nHost: a\r\n"));
    CHECK_FALSE(head_size("GET / HTTP/1.1\n\n"));
    CHECK(head_size("GET / HTTP/1.1\r\n\r\nbody") == 18U);
}

TEST_CASE("usual requests are let in, and it is known how their bodies end") {
    Framing framing;
    CHECK_FALSE(
        judge_head("GET /api/v1/health?x=1 HTTP/1.1\r\nHost: mail.example.test\r\nAccept: */*\r\n\r\n", framing));
    CHECK(framing.keep_alive);
    CHECK(framing.length == 0);
    CHECK_FALSE(judge_head("POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 12\r\nConnection: Close\r\n\r\n", framing));
    CHECK(framing.length == 12);
    CHECK_FALSE(framing.keep_alive);
    framing = {};
    CHECK_FALSE(judge_head("GET / HTTP/1.0\r\n\r\n", framing));
    CHECK_FALSE(framing.keep_alive);
}

TEST_CASE("what two readers could understand differently is refused") {
    CHECK(refused_with("Content-Length: 1\r\nContent-Length: 2\r\n") == 400);
    CHECK(refused_with("Content-Length: 1\r\ncontent-length: 1\r\n") == 400);
    CHECK(refused_with("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n") == 400);
    CHECK(refused_with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n") == 400);
    CHECK(refused_with("Transfer-Encoding: gzip, chunked\r\n") == 411);
    CHECK(refused_with("Transfer-Encoding: chunked\r\n") == 411);
    CHECK(refused_with("X: " + std::string(8000, 'x') + "\r\n") == 431);
    CHECK(refused("GET /?name=a?b HTTP/1.1\r\nHost: a\r\n") == 400);
    for (const auto* length : {"+1", "-1", "0x10", "1,1", "1 1", "", "99999999999999999999"})
        CHECK(refused_with(std::string("Content-Length: ") + length + "\r\n") == 400);
    CHECK(refused_with("Content-Length : 1\r\n") == 400);
    CHECK(refused_with(" folded: 1\r\n") == 400);
    CHECK(refused_with("X: a\r\n b\r\n") == 400);
    CHECK(refused_with("X: a\nY: b\r\n") == 400);
    CHECK(refused_with("X: a\rY: b\r\n") == 400);
    CHECK(refused_with(std::string("X: a\0b\r\n", 8)) == 400);
    CHECK(refused_with("no field\r\n") == 400);
    CHECK(refused_with(": empty\r\n") == 400);
    CHECK(refused_with("Content-Length: 1\r\n", "GET") == 400);
    CHECK(refused("GET / HTTP/1.1\r\n") == 400);
    CHECK(refused("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n") == 400);
}

TEST_CASE("what is no request is refused") {
    CHECK(refused("GET /\r\n") == 400);
    CHECK(refused("\r\n") == 400);
    CHECK(refused("GET  HTTP/1.1\r\nHost: a\r\n") == 400);
    CHECK(refused("GET http://a/ HTTP/1.1\r\nHost: a\r\n") == 400);
    CHECK(refused("GET /a b HTTP/1.1\r\nHost: a\r\n") == 400);
    CHECK(refused("GET /\x80 HTTP/1.1\r\nHost: a\r\n") == 400);
    CHECK(refused("GET / HTTP/2.0\r\nHost: a\r\n") == 505);
    CHECK(refused("PRI * HTTP/2.0\r\n") == 400);
    CHECK(refused("BREW / HTTP/1.1\r\nHost: a\r\n") == 501);
    CHECK(refused("GET /" + std::string(longest_request_line, 'a') + " HTTP/1.1\r\nHost: a\r\n") == 414);
    CHECK(refused("GET /" + std::string(longest_path, 'a') + " HTTP/1.1\r\nHost: a\r\n") == 414);
    CHECK(refused("GET /?" + std::string(longest_path, 'a') + " HTTP/1.1\r\nHost: a\r\n") == 0);
    CHECK(refused_with("Content-Encoding: gzip\r\nContent-Length: 5\r\n") == 415);
    CHECK(refused_with("Expect: more\r\n") == 417);
    std::string many;
    for (std::size_t i = 0; i < most_fields; ++i)
        many += "X: y\r\n";
    CHECK(refused_with(many) == 431);
}
