#include "base/base64.hpp"
#include "catch.hpp"
#include "mail/report.hpp"
#include "mail/report_fields.hpp"

#include <string>

using namespace vectis;
using namespace vectis::mail;

namespace {

std::string with_crlf(const std::string& text) {
    std::string lines;
    for (const char each : text)
        lines += each == '\n' ? std::string("\r\n") : std::string(1, each);
    return lines;
}

Report scan(const std::string& message) {
    const auto report = read_report(message);
    REQUIRE(report);
    // Line ends make no difference.
    const auto other = read_report(with_crlf(message));
    REQUIRE(other);
    CHECK(other->kind == report->kind);
    CHECK(other->original_message_id == report->original_message_id);
    REQUIRE(other->recipients.size() == report->recipients.size());
    for (std::size_t i = 0; i < report->recipients.size(); ++i) {
        CHECK(other->recipients[i].final_recipient == report->recipients[i].final_recipient);
        CHECK(other->recipients[i].diagnostic == report->recipients[i].diagnostic);
        CHECK(other->recipients[i].status == report->recipients[i].status);
    }
    return *report;
}

ReportedRecipient only_recipient(const Report& report) {
    REQUIRE(report.recipients.size() == 1);
    return report.recipients.front();
}

/// A report of this type, whose machine-readable part and returned part are these, each with its header.
std::string report_of(const std::string& type, const std::string& machine, const std::string& returned) {
    return "From: MAILER-DAEMON@mx.example.net\n"
           "To: bounce+abc@example.test\n"
           "Subject: Undelivered\n"
           "Auto-Submitted: auto-replied\n"
           "MIME-Version: 1.0\n"
           "Content-Type: multipart/report; report-type=" +
           type +
           ";\n\tboundary=\"=_b/1\"\n"
           "\n"
           "This is a MIME-encapsulated message.\n"
           "\n--=_b/1\n"
           "Content-Type: text/plain; charset=us-ascii\n"
           "\n"
           "I could not deliver it.\n"
           "\n--=_b/1\n" +
           machine + "\n--=_b/1\n" + returned + "\n--=_b/1--\n";
}

const std::string returned_header = "Content-Type: text/rfc822-headers\n"
                                    "\n"
                                    "From: alice@example.test\n"
                                    "Subject: Hello\n"
                                    "Message-ID: <1@example.test>\n";

std::string dsn(const std::string& fields) {
    return report_of("delivery-status", "Content-Type: message/delivery-status\n\n" + fields, returned_header);
}

const std::string failed_fields = "Reporting-MTA: dns; mx.example.net\n"
                                  "\n"
                                  "Final-Recipient: rfc822; bert@example.net\n"
                                  "Action: failed\n"
                                  "Status: 5.1.1\n"
                                  "Diagnostic-Code: smtp; 550 5.1.1 no such user\n";

} // namespace

TEST_CASE("a bounce of Postfix is read") {
    const auto report = scan(report_of("delivery-status",
                                       "Content-Description: Delivery report\n"
                                       "Content-Type: message/delivery-status\n"
                                       "\n"
                                       "Reporting-MTA: dns; mail.example.test\n"
                                       "Original-Envelope-Id: 0193aa55-0000-7000-8000-000000000001\n"
                                       "X-Postfix-Queue-ID: 4jb28M41C7zycb\n"
                                       "X-Postfix-Sender: rfc822; bounce+abc@example.test\n"
                                       "Arrival-Date: Thu, 26 Nov 2026 16:30:11 +0000 (UTC)\n"
                                       "\n"
                                       "Final-Recipient: rfc822; bert@example.net\n"
                                       "Original-Recipient: rfc822;Bert@example.net\n"
                                       "Action: failed\n"
                                       "Status: 5.1.1\n"
                                       "Remote-MTA: dns; mx.example.net\n"
                                       "Diagnostic-Code: smtp; 550 5.1.1 <bert@example.net>: Recipient address\n"
                                       " to: rejected: User unknown\n",
                                       "Content-Description: Undelivered Message\n"
                                       "Content-Type: message/rfc822\n"
                                       "\n"
                                       "Return-Path: <bounce+abc@example.test>\n"
                                       "From: alice@example.test\n"
                                       "Message-ID: <1@example.test>\n"
                                       "Subject: Hello\n"
                                       "\n"
                                       "Final-Recipient: rfc822; mallory@example.net\n"
                                       "Action: failed\n"));
    CHECK(report.kind == ReportKind::dsn);
    CHECK(report.original_message_id == "<1@example.test>");
    CHECK(report.original_envelope_id == "0193aa55-0000-7000-8000-000000000001");
    CHECK(report.reporting_mta == "mail.example.test");
    const auto recipient = only_recipient(report);
    CHECK(recipient.final_recipient == "bert@example.net");
    CHECK(recipient.original_recipient == "Bert@example.net");
    CHECK(recipient.action == Action::failed);
    CHECK(recipient.status == "5.1.1");
    CHECK(recipient.remote_mta == "mx.example.net");
    CHECK(recipient.diagnostic == "550 5.1.1 <bert@example.net>: Recipient address to: rejected: User unknown");
}

TEST_CASE("a bounce of Gmail is read: pictures first, a reply of many lines, its own field for the message") {
    const auto report =
        scan("From: Mail Delivery Subsystem <mailer-daemon@example.com>\n"
             "To: bounce+abc@example.test\n"
             "Auto-Submitted: auto-replied\n"
             "Content-Type: multipart/report; boundary=\"0000001\"; report-type=delivery-status\n"
             "\n"
             "--0000001\n"
             "Content-Type: multipart/related; boundary=\"0000002\"\n"
             "\n"
             "--0000002\n"
             "Content-Type: multipart/alternative; boundary=\"0000003\"\n"
             "\n"
             "--0000003\n"
             "Content-Type: text/plain; charset=\"UTF-8\"\n"
             "\n"
             "** Address not found **\n"
             "\n"
             "--0000003--\n"
             "--0000002\n"
             "Content-Type: image/png; name=\"icon.png\"\n"
             "Content-Transfer-Encoding: base64\n"
             "\n"
             "iVBORw0KGgo=\n"
             "--0000002--\n"
             "--0000001\n"
             "Content-Type: message/delivery-status\n"
             "\n"
             "Reporting-MTA: dns; example.com\n"
             "Arrival-Date: Thu, 26 Nov 2026 08:30:11 -0800 (PST)\n"
             "X-Original-Message-ID: <2@example.test>\n"
             "\n"
             "Final-Recipient: rfc822; bert@example.com\n"
             "Action: failed\n"
             "Status: 5.1.1\n"
             "Remote-MTA: dns; mx.example.com. (192.0.2.1, the server for the domain example.com.)\n"
             "Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist.\n"
             " 550-5.1.1 Please try double-checking the address.\n"
             " 550 5.1.1 a1-2b3c.4 - gsmtp\n"
             "Last-Attempt-Date: Thu, 26 Nov 2026 08:30:12 -0800 (PST)\n"
             "\n"
             "--0000001--\n");
    CHECK(report.kind == ReportKind::dsn);
    CHECK(report.original_message_id == "<2@example.test>");
    const auto recipient = only_recipient(report);
    CHECK(recipient.status == "5.1.1");
    CHECK(recipient.diagnostic.starts_with("550-5.1.1 The email account"));
    CHECK(recipient.diagnostic.ends_with("550 5.1.1 a1-2b3c.4 - gsmtp"));
}

TEST_CASE("a bounce of Exchange is read: no blank behind the type, the message in a file") {
    const auto report =
        scan(report_of("delivery-status",
                       "Content-Type: message/delivery-status\n\n"
                       "Reporting-MTA: dns;mx.example.org\n"
                       "Received-From-MTA: dns;mail.example.test\n"
                       "\n"
                       "Original-Recipient: rfc822;bert@example.org\n"
                       "Final-Recipient: RFC822 ;<bert@example.org>\n"
                       "Action: failed\n"
                       "Status: 5.1.10\n"
                       "Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found\n"
                       "X-Display-Name: Bert\n",
                       "Content-Type: message/rfc822\n\nMessage-ID: <1@example.test>\n\nHello\n"));
    const auto recipient = only_recipient(report);
    CHECK(recipient.final_recipient == "bert@example.org");
    CHECK(recipient.status == "5.1.10");
    CHECK(recipient.diagnostic == "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found");
    CHECK(report.original_message_id == "<1@example.test>");
}

TEST_CASE("a bounce of Exim says 5.0.0 of everything; the diagnostic knows better") {
    const auto recipient = only_recipient(scan(dsn("Reporting-MTA: dns; mx.example.org\n"
                                                   "\n"
                                                   "Action: failed\n"
                                                   "Final-Recipient: rfc822;bert@example.org\n"
                                                   "Status: 5.0.0\n"
                                                   "Remote-MTA: dns; mx.example.net\n"
                                                   "Diagnostic-Code: smtp; 550-5.1.1 no such user\n"
                                                   " 550 5.1.1 really\n")));
    CHECK(recipient.action == Action::failed);
    CHECK(recipient.status == "5.1.1");
}

TEST_CASE("what a report leaves out is taken from what it has") {
    const auto of = [](const std::string& fields) {
        return only_recipient(scan(dsn("Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; a@example.net\n" + fields)));
    };
    SECTION("the status from the diagnostic") {
        CHECK(of("Action: failed\nDiagnostic-Code: smtp; 550 5.2.2 full\n").status == "5.2.2");
        CHECK(of("Action: failed\nDiagnostic-Code: smtp; 550 no\n").status == "5.0.0");
        CHECK(of("Action: failed\nDiagnostic-Code: smtp; 451 later\n").status == "4.0.0");
        CHECK(of("Action: failed\nDiagnostic-Code: X-Unix; user unknown\n").status.empty());
        CHECK(of("Action: failed\nStatus: soon\nDiagnostic-Code: smtp; 550 5.2.2 full\n").status == "5.2.2");
        CHECK(of("Action: failed\nStatus: 5.1.1 (no such mailbox)\n").status == "5.1.1");
        // The report's own is not overruled.
        CHECK(of("Action: failed\nStatus: 4.0.0\nDiagnostic-Code: smtp; 550 5.1.1 no\n").status == "4.0.0");
        CHECK(of("Action: failed\nStatus: 5.4.1\nDiagnostic-Code: smtp; 550 5.1.1 no\n").status == "5.4.1");
    }
    SECTION("the action from the status") {
        CHECK(of("Status: 5.1.1\n").action == Action::failed);
        CHECK(of("Status: 4.4.1\n").action == Action::delayed);
        CHECK(of("Status: 2.0.0\n").action == Action::delivered);
        CHECK(of("X: y\n").action == Action::unknown);
        CHECK(of("Action: Failed (user unknown)\nStatus: 4.4.7\n").action == Action::failed);
        CHECK(of("Action: expanded\n").action == Action::expanded);
    }
    SECTION("a diagnostic without a type") {
        CHECK(of("Diagnostic-Code: 550 5.1.1 no such user; sorry\n").diagnostic == "550 5.1.1 no such user; sorry");
    }
}

TEST_CASE("a report about several recipients says what became of each") {
    const auto report = scan(dsn("Reporting-MTA: dns; x\n"
                                 "\n"
                                 "Final-Recipient: rfc822; a@example.net\n"
                                 "Action: failed\n"
                                 "Status: 5.1.1\n"
                                 "\n"
                                 "Final-Recipient: rfc822; b@example.net\n"
                                 "Action: delayed\n"
                                 "\n"
                                 "Status: 4.4.1\n"
                                 "\n"
                                 "\n"
                                 "Final-Recipient: rfc822; c@example.net\n"
                                 "Action: relayed\n"
                                 "Status: 2.0.0\n"
                                 "Final-Recipient: rfc822; d@example.net\n"
                                 "Action: failed\n"
                                 "Status: 5.2.1\n"));
    REQUIRE(report.recipients.size() == 4);
    CHECK(report.recipients[0].status == "5.1.1");
    CHECK(report.recipients[1].status == "4.4.1");
    CHECK(report.recipients[1].action == Action::delayed);
    CHECK(report.recipients[2].action == Action::relayed);
    CHECK(report.recipients[3].final_recipient == "d@example.net");
    CHECK(report.recipients[3].status == "5.2.1");
}

TEST_CASE("parts are decoded before they are read") {
    for (const auto* type : {"message/delivery-status", "Message/Global-Delivery-Status"}) {
        const auto report = scan(report_of("delivery-status",
                                           "Content-Type: " + std::string(type) +
                                               "\nContent-Transfer-Encoding: base64\n\n" + base64(failed_fields) + "\n",
                                           "Content-Type: text/rfc822-headers\nContent-Transfer-Encoding: base64\n\n" +
                                               base64("Subject: Hello\nMessage-ID: <1@example.test>\n") + "\n"));
        CHECK(report.kind == ReportKind::dsn);
        CHECK(only_recipient(report).status == "5.1.1");
        CHECK(only_recipient(report).diagnostic == "550 5.1.1 no such user");
        CHECK(report.original_message_id == "<1@example.test>");
    }
    const auto quoted = scan(report_of("delivery-status",
                                       "Content-Type: message/delivery-status\n"
                                       "Content-Transfer-Encoding: quoted-printable\n\n"
                                       "Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; a=40example.n=\n"
                                       "et\nAction: failed\nStatus: 5.1.1\n",
                                       returned_header));
    CHECK(only_recipient(quoted).final_recipient == "a@example.net");
}

TEST_CASE("international addresses are read in both of their forms") {
    const auto of = [](const std::string& address) {
        return only_recipient(scan(dsn("Reporting-MTA: dns; x\n\nFinal-Recipient: " + address + "\nAction: failed\n")))
            .final_recipient;
    };
    CHECK(of("utf-8; \xC3\xA4lice@example.net") == "\xC3\xA4lice@example.net");
    CHECK(of("UTF-8;\\x{E4}lice@example.net") == "\xC3\xA4lice@example.net");
    CHECK(of("utf-8; \\x{1F600}@example.net") == "\xF0\x9F\x98\x80@example.net");
    // Control characters, surrogates and what is no number stay escaped.
    for (const auto* address : {"\\x{A}a@example.net", "\\x{D800}a@example.net", "\\x{110000}a@example.net",
                                "\\x{}a@example.net", "\\x{E4a@example.net", "\\x{0000E4}x\\x{"})
        CHECK(of(std::string("utf-8; ") + address).find("\\x{") != std::string::npos);
    CHECK(of("rfc822; \\x{E4}lice@example.net") == "\\x{E4}lice@example.net");
}

TEST_CASE("a complaint is read") {
    const auto report = scan(report_of("feedback-report",
                                       "Content-Type: message/feedback-report\n"
                                       "\n"
                                       "Feedback-Type: Abuse\n"
                                       "User-Agent: Example/1.0\n"
                                       "Version: 1\n"
                                       "Original-Envelope-Id: 0193aa55\n"
                                       "Original-Mail-From: <bounce+abc@example.test>\n"
                                       "Original-Rcpt-To: <bert@example.net>\n"
                                       "Original-Rcpt-To: carl@example.net\n"
                                       "Reporting-MTA: dns; mx.example.net\n"
                                       "Source-IP: 192.0.2.1\n",
                                       returned_header));
    CHECK(report.kind == ReportKind::arf);
    CHECK(report.feedback_type == "abuse");
    CHECK(report.original_envelope_id == "0193aa55");
    CHECK(report.original_message_id == "<1@example.test>");
    CHECK(report.reporting_mta == "mx.example.net");
    REQUIRE(report.recipients.size() == 2);
    CHECK(report.recipients[0].final_recipient == "bert@example.net");
    CHECK(report.recipients[1].final_recipient == "carl@example.net");
    CHECK(report.recipients[0].action == Action::unknown);
}

TEST_CASE("a machine's answer is no bounce, and a person's is nothing") {
    const auto kind_with = [](const std::string& field) {
        return scan("From: bert@example.net\nSubject: Re: Hello\n" + field +
                    "In-Reply-To: <1@example.test> <2@example.test>\n\nI am away. 550 5.1.1 no such user\n");
    };
    for (const auto* field : {"Auto-Submitted: auto-replied\n", "Auto-Submitted: auto-replied (vacation)\n",
                              "auto-submitted: AUTO-GENERATED; owner=x\n", "Precedence: bulk\n",
                              "Precedence: Auto_Reply\n", "X-Autoreply: yes\n", "X-Autorespond: away\n"}) {
        const auto report = kind_with(field);
        CHECK(report.kind == ReportKind::auto_reply);
        CHECK(report.recipients.empty());
        CHECK(report.original_message_id == "<1@example.test>");
    }
    for (const auto* field : {"", "Auto-Submitted: no\n", "Precedence: first-class\n", "X-Autoreply: no\n"})
        CHECK(kind_with(field).kind == ReportKind::other);
    CHECK(scan(report_of("disposition-notification",
                         "Content-Type: message/disposition-notification\n\n"
                         "Final-Recipient: rfc822; bert@example.net\nDisposition: manual-action/MDN-sent-manually; "
                         "displayed\n",
                         returned_header))
              .kind == ReportKind::auto_reply);
}

TEST_CASE("a report that somebody only forwards is none") {
    const auto forwarded = scan("From: bert@example.net\n"
                                "Content-Type: multipart/mixed; boundary=outer\n"
                                "\n"
                                "--outer\n"
                                "\n"
                                "What does this mean?\n"
                                "--outer\n"
                                "Content-Type: message/rfc822\n"
                                "\n" +
                                dsn(failed_fields) + "--outer--\n");
    CHECK(forwarded.kind == ReportKind::other);
    CHECK(forwarded.recipients.empty());
}

TEST_CASE("a report without a recipient, and a part without a report, are none") {
    CHECK(scan(dsn("Reporting-MTA: dns; mx.example.net\n")).kind == ReportKind::auto_reply);
    CHECK(scan(dsn("")).kind == ReportKind::auto_reply);
    CHECK(scan(report_of("feedback-report", "Content-Type: message/feedback-report\n\nVersion: 1\n", returned_header))
              .kind == ReportKind::auto_reply);
    // Whatever the whole calls itself, the part counts.
    std::string mixed = dsn(failed_fields);
    mixed.replace(mixed.find("multipart/report"), 16, "multipart/mixed;");
    CHECK(scan(mixed).kind == ReportKind::dsn);
    CHECK(scan("Content-Type: message/delivery-status\n\n" + failed_fields).kind == ReportKind::dsn);
}

TEST_CASE("what is no message is nothing, and what is broken does no harm") {
    CHECK_FALSE(read_report(""));
    CHECK_FALSE(read_report("\r\n \r\n"));
    CHECK_FALSE(read_report("x"));
    for (const auto* text : {"\n\nx", "Content-Type: multipart/report\n\n--\n", "Content-Type:\n\n", "A: b\n",
                             "Content-Type: multipart/report; boundary=\"\"\n\n--\n--\n----\n",
                             "Content-Type: message/rfc822\n\n", "Content-Type: message/delivery-status\n"}) {
        const auto report = read_report(text);
        CHECK((!report || report->kind == ReportKind::other));
    }
    const std::string whole = dsn(failed_fields);
    for (std::size_t size = 1; size < whole.size(); ++size) {
        const auto report = read_report(whole.substr(0, size));
        if (report && report->kind == ReportKind::dsn)
            CHECK(only_recipient(*report).final_recipient.size() <= std::string("bert@example.net").size());
    }
}

TEST_CASE("a message that is large or nested without end is read up to a point") {
    SECTION("the returned message is long") {
        const std::string long_body(std::size_t{3} << 20U, 'x');
        const auto report =
            read_report(report_of("delivery-status", "Content-Type: message/delivery-status\n\n" + failed_fields,
                                  "Content-Type: message/rfc822\n\nMessage-ID: <1@example.test>\n\n" + long_body));
        REQUIRE(report);
        CHECK(only_recipient(*report).status == "5.1.1");
        CHECK(report->original_message_id == "<1@example.test>");
    }
    SECTION("the returned message has many parts") {
        std::string parts = "Content-Type: message/rfc822\n\nMessage-ID: <1@example.test>\n"
                            "Content-Type: multipart/mixed; boundary=x\n\n";
        for (int i = 0; i < 100'000; ++i)
            parts += "--x\n\n";
        const auto report = read_report(
            report_of("delivery-status", "Content-Type: message/delivery-status\n\n" + failed_fields, parts));
        REQUIRE(report);
        CHECK(only_recipient(*report).status == "5.1.1");
    }
    SECTION("multiparts in multiparts") {
        std::string nested;
        for (int i = 0; i < 20'000; ++i)
            nested +=
                "Content-Type: multipart/mixed; boundary=b" + std::to_string(i) + "\n\n--b" + std::to_string(i) + "\n";
        CHECK(read_report(nested)->kind == ReportKind::other);
    }
    SECTION("messages in messages") {
        std::string nested;
        for (int i = 0; i < 20'000; ++i)
            nested += "Content-Type: message/rfc822\n\n";
        CHECK(read_report(nested)->kind == ReportKind::other);
    }
    // Of some of these GMime falls over, or takes a minute.
    SECTION("groups in groups, comments in comments, halves of words") {
        for (const std::string opening : {"a:", "a,", "(", "<", "\"", "@a:", " =?utf-8?q?x", ";a*=", "\n =?"}) {
            std::string value;
            while (value.size() < std::size_t{1} << 20U)
                value += opening;
            for (const std::string field : {"tO \t", "Subject", "Content-Type", "Auto-Submitted"}) {
                const std::string header = "A: b\n" + field + ": " + value + "\n";
                CHECK(read_report(header + "\nx\n")->recipients.empty());
                CHECK(read_report("Content-Type: message/rfc822\n\n" + header + "\nx\n")->recipients.empty());
            }
        }
    }
    SECTION("fields, parameters and recipients without end") {
        std::string fields = "Content-Type: text/plain";
        for (int i = 0; i < 20'000; ++i)
            fields += ";\n p" + std::to_string(i) + "*0=x";
        CHECK(read_report(fields + "\n\nx\n"));
        std::string many = "Reporting-MTA: dns; x\n";
        for (int i = 0; i < 5'000; ++i)
            many += "\nFinal-Recipient: rfc822; a" + std::to_string(i) + "@example.net\nAction: failed\n";
        CHECK(read_report(dsn(many))->recipients.size() == most_reported);
        std::string folded =
            "Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; a@example.net\nDiagnostic-Code: smtp; 550\n";
        for (int i = 0; i < 20'000; ++i)
            folded += " no\n";
        CHECK(only_recipient(*read_report(dsn(folded))).diagnostic.size() <= longest_value);
    }
}
