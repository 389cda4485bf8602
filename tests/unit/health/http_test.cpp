#include "catch.hpp"
#include "given.hpp"
#include "health/http.hpp"
#include "thrown.hpp"

#include <string>

using namespace vectis;
using namespace vectis::health;
using vectis::test::error_of;
using vectis::test::Given;

TEST_CASE("the head of an HTTP answer is read to its empty line and no further") {
    for (const std::size_t at_a_time : {1U, 7U, 1000U}) {
        Given in("HTTP/1.1 302 Found\r\nLocation: ./?_task=mail\r\nSet-Cookie: session=one; path=/; HttpOnly\r\n"
                 "set-cookie: session=two\r\nX: y\r\n\r\nbody\r\n",
                 at_a_time);
        const HttpHead head = read_head(in);
        CHECK(head.status == 302);
        CHECK(head.location == "./?_task=mail");
        CHECK(head.cookie("session") == "two");
        CHECK_FALSE(head.cookie("sess"));
        CHECK(in.line() == "body");
    }
}

TEST_CASE("what is no HTTP answer is refused") {
    std::string endless = "HTTP/1.1 200 OK\r\n";
    for (int i = 0; i < 200; ++i)
        endless += "A: b\r\n";
    for (const std::string& bytes :
         {std::string("220 mail.example.test ESMTP\r\n\r\n"), std::string("HTTP/1.1 2\r\n\r\n"),
          std::string("HTTP/1.1 abc\r\n\r\n"), std::string("HTTP/1.1 200 OK\r\nA: b\r\n"), endless}) {
        Given in(bytes, 5);
        CAPTURE(bytes);
        CHECK(error_of([&] { static_cast<void>(read_head(in)); }).code() == Code::unavailable);
    }
}

TEST_CASE("a form carries every byte of a password") {
    CHECK(form_encoded("aZ9 &=+%\xc3\xa9") == "aZ9%20%26%3D%2B%25%C3%A9");
}
