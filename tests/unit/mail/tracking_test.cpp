#include "base/text.hpp"
#include "catch.hpp"
#include "drafts.hpp"
#include "folder.hpp"
#include "mail/compose.hpp"
#include "mail/tracking.hpp"
#include "parsed.hpp"
#include "store/vectis.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

using namespace vectis;

namespace {

constexpr const char* tracked_message = "019dc1a6-6f5e-7a4c-b5c0-3f0b0a1f5d11";
const std::string tracking_key(64, 't');
const mail::Subscriber tracked_reader{.recipient = 42, .message = tracked_message};

std::string link_to(std::size_t number) {
    return fmt::format("https://mail.example.test/click/{}/{}",
                       mail::reading_token(mail::Reading::clicked, tracked_reader, tracking_key), number);
}

std::string picture() {
    return fmt::format(R"(<img src="https://mail.example.test/open/{}" width="1" height="1" alt="">)",
                       mail::reading_token(mail::Reading::opened, tracked_reader, tracking_key));
}

std::string for_reader(const std::string& html, mail::Tracking asked = {.opens = true, .clicks = true}) {
    const auto own = mail::tracked(html, asked, "mail.example.test");
    return own ? mail::html_for(*own, tracked_reader, tracking_key) : "(as it is)";
}

/// The HTML in a message, as a mail program reads it, with line feeds.
std::string html_in(const std::string& message) {
    const auto leaves = test::parsed(message).leaves;
    const auto found =
        std::find_if(leaves.begin(), leaves.end(), [](const auto& each) { return each.type == "text/html"; });
    REQUIRE(found != leaves.end());
    CHECK(found->charset == "utf-8");
    std::string html = found->content;
    std::erase(html, '\r');
    return html;
}

} // namespace

TEST_CASE("in the HTML of a recipient links and a picture are theirs, and nothing else changes") {
    const std::string html = "<body>é <a href='https://a.test/?a&amp;b'>a</a> <a href=\"mailto:x@a.test\">m</a>\r\n"
                             "<A HREF=http://b.test>b</A><!-- https://a.test/ --></body>\t";
    CHECK(for_reader(html) == "<body>é <a href='" + link_to(0) + "'>a</a> <a href=\"mailto:x@a.test\">m</a>\r\n" +
                                  "<A HREF=" + link_to(1) + ">b</A><!-- https://a.test/ -->" + picture() + "</body>\t");
    CHECK(for_reader(html, {.opens = true, .clicks = false}) ==
          html.substr(0, html.find("</body>")) + picture() + "</body>\t");
    CHECK(for_reader("<p>x", {.opens = true, .clicks = false}) == "<p>x" + picture());
    CHECK(for_reader("</body><a href=http://b.test>", {.opens = true, .clicks = true}) ==
          picture() + "</body><a href=" + link_to(0) + ">");
    CHECK(for_reader("<p>x", {.opens = false, .clicks = true}) == "(as it is)");
    CHECK(for_reader(html, {.opens = false, .clicks = false}) == "(as it is)");
    // A link to unsubscribe is good as it is, and counts for nothing else.
    CHECK(for_reader("<a href=https://Mail.example.test/unsubscribe/x><a href=https://mail.example.test/webmail/>",
                     {.opens = false, .clicks = true}) ==
          "<a href=https://Mail.example.test/unsubscribe/x><a href=" + link_to(0) + ">");
}

TEST_CASE("the HTML of a recipient stands where that of all stood, encoded as it needs it") {
    const std::string id = "<m@example.test>";
    const std::string link = "<a href='https://a.test/'>a</a>";
    std::string many_letters;
    for (int i = 0; i < 300; ++i)
        many_letters += "日本語\n";
    for (const auto& html :
         {link + "\n", "Grüße = " + link + "\n", many_letters + link + "\n", "ends in a blank \n" + link + "\n",
          std::string(2000, 'x') + link + "\n", "--=_a\n" + link + "\n"}) {
        for (int parts = 0; parts < 8; ++parts) {
            mail::Draft draft = test::full_draft();
            draft.html = html;
            if ((parts & 1) == 0)
                draft.text.reset();
            else
                draft.text = mail::html_part(html);
            if ((parts & 2) == 0)
                draft.attachments.clear();
            if ((parts & 4) != 0)
                draft.attachments.push_back({.filename = "m.eml",
                                             .content_type = "message/rfc822",
                                             .content = "Subject: x\n\n" + mail::html_part(html),
                                             .content_id = "",
                                             .is_inline = false});
            INFO(parts << " " << html.substr(0, 40));
            const std::string message = mail::compose(draft, id, Time(std::chrono::seconds(1764000000)));
            CHECK(html_in(message) == html);
            auto own = mail::tracked(html, {.opens = true, .clicks = true}, "mail.example.test");
            REQUIRE(own);
            const auto place = mail::place_of_html(message, draft, id);
            own->at = place.at;
            own->length = place.length;
            CHECK(message.substr(place.at, place.length) == mail::html_part(html));
            const std::string theirs = mail::content_for(message, *own, tracked_reader, tracking_key);
            const std::string expected = mail::html_for(*own, tracked_reader, tracking_key);
            // What compose() writes of the very HTML.
            draft.html = expected;
            CHECK(theirs == mail::compose(draft, id, Time(std::chrono::seconds(1764000000))));
            CHECK(html_in(theirs) == (expected.ends_with('\n') ? expected : expected + "\n"));
        }
    }
}

TEST_CASE("what readers do is told, counted once for each, and bounded") {
    const test::Folder folder;
    store::Vectis database(folder.path / "vectis.db", fs::path(MIGRATIONS) / "vectis", "");
    const std::string at = "2026-11-27T10:00:00.000Z";
    std::vector<store::Recipient> rows{{.address = "anna@outside.test", .due_at = at, .updated_at = at},
                                       {.address = "bert@outside.test", .due_at = at, .updated_at = at}};
    database.write([&](store::Database& own) {
        store::Messages messages(own);
        messages.add({.id = tracked_message,
                      .domain = "example.test",
                      .sent_by = "k",
                      .sender = "shop@example.test",
                      .subject = "s",
                      .message_id = "m@example.test",
                      .tags = R"(["news"])",
                      .metadata = "{}",
                      .size = 1,
                      .created_at = at,
                      .send_at = std::nullopt,
                      .track_opens = true,
                      .track_clicks = true},
                     "x", rows);
        rows[0].relay = "mx.google.com[192.0.2.1]:25";
        messages.update(rows[0]);
        for (int i = 0; i < 60; ++i)
            mail::tell_reading(messages, rows[0], mail::Reading::opened, {{"user_agent", "x"}},
                               fmt::format("2026-11-27T{:02}:00:00.000Z", 10 + i % 10));
        mail::tell_reading(messages, rows[0], mail::Reading::clicked, {{"url", "https://a.test/"}}, at);
        mail::tell_reading(messages, rows[1], mail::Reading::clicked, {{"url", "https://a.test/"}}, at);
        mail::tell_reading(messages, rows[1], mail::Reading::clicked, {{"url", "https://b.test/"}}, at);
        return 0;
    });
    database.read([&](store::Database& own) {
        store::Messages messages(own);
        CHECK(messages.find(tracked_message)->track_opens);
        std::map<std::string, int> events;
        int first = 0;
        for (const auto& each : messages.events(tracked_message)) {
            ++events[each.type];
            first += parse_json(each.data)["first"] == true ? 1 : 0;
        }
        CHECK(events == std::map<std::string, int>{{"message.opened", 50}, {"message.clicked", 3}});
        CHECK(first == 3);
        CHECK_FALSE(mail::has_room(messages, rows[0], mail::Reading::opened));
        CHECK(mail::has_room(messages, rows[0], mail::Reading::clicked));
        CHECK(messages.readings().first(tracked_message).at({rows[0].id, "opened"}) == at);
        auto counted =
            own.prepare("select kind, name, what, number from counts where span = 'day' order by kind, name, what");
        std::vector<std::string> all;
        while (counted.step())
            all.push_back(
                fmt::format("{} {} {} {}", counted.text(0), counted.text(1), counted.text(2), counted.integer(3)));
        CHECK(all == std::vector<std::string>{"all  clicked 2", "all  opened 1", "provider google.com clicked 1",
                                              "provider google.com opened 1", "tag news clicked 2",
                                              "tag news opened 1"});
    });
    CHECK(mail::kept_user_agent("Mail\r\n/1 " + std::string(1000, 'x')).size() < 2 * mail::longest_user_agent);
    CHECK_FALSE(has_control(mail::kept_user_agent("a\r\nb\x1B\xFF")));
}

TEST_CASE("nobody can make one token of another") {
    const std::string opened = mail::reading_token(mail::Reading::opened, tracked_reader, tracking_key);
    const std::string clicked = mail::reading_token(mail::Reading::clicked, tracked_reader, tracking_key);
    CHECK(opened.size() == 64);
    CHECK(mail::reader_of(mail::Reading::opened, opened, tracking_key) == tracked_reader);
    CHECK(mail::reader_of(mail::Reading::clicked, clicked, tracking_key) == tracked_reader);
    CHECK_FALSE(mail::reader_of(mail::Reading::clicked, opened, tracking_key));
    CHECK_FALSE(mail::reader_of(mail::Reading::opened, clicked, tracking_key));
    CHECK_FALSE(mail::reader_of(mail::Reading::opened, opened, std::string(64, 'u')));
    CHECK_FALSE(mail::subscriber_of(opened, tracking_key));
    CHECK_FALSE(
        mail::reader_of(mail::Reading::opened, mail::unsubscribe_token(tracked_reader, tracking_key), tracking_key));
}
