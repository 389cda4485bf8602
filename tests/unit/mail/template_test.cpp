#include "catch.hpp"
#include "mail/rendering.hpp"
#include "mail/template.hpp"
#include "thrown.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

using namespace vectis;
using mail::Writing;

namespace {

/// "path: what" of each.
std::vector<std::string> faults_said(const std::vector<Problem>& problems) {
    std::vector<std::string> all;
    for (const auto& each : problems)
        all.push_back(fmt::format("{}: {}", each.path, each.what));
    return all;
}

std::vector<std::string> pointers_of(const std::vector<Problem>& problems) {
    std::vector<std::string> all;
    for (const auto& each : problems)
        all.push_back(each.path);
    return all;
}

/// What the first line of a template says wrong.
std::string template_fault(const std::string& text) {
    const auto all = mail::faults(mail::Writing{.subject = "s", .text = text, .html = std::nullopt});
    return all.empty() ? std::string() : all.front().what;
}

Writing filled(const Writing& source, const Json& variables) {
    std::vector<Problem> problems;
    auto written = mail::render(source, variables, "/variables", problems);
    INFO((problems.empty() ? "" : faults_said(problems).front()));
    REQUIRE(problems.empty());
    return written;
}

std::string filled_text(const std::string& source, const Json& variables) {
    return filled({.subject = "s", .text = source, .html = std::nullopt}, variables).text.value();
}

std::string filled_html(const std::string& source, const Json& variables) {
    return filled({.subject = "s", .text = std::nullopt, .html = source}, variables).html.value();
}

std::vector<Problem> faults_with(const Writing& source, const Json& variables) {
    std::vector<Problem> problems;
    static_cast<void>(mail::render(source, variables, "/variables", problems));
    return problems;
}

} // namespace

TEST_CASE("a template writes its values, escaped as the place wants it") {
    const Writing source{.subject = "Order {{number}} for {{name}}",
                         .text = "Hello {{name}}, {{{name}}}, {{&name}}",
                         .html = "<b title=\"{{name}}\">{{ name }}</b> {{{name}}} {{& name }}"};
    const auto written = filled(source, {{"name", "A & <B> \"'"}, {"number", 4711}});
    CHECK(written.subject == "Order 4711 for A & <B> \"'");
    CHECK(written.text == "Hello A & <B> \"', A & <B> \"', A & <B> \"'");
    const std::string safe = "A &amp; &lt;B&gt; &quot;&#39;";
    CHECK(written.html == "<b title=\"" + safe + "\">" + safe + "</b> A & <B> \"' A & <B> \"'");
}

TEST_CASE("sections repeat, ask and nest, and find names around them") {
    const Json values{
        {"shop", "Us"},        {"orders", Json::array({{{"id", 1}, {"paid", true}}, {{"id", 2.5}, {"paid", false}}})},
        {"words", {"a", "b"}}, {"none", Json::array()},
        {"empty", ""},         {"user", {{"name", {{"first", "Anna"}}}}}};
    CHECK(filled_text("{{#orders}}{{shop}} {{id}}{{#paid}} paid{{/paid}}{{^paid}} open{{/paid}}; {{/orders}}",
                      values) == "Us 1 paid; Us 2.5 open; ");
    CHECK(filled_text("{{#words}}{{.}},{{/words}}", values) == "a,b,");
    CHECK(filled_text("{{#none}}x{{/none}}{{^none}}no{{/none}} {{^empty}}none{{/empty}}{{^lost}} lost{{/lost}}",
                      values) == "no none lost");
    CHECK(filled_text("{{user.name.first}} {{#user}}{{name.first}}{{#name}} {{first}}{{/name}}{{/user}}", values) ==
          "Anna Anna Anna");
    CHECK(filled_text("{{#user}}{{name.last}}{{lost}}{{/user}}", values).empty());
    CHECK(filled_text("{{#orders}}{{paid}} {{/orders}}", values) == "true false ");
    CHECK(filled_text("a{{! a\ncomment {{ }}b { } }} {c}", Json::object()) == "ab { } }} {c}");
    // A line with nothing but a section's tag is none.
    CHECK(filled_text("one\n{{#words}}\n- {{.}}\n{{/words}}\nend\n", values) == "one\n- a\n- b\nend\n");
    // Values are no templates.
    CHECK(filled_text("{{shop}}", {{"shop", "{{shop}} {{#x}} {{{y}}}"}}) == "{{shop}} {{#x}} {{{y}}}");
}

TEST_CASE("what is wrong with a template is found when it is made, with its line") {
    CHECK(template_fault("fine {{a}} {{#b}}{{/b}} {{a-b_c.d9}} }} {").empty());
    CHECK(template_fault("a\n{{#b}}\n") == "line 2: '{{#b}}' is not closed");
    CHECK(template_fault("a\n\n{{/b}}") == "line 3: '{{/b}}' closes nothing");
    CHECK(template_fault("{{#a}}\n{{^b}}\n{{/a}}{{/b}}") == "line 3: '{{/a}}' closes '{{^b}}' of line 2");
    CHECK(template_fault("x {{a").find("line 1: '{{a' is no whole tag: '}}' is missing") == 0);
    CHECK(template_fault("x {{{a}}").find("'}}}' is missing") != std::string::npos);
    CHECK(template_fault("{{> a}}").find("no partials") != std::string::npos);
    CHECK(template_fault("{{=<% %>=}}").find("delimiters") != std::string::npos);
    for (const auto* tag : {"{{}}", "{{ }}", "{{#}}", "{{/}}", "{{a b}}", "{{a.}}", "{{.a}}", "{{a..b}}", "{{ä}}",
                            "{{{}}}", "{{&}}", "{{{{a}}}}", "{{a\nb}}", "{{{&a}}}"}) {
        INFO(tag);
        CHECK(template_fault(tag).find("has no good name") != std::string::npos);
    }
    CHECK(template_fault("{{.}}").find("in no section") != std::string::npos);
    CHECK(template_fault(std::string(mail::longest_template + 1, 'a')).find("bytes, expected at most") !=
          std::string::npos);
    std::string deep;
    std::string ends;
    for (int i = 0; i < 17; ++i) {
        deep += fmt::format("{{{{#a{}}}}}", i);
        ends = fmt::format("{{{{/a{}}}}}", i) + ends;
    }
    CHECK(template_fault(deep + ends).find("more than 16 sections") != std::string::npos);
    std::string many;
    for (int i = 0; i < 10'001; ++i)
        many += "{{a}}";
    CHECK(template_fault(many) == "line 1: there are more than 10000 tags");

    const auto all = mail::faults(mail::Writing{.subject = "{{", .text = "{{/a}}\n{{>b}}", .html = "{{#c}}"});
    CHECK(faults_said(all) == std::vector<std::string>{
                                  "/subject: line 1: '{{' is no whole tag: '}}' is missing",
                                  "/text: line 1: '{{/a}}' closes nothing",
                                  "/text: line 2: '{{>b}}': there are no partials",
                                  "/html: line 1: '{{#c}}' is not closed",
                              });
    CHECK(faults_with({.subject = "{{a}}", .text = "a", .html = std::nullopt}, {{"a", "x"}}).empty());
    CHECK(test::error_of([] {
              static_cast<void>(faults_with({.subject = "{{#a}}", .text = "a", .html = std::nullopt}, Json::object()));
          }).code() == Code::internal);
}

TEST_CASE("everything that the values lack is named, and sections over nothing are false") {
    const Writing source{.subject = "{{subject}} {{name}}",
                         .text = "{{name}} {{user.first}} {{#there}}{{inner}}{{/there}}{{^there}}{{other}}{{/there}}",
                         .html = "{{{raw}}} {{name.last}}"};
    CHECK(faults_said(faults_with(source, {{"name", "Anna"}, {"user", Json::object()}})) ==
          std::vector<std::string>{"/variables/subject: is missing: the template names it",
                                   "/variables/user/first: is missing: the template names it",
                                   "/variables/raw: is missing: the template names it",
                                   "/variables/name/last: is missing: the template names it"});
}

TEST_CASE("a value that cannot be written where it stands is named") {
    const Writing source{
        .subject = "{{a}}{{#list}}{{b}}{{/list}}", .text = "{{a}}{{#list}}{{b}}{{/list}}", .html = std::nullopt};
    for (const auto* bad : {"x\r\nBcc: all@outside.test", "x\n", "a\tb", "\xE2\x80\xA8"}) {
        const Json values{{"a", "fine"}, {"list", Json::array({{{"b", "fine"}}, {{"b", bad}}})}};
        const auto problems = faults_with(source, values);
        CHECK(pointers_of(problems) == std::vector<std::string>{"/variables/list/1/b"});
    }
    CHECK(pointers_of(faults_with(source, {{"a", "x\ny"}, {"list", "x"}})) == std::vector<std::string>{"/variables/a"});
    const auto structured = faults_with(source, {{"a", {1, 2}}, {"list", Json::array({Json{{"b", Json::object()}}})}});
    CHECK(pointers_of(structured) ==
          std::vector<std::string>{"/variables/a", "/variables/list/0/b", "/variables/a", "/variables/list/0/b"});
    CHECK(pointers_of(
              faults_with(source, {{"a", nullptr}, {"list", Json::array({Json{{"b", std::string("a\0b", 3)}}})}})) ==
          std::vector<std::string>{"/variables/a", "/variables/list/0/b"});
    Json deep = "x";
    for (int i = 0; i < 9; ++i)
        deep = Json::array({deep});
    CHECK(faults_with(source, {{"a", deep}}).at(0).what.find("nested more than 8 deep") != std::string::npos);
    CHECK(faults_with(source, {{"a", Json(std::vector<int>(10'001, 1))}}).at(0).what == "has more than 10000 values");
    CHECK(faults_with(source, {{"a", std::string(1'000'001, 'x')}}).at(0).path == "/variables");
}

TEST_CASE("what a template becomes is bounded while it is written") {
    const auto too_much = [](const std::string& text, const Json& values) {
        const auto problems = faults_with({.subject = "s", .text = std::nullopt, .html = text}, values);
        REQUIRE(problems.size() == 1);
        CHECK(problems[0].path == "/variables");
        return problems[0].what;
    };
    const Json ones(std::vector<int>(100, 1));
    // One million turns and more, of text, of a value, of an escaped value, of nothing at all.
    const std::string open = "{{#a}}{{#a}}{{#a}}{{#a}}";
    const std::string close = "{{/a}}{{/a}}{{/a}}{{/a}}";
    CHECK(too_much(open + close, {{"a", ones}}).find("tags to fill in") != std::string::npos);
    CHECK(too_much("{{#a}}" + std::string(20'000, 'x') + "{{/a}}", {{"a", ones}}).find("bytes") != std::string::npos);
    CHECK(too_much("{{#a}}{{{b}}}{{/a}}", {{"a", ones}, {"b", std::string(20'000, 'x')}}).find("bytes") !=
          std::string::npos);
    CHECK(too_much("{{b}}", {{"b", std::string(300'000, '<')}}).find("bytes") != std::string::npos);
    CHECK(filled_html("{{{b}}}", {{"b", std::string(999'999, '<')}}).size() == 999'999);
    CHECK(pointers_of(faults_with({.subject = "{{b}}", .text = "x", .html = std::nullopt},
                                  {{"b", std::string(2001, 'x')}})) == std::vector<std::string>{"/variables"});
}
