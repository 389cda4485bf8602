#include "base/error.hpp"
#include "catch.hpp"
#include "mail/field.hpp"
#include "parsed.hpp"
#include "thrown.hpp"

using namespace vectis;
using namespace vectis::mail;

namespace {

std::string unfolded(const Field& field) {
    std::string value = field.value();
    std::erase_if(value, [](char each) { return each == '\r' || each == '\n'; });
    return value;
}

/// As a reader decodes it.
std::string read_back(const Field& field) {
    ready_gmime();
    const Gmime<char> text(g_mime_utils_header_decode_text(nullptr, unfolded(field).substr(1).c_str()));
    return text.get();
}

/// Every line has at most `most` octets, and none is empty or blank.
void check_lines(const Field& field, std::size_t most) {
    for (auto& line : split(field.line().substr(0, field.line().size() - 2), '\n')) {
        if (line.ends_with('\r'))
            line.pop_back();
        INFO(line);
        CHECK(line.size() <= most);
        CHECK_FALSE(trim(line).empty());
    }
}

std::string repeated(std::string_view text, int count) {
    std::string all;
    for (int i = 0; i < count; ++i)
        all += text;
    return all;
}

} // namespace

TEST_CASE("a short text stands as it is") {
    CHECK(Field("Subject").text("Hello, world").line() == "Subject: Hello, world\r\n");
    CHECK(Field("Subject").text("").line() == "Subject:\r\n");
}

TEST_CASE("a long text is folded at blanks, and unfolded it is the same") {
    const std::string text = repeated("word and  another   one ", 40) + "end";
    Field field("Subject");
    field.text(text);
    check_lines(field, 78);
    CHECK(field.value().find("\r\n ") != std::string::npos);
    CHECK(unfolded(field) == " " + text);
}

TEST_CASE("a text reads back as it was written, whatever is in it") {
    for (const std::string& text :
         {std::string("Grüße aus München"), std::string("日本語の件名"),
          std::string("😀👩‍👩‍👧‍👦🏳️‍🌈"), std::string("=?utf-8?q?literal?="),
          std::string("half =?utf-8?"), std::string(" blanks around "), std::string("ü  two  blanks  ü"),
          std::string("under_score=equals?question ü"), repeated("ü", 500), repeated("a", 5000), repeated("😀", 1000),
          repeated("Grüße und mehr ", 200), std::string("a") + repeated(" ", 2000) + "b", repeated("日本 ", 300),
          repeated("a", 45) + "é", std::string("ascii then é"), std::string("é then ascii"), std::string("é"),
          repeated("long ascii words ", 500) + "end"}) {
        INFO(text);
        for (const auto* name :
             {"Subject", "X-A", "X-A-Name-That-Is-Almost-As-Long-As-A-Whole-Line-Of-A-Message-May-Be"}) {
            Field field(name);
            field.text(text);
            CHECK(read_back(field) == text);
            check_lines(field, 78);
        }
    }
}

TEST_CASE("encoded words are as short as RFC 2047 wants them, and cut no character in two") {
    Field field("Subject");
    field.text(repeated("日本語 😀 ", 100));
    check_lines(field, 76);
    for (const auto& word : split(unfolded(field).substr(1), ' ')) {
        CHECK(word.size() <= 75);
        CHECK(word.starts_with("=?utf-8?"));
        const Gmime<char> text(g_mime_utils_header_decode_text(nullptr, word.c_str()));
        CHECK(is_utf8(text.get()));
    }
}

TEST_CASE("the shorter of the two encodings is taken") {
    CHECK(Field("Subject").text("Grüße aus Wien").line() == "Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe_aus_Wien?=\r\n");
    CHECK(Field("Subject").text("日本").line() == "Subject: =?utf-8?B?5pel5pys?=\r\n");
}

TEST_CASE("names are atoms, quoted or encoded") {
    const auto line = [](const std::string& name) { return address_field("From", {{"a@example.test", name}}).line(); };
    CHECK(line("") == "From: a@example.test\r\n");
    CHECK(line("Anna Berg") == "From: Anna Berg <a@example.test>\r\n");
    CHECK(line("Berg, Anna") == "From: \"Berg, Anna\" <a@example.test>\r\n");
    CHECK(line("Anna B. Berg") == "From: \"Anna B. Berg\" <a@example.test>\r\n");
    CHECK(line("a \"b\" \\c") == "From: \"a \\\"b\\\" \\\\c\" <a@example.test>\r\n");
    CHECK(line("Jürgen") == "From: =?utf-8?Q?J=C3=BCrgen?= <a@example.test>\r\n");
    CHECK(line(" a ") == "From: =?utf-8?Q?_a_?= <a@example.test>\r\n");
    CHECK(line("eve@evil.test") == "From: \"eve@evil.test\" <a@example.test>\r\n");
    CHECK(line("=?utf-8?q?x?=") == "From: =?utf-8?B?PT91dGYtOD9xP3g/PQ==?= <a@example.test>\r\n");
}

TEST_CASE("lists are folded between addresses") {
    std::vector<Address> many;
    for (int i = 0; i < 50; ++i)
        many.push_back({"someone" + std::to_string(i) + "@example.test", i % 2 == 0 ? "Jürgen, der " : ""});
    Field field = address_field("To", many);
    check_lines(field, 78);
    CHECK(parse_address_list(unfolded(field)).emails.size() == 50);
}

TEST_CASE("parameters are tokens, quoted, or as RFC 2231 has them") {
    const auto line = [](const std::string& value) {
        return Field("Content-Disposition").word("attachment").parameter("filename", value).line();
    };
    CHECK(line("a.pdf") == "Content-Disposition: attachment; filename=a.pdf\r\n");
    CHECK(line("a b.pdf") == "Content-Disposition: attachment; filename=\"a b.pdf\"\r\n");
    CHECK(line("a\"b\\.pdf") == "Content-Disposition: attachment; filename=\"a\\\"b\\\\.pdf\"\r\n");
    CHECK(line("日本.pdf") == "Content-Disposition: attachment; filename*=utf-8''%E6%97%A5%E6%9C%AC.pdf\r\n");
    CHECK(line("=?utf-8?q?x?=") == "Content-Disposition: attachment; filename*=utf-8''%3D%3Futf-8%3Fq%3Fx%3F%3D\r\n");
    const std::string lines = line(repeated("日", 20));
    CHECK(lines.find("filename*0*=utf-8''%E6%97%A5") != std::string::npos);
    CHECK(lines.find(";\r\n filename*1*=%E6") != std::string::npos);
}

TEST_CASE("what was not judged is not written") {
    for (const std::string_view bad : {"a\r\nBcc: x", "a\nb", "a\rb", "a\tb", "\x7f", "\xc3\xbc", "\x01"})
        CHECK(test::error_of([&] { (void)Field("X").word(bad); }).code() == Code::internal);
    CHECK(test::error_of([&] { (void)Field("X").word(std::string_view("a\0b", 3)); }).code() == Code::internal);
    CHECK(test::error_of([&] { (void)Field("X").word("a", "\r\n "); }).code() == Code::internal);
    CHECK(test::error_of([&] { (void)Field("X").word("a", ""); }).code() == Code::internal);
    CHECK(test::error_of([&] { (void)Field("X").word(repeated("a", 996)); }).code() == Code::internal);
    CHECK(Field("X").word(repeated("a", 995)).line().size() == 998 + 2);
}
