// Drafts to begin with.
#pragma once

#include "mail/draft.hpp"

namespace vectis::test {

inline mail::Draft small_draft() {
    mail::Draft draft;
    draft.from = {"anna@example.test", "Anna"};
    draft.to = {{"bob@example.test", ""}};
    draft.subject = "Hello";
    draft.text = "Hi\n";
    return draft;
}

/// With something in every field.
inline mail::Draft full_draft() {
    mail::Draft draft = small_draft();
    draft.from.name = "Anna Bücher";
    draft.to = {{"bob@example.test", "Bob, Builder"}, {"zoe@xn--exmple-cua.test", "Zoë"}};
    draft.cc = {{"carl@example.test", "Carl \"C\" Carlson"}};
    draft.bcc = {{"dora@example.test", "Dora"}};
    draft.reply_to = {{"office@example.test", "Büro"}};
    draft.subject = "Grüße 😀 und mehr";
    draft.text = "Grüße\n.\n..\nFrom here\n";
    draft.html = "<p>Grüße <img src=\"cid:logo\"></p>\n";
    draft.attachments = {{.filename = "日本語のファイル名.pdf",
                          .content_type = "application/pdf",
                          .content = std::string("%PDF\0\r\n\n\r\xff", 10),
                          .content_id = "",
                          .is_inline = false},
                         {.filename = "logo.png",
                          .content_type = "image/png",
                          .content = "\x89PNG",
                          .content_id = "logo",
                          .is_inline = true}};
    draft.headers = {{"X-Campaign", "spring"}, {"In-Reply-To", "<0@example.test>"}};
    draft.list_unsubscribe =
        mail::Unsubscribe{.url = "https://example.test/u/1", .mailto = "leave@example.test", .one_click = true};
    return draft;
}

/// Where its faults are.
inline std::vector<std::string> paths(const mail::Draft& draft) {
    std::vector<std::string> all;
    for (const auto& each : mail::faults(draft))
        all.push_back(each.path);
    return all;
}

} // namespace vectis::test
