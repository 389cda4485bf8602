#include "base/error.hpp"
#include "base/json.hpp"
#include "base/random.hpp"
#include "catch.hpp"
#include "drafts.hpp"
#include "mail/compose.hpp"
#include "parsed.hpp"
#include "thrown.hpp"

#include <thread>

using namespace vectis;
using namespace vectis::mail;
using test::field;
using test::full_draft;
using test::parsed;
using test::small_draft;

namespace {

constexpr auto own_id = "<0192.1@mail.example.test>";
using People = std::vector<std::pair<std::string, std::string>>;

std::string composed(const Draft& draft) {
    std::string message = compose(draft, own_id, parse_rfc3339("2026-11-24T10:43:11.500Z"));
    CHECK(test::wire_fault(message) == "");
    return message;
}

/// `text` with CRLF at the end of each line, the last one too.
std::string as_lines(std::string text) {
    std::string lines;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\n' || text[i] == '\r')
            lines += "\r\n";
        else
            lines += text[i];
        if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n')
            ++i;
    }
    if (!lines.empty() && !lines.ends_with("\r\n"))
        lines += "\r\n";
    return lines;
}

std::size_t count_of(const std::string& message, const std::string& name) {
    std::size_t count = 0;
    for (const auto& [each, value] : test::fields(message))
        count += lower_ascii(each) == lower_ascii(name) ? 1 : 0;
    return count;
}

} // namespace

TEST_CASE("the smallest message, byte for byte") {
    CHECK(composed(small_draft()) == "From: Anna <anna@example.test>\r\n"
                                     "To: bob@example.test\r\n"
                                     "Subject: Hello\r\n"
                                     "Date: Tue, 24 Nov 2026 10:43:11 +0000\r\n"
                                     "Message-ID: <0192.1@mail.example.test>\r\n"
                                     "MIME-Version: 1.0\r\n"
                                     "Content-Type: text/plain; charset=utf-8\r\n"
                                     "Content-Transfer-Encoding: 7bit\r\n"
                                     "\r\n"
                                     "Hi\r\n");
}

TEST_CASE("equal drafts give equal bytes") {
    CHECK(composed(full_draft()) == composed(full_draft()));
}

TEST_CASE("everything reads back as it was given") {
    const Draft draft = full_draft();
    const std::string message = composed(draft);
    const auto read = parsed(message);
    CHECK(read.subject == draft.subject);
    CHECK(read.from == People{{"Anna Bücher", "anna@example.test"}});
    REQUIRE(read.to.size() == 2);
    CHECK(read.to[0] == std::pair<std::string, std::string>("Bob, Builder", "bob@example.test"));
    CHECK(read.to[1].first == "Zoë");
    CHECK(read.cc == People{{"Carl \"C\" Carlson", "carl@example.test"}});
    CHECK(read.reply_to == People{{"Büro", "office@example.test"}});
    CHECK(read.message_id == "0192.1@mail.example.test");
    CHECK(read.structure == "mixed(alternative(text/plain related(text/html image/png)) application/pdf)");
    REQUIRE(read.leaves.size() == 4);
    CHECK(as_lines(read.leaves[0].content) == as_lines(*draft.text));
    CHECK(read.leaves[0].charset == "utf-8");
    CHECK(as_lines(read.leaves[1].content) == as_lines(*draft.html));
    CHECK(read.leaves[2].content == draft.attachments[1].content);
    CHECK(read.leaves[2].content_id == "logo");
    CHECK(read.leaves[2].disposition == "inline");
    CHECK(read.leaves[3].content == draft.attachments[0].content);
    CHECK(read.leaves[3].filename == draft.attachments[0].filename);
    CHECK(read.leaves[3].name == draft.attachments[0].filename);
    CHECK(read.leaves[3].disposition == "attachment");
    CHECK(field(message, "X-Campaign") == "spring");
    CHECK(field(message, "In-Reply-To") == "<0@example.test>");
    CHECK(field(message, "List-Unsubscribe") == "<https://example.test/u/1>, <mailto:leave@example.test>");
    CHECK(field(message, "List-Unsubscribe-Post") == "List-Unsubscribe=One-Click");
    // The root of what belongs together is named (RFC 2387), and no boundary is the beginning of another.
    CHECK(message.find("multipart/related;") != std::string::npos);
    CHECK(message.find("type=\"text/html\"") != std::string::npos);
}

TEST_CASE("who gets a blind copy stands nowhere in the message") {
    Draft draft = full_draft();
    const std::string message = composed(draft);
    CHECK(count_of(message, "Bcc") == 0);
    CHECK(message.find("dora") == std::string::npos);
    CHECK(message.find("Dora") == std::string::npos);

    SECTION("without To there is one that names nobody") {
        draft.to.clear();
        CHECK(field(composed(draft), "To") == "undisclosed-recipients:;");
        draft.cc.clear();
        CHECK(field(composed(draft), "To") == "undisclosed-recipients:;");
        CHECK(count_of(composed(draft), "Cc") == 0);
    }
    SECTION("with Cc alone there is no To") {
        draft.to.clear();
        draft.bcc.clear();
        CHECK(count_of(composed(draft), "To") == 0);
    }
}

TEST_CASE("a message has as many levels as it needs") {
    Draft draft = small_draft();
    const Attachment image{
        .filename = "a.png", .content_type = "image/png", .content = "x", .content_id = "a", .is_inline = true};
    const Attachment file{.filename = "a.pdf", .content_type = "application/pdf", .content = "y"};
    const auto structure = [&] { return parsed(composed(draft)).structure; };
    CHECK(structure() == "text/plain");
    draft.html = "<p>";
    CHECK(structure() == "alternative(text/plain text/html)");
    draft.attachments = {file};
    CHECK(structure() == "mixed(alternative(text/plain text/html) application/pdf)");
    draft.text.reset();
    CHECK(structure() == "mixed(text/html application/pdf)");
    draft.attachments = {image};
    CHECK(structure() == "related(text/html image/png)");
    draft.attachments = {file, image, image};
    draft.attachments[2].content_id = "b";
    CHECK(structure() == "mixed(related(text/html image/png image/png) application/pdf)");
    // What the HTML cannot name is shown behind it.
    draft.attachments = {image};
    draft.attachments[0].content_id.clear();
    CHECK(structure() == "mixed(text/html image/png)");
    // Without HTML there is nothing that could name it.
    draft.html.reset();
    draft.text = "";
    draft.attachments = {image};
    CHECK(structure() == "mixed(text/plain image/png)");
}

TEST_CASE("text reads back as it was written, whatever is in it") {
    std::string every_byte_but_nul;
    for (int i = 1; i < 128; ++i)
        every_byte_but_nul += static_cast<char>(i);
    for (const std::string& text : {std::string(),
                                    std::string("\n"),
                                    std::string("no end"),
                                    std::string("one\n\n\nfour\n"),
                                    std::string("a\r\nb\nc\rd"),
                                    std::string(".\n"),
                                    std::string(".\n..\n.x\n.\n\nafter"),
                                    std::string("\r\n.\r\nMAIL FROM:<eve@evil.test>\r\n"),
                                    std::string("From here\nFrom there\n"),
                                    std::string("blanks  \nat\t\nends "),
                                    std::string(5000, 'a'),
                                    std::string(5000, 'a') + "\n" + std::string(5000, 'b'),
                                    std::string(998, 'a') + "\n",
                                    std::string(999, 'a') + "\n",
                                    std::string("Grüße\n"),
                                    std::string("日本語のテキスト\n"),
                                    std::string("😀\n"),
                                    std::string("=3D =20 = =\n=\n"),
                                    std::string("--=_a\n--=_m\n--\n--=_\n"),
                                    std::string("=_"),
                                    every_byte_but_nul,
                                    std::string("\x01\x02\x03"),
                                    std::string(3000, ' '),
                                    std::string("\t\n \n\x0c\n"),
                                    std::string("<p>\xe2\x80\xa8</p>")}) {
        INFO(printable(text.substr(0, 60)));
        Draft draft = small_draft();
        draft.text = text;
        CHECK(as_lines(parsed(composed(draft)).leaves.at(0).content) == as_lines(text));
        draft.html = text;
        draft.attachments = {{.filename = "a.txt", .content_type = "text/plain", .content = text}};
        const auto read = parsed(composed(draft));
        REQUIRE(read.leaves.size() == 3);
        CHECK(as_lines(read.leaves[0].content) == as_lines(text));
        CHECK(as_lines(read.leaves[1].content) == as_lines(text));
        CHECK(read.leaves[2].content == text); // a file's bytes are its own
    }
}

TEST_CASE("each text has the encoding that suits it") {
    Draft draft = small_draft();
    const auto encoding = [&](const std::string& text) {
        draft.text = text;
        return field(composed(draft), "Content-Transfer-Encoding");
    };
    CHECK(encoding("plain\n") == "7bit");
    CHECK(encoding("") == "7bit");
    CHECK(encoding(std::string(998, 'a')) == "7bit");
    CHECK(encoding(std::string(999, 'a')) == "quoted-printable");
    CHECK(encoding("Grüße aus München, und noch etwas mehr davon\n") == "quoted-printable");
    CHECK(encoding("blank at the end \n") == "quoted-printable");
    CHECK(encoding("a lonely =_ sign\n") == "quoted-printable");
    CHECK(encoding("日本語のテキスト\n") == "base64");
}

TEST_CASE("a large file arrives byte for byte") {
    Draft draft = small_draft();
    const std::string bytes = random_bytes(1 << 20);
    draft.attachments = {{.filename = "random.bin", .content_type = "application/octet-stream", .content = bytes},
                         {.filename = "nothing.bin", .content_type = "application/octet-stream"}};
    const auto read = parsed(composed(draft));
    REQUIRE(read.leaves.size() == 3);
    CHECK(read.leaves[1].encoding == "base64");
    CHECK(read.leaves[1].content == bytes);
    CHECK(read.leaves[2].content.empty());
}

TEST_CASE("names of files read back as they were given, by old readers too") {
    for (const std::string& name :
         {std::string("a.pdf"), std::string("with blanks.pdf"), std::string("請求書 2026年11月.pdf"),
          std::string("Übersicht.xlsx"), std::string("😀.png"), std::string("quote\"d.txt"),
          std::string("semi;colon=equals.txt"), std::string("it's 100%.txt"), std::string("=?utf-8?q?x?=.txt"),
          std::string(" blanks .txt "), std::string("a,b(c)<d>[e]@f.txt"), std::string("a'b*c.txt"),
          std::string(300, 'a') + ".txt", std::string(1000, 'b'),
          std::string(
              "長い名前のファイル長い名前のファイル長い名前のファイル長い名前のファイル長い名前のファイル.docx"),
          std::string("a\"; filename=\"b.exe")}) {
        INFO(name);
        Draft draft = small_draft();
        draft.attachments = {{.filename = name, .content_type = "application/pdf", .content = "x"}};
        const auto read = parsed(composed(draft));
        REQUIRE(read.leaves.size() == 2);
        CHECK(read.leaves[1].filename == name);
        if (name.find("=?") == std::string::npos) // GMime decodes what it has decoded
            CHECK(read.leaves[1].name == name);
        CHECK(read.leaves[1].type == "application/pdf");
    }
}

TEST_CASE("names of people read back as they were given") {
    for (const std::string& name :
         {std::string("Anna"), std::string("Anna Berg"), std::string("Berg, Anna"), std::string("Anna \"die\" Berg"),
          std::string("back\\slash"), std::string("Jürgen Müller"), std::string("山田 太郎"), std::string("😀"),
          std::string("=?utf-8?q?x?="), std::string("eve@evil.test"), std::string("Anna\" <eve@evil.test>, \"x"),
          std::string("(comment)"), std::string("a  b"), std::string("a;b:c,d<e>f@g[h]"), std::string("."),
          std::string(900, 'a'), std::string(1000, '"'), std::string("Bcc: eve@evil.test")}) {
        INFO(name);
        Draft draft = small_draft();
        draft.from.name = name;
        draft.to = {{"bob@example.test", name}, {"carl@example.test", name}};
        const auto read = parsed(composed(draft));
        CHECK(read.from == People{{name, "anna@example.test"}});
        CHECK(read.to == People{{name, "bob@example.test"}, {name, "carl@example.test"}});
    }
}

TEST_CASE("subjects read back as they were given") {
    std::string mixed;
    for (int i = 0; i < 60; ++i)
        mixed += "Grüße 日本 😀 and plain words, ";
    for (const std::string& subject :
         {std::string(), std::string("Hello"), std::string("Grüße"), std::string("日本語の件名です"),
          std::string("😀😀😀"), std::string("=?utf-8?q?literal?="), std::string("Bcc: eve@evil.test"),
          std::string(5000, 'a'), mixed + "end", mixed, std::string("two  blanks"), std::string("  around  ")}) {
        INFO(subject);
        Draft draft = small_draft();
        draft.subject = subject;
        CHECK(parsed(composed(draft)).subject == subject);
    }
}

TEST_CASE("headers of the draft's own are copied or encoded") {
    Draft draft = small_draft();
    draft.headers = {{"X-Plain", "a  b c"},
                     {"X-Encoded", "Grüße"},
                     {"X-Given", "=?utf-8?q?=C3=BC?="},
                     {"X-Empty", ""},
                     {"References", "<1@example.test> <2@example.test>"},
                     {"X-Long", std::string(900, 'a') + " b"}};
    const std::string message = composed(draft);
    CHECK(field(message, "X-Plain") == "a  b c");
    CHECK(field(message, "X-Encoded") == "=?utf-8?B?R3LDvMOfZQ==?=");
    CHECK(field(message, "X-Given") == "=?utf-8?q?=C3=BC?=");
    CHECK(field(message, "X-Empty") == "");
    CHECK(field(message, "References") == "<1@example.test> <2@example.test>");
    CHECK(field(message, "X-Long") == std::string(900, 'a') + " b");
}

TEST_CASE("an attached message stays one") {
    Draft draft = small_draft();
    draft.attachments = {{.filename = "a.eml",
                          .content_type = "message/rfc822",
                          .content = "Subject: inner\nContent-Type: text/plain\n\n--=_m\ninner body\n"}};
    const auto read = parsed(composed(draft));
    CHECK(read.structure == "mixed(text/plain message/rfc822)");
    CHECK(as_lines(read.leaves.at(1).content) == as_lines(draft.attachments[0].content));
    // A message of ours in a message of ours: no boundary of the inner one is one of the outer one.
    Draft outer = draft;
    outer.attachments[0].content = composed(full_draft());
    const auto nested = parsed(composed(outer));
    CHECK(nested.structure == "mixed(text/plain message/rfc822)");
    CHECK(as_lines(nested.leaves.at(1).content) == outer.attachments[0].content);
}

TEST_CASE("texts say their charset where it is known") {
    Draft draft = small_draft();
    draft.attachments = {{.filename = "a.csv", .content_type = "text/csv", .content = "ü"},
                         {.filename = "b.csv", .content_type = "text/csv", .content = "\xfc"},
                         {.filename = "c.csv", .content_type = "text/csv; charset=iso-8859-1", .content = "\xfc"},
                         {.filename = "d.ics", .content_type = "text/calendar; method=REQUEST", .content = "BEGIN"}};
    const std::string message = composed(draft);
    const auto read = parsed(message);
    CHECK(read.leaves.at(1).charset == "utf-8");
    CHECK(read.leaves.at(2).charset.empty());
    CHECK(read.leaves.at(3).charset == "iso-8859-1");
    CHECK(message.find("text/calendar; method=REQUEST; charset=utf-8") != std::string::npos);
}

TEST_CASE("a draft with a fault is never written") {
    for (const auto change : {+[](Draft& draft) { draft.subject = "a\r\nBcc: eve@evil.test"; },
                              +[](Draft& draft) { draft.to[0].email = "a@example.test>,<eve@evil.test"; },
                              +[](Draft& draft) {
                                  draft.headers = {{"X: a\r\nBcc", "eve@evil.test"}};
                              },
                              +[](Draft& draft) {
                                  draft.headers = {{"bcc", "eve@evil.test"}};
                              },
                              +[](Draft& draft) { draft.text.reset(); },
                              +[](Draft& draft) { draft.attachments = {{.filename = "a", .content_type = "a"}}; }}) {
        Draft draft = small_draft();
        change(draft);
        CHECK(test::error_of([&] { (void)compose(draft, own_id, Time()); }).code() == Code::internal);
    }
    for (const auto* bad : {"<a\r\nBcc: x@y>", "<\xc3\xbc@example.test>"})
        CHECK(test::error_of([&] { (void)compose(small_draft(), bad, Time()); }).code() == Code::internal);
}

TEST_CASE("no value becomes a field of its own") {
    Draft draft = full_draft();
    const auto before = test::fields(composed(draft)).size();
    for (const std::string& evil :
         {std::string("Bcc: eve@evil.test"), std::string("x\\r\\nBcc: eve@evil.test"),
          std::string("=?utf-8?q?=0D=0ABcc:_eve=40evil.test?="), std::string("%0d%0aBcc: eve@evil.test"),
          std::string("\\\"\\\\"), std::string(2000, ' ') + "Bcc: eve@evil.test"}) {
        draft.subject = draft.from.name = draft.to[0].name = draft.headers[0].second = evil;
        draft.attachments[0].filename = "x" + evil.substr(0, 900);
        std::erase(draft.attachments[0].filename, '\\');
        draft.from.name = draft.from.name.substr(0, 900);
        draft.to[0].name = draft.to[0].name.substr(0, 900);
        draft.headers[0].second = evil.size() < 900 ? evil : "x";
        INFO(printable(evil));
        const std::string message = composed(draft);
        CHECK(test::fields(message).size() == before);
        CHECK(count_of(message, "Bcc") == 0);
        CHECK(parsed(message).subject == evil);
    }
}

TEST_CASE("many threads may compose at once") {
    const std::string expected = composed(full_draft());
    std::vector<std::string> messages(8);
    {
        std::vector<std::jthread> threads;
        for (auto& message : messages)
            threads.emplace_back([&message] {
                for (int i = 0; i < 50; ++i)
                    message = compose(full_draft(), own_id, parse_rfc3339("2026-11-24T10:43:11.500Z"));
            });
    }
    for (const auto& message : messages)
        CHECK(message == expected);
}
