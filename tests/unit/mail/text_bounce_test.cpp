#include "catch.hpp"
#include "mail/report.hpp"
#include "mail/text_bounce.hpp"

#include <string>

using namespace vectis::mail;

namespace {

const std::string qmail_text = "Hi. This is the qmail-send program at mx.example.org.\n"
                               "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
                               "This is a permanent error; I've given up. Sorry it didn't work out.\n"
                               "\n"
                               "<bert@example.org>:\n"
                               "Sorry, no mailbox here by that name. (#5.1.1)\n"
                               "\n"
                               "<carl@example.org>:\n"
                               "192.0.2.1 does not like recipient.\n"
                               "Remote host said: 552 5.2.2 mailbox full\n"
                               "Giving up on 192.0.2.1.\n"
                               "\n"
                               "--- Below this line is a copy of the message.\n"
                               "\n"
                               "Return-Path: <bounce+abc@example.test>\n"
                               "Message-ID: <1@example.test>\n"
                               "Subject: Hello\n"
                               "\n"
                               "<dora@example.org>:\n"
                               "Sorry, no mailbox here by that name. (#5.1.1)\n";

const std::string exim_text = "This message was created automatically by mail delivery software.\n"
                              "\n"
                              "A message that you sent could not be delivered to one or more of its\n"
                              "recipients. This is a permanent error. The following address(es) failed:\n"
                              "\n"
                              "  bert@example.org\n"
                              "    SMTP error from remote mail server after RCPT TO:<bert@example.org>:\n"
                              "    host mx.example.org [192.0.2.1]: 550 5.1.1 <bert@example.org>:\n"
                              "    Recipient address rejected: User unknown\n"
                              "  \n"
                              "------ This is a copy of the message, including all the headers. ------\n"
                              "\n"
                              "Return-path: <bounce+abc@example.test>\n"
                              "Message-ID: <1@example.test>\n"
                              "\n"
                              "bert@example.org\n"
                              "550 5.2.1 closed\n";

std::string crlf(const std::string& text) {
    std::string lines;
    for (const char each : text)
        lines += each == '\n' ? std::string("\r\n") : std::string(1, each);
    return lines;
}

} // namespace

TEST_CASE("a bounce of qmail-send is read paragraph by paragraph") {
    for (const auto& text : {qmail_text, "\n" + qmail_text, crlf(qmail_text)}) {
        const auto bounce = read_qmail_bounce(text);
        REQUIRE(bounce);
        REQUIRE(bounce->recipients.size() == 2);
        CHECK(bounce->recipients[0].final_recipient == "bert@example.org");
        CHECK(bounce->recipients[0].action == Action::failed);
        CHECK(bounce->recipients[0].status == "5.1.1");
        CHECK(bounce->recipients[0].diagnostic == "Sorry, no mailbox here by that name. (#5.1.1)");
        CHECK(bounce->recipients[1].status == "5.2.2");
        CHECK(bounce->original.starts_with("Return-Path:"));
    }
    for (const auto* text :
         {"", "Hi.", "Hi. This is the qmail-send program", "Hi there!\n\n<bert@example.org>:\nno\n",
          "Hi. This is the\n\n<bert@example.org>\nno\n", "Hi. This is the x\n\n--- <a@example.org>:\n"})
        CHECK_FALSE(read_qmail_bounce(text));
}

TEST_CASE("a bounce of an old Exim is read by its own field") {
    for (const auto& text : {exim_text, crlf(exim_text)}) {
        const auto bounce = read_exim_bounce("bert@example.org, carl@example.org", text);
        REQUIRE(bounce);
        REQUIRE(bounce->recipients.size() == 2);
        CHECK(bounce->recipients[0].final_recipient == "bert@example.org");
        CHECK(bounce->recipients[0].status == "5.1.1");
        CHECK(bounce->recipients[0].diagnostic.ends_with("Recipient address rejected: User unknown"));
        CHECK(bounce->recipients[1].diagnostic.empty());
        CHECK(bounce->recipients[1].action == Action::failed);
        CHECK(bounce->original.starts_with("Return-path:"));
    }
    CHECK_FALSE(read_exim_bounce("", exim_text));
    CHECK_FALSE(read_exim_bounce(" , ,", exim_text));
}

TEST_CASE("whole messages of both kinds are reports") {
    const auto qmail = read_report("From: MAILER-DAEMON@mx.example.org\nSubject: failure notice\n\n" + qmail_text);
    REQUIRE(qmail);
    CHECK(qmail->kind == ReportKind::dsn);
    CHECK(qmail->recipients.size() == 2);
    CHECK(qmail->original_message_id == "<1@example.test>");
    const auto exim = read_report("From: Mail Delivery System <Mailer-Daemon@mx.example.org>\n"
                                  "Auto-Submitted: auto-replied\n"
                                  "X-Failed-Recipients: bert@example.org\n"
                                  "Subject: Mail delivery failed: returning message to sender\n\n" +
                                  exim_text);
    REQUIRE(exim);
    CHECK(exim->kind == ReportKind::dsn);
    CHECK(exim->recipients.size() == 1);
    CHECK(exim->original_message_id == "<1@example.test>");
    // qmail-send does not say that it is a machine: whoever does only quotes it.
    const auto quoted = read_report("From: bert@example.org\nAuto-Submitted: auto-replied\n\n" + qmail_text);
    REQUIRE(quoted);
    CHECK(quoted->kind == ReportKind::auto_reply);
}
