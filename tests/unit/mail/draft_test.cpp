#include "base/text.hpp"
#include "catch.hpp"
#include "drafts.hpp"

#include <functional>

using namespace vectis;
using namespace vectis::mail;
using test::paths;
using test::small_draft;

TEST_CASE("a draft with everything in it has no fault") {
    CHECK(paths(test::full_draft()).empty());
    CHECK(paths(small_draft()).empty());
}

TEST_CASE("everything that is wrong is told at once, in the order of the body") {
    Draft draft;
    draft.from = {"anna", "An\nna"};
    draft.to = {{"bob@example.test", ""}, {"eve", ""}};
    draft.reply_to = {{"a@example.test", "\t"}};
    draft.subject = "a\r\nb";
    draft.attachments = {{.filename = "", .content_type = "pdf"}};
    draft.headers = {{"X Y", "a"}, {"Subject", "b"}, {"X/~Foo", "\x01"}};
    draft.list_unsubscribe = Unsubscribe{};
    CHECK(paths(draft) == std::vector<std::string>{"/from/email", "/from/name", "/to/1/email", "/reply_to/0/name",
                                                   "/subject", "/text", "/attachments/0/filename",
                                                   "/attachments/0/content_type", "/headers/X Y", "/headers/Subject",
                                                   "/headers/X~1~0Foo", "/list_unsubscribe"});
}

TEST_CASE("a message needs a recipient and a body") {
    Draft draft = small_draft();
    SECTION("no recipient") {
        draft.to.clear();
        CHECK(paths(draft) == std::vector<std::string>{"/to"});
    }
    SECTION("Bcc alone is enough, and so is Cc") {
        draft.bcc = std::exchange(draft.to, {});
        CHECK(paths(draft).empty());
        draft.cc = std::exchange(draft.bcc, {});
        CHECK(paths(draft).empty());
    }
    SECTION("no body") {
        draft.text.reset();
        CHECK(paths(draft) == std::vector<std::string>{"/text"});
    }
    SECTION("an empty body is one") {
        draft.text = "";
        CHECK(paths(draft).empty());
    }
    SECTION("HTML alone is enough") {
        draft.html = std::exchange(draft.text, std::nullopt);
        CHECK(paths(draft).empty());
    }
}

TEST_CASE("a control character or bad UTF-8 is refused in every field") {
    struct Place {
        std::string path;
        std::function<void(Draft&, const std::string&)> put;
    };
    const std::vector<Place> places{
        {"/from/email", [](Draft& draft, const std::string& text) { draft.from.email = "a@example.test" + text; }},
        {"/from/name", [](Draft& draft, const std::string& text) { draft.from.name = text; }},
        {"/to/0/email", [](Draft& draft, const std::string& text) { draft.to[0].email = text; }},
        {"/to/0/name", [](Draft& draft, const std::string& text) { draft.to[0].name = text; }},
        {"/cc/0/email", [](Draft& draft, const std::string& text) { draft.cc[0].email = text + "a@example.test"; }},
        {"/cc/0/name", [](Draft& draft, const std::string& text) { draft.cc[0].name = text; }},
        {"/bcc/0/email", [](Draft& draft, const std::string& text) { draft.bcc[0].email += text; }},
        {"/bcc/0/name", [](Draft& draft, const std::string& text) { draft.bcc[0].name = text; }},
        {"/reply_to/0/email", [](Draft& draft, const std::string& text) { draft.reply_to[0].email += text; }},
        {"/reply_to/0/name", [](Draft& draft, const std::string& text) { draft.reply_to[0].name = text; }},
        {"/subject", [](Draft& draft, const std::string& text) { draft.subject = text; }},
        {"/attachments/0/filename",
         [](Draft& draft, const std::string& text) { draft.attachments[0].filename = text; }},
        {"/attachments/0/content_type",
         [](Draft& draft, const std::string& text) { draft.attachments[0].content_type += text; }},
        {"/attachments/0/content_type",
         [](Draft& draft, const std::string& text) { draft.attachments[0].content_type = "a/b; c=\"" + text + "\""; }},
        {"/attachments/0/content_id",
         [](Draft& draft, const std::string& text) { draft.attachments[0].content_id = text; }},
        {"/headers/", [](Draft& draft, const std::string& text) { draft.headers[0].first += text; }},
        {"/headers/X-Campaign", [](Draft& draft, const std::string& text) { draft.headers[0].second = text; }},
        {"/list_unsubscribe/url", [](Draft& draft, const std::string& text) { draft.list_unsubscribe->url += text; }},
        {"/list_unsubscribe/mailto",
         [](Draft& draft, const std::string& text) { draft.list_unsubscribe->mailto += text; }},
        {"/list_unsubscribe/mailto",
         [](Draft& draft, const std::string& text) {
             draft.list_unsubscribe->mailto = "mailto:a@example.test?subject=" + text;
         }},
    };
    const std::vector<std::string> evils{"x\r\nBcc: eve@evil.test",
                                         "x\nBcc: eve@evil.test",
                                         "x\rBcc: eve@evil.test",
                                         "\r\n\r\nbody",
                                         std::string("a\0b", 3),
                                         "a\x0b",
                                         "a\x1b[0m",
                                         "a\x7f",
                                         "a\xc2\x85 b",
                                         "a\xe2\x80\xa8 b",
                                         "a\xe2\x80\xa9 b",
                                         "a\xff",
                                         "a\xc0\x8a",
                                         "a\xed\xa0\x80",
                                         "a\tb"};
    for (const auto& [path, put] : places) {
        for (const auto& evil : evils) {
            INFO(path << " " << printable(evil));
            Draft draft = test::full_draft();
            put(draft, evil);
            const auto found = paths(draft);
            REQUIRE(found.size() == 1);
            CHECK(found[0].starts_with(path));
            CHECK_FALSE(has_control(found[0]));
            for (const auto& problem : faults(draft))
                CHECK_FALSE(has_control(problem.what + problem.hint));
        }
    }
}

TEST_CASE("bodies may have every character but NUL") {
    Draft draft = small_draft();
    draft.html = "<p>\x01\x1b\x7f\r\r\n\n\t</p>";
    draft.text = "\x0c\xc2\x85";
    CHECK(paths(draft).empty());
    draft.text = std::string("a\0b", 3);
    draft.html = "\xff";
    CHECK(paths(draft) == std::vector<std::string>{"/text", "/html"});
}

TEST_CASE("fields of ours are named with the key that says what stands in them") {
    for (const std::string name : {"From",
                                   "to",
                                   "CC",
                                   "Bcc",
                                   "Sender",
                                   "Date",
                                   "Subject",
                                   "Message-ID",
                                   "MIME-Version",
                                   "Content-Type",
                                   "Content-Anything",
                                   "DKIM-Signature",
                                   "Return-Path",
                                   "Received",
                                   "Authentication-Results",
                                   "ARC-Seal",
                                   "Resent-To",
                                   "List-Unsubscribe",
                                   "list-unsubscribe-post",
                                   "Reply-To"}) {
        INFO(name);
        Draft draft = test::full_draft();
        draft.headers = {{name, "x"}};
        CHECK(paths(draft) == std::vector<std::string>{"/headers/" + name});
    }
    Draft draft = small_draft();
    draft.headers = {{"List-Unsubscribe", "<https://example.test/>"},
                     {"Reply-To", "a@example.test"},
                     {"X-Received", "x"},
                     {"To-Do", "x"},
                     {"In-Reply-To", "<1@example.test>"},
                     {"References", "<1@example.test> <2@example.test>"}};
    CHECK(paths(draft).empty());
}

TEST_CASE("headers are fields of RFC 5322, each once, that can be folded") {
    Draft draft = small_draft();
    const auto with = [&](const std::string& name, const std::string& value) {
        draft.headers = {{name, value}};
        return paths(draft);
    };
    for (const std::string name : {"", "X:", "X Y", "X-\xc3\xbc", "X\x7f", ":", " X"})
        CHECK(with(name, "a").size() == 1);
    CHECK(with(std::string(77, 'X'), "a").size() == 1);
    CHECK(with(std::string(76, 'X'), std::string(900, 'a')).empty());
    CHECK(with("X", std::string(901, 'a')).size() == 1);
    CHECK(with("X", std::string(500, 'a') + " " + std::string(500, 'b')).empty());
    CHECK(with("X", "a" + std::string(2000, ' ') + "b").size() == 1);
    CHECK(with("X", " a").size() == 1);
    CHECK(with("X", "a ").size() == 1);
    CHECK(with("X", "").empty());
    CHECK(with("X", "ü").empty());
    CHECK(with("References", "ü").size() == 1);
    CHECK(with("X", std::string(10'001, 'a')).size() == 1);
    draft.headers = {{"X-Foo", "a"}, {"x-foo", "b"}};
    CHECK(paths(draft) == std::vector<std::string>{"/headers/x-foo"});
    draft.headers.clear();
    for (int i = 0; i < 20; ++i)
        draft.headers.emplace_back("X-" + std::to_string(i), std::string(800, 'a') + " " + std::string(800, 'a') + " " +
                                                                 std::string(800, 'a') + " " + std::string(800, 'a'));
    CHECK(paths(draft).empty());
    draft.headers.emplace_back("X-More", std::string(800, 'a') + " " + std::string(800, 'a'));
    CHECK(paths(draft) == std::vector<std::string>{"/headers"});
}

TEST_CASE("the type of an attachment is a single file's, and takes no parameter that is ours") {
    Draft draft = small_draft();
    draft.attachments = {{.filename = "a.bin", .content_type = "", .content = "abc"}};
    const auto well = [&](const std::string& type) {
        draft.attachments[0].content_type = type;
        return paths(draft).empty();
    };
    for (const auto* type :
         {"application/pdf", "TEXT/CSV", "text/calendar; method=REQUEST; charset=\"utf-8\"",
          "application/vnd.ms-excel.sheet.macroEnabled.12", "image/svg+xml", "a/b;c=d", "text/plain; x=\"a;b\\\"c\""}) {
        INFO(type);
        CHECK(well(type));
    }
    for (const std::string type : {"",
                                   "pdf",
                                   "/",
                                   "a/",
                                   "/b",
                                   "a/b/c",
                                   "a b/c",
                                   "a/b c",
                                   "a/b; name=x",
                                   "a/b; NAME=x",
                                   "a/b; name*=x",
                                   "a/b; name*0=x",
                                   "a/b; boundary=x",
                                   "multipart/mixed",
                                   "Multipart/Mixed; x=y",
                                   "a/b;",
                                   "a/b; c",
                                   "a/b; c=",
                                   "a/b; c=d e",
                                   "a/b; c=\"d",
                                   "a/b; c=d; C=e",
                                   "a/b, c/d",
                                   "a/\"b\"",
                                   "message/partial",
                                   "message/external-body",
                                   "a/b\r\nX: y",
                                   "ä/b"}) {
        INFO(type);
        CHECK_FALSE(well(type));
    }
    CHECK_FALSE(well("a/" + std::string(128, 'b')));
    CHECK(well("a/b; " + std::string(40, 'c') + "=d"));
    CHECK_FALSE(well("a/b; " + std::string(41, 'c') + "=d"));
    CHECK_FALSE(well("a/b; c=" + std::string(300, 'd')));
}

TEST_CASE("an attached message is taken if it needs no encoding") {
    Draft draft = small_draft();
    draft.attachments = {{.filename = "a.eml", .content_type = "message/rfc822", .content = "Subject: a\n\nb"}};
    CHECK(paths(draft).empty());
    for (const std::string& content :
         {std::string("Subject: \xc3\xbc\n\n"), std::string("a\0b", 3), std::string(999, 'a')}) {
        draft.attachments[0].content = content;
        CHECK(paths(draft) == std::vector<std::string>{"/attachments/0/content_type"});
    }
    draft.attachments[0].content_type = "message/global";
    CHECK(paths(draft).empty());
}

TEST_CASE("names of files have no folders, content ids no brackets and no twins") {
    Draft draft = small_draft();
    draft.attachments = {{.filename = "../a", .content_type = "a/b"}, {.filename = "a\\b", .content_type = "a/b"}};
    CHECK(paths(draft) == std::vector<std::string>{"/attachments/0/filename", "/attachments/1/filename"});
    draft.attachments[0].filename = draft.attachments[1].filename = "same name.txt";
    CHECK(paths(draft).empty());
    for (const auto* id : {"logo", "logo@example.test", "a.b-c_d", "image001.png@01D9A1B2.C3D4E5F0"}) {
        draft.attachments[0].content_id = id;
        CHECK(paths(draft).empty());
    }
    for (const auto* id : {"<logo>", "a b", "a@b@c", "@a", "a@", "a\"b", "a,b", "ü"}) {
        draft.attachments[0].content_id = id;
        CHECK(paths(draft) == std::vector<std::string>{"/attachments/0/content_id"});
    }
    draft.attachments[0].content_id = draft.attachments[1].content_id = "logo";
    CHECK(paths(draft) == std::vector<std::string>{"/attachments/1/content_id"});
}

TEST_CASE("one-click with a URL needs one with https") {
    Draft draft = small_draft();
    const auto with = [&](const Unsubscribe& given) {
        draft.list_unsubscribe = given;
        return paths(draft);
    };
    CHECK(with({.url = "https://example.test/u?a=1,2", .one_click = true}).empty());
    CHECK(with({.mailto = "leave@example.test"}).empty());
    CHECK(with({.mailto = "MAILTO:leave@example.test?subject=off"}).empty());
    CHECK(with({.url = "http://example.test/u"}).empty());
    CHECK(with({.url = "http://example.test/u", .one_click = true}) ==
          std::vector<std::string>{"/list_unsubscribe/url"});
    // Without one it is this server's.
    CHECK(with({.mailto = "leave@example.test", .one_click = true}).empty());
    CHECK(with({.one_click = true}).empty());
    CHECK(with({}) == std::vector<std::string>{"/list_unsubscribe"});
    for (const auto* url :
         {"example.test", "ftp://example.test/", "https://", "https:///x", "https://a b", "https://a>,<b",
          "https://exämple.test", "javascript:alert(1)", "https:x", "//example.test/x"})
        CHECK(with({.url = url}) == std::vector<std::string>{"/list_unsubscribe/url"});
    for (const auto* mailto : {"leave", "mailto:", "mailto:x", "https://example.test", "a@example.test, b@example.test",
                               "mailto:a@example.test?x=y>,<z", "mailto:a@example.test?x=y z"})
        CHECK(with({.mailto = mailto}) == std::vector<std::string>{"/list_unsubscribe/mailto"});
    CHECK(with({.url = "https://example.test/" + std::string(1000, 'a')}).size() == 1);
    CHECK(with({.mailto = "mailto:a@example.test?x=" + std::string(1000, 'a')}).size() == 1);
}

TEST_CASE("what is too much is refused") {
    Draft draft = small_draft();
    SECTION("recipients") {
        draft.to.assign(500, {"a@example.test", ""});
        draft.cc.assign(500, {"b@example.test", ""});
        CHECK(paths(draft).empty());
        draft.bcc.assign(1, {"c@example.test", ""});
        CHECK(paths(draft) == std::vector<std::string>{"/to"});
    }
    SECTION("far more recipients than are looked at") {
        draft.bcc.assign(300'000, {"", ""});
        CHECK(paths(draft) == std::vector<std::string>{"/bcc", "/to"});
    }
    SECTION("a field that Postfix would cut off") {
        draft.to.assign(500, {"a@example.test", std::string(150, 'n')});
        CHECK(paths(draft).empty());
        draft.to.assign(500, {"a@example.test", std::string(200, 'n')});
        CHECK(paths(draft) == std::vector<std::string>{"/to"});
    }
    SECTION("a name, a subject, the name of a file") {
        draft.from.name = std::string(65'536, 'a');
        draft.subject = std::string(65'536, 'a');
        draft.attachments = {{.filename = std::string(65'536, 'a'), .content_type = "a/b"}};
        CHECK(paths(draft) == std::vector<std::string>{"/from/name", "/subject", "/attachments/0/filename"});
    }
    SECTION("attachments and headers") {
        draft.attachments.assign(101, {.filename = "a", .content_type = "a/b"});
        for (int i = 0; i < 101; ++i)
            draft.headers.emplace_back("X-" + std::to_string(i), "");
        CHECK(paths(draft) == std::vector<std::string>{"/attachments", "/headers"});
    }
    SECTION("faults: the first hundred are told, the rest counted") {
        draft.to.assign(999, {"", ""});
        const auto found = faults(draft);
        REQUIRE(found.size() == 101);
        CHECK(found[99].path == "/to/99/email");
        CHECK(found[100].what.find("899") != std::string::npos);
    }
}

TEST_CASE("who stands there twice gets it once") {
    Draft draft = small_draft();
    draft.to = {{"Bob@Example.TEST", "Bob"}, {"bob@example.test", ""}};
    draft.cc = {{"carl@example.test", ""}, {"Bob@example.test", "Robert"}};
    draft.bcc = {{"carl@EXAMPLE.test", ""}, {"dora@example.test", ""}};
    CHECK(paths(draft).empty());
    CHECK(recipients(draft) ==
          std::vector<std::string>{"Bob@example.test", "bob@example.test", "carl@example.test", "dora@example.test"});
}
