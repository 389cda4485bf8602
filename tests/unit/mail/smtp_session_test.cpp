#include "base/error.hpp"
#include "base/text.hpp"
#include "catch.hpp"
#include "folder.hpp"
#include "mail/lmtp_server.hpp"
#include "mail/smtp_session.hpp"
#include "script.hpp"
#include "thrown.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <thread>

using namespace vectis;
using vectis::test::at;
using vectis::test::error_of;
using vectis::test::Folder;
using vectis::test::greeting;
using vectis::test::hello;
using vectis::test::listen_at;
using vectis::test::Script;

namespace {

constexpr std::chrono::seconds limit{20};

} // namespace

TEST_CASE("a message is handed over as a whole, with its dots") {
    const Folder folder;
    Script script(folder.path / "s", {greeting,
                                      hello,
                                      {"DATA\r\n", "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 go on\r\n"},
                                      {"\r\n.\r\n", "250 2.0.0 Ok: queued as 4ZtNnW1Bf5z9v\r\n"}});
    mail::SmtpSession session(folder.path / "s", "localhost", limit);
    const auto reply = session.send({.sender = "bounce+x@example.test", .recipient = "a@outside.test", .id = "i+d"},
                                    "Subject: a\r\n\r\n.one\r\n..two\r\nthree");
    CHECK(reply.code == 250);
    CHECK(mail::queue_id_in(reply.text) == "4ZtNnW1Bf5z9v");
    CHECK_FALSE(session.in_doubt());
    CHECK(script.seen() == "EHLO localhost\r\n"
                           "MAIL FROM:<bounce+x@example.test> RET=HDRS ENVID=i+2Bd\r\n"
                           "RCPT TO:<a@outside.test> NOTIFY=FAILURE\r\nDATA\r\n"
                           "Subject: a\r\n\r\n..one\r\n...two\r\nthree\r\n.\r\n");
}

TEST_CASE("what a server refuses is told by its own answer, and the connection goes on") {
    const Folder folder;
    Script script(folder.path / "s",
                  {greeting,
                   hello,
                   {"DATA\r\n", "250 2.1.0 Ok\r\n550-5.1.1 nobody\r\n550 5.1.1 of that name\r\n554 5.5.1 none\r\n"},
                   {"RSET\r\n", "250 2.0.0 Ok\r\n"},
                   {"DATA\r\n", "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 go on\r\n"},
                   {"\r\n.\r\n", "451 4.7.1 later\r\n"}});
    mail::SmtpSession session(folder.path / "s", "localhost", limit);
    const auto refused = session.send({.sender = "", .recipient = "a@outside.test", .id = "i"}, "a\r\n");
    CHECK(refused.code == 550);
    CHECK(refused.for_good());
    CHECK(refused.text == "5.1.1 nobody 5.1.1 of that name");
    CHECK(mail::enhanced_code_in(refused.text) == "5.1.1");
    const auto later = session.send({.sender = "", .recipient = "b@outside.test", .id = "i"}, "a\r\n");
    CHECK(later.code == 451);
    CHECK_FALSE(later.good());
    CHECK_FALSE(later.for_good());
}

TEST_CASE("a connection that breaks says whether the message may have been taken") {
    const Folder folder;
    const mail::SmtpSession::Envelope envelope{.sender = "", .recipient = "a@outside.test", .id = "i"};
    {
        Script early(folder.path / "early", {greeting, hello});
        mail::SmtpSession session(folder.path / "early", "localhost", limit);
        CHECK(error_of([&] { static_cast<void>(session.send(envelope, "a\r\n")); }).code() == Code::unavailable);
        CHECK_FALSE(session.in_doubt());
    }
    {
        Script late(
            folder.path / "late",
            {greeting, hello, {"DATA\r\n", "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 go on\r\n"}, {"\r\n.\r\n", ""}});
        mail::SmtpSession session(folder.path / "late", "localhost", limit);
        CHECK(error_of([&] { static_cast<void>(session.send(envelope, "a\r\n")); }).code() == Code::unavailable);
        CHECK(session.in_doubt());
    }
    CHECK(error_of([&] { mail::SmtpSession(folder.path / "nobody", "localhost", limit); }).code() == Code::unavailable);
    Script other(folder.path / "other", {{"", "* OK IMAP4 ready\r\n"}});
    CHECK(error_of([&] { mail::SmtpSession(folder.path / "other", "localhost", limit); }).code() == Code::unavailable);
}

TEST_CASE("what is no queue id and no status code is not taken for one") {
    CHECK(mail::queue_id_in("2.0.0 Ok: queued as 3F2A9").size() == 5);
    CHECK(mail::queue_id_in("2.0.0 Ok").empty());
    CHECK(mail::queue_id_in("2.0.0 Ok: queued as <b>").empty());
    CHECK(mail::enhanced_code_in("5.7.1 no") == "5.7.1");
    CHECK(mail::enhanced_code_in("5.7.1").size() == 5);
    for (const auto* none : {"", "no", "5.7", "5..1 x", "5.7.1234 x", "55.7.1 x", "5.a.1 x"})
        CHECK(mail::enhanced_code_in(none).empty());
}

TEST_CASE("the LMTP server answers for each recipient, and takes what it answers with 250") {
    const Folder folder;
    std::mutex mutex;
    std::vector<std::pair<std::string, std::string>> taken;
    mail::LmtpServer server(listen_at(folder.path / "lmtp"),
                            {.recipient = [](const std::string& address) -> mail::Reply {
                                 if (address == "nobody@example.test")
                                     return {550, "5.1.1 nobody of that name"};
                                 return {250, "2.1.5 fine"};
                             },
                             .message = [&](const std::string& sender, const std::string& address,
                                            const std::string& message) -> mail::Reply {
                                 CHECK(sender.empty());
                                 if (address == "later@example.test")
                                     throw Error(Code::system, "the disk is full");
                                 const std::lock_guard lock(mutex);
                                 taken.emplace_back(address, message);
                                 return {250, "2.0.0 taken"};
                             }});
    std::jthread running([&](const std::stop_token& stop) { server.run(stop); });
    const UniqueFd client(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto address = at(folder.path / "lmtp");
    REQUIRE(connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0); // NOLINT
    const std::string talk = "LHLO x\r\nRCPT TO:<a@b.test>\r\nDATA\r\nMAIL FROM:<>\r\nRCPT TO:<nobody@example.test>\r\n"
                             "RCPT TO:<anna@example.test>\r\nRCPT TO:<later@example.test>\r\nBLAH\r\nDATA\r\n"
                             "Subject: a\r\n\r\n..dot\r\n.\r\nNOOP\r\nQUIT\r\n";
    REQUIRE(::send(client.get(), talk.data(), talk.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(talk.size()));
    std::string answers;
    for (char c = 0; ::read(client.get(), &c, 1) == 1;)
        answers += c;
    std::vector<std::string> codes;
    for (const auto& line : split(answers, '\n')) {
        if (line.size() > 3 && line[3] == ' ')
            codes.push_back(line.substr(0, 3));
    }
    CHECK(codes == std::vector<std::string>{"220", "250", "503", "503", "250", "550", "250", "250", "500", "354", "250",
                                            "451", "250", "221"});
    const std::lock_guard lock(mutex);
    CHECK(taken ==
          std::vector<std::pair<std::string, std::string>>{{"anna@example.test", "Subject: a\r\n\r\n.dot\r\n"}});
}
