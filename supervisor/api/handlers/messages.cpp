// What programs send: accepted here, handed to Postfix by mail/submitter, followed by mail/tracker.
#include "store/messages.hpp"

#include "api/handlers/body.hpp"
#include "api/handlers/handlers.hpp"
#include "base/base64.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "mail/address.hpp"
#include "mail/compose.hpp"
#include "mail/raw.hpp"
#include "mail/story.hpp"
#include "store/accounts.hpp"

#include <fmt/format.h>

namespace vectis::api::handlers {

namespace {

constexpr std::chrono::hours furthest{24 * 30};
constexpr std::size_t longest_header = 10000;
constexpr std::size_t most_of_batch = 50U << 20U; // bytes: they are in memory at once

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

/// The draft; what the shape of the body does not say is noted.
mail::Draft draft_in(const Json& body, std::vector<Problem>& problems) {
    const auto fault = [&](const std::string& pointer, const std::string& what) {
        problems.push_back({.where = {}, .path = pointer, .what = what, .hint = {}});
    };
    mail::Draft draft;
    draft.from = person_in(body.at("from"));
    draft.to = persons_in(body, "to");
    draft.cc = persons_in(body, "cc");
    draft.bcc = persons_in(body, "bcc");
    draft.reply_to = persons_in(body, "reply_to");
    draft.subject = body.at("subject").get<std::string>();
    draft.text = text_in(body, "text");
    draft.html = text_in(body, "html");
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

/// The domain that sends. Who may send as it is who reaches it.
std::string expect_own_domain(const Call& call, const std::string& address) {
    const std::string domain = lower_ascii(address.substr(address.rfind('@') + 1));
    const auto row = call.services().directory.read(
        [&](store::Database& database) { return store::Accounts(database).domain_named(domain); });
    if (!call.who().reaches(domain) || !row || !row->active || row->managed_by == "system")
        throw Error(Code::denied,
                    fmt::format("cannot send as '{}': the domain is not one of yours", printable(address)),
                    "vectis domain list shows the domains that are here");
    return domain;
}

Json message_json(const store::Message& message) {
    return {{"id", message.id},
            {"domain", message.domain},
            {"sender", message.sender},
            {"subject", message.subject},
            {"message_id", message.message_id},
            {"tags", parse_json(message.tags)},
            {"metadata", parse_json(message.metadata)},
            {"size", message.size},
            {"sent_by", message.sent_by},
            {"created_at", message.created_at},
            {"send_at", json_or_null(message.send_at)}};
}

Json whole_json(const store::Message& message, const std::vector<store::Recipient>& recipients) {
    Json json = message_json(message);
    json["recipients"] = Json::array();
    for (const auto& each : recipients)
        json["recipients"].push_back({{"email", each.address},
                                      {"status", each.status},
                                      {"queue_id", json_or_null(each.queue_id)},
                                      {"code", json_or_null(each.code)},
                                      {"answer", each.answer ? Json(printable(*each.answer)) : Json(nullptr)},
                                      {"relay", json_or_null(each.relay)},
                                      {"updated_at", each.updated_at}});
    return json;
}

/// The one that the path names, if it is theirs.
store::Message this_message(const Call& call, store::Database& database) {
    auto message = store::Messages(database).find(call.id());
    if (!message || !call.who().reaches(message->domain))
        throw Error(Code::not_found, fmt::format("there is nothing with the id '{}'", call.id()));
    return std::move(*message);
}

/// A message that is ready to go out.
struct Outgoing {
    std::string id; // ours
    std::string domain;
    std::string sender;
    std::string subject;
    std::string message_id;
    std::string content;
    std::vector<std::string> recipients;
    std::string tags;
    std::string metadata;
    std::optional<std::string> send_at;
};

/// What the body says beside the message itself.
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
            .send_at = send_at_in(body, problems)};
}

/// The message that a body like that of POST /send says. Its faults are noted, and then it is not to be sent.
Outgoing composed(const Call& call, const Json& body, std::vector<Problem>& problems) {
    const auto draft = draft_in(body, problems);
    Outgoing one = outgoing(body, problems);
    if (!problems.empty())
        return one;
    one.sender = draft.from.email;
    one.domain = expect_own_domain(call, one.sender);
    one.subject = draft.subject;
    one.message_id = fmt::format("{}@{}", one.id, one.domain);
    one.content = mail::compose(draft, "<" + one.message_id + ">", now());
    one.recipients = mail::recipients(draft);
    return one;
}

/// Writes it down, to be handed to Postfix; what is told of it.
Json accept(const Call& call, accounts::Change& change, const Outgoing& one) {
    const store::Message message{.id = one.id,
                                 .domain = one.domain,
                                 .sent_by = call.who().name,
                                 .sender = one.sender,
                                 .subject = one.subject,
                                 .message_id = one.message_id,
                                 .tags = one.tags,
                                 .metadata = one.metadata,
                                 .size = one.content.size(),
                                 .created_at = change.at(),
                                 .send_at = one.send_at};
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
    Json shown = Json::array();
    bool goes_out = false;
    for (auto& each : recipients) {
        if (const auto suppression = messages.suppressions().find(one.domain, each.address, change.at()))
            mail::tell_suppressed(messages, each, *suppression, change.at());
        else
            mail::tell(messages, each, "queued", {}, change.at());
        goes_out = goes_out || each.status == "queued";
        shown.push_back({{"email", each.address}, {"status", each.status}});
    }
    return {{"id", one.id},
            {"message_id", one.message_id},
            {"status", goes_out ? "queued" : "suppressed"},
            {"recipients", std::move(shown)}};
}

/// Faults are told of the request's member, and where they are in it.
mail::RawMessage raw_in(const std::string& bytes, const std::string& id) {
    try {
        return mail::read_raw(bytes, id, now());
    } catch (const Error& error) {
        std::vector<Problem> problems;
        for (const auto& each : error.problems())
            problems.push_back({.where = {},
                                .path = "/raw",
                                .what = fmt::format("line {}: {} {}", each.where.line, each.path, each.what),
                                .hint = each.hint});
        if (problems.empty())
            throw;
        refuse(std::move(problems));
    }
}

Response accept_one(Call& call, const Outgoing& one) {
    Response response = call.change([&](accounts::Change& change) {
        Response accepted = call.answer(accept(call, change, one));
        accepted.fields.emplace_back("Location", fmt::format("{}/messages/{}", surface::api_base, one.id));
        return accepted;
    });
    call.services().wake_sender();
    return response;
}

} // namespace

Response send(Call& call) {
    std::vector<Problem> problems;
    const Outgoing one = composed(call, call.body(), problems);
    if (!problems.empty())
        refuse(std::move(problems));
    return accept_one(call, one);
}

Response send_batch(Call& call) {
    const Json& bodies = call.body().at("messages");
    std::vector<Problem> problems;
    std::vector<Outgoing> all;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < bodies.size(); ++i) {
        std::vector<Problem> here;
        all.push_back(composed(call, bodies[i], here));
        for (auto& each : here) {
            each.path = fmt::format("/messages/{}{}", i, each.path);
            problems.push_back(std::move(each));
        }
        bytes += all.back().content.size();
        if (bytes > most_of_batch)
            throw Error(Code::invalid_input,
                        fmt::format("cannot take the batch: its messages have more than {} bytes", most_of_batch),
                        "send it in parts");
    }
    if (!problems.empty())
        refuse(std::move(problems));
    Response response = call.change([&](accounts::Change& change) {
        Json results = Json::array();
        for (const auto& one : all)
            results.push_back(accept(call, change, one));
        return call.answer({{"results", std::move(results)}});
    });
    call.services().wake_sender();
    return response;
}

Response send_raw(Call& call) {
    const Json& body = call.body();
    std::vector<Problem> problems;
    Outgoing one = outgoing(body, problems);
    auto bytes = from_base64(body.at("raw").get_ref<const std::string&>());
    if (!bytes)
        problems.push_back({.where = {}, .path = "/raw", .what = "is no base64 (RFC 4648 section 4)", .hint = {}});
    std::vector<std::string> to;
    for (const auto& email : words_in(body, "to").value_or(std::vector<std::string>())) {
        if (auto fault = mail::address_fault(email)) {
            fault->path = fmt::format("/to/{}", to.size());
            problems.push_back(std::move(*fault));
        }
        to.push_back(mail::envelope_address(email));
    }
    if (!problems.empty())
        refuse(std::move(problems));
    auto raw = raw_in(*bytes, one.id);
    one.sender = raw.from;
    one.domain = expect_own_domain(call, one.sender);
    one.subject = std::move(raw.subject);
    one.message_id = raw.message_id.substr(1, raw.message_id.size() - 2);
    one.content = std::move(raw.message);
    one.recipients = to.empty() ? std::move(raw.recipients) : mail::each_once(to);
    return accept_one(call, one);
}

Response messages_list(Call& call) {
    store::Page page = call.page();
    if (call.who().domains)
        page.among.emplace("domain", *call.who().domains);
    Json json = Json::array();
    call.services().ledger.read([&](store::Database& database) {
        for (const auto& each : store::Messages(database).page(page))
            json.push_back(message_json(each));
    });
    return call.list(std::move(json), page);
}

Response messages_get(Call& call) {
    return call.services().ledger.read([&](store::Database& database) {
        const auto message = this_message(call, database);
        return call.resource(whole_json(message, store::Messages(database).recipients(message.id)));
    });
}

Response messages_events(Call& call) {
    Json json = Json::array();
    call.services().ledger.read([&](store::Database& database) {
        for (const auto& each : store::Messages(database).events(this_message(call, database).id))
            json.push_back({{"id", each.id},
                            {"type", each.type},
                            {"at", each.at},
                            {"recipient", each.recipient},
                            {"data", parse_json(each.data)}});
    });
    return call.answer(std::move(json));
}

Response messages_cancel(Call& call) {
    return call.change([&](accounts::Change& change) {
        const auto message = this_message(call, change.database());
        store::Messages messages(change.database());
        auto recipients = messages.recipients(message.id);
        std::size_t canceled = 0;
        for (auto& each : recipients) {
            if (each.status != "queued" || call.services().is_being_sent(each.id))
                continue;
            mail::tell(messages, each, "canceled", {}, change.at());
            ++canceled;
        }
        if (canceled == 0)
            throw Error(Code::conflict, "it has been sent to every recipient");
        change.audit("message.cancel", message.message_id, message.id, nullptr, {{"recipients", canceled}});
        return call.answer(whole_json(message, recipients));
    });
}

} // namespace vectis::api::handlers
