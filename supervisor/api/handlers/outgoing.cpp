#include "api/handlers/outgoing.hpp"

#include "api/handlers/body.hpp"
#include "api/handlers/templates.hpp"
#include "base/base64.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "mail/compose.hpp"
#include "mail/holds.hpp"
#include "mail/limits.hpp"
#include "mail/story.hpp"
#include "mail/unsubscribe.hpp"
#include "store/accounts.hpp"
#include "store/messages.hpp"
#include "surface/schemas.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>

namespace vectis::api::handlers {

namespace {

constexpr std::chrono::hours furthest{24 * 30};
constexpr std::size_t longest_header = 10000;

mail::Address person_in(const Json& json) {
    return {.email = json.at("email").get<std::string>(), .name = json.value("name", "")};
}

std::vector<mail::Address> persons_in(const Json& body, const char* name) {
    std::vector<mail::Address> all;
    for (const auto& each : body.value(name, Json::array()))
        all.push_back(person_in(each));
    return all;
}

/// The members of an object of texts; those that are none are noted.
std::vector<std::pair<std::string, std::string>> texts_in(const Json& body, const char* name,
                                                          std::vector<Problem>& problems) {
    std::vector<std::pair<std::string, std::string>> all;
    const Json members = body.value(name, Json::object());
    for (const auto& each : members.items()) {
        if (!each.value().is_string() || each.value().get_ref<const std::string&>().size() > longest_header)
            problems.push_back({.where = {},
                                .path = fmt::format("/{}/{}", name, printable(each.key().substr(0, 100))),
                                .what = fmt::format("expected a text of at most {} bytes", longest_header),
                                .hint = {}});
        else
            all.emplace_back(each.key(), each.value().get<std::string>());
    }
    return all;
}

Json metadata_in(const Json& body, std::vector<Problem>& problems) {
    Json all = Json::object();
    for (auto& [name, text] : texts_in(body, "metadata", problems))
        all[name] = std::move(text);
    return all;
}

/// In the words in which the schema says it of what is always needed.
std::string what_is_missing(const surface::Schema& schema, std::string_view name) {
    const auto property = std::find_if(schema.properties.begin(), schema.properties.end(),
                                       [&](const surface::Property& each) { return each.name == name; });
    return fmt::format("is missing: {}", property->description);
}

/// The draft; what the shape of the body does not say is noted. `written` is by a template.
mail::Draft draft_in(const Json& body, std::vector<Problem>& problems,
                     const std::optional<mail::Writing>& written = std::nullopt) {
    const auto fault = [&](const std::string& pointer, const std::string& what) {
        problems.push_back({.where = {}, .path = pointer, .what = what, .hint = {}});
    };
    mail::Draft draft;
    draft.from = person_in(body.at("from"));
    draft.to = persons_in(body, "to");
    draft.cc = persons_in(body, "cc");
    draft.bcc = persons_in(body, "bcc");
    draft.reply_to = persons_in(body, "reply_to");
    if (!written && !body.contains("subject"))
        fault("/subject", what_is_missing(surface::schemas::new_message, "subject"));
    draft.subject = written ? written->subject : body.value("subject", "");
    draft.text = written ? written->text : text_in(body, "text");
    draft.html = written ? written->html : text_in(body, "html");
    const Json none = Json::array();
    const auto given_attachments = body.find("attachments");
    const Json& attachments = given_attachments == body.end() ? none : *given_attachments;
    for (std::size_t i = 0; i < attachments.size(); ++i) {
        const Json& each = attachments[i];
        auto content = from_base64(each.at("content").get_ref<const std::string&>());
        if (!content)
            fault(fmt::format("/attachments/{}/content", i), "is no base64 (RFC 4648 section 4)");
        draft.attachments.push_back({.filename = each.at("filename").get<std::string>(),
                                     .content_type = each.value("content_type", "application/octet-stream"),
                                     .content = std::move(content).value_or(""),
                                     .content_id = each.value("content_id", ""),
                                     .is_inline = each.value("disposition", "attachment") == "inline"});
    }
    draft.headers = texts_in(body, "headers", problems);
    if (const auto given = body.find("list_unsubscribe"); given != body.end())
        draft.list_unsubscribe = mail::Unsubscribe{.url = given->value("url", ""),
                                                   .mailto = given->value("mailto", ""),
                                                   .one_click = given->value("one_click", false)};
    for (auto& each : mail::faults(draft))
        problems.push_back(std::move(each));
    return draft;
}

/// What is to be followed; what cannot be is noted.
mail::Tracking tracking_in(const Json& body, const mail::Draft& draft, std::vector<Problem>& problems) {
    const Json asked = body.value("tracking", Json::object());
    for (const auto* name : {"opens", "clicks"}) {
        if (asked.value(name, false) && !draft.html)
            problems.push_back({.where = {},
                                .path = fmt::format("/tracking/{}", name),
                                .what = "there is nothing to follow: the message has no HTML",
                                .hint = "set it to false, or send html"});
    }
    return {.opens = asked.value("opens", false), .clicks = asked.value("clicks", false)};
}

/// Notes it if there is more to follow than is followed.
std::optional<store::TrackedHtml> tracked_in(const mail::Draft& draft, const mail::Tracking& tracking,
                                             const std::string& hostname, std::vector<Problem>& problems) {
    auto tracked = draft.html ? mail::tracked(*draft.html, tracking, hostname) : std::nullopt;
    if (tracked && tracked->links.size() > mail::most_links)
        problems.push_back(
            {.where = {},
             .path = "/tracking/clicks",
             .what = fmt::format("the HTML has {} links, expected at most {}", tracked->links.size(), mail::most_links),
             .hint = "set it to false"});
    return tracked;
}

std::optional<std::string> send_at_in(const Json& body, std::vector<Problem>& problems) {
    const auto given = text_in(body, "send_at");
    if (!given)
        return std::nullopt;
    const auto at = parse_rfc3339(*given);
    if (at > now() + furthest)
        problems.push_back(
            {.where = {}, .path = "/send_at", .what = "is more than 30 days ahead", .hint = "send it later"});
    return rfc3339(at);
}

} // namespace

std::optional<std::string> own_domain(const Call& call, const std::string& address) {
    std::string domain = lower_ascii(address.substr(address.rfind('@') + 1));
    const auto row = call.services().directory.read(
        [&](store::Database& database) { return store::Accounts(database).domain_named(domain); });
    const bool own = call.who().reaches(domain) && row && row->active && row->managed_by != "system";
    return own ? std::optional(std::move(domain)) : std::nullopt;
}

std::string expect_own_domain(const Call& call, const std::string& address) {
    auto domain = own_domain(call, address);
    if (!domain)
        throw Error(Code::denied,
                    fmt::format("cannot send as '{}': the domain is not one of yours", printable(address)),
                    "vectis domain list shows the domains that are here");
    return *std::move(domain);
}

void judge_message(const Json& body, std::vector<Problem>& problems) {
    const auto draft = draft_in(body, problems);
    const auto tracking = tracking_in(body, draft, problems);
    static_cast<void>(outgoing(body, problems));
    static_cast<void>(tracked_in(draft, tracking, "localhost", problems)); // how many links, whatever they become
}

Outgoing outgoing(const Json& body, std::vector<Problem>& problems) {
    return {.id = uuid7(),
            .domain = {},
            .sender = {},
            .subject = {},
            .message_id = {},
            .content = {},
            .recipients = {},
            .tags = to_text(body.value("tags", Json::array())),
            .metadata = to_text(metadata_in(body, problems)),
            .send_at = send_at_in(body, problems),
            .unsubscribe_url = {},
            .unsubscribe_mailto = {},
            .tracking = {},
            .tracked = {}};
}

Outgoing composed(const Call& call, const Json& body, std::vector<Problem>& problems) {
    const auto draft = draft_in(body, problems, written_by_template(call, body, problems));
    Outgoing one = outgoing(body, problems);
    one.tracking = tracking_in(body, draft, problems);
    // The name is asked for only where a link needs it: it may not be known at the moment.
    if (one.tracking.opens || one.tracking.clicks)
        one.tracked = tracked_in(draft, one.tracking, call.services().hostname(), problems);
    if (!problems.empty())
        return one;
    one.sender = draft.from.email;
    one.domain = expect_own_domain(call, one.sender);
    one.subject = draft.subject;
    one.message_id = fmt::format("{}@{}", one.id, one.domain);
    const std::string bracketed = "<" + one.message_id + ">";
    one.content = mail::compose(draft, bracketed, now());
    if (one.tracked) {
        const auto place = mail::place_of_html(one.content, draft, bracketed);
        one.tracked->at = place.at;
        one.tracked->length = place.length;
    }
    one.recipients = mail::recipients(draft);
    if (draft.list_unsubscribe && draft.list_unsubscribe->is_ours()) {
        one.unsubscribe_url = mail::unsubscribe_url(call.services().hostname());
        if (const auto& mailto = draft.list_unsubscribe->mailto; !mailto.empty())
            one.unsubscribe_mailto = mail::mailto_url(mailto);
    }
    return one;
}

namespace {

void expect_within_limits(const Call& call, accounts::Change& change, std::span<const Outgoing> all) {
    const auto limits = call.services().limits();
    const auto& who = call.who();
    std::map<std::string, std::int64_t> by_domain;
    std::int64_t recipients = 0;
    for (const auto& one : all) {
        by_domain[one.domain] += std::ssize(one.recipients);
        recipients += std::ssize(one.recipients);
    }
    std::vector<mail::Sender> senders;
    if (who.credential == "key")
        senders.push_back({.kind = "key",
                           .name = who.credential_id,
                           .shown = who.name,
                           .limit = who.recipients.value_or(limits.key),
                           .recipients = recipients});
    for (const auto& [domain, number] : by_domain)
        senders.push_back(mail::domain_sender(domain, limits, number));
    const auto above = mail::count_recipients(change.database(), senders, parse_rfc3339(change.at()));
    if (above && !above->wait)
        throw Error(Code::invalid_input, mail::told(*above), "send it in parts");
    if (above)
        throw HttpError{429,
                        "too_many_recipients",
                        mail::told(*above),
                        {},
                        {{"Retry-After", std::to_string(above->wait->count())}}};
}

/// Why what they send is kept back; nothing if it is not.
std::optional<store::Hold> hold_of(const accounts::Who& who, store::Database& database) {
    if (who.credential != "key")
        return std::nullopt;
    auto hold = store::Holds(database).of({.kind = "key", .name = who.credential_id});
    return hold && !hold->ending ? std::move(hold) : std::nullopt;
}

Json accept_one(const Call& call, accounts::Change& change, const Outgoing& one,
                const std::optional<store::Hold>& hold) {
    const auto& who = call.who();
    const store::Message message{.id = one.id,
                                 .domain = one.domain,
                                 .sent_by = who.name,
                                 .sender = one.sender,
                                 .subject = one.subject,
                                 .message_id = one.message_id,
                                 .tags = one.tags,
                                 .metadata = one.metadata,
                                 .size = one.content.size(),
                                 .created_at = change.at(),
                                 .send_at = one.send_at,
                                 .unsubscribe_url = one.unsubscribe_url,
                                 .unsubscribe_mailto = one.unsubscribe_mailto,
                                 .track_opens = one.tracking.opens,
                                 .track_clicks = one.tracking.clicks,
                                 .key = who.credential == "key" ? std::optional(who.credential_id) : std::nullopt};
    std::vector<store::Recipient> recipients;
    for (const auto& address : one.recipients)
        recipients.push_back({.message = one.id,
                              .address = address,
                              .queue_id = std::nullopt,
                              .due_at = one.send_at.value_or(change.at()),
                              .code = std::nullopt,
                              .answer = std::nullopt,
                              .relay = std::nullopt,
                              .updated_at = change.at()});
    store::Messages messages(change.database());
    messages.add(message, one.content, recipients);
    if (one.tracked)
        messages.readings().add(one.id, *one.tracked);
    Json shown = Json::array();
    std::string status = "suppressed"; // of all
    for (auto& each : recipients) {
        if (const auto suppression = messages.suppressions().find(one.domain, each.address, change.at()))
            mail::tell_suppressed(messages, each, *suppression, change.at());
        else
            mail::tell_event(messages, each, "queued", {}, change.at());
        if (hold && each.status == "queued")
            mail::tell_held(messages, each, *hold, change.at());
        if (each.status == "queued")
            status = each.shown_status();
        shown.push_back({{"email", each.address}, {"status", each.shown_status()}});
    }
    return {{"id", one.id},
            {"message_id", one.message_id},
            {"status", std::move(status)},
            {"recipients", std::move(shown)}};
}

} // namespace

Json accept(const Call& call, accounts::Change& change, std::span<const Outgoing> all) {
    expect_within_limits(call, change, all);
    const auto hold = hold_of(call.who(), change.database());
    Json told = Json::array();
    for (const auto& one : all)
        told.push_back(accept_one(call, change, one, hold));
    return told;
}

} // namespace vectis::api::handlers
