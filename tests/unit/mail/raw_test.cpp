#include "base/text.hpp"
#include "catch.hpp"
#include "drafts.hpp"
#include "mail/compose.hpp"
#include "mail/raw.hpp"
#include "parsed.hpp"
#include "thrown.hpp"

using namespace vectis;
using namespace vectis::mail;

namespace {

constexpr auto new_id = "new.1";
constexpr auto addressed = "From: Anna <anna@example.test>\r\nTo: bob@example.test\r\n";

RawMessage taken(const std::string& bytes) {
    auto found = read_raw(bytes, new_id, parse_rfc3339("2026-11-24T10:43:11.500Z"));
    std::string seven_bit = found.message;
    for (char& each : seven_bit) {
        if ((static_cast<unsigned char>(each) & 0x80U) != 0)
            each = 'x';
    }
    CHECK(test::wire_fault(seven_bit) == "");
    return found;
}

/// "line field" of each fault.
std::vector<std::string> faults_of(const std::string& bytes) {
    std::vector<std::string> all;
    const auto error = test::error_of([&] { (void)read_raw(bytes, new_id, Time()); });
    CHECK(error.code() == Code::invalid_input);
    for (const auto& each : error.problems()) {
        CHECK_FALSE(has_control(each.what + each.hint));
        all.push_back(std::to_string(each.where.line) + " " + each.path);
    }
    return all;
}
using Faults = std::vector<std::string>;

} // namespace

TEST_CASE("a message of others is sent as it is") {
    const std::string message = std::string(addressed) + "Subject: Hello\r\n"
                                                         "Date: Tue, 24 Nov 2026 10:00:00 +0000\r\n"
                                                         "Message-ID: <1@example.test>\r\n"
                                                         "X-Folded: a\r\n b\r\n\tc\r\n"
                                                         "\r\n"
                                                         "text\r\n.\r\n";
    const auto found = taken(message);
    CHECK(found.message == message);
    CHECK(found.from == "anna@example.test");
    CHECK(found.recipients == std::vector<std::string>{"bob@example.test"});
    CHECK(found.subject == "Hello");
    CHECK(found.message_id == "<1@example.test>");
}

TEST_CASE("Date and Message-ID are written where they are missing") {
    const auto found = taken(std::string(addressed) + "\r\ntext\r\n");
    CHECK(found.message == std::string(addressed) + "Date: Tue, 24 Nov 2026 10:43:11 +0000\r\n"
                                                    "Message-ID: <new.1@example.test>\r\n"
                                                    "\r\n"
                                                    "text\r\n");
    CHECK(found.message_id == "<new.1@example.test>");
    CHECK(found.subject.empty());
}

TEST_CASE("lines that end with LF alone end with CRLF, and the last one, too") {
    std::string unix_lines = std::string(addressed) + "X: a\r\n b\r\n\r\none\r\ntwo";
    std::erase(unix_lines, '\r');
    const auto found = taken(unix_lines);
    CHECK(found.message.starts_with(std::string(addressed) + "X: a\r\n b\r\n"));
    CHECK(found.message.ends_with("\r\n\r\none\r\ntwo\r\n"));
    CHECK(taken(std::string(addressed) + "\r\none\ntwo\r\n").message.ends_with("\r\n\r\none\r\ntwo\r\n"));
}

TEST_CASE("a CR alone, a NUL and a long line are refused wherever they are") {
    for (const std::string& bad :
         {std::string("a\rb"), std::string("a\r\rb"), std::string("a\r\r\n"), std::string("\r"), std::string("a\0b", 3),
          std::string(999, 'a'), std::string("x\n.\rMAIL FROM:<eve@evil.test>\r\n")}) {
        INFO(printable(bad.substr(0, 40)));
        CHECK(faults_of(std::string(addressed) + "\r\n" + bad).size() == 1);
        CHECK(faults_of(std::string(addressed) + "X: " + bad + "\r\n\r\n").size() >= 1);
    }
    CHECK(taken(std::string(addressed) + "\r\n" + std::string(998, 'a')).message.size() > 998);
    // Told once, with the line of the first one.
    CHECK(faults_of(std::string(addressed) + "\r\na\rb\r\nc\rd\r\n") == Faults{"4 "});
}

TEST_CASE("recipients are of To, Cc and Bcc, each once, and Bcc is taken out") {
    const auto found = taken("From: anna@example.test\r\n"
                             "To: Bob <bob@EXAMPLE.test>, carl@example.test\r\n"
                             "BCC: dora@example.test,\r\n\teve@example.test\r\n"
                             "Cc: Team: bob@example.test, fred@example.test;\r\n"
                             "\r\n");
    CHECK(found.recipients == std::vector<std::string>{"bob@example.test", "carl@example.test", "fred@example.test",
                                                       "dora@example.test", "eve@example.test"});
    CHECK(lower_ascii(found.message).find("bcc") == std::string::npos);
    CHECK(found.message.find("dora") == std::string::npos);
    CHECK(found.message.find("eve") == std::string::npos);
    CHECK(taken("From: a@example.test\r\nTo: undisclosed-recipients:;\r\nBcc: b@example.test\r\n\r\n").recipients ==
          std::vector<std::string>{"b@example.test"});
    CHECK(taken("From: a@example.test\r\nTo: b@example.test\r\nBcc:\r\n\r\n").recipients.size() == 1);
}

TEST_CASE("what vouches for a message is dropped, what traces it is kept") {
    const auto found = taken("Return-Path: <eve@evil.test>\r\n"
                             "Received: from a by b; Tue, 24 Nov 2026 10:00:00 +0000\r\n"
                             "DKIM-Signature: v=1;\r\n d=evil.test\r\n"
                             "ARC-Seal: i=1\r\n"
                             "Authentication-Results: example.test; dkim=pass\r\n" +
                             std::string(addressed) + "\r\nDKIM-Signature: of the body\r\n");
    const auto names = [&] {
        std::vector<std::string> all;
        for (const auto& [name, value] : test::fields(found.message))
            all.push_back(name);
        return all;
    }();
    CHECK(names == std::vector<std::string>{"Received", "From", "To", "Date", "Message-ID"});
    CHECK(found.message.ends_with("\r\n\r\nDKIM-Signature: of the body\r\n"));
}

TEST_CASE("there is one From with one address") {
    CHECK(faults_of("To: b@example.test\r\n\r\n") == Faults{"1 From"});
    CHECK(faults_of("From: a@example.test\r\nFROM: b@example.test\r\nTo: b@example.test\r\n\r\n") == Faults{"2 FROM"});
    for (const std::string from : {"a@example.test, b@example.test", "", "Anna", "a@example.test <eve@evil.test>",
                                   "x: a@example.test;", "x:;", "anna@example.test\xc3\xbc",
                                   "=?utf-8?q?anna=40example.test?=", "\"anna@example.test\"", "@a:b@example.test"}) {
        INFO(from);
        CHECK_FALSE(faults_of("From: " + from + "\r\nTo: b@example.test\r\n\r\n").empty());
    }
    CHECK(taken("From:\r\n Anna\r\n <Anna@Example.test>\r\nTo: b@example.test\r\n\r\n").from == "Anna@example.test");
    CHECK(taken("From: a@example.test\r\nSender: A <a@EXAMPLE.test>\r\nTo: b@example.test\r\n\r\n").from ==
          "a@example.test");
    CHECK(faults_of("From: a@example.test\r\nSender: eve@evil.test\r\nTo: b@example.test\r\n\r\n") ==
          Faults{"2 Sender"});
}

TEST_CASE("a message without recipients is refused") {
    CHECK(faults_of("From: a@example.test\r\n\r\n") == Faults{"1 To"});
    CHECK(faults_of("From: a@example.test\r\nTo: undisclosed-recipients:;\r\n\r\n") == Faults{"1 To"});
    CHECK(faults_of("From: a@example.test\r\nTo: b\r\n\r\n") == Faults{"2 To"});
    CHECK(faults_of("From: a@example.test\r\nTo:\r\nCc: b@example.test\r\n\r\n") == Faults{"2 To"});
    CHECK(faults_of("From: a@example.test\r\nTo: b@example.test\r\nReply-To: x\r\n\r\n") == Faults{"3 Reply-To"});
    std::string many = "From: a@example.test\r\nBcc: x@example.test";
    for (int i = 0; i < 1000; ++i)
        many += ",\r\n a" + std::to_string(i) + "@example.test";
    CHECK(faults_of(many + "\r\n\r\n") == Faults{"1 To"});
}

TEST_CASE("what may stand once, stands once") {
    for (const std::string name : {"Subject", "Date", "Message-ID", "In-Reply-To", "References", "MIME-Version",
                                   "Content-Type", "Content-Transfer-Encoding"}) {
        INFO(name);
        const std::string value = name == "Date"         ? ": Tue, 24 Nov 2026 10:43:11 +0000\r\n"
                                  : name == "Message-ID" ? ": <1@example.test>\r\n"
                                                         : ": 1.0\r\n";
        CHECK(faults_of(addressed + name + value + lower_ascii(name) + value + "\r\n") ==
              Faults{"4 " + lower_ascii(name)});
    }
    CHECK(taken(std::string(addressed) +
                "X: a\r\nX: b\r\nReceived: a\r\nReceived: b\r\nComments: a\r\nComments: b\r\n\r\n")
              .recipients.size() == 1);
}

TEST_CASE("a header that two readers could understand differently is refused") {
    struct Row {
        std::string lines;
        Faults expected;
    };
    for (const auto& [lines, expected] : std::vector<Row>{
             {"no field\r\n", {"3 "}},
             {"Subject : a\r\n", {"3 "}},
             {": a\r\n", {"3 "}},
             {"X Y: a\r\n", {"3 "}},
             {"X: a\r\n \r\n b\r\n", {"4 "}},
             {"X: a\r\n\t\r\n", {"4 "}},
             {"X: gr\xc3\xbc\xc3\x9f\x65\r\n", {"3 "}},
             {"X: a\x0b\r\n", {"3 "}},
             {"X: a\x7f\r\n", {"3 "}},
             {"Resent-To: b@example.test\r\n", {"3 Resent-To"}},
             {"Date: yesterday\r\n", {"3 Date"}},
             {"Message-ID: 1@example.test\r\n", {"3 Message-ID"}},
             {"Message-ID: <1@example.test> <2@example.test>\r\n", {"3 Message-ID"}},
             {"Message-ID: <1 2@example.test>\r\n", {"3 Message-ID"}},
             {"no field\r\nX: \x01\r\nSubject: a\r\nsubject: b\r\n", {"3 ", "4 ", "6 subject"}},
         }) {
        INFO(printable(lines));
        CHECK(faults_of(addressed + lines + "\r\n") == expected);
    }
    CHECK(faults_of("From eve Tue Nov 24 10:43:11 2026\r\n" + std::string(addressed) + "\r\n") == Faults{"1 "});
    CHECK(faults_of(" X\r\n" + std::string(addressed) + "\r\n") == Faults{"1 "});
    CHECK(faults_of("") == Faults{"1 From", "1 To"});
    CHECK(faults_of("\r\n" + std::string(addressed)) == Faults{"1 From", "1 To"});
}

TEST_CASE("a message may be a header alone") {
    CHECK(taken(addressed).message.ends_with("\r\n\r\n"));
    CHECK(taken("From: a@example.test\nTo: b@example.test")
              .message.starts_with("From: a@example.test\r\nTo: b@example.test\r\n"));
}

TEST_CASE("the subject is decoded and safe to print") {
    const auto subject = [](const std::string& value) {
        return taken(std::string(addressed) + "Subject: " + value + "\r\n\r\n").subject;
    };
    CHECK(subject("=?utf-8?q?Gr=C3=BC=C3=9Fe?=") == "Grüße");
    CHECK(subject("a\r\n b") == "a b");
    CHECK(subject("=?utf-8?q?a=0D=0Ab?=") == "a\\u000d\\u000ab");
    CHECK_FALSE(has_control(subject("=?utf-8?q?a=00b=FF?= =?x-no-such?b?####?=")));
}

TEST_CASE("a body of 8 bits is kept") {
    CHECK(taken(std::string(addressed) + "\r\nGr\xc3\xbc\xc3\x9f\x65\r\n")
              .message.ends_with("\r\n\r\nGr\xc3\xbc\xc3\x9f\x65\r\n"));
}

TEST_CASE("what would exhaust a reader is refused before anything is made of it") {
    const std::string typed = std::string(addressed) + "Content-Type: multipart/mixed; boundary=\"b 1\"\r\n\r\n";
    std::string parts;
    for (int i = 0; i < 1000; ++i)
        parts += "--b 1\r\n\r\n";
    CHECK(taken(typed + parts).recipients.size() == 1);
    CHECK(faults_of(typed + parts + "--b 1\r\n") == Faults{"2005 "});
    CHECK(faults_of(typed + parts + "--b 1--\r\n") == Faults{"2005 "});
    // Lines of others that begin so are no parts.
    std::string comments;
    for (int i = 0; i < 5000; ++i)
        comments += "-- a comment\r\n--\r\n---- \r\n";
    CHECK(taken(typed + comments).recipients.size() == 1);
    // Nested ones name their boundaries in the body.
    std::string nested;
    for (int i = 0; i < 1100; ++i)
        nested += "--b 1\r\nContent-Type: multipart/mixed;\r\n BOUNDARY=c" + std::to_string(i) + "; x=y\r\n\r\n--c" +
                  std::to_string(i) + "\r\n";
    CHECK(faults_of(typed + nested).size() == 1);

    std::string fields;
    for (int i = 0; i < 1001; ++i)
        fields += "X-" + std::to_string(i) + ": a\r\n";
    CHECK(faults_of(addressed + fields + "\r\n").empty()); // an error without a list
    std::string large;
    for (int i = 0; i < 300; ++i)
        large += "X-" + std::to_string(i) + ": " + std::string(900, 'a') + "\r\n";
    CHECK(faults_of(addressed + large + "\r\n").empty());
    std::string folded = "X: a";
    for (int i = 0; i < 120; ++i)
        folded += "\r\n " + std::string(900, 'a');
    CHECK(faults_of(addressed + folded + "\r\n\r\n") == Faults{"3 X"});
    CHECK(faults_of(std::string(5'000'000, 'a')).empty());
    std::string bad;
    for (int i = 0; i < 300; ++i)
        bad += "bad\r\n";
    CHECK(faults_of(bad + "\r\n").size() == 101);
}

TEST_CASE("what we compose is taken as it is") {
    Draft draft = test::full_draft();
    const std::string message = compose(draft, "<1@example.test>", parse_rfc3339("2026-11-24T10:43:11.500Z"));
    const auto found = taken(message);
    CHECK(found.message == message);
    CHECK(found.from == draft.from.email);
    CHECK(found.subject == draft.subject);
    draft.bcc.clear();
    CHECK(found.recipients == recipients(draft));
    CHECK(taken(found.message).message == message);
}
