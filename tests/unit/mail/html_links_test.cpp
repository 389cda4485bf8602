#include "catch.hpp"
#include "mail/html_links.hpp"
#include "mail/html_names.hpp"

#include <algorithm>

using namespace vectis;

namespace {

/// The links of `html`, each with what is written for it.
std::vector<std::pair<std::string, std::string>> links_of(const std::string& html) {
    std::vector<std::pair<std::string, std::string>> all;
    for (const auto& each : mail::places_in(html).links)
        all.emplace_back(html.substr(each.at, each.length), each.url);
    return all;
}

std::vector<std::string> urls_of(const std::string& html) {
    std::vector<std::string> all;
    for (const auto& each : mail::places_in(html).links)
        all.push_back(each.url);
    return all;
}

using Urls = std::vector<std::string>;

} // namespace

TEST_CASE("a link is found however its attribute is written") {
    const std::string url = "https://example.test/a";
    for (const auto& html : {
             R"(<a href="https://example.test/a">)",
             R"(<a href='https://example.test/a'>)",
             R"(<a href=https://example.test/a>)",
             R"(<A HREF="https://example.test/a">)",
             R"(<a class="x"href="https://example.test/a"id=y>)",
             R"(<a href = "https://example.test/a" >)",
             "<a\n\thref\n=\n'https://example.test/a'\n>",
             R"(<a/href="https://example.test/a"/>)",
             R"(<a title="a > b" href="https://example.test/a">)",
             R"(<a title='<a href="https://no.test/">' href="https://example.test/a">)",
             R"(<a disabled = href="https://no.test/" href="https://example.test/a">)",
             R"(<a href="https://example.test/a" href="https://no.test/">)",
             R"(<area shape=rect href="https://example.test/a">)",
             R"(<p><b>unclosed <a href="https://example.test/a"><table><a>)",
             R"(<<a href="https://example.test/a">)",
             R"(< a href="https://no.test/"><a href="https://example.test/a">)",
             R"(</a href="https://no.test/"><a href="https://example.test/a">)",
         }) {
        INFO(html);
        const auto links = links_of(html);
        REQUIRE(links.size() == 1);
        CHECK(links[0].first == url);
        CHECK(links[0].second == url);
    }
    CHECK(urls_of("<a href=http://a.test/><a href='HTTPS://B.test'>") == Urls{"http://a.test/", "HTTPS://B.test"});
}

TEST_CASE("what leads nowhere in the web, and what is no tag, is no link") {
    for (const auto& html : {
             "<a>",
             "<a href>",
             "<a href=>x",
             "<a href=''>",
             "<a href HREF='https://example.test/'>",
             "<a href= ''href='https://example.test/'>",
             "<a href='mailto:a@example.test'>",
             "<a href='tel:+123'>",
             "<a href='cid:logo'>",
             "<a href='#top'>",
             "<a href='/path'>",
             "<a href='//example.test/'>",
             "<a href='ftp://example.test/'>",
             "<a href='javascript:location=\"https://example.test/\"'>",
             "<a href='https:example.test'>",
             "<a href='https://'>",
             "<a href='https:///x'>",
             "<a href='https://?x'>",
             "<a data-href='https://example.test/'>",
             "<b href='https://example.test/'>",
             "<link href='https://example.test/'>",
             "<abbr href='https://example.test/'>",
             "<a href=\"https://example.test/",
             "<a href='https://example.test/'",
             "&lt;a href='https://example.test/'>",
             "<!-- <a href='https://example.test/'> -->",
             "<!--><!-- <a href='https://example.test/'> --!>",
             "<!-- a -- <a href='https://example.test/'> -- > --->",
             "<!-- <a href='https://example.test/'>",
             "<!--[if mso]><a href='https://example.test/'><![endif]-->",
             "<!doctype html \"<a href='https://example.test/'>",
             "<? <a href='https://example.test/' ?>",
             "</ <a href='https://example.test/'>",
             "<script>x = \"<a href='https://example.test/'>\"</script>",
             "<SCRIPT>\"</scripting><a href='https://example.test/'>\"</ScRiPt >",
             "<script><!-- <script> </script> <a href='https://example.test/'> --></script>",
             "<style><a href='https://example.test/'></style>",
             "<style/><a href='https://example.test/'>",
             "<title><a href='https://example.test/'></title>",
             "<textarea></text><a href='https://example.test/'></textarea>",
             "<xmp><a href='https://example.test/'></xmp>",
             "<iframe><a href='https://example.test/'></iframe>",
             "<plaintext><a href='https://example.test/'></plaintext>",
             "<svg><![CDATA[<a href='https://example.test/'>]]></svg>",
         }) {
        INFO(html);
        CHECK(links_of(html).empty());
    }
    for (const auto& html : {
             "<!--><a href='https://example.test/'>",
             "<!---><a href='https://example.test/'>",
             "<!----><a href='https://example.test/'>",
             "<!-- x --!><a href='https://example.test/'>",
             "<![endif]><a href='https://example.test/'>",
             "<script><!-- x</script><a href='https://example.test/'>",
             "<script><!--><script></script><a href='https://example.test/'>",
             "<style></style/><a href='https://example.test/'>",
             "<svg><style/><a href='https://example.test/'></svg>",
             "<noscript><a href='https://example.test/'></noscript>",
             "</><a href='https://example.test/'>",
         }) {
        INFO(html);
        CHECK(urls_of(html) == Urls{"https://example.test/"});
    }
}

TEST_CASE("a link leads where a browser would go") {
    const auto url = [](const std::string& written) {
        const auto all = links_of("<a href=\"" + written + "\">");
        REQUIRE(all.size() == 1);
        CHECK(all[0].first == written);
        return all[0].second;
    };
    CHECK(url("https://a.test/?b=1&amp;c=2") == "https://a.test/?b=1&c=2");
    CHECK(url("https://a.test/?b=1&c=2") == "https://a.test/?b=1&c=2");
    CHECK(url("https://a.test/?a&copy=1&reg2&notit;&lt&ampx") == "https://a.test/?a&copy=1&reg2&notit;%3C&ampx");
    CHECK(url("https://a.test/&eacute;") == "https://a.test/%C3%A9");
    CHECK(url("https://a.test/&eacute") == "https://a.test/%C3%A9");
    CHECK(url("https://a.test/é ü") == "https://a.test/%C3%A9%20%C3%BC");
    CHECK(url("https&colon;&sol;&sol;a.test&#47;&#x62;&#X63&#100") == "https://a.test/bcd");
    CHECK(url("https://a.test/&#8364;&#128;&#0;&#xD800;&#x110000;&#99999999999;&#;&#x;&") ==
          "https://a.test/%E2%82%AC%E2%82%AC%EF%BF%BD%EF%BF%BD%EF%BF%BD%EF%BF%BD&#;&#x;&");
    CHECK(url("https://a.test/&#x1F600;") == "https://a.test/%F0%9F%98%80");
    CHECK(url(" \n https://a.test/\n b\t c&Tab;d&NewLine;\x01") == "https://a.test/%20b%20cd");
    CHECK(url("https://user@a.test:8443/%20?x=<y>#z") == "https://user@a.test:8443/%20?x=%3Cy%3E#z");
    CHECK(url("https://a.test/" + std::string(1985, 'x')).size() == mail::longest_link);
    CHECK(links_of("<a href='https://a.test/" + std::string(1986, 'x') + "'>").empty());
    // A name is one with its semicolon, or one of the few that need none.
    CHECK(mail::html_character("amp") == "&");
    CHECK(mail::html_character("NotEqualTilde;") == "\xE2\x89\x82\xCC\xB8");
    CHECK_FALSE(mail::html_character("NotEqualTilde"));
    CHECK_FALSE(mail::html_character(""));
}

TEST_CASE("what is shown last stands before the end of the body, or at the end, but in nothing that is open") {
    const auto end = [](const std::string& html) { return html.substr(mail::places_in(html).end); };
    CHECK(end("<p>x</body></html>") == "</body></html>");
    CHECK(end("<p>x</BODY >\n") == "</BODY >\n");
    CHECK(end("</body>x</body>") == "</body>");
    CHECK(end("<p>x") == "");
    CHECK(end("") == "");
    CHECK(end("<p>x<!-- </body>") == "<!-- </body>");
    CHECK(end("<p>x</body><!-- ") == "</body><!-- ");
    CHECK(end("<p>x<style>p {} </body>") == "<style>p {} </body>");
    CHECK(end("<p>x<a href='</body>") == "<a href='</body>");
    CHECK(end("<p>x</bodyguard>") == "");
    CHECK(end("<!-- </body> --><title></body></title>x") == "");
    CHECK(end("1 < 2 <") == "");
}

TEST_CASE("whatever is written takes time by its length") {
    for (const auto* piece : {"<div>", "<a x", "<!--", "--", "<![CDATA[", "</", "<script><!--<script>", "&", "&amp",
                              "<a href='", "<a href=\"https://a.test/&amp;\">", "<style></styl", "<svg><![CDATA[>"}) {
        INFO(piece);
        std::string html;
        while (html.size() < 4'000'000)
            html += piece;
        CHECK(mail::places_in(html).end <= html.size());
    }
}
