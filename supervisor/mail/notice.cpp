#include "mail/notice.hpp"

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/random.hpp"
#include "mail/compose.hpp"
#include "mail/story.hpp"

#include <fmt/format.h>

namespace vectis::mail {

void send_notice(store::Messages& messages, const Notice& notice, const std::string& at) {
    Draft draft{.from = {.email = "postmaster@" + notice.domain, .name = "Vectis"},
                .to = {},
                .cc = {},
                .bcc = {},
                .reply_to = {},
                .subject = notice.subject,
                .text = notice.text,
                .html = std::nullopt,
                .attachments = {},
                .headers = {{"Auto-Submitted", "auto-generated"}}, // RFC 3834: no vacation answers it
                .list_unsubscribe = std::nullopt};
    for (const auto& each : each_once(notice.to)) {
        if (!address_fault(each))
            draft.to.push_back({.email = each, .name = {}});
    }
    const std::string id = uuid7();
    const std::string message_id = fmt::format("{}@{}", id, notice.domain);
    const std::string content = compose(draft, "<" + message_id + ">", parse_rfc3339(at));
    std::vector<store::Recipient> all;
    for (const auto& address : recipients(draft))
        all.push_back({.message = id,
                       .address = address,
                       .queue_id = std::nullopt,
                       .due_at = at,
                       .code = std::nullopt,
                       .answer = std::nullopt,
                       .relay = std::nullopt,
                       .updated_at = at});
    messages.add({.id = id,
                  .domain = notice.domain,
                  .sent_by = "vectis",
                  .sender = draft.from.email,
                  .subject = notice.subject,
                  .message_id = message_id,
                  .tags = "[]",
                  .metadata = "{}",
                  .size = content.size(),
                  .created_at = at,
                  .send_at = std::nullopt,
                  .unsubscribe_url = std::nullopt,
                  .unsubscribe_mailto = std::nullopt},
                 content, all);
    for (auto& each : all)
        tell_event(messages, each, "queued", {}, at);
}

} // namespace vectis::mail
