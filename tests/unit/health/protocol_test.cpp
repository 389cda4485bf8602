#include "catch.hpp"
#include "given.hpp"
#include "health/imap.hpp"
#include "health/smtp.hpp"
#include "thrown.hpp"

#include <string>
#include <vector>

using namespace vectis;
using namespace vectis::health;
using vectis::test::error_of;
using vectis::test::Given;

namespace {

template<typename Read>
void refused(const std::string& bytes, Read read) {
    CAPTURE(bytes);
    Given in(bytes, 7);
    CHECK(error_of([&] { read(in); }).code() == Code::unavailable);
}

} // namespace

TEST_CASE("an SMTP answer is read to its last line and no further") {
    for (const std::size_t at_a_time : {1U, 5U, 1000U}) {
        Given in("250-mail.example.test\r\n250-SIZE 1\n250\r\n550 no\r\n", at_a_time);
        const Reply reply = read_reply(in);
        CHECK(reply.code == 250);
        CHECK(reply.lines == std::vector<std::string>{"mail.example.test", "SIZE 1", ""});
        CHECK(read_reply(in).text() == "550 no");
    }
}

TEST_CASE("what is no SMTP answer is refused") {
    std::string endless;
    for (int i = 0; i < 200; ++i)
        endless += "250-more\r\n";
    const std::string one_line(100'000, '2');
    for (const auto& bytes : {std::string("-12 no\r\n"), std::string("+25 no\r\n"), std::string("25\r\n"),
                              std::string("250x\r\n"), std::string("150 no\r\n"), std::string("650 no\r\n"),
                              std::string("\r\n"), std::string("250"), std::string(), endless, one_line})
        refused(bytes, [](Given& in) { static_cast<void>(read_reply(in)); });
}

TEST_CASE("an IMAP answer is read to its tag, literals included") {
    for (const std::size_t at_a_time : {1U, 5U, 1000U}) {
        Given in("* SEARCH 1 22 4294967295 x\r\n* SEARCH\r\n"
                 "* 1 FETCH (BODY[] {11}\r\nv1 OK\r\n\r\na)\r\n* 3 EXISTS\r\nv1 OK done\r\nv2 NO\r\n",
                 at_a_time);
        const ImapAnswer answer = read_answer(in, "v1 ");
        CHECK(answer.ok());
        CHECK(answer.uids == std::vector<std::uint32_t>{1, 22, 4294967295});
        CHECK(answer.literal == "v1 OK\r\n\r\na)");
        CHECK_FALSE(read_answer(in, "v2 ").ok());
    }
}

TEST_CASE("an IMAP answer without an end or with too large a literal is refused") {
    for (const auto* bytes : {"", "* OK\r\n", "* 1 FETCH {99999999999}\r\n", "* 1 FETCH {5}\r\nabc"})
        refused(bytes, [](Given& in) { static_cast<void>(read_answer(in, "v1 ")); });
}
