// What programs send: accepted here, handed to Postfix by mail/submitter, followed by mail/tracker. What people send by
// submission is found among it (mail/submissions).
#include "store/messages.hpp"

#include "api/handlers/body.hpp"
#include "api/handlers/handlers.hpp"
#include "api/handlers/outgoing.hpp"
#include "base/base64.hpp"
#include "base/text.hpp"
#include "mail/address.hpp"
#include "mail/draft.hpp"
#include "mail/raw.hpp"
#include "mail/story.hpp"
#include "mail/told.hpp"
#include "mail/tracking.hpp"

#include <fmt/format.h>

namespace vectis::api::handlers {

namespace {

constexpr std::size_t most_of_batch = 50U << 20U; // bytes: they are in memory at once

Json message_json(const store::Message& message) {
    return {{"id", message.id},
            {"domain", message.domain},
            {"sender", message.sender},
            {"subject", message.subject},
            {"message_id", message.message_id},
            {"tags", parse_json(message.tags)},
            {"metadata", parse_json(message.metadata)},
            {"tracking", {{"opens", message.track_opens}, {"clicks", message.track_clicks}}},
            {"size", message.size},
            {"sent_by", message.sent_by},
            {"origin", message.origin},
            {"created_at", message.created_at},
            {"send_at", json_or_null(message.send_at)}};
}

Json whole_json(const store::Message& message, const std::vector<store::Recipient>& recipients,
                store::Messages& messages) {
    Json json = message_json(message);
    json["recipients"] = Json::array();
    const auto first = messages.readings().first(message.id);
    const auto first_at = [&](const store::Recipient& recipient, mail::Reading reading) {
        const auto found = first.find({recipient.id, mail::name(reading)});
        return found == first.end() ? Json(nullptr) : Json(found->second);
    };
    for (const auto& each : recipients)
        json["recipients"].push_back({{"email", each.address},
                                      {"original_to", json_or_null(each.original_to)},
                                      {"status", each.shown_status()},
                                      {"queue_id", json_or_null(each.queue_id)},
                                      {"code", json_or_null(each.code)},
                                      {"answer", each.answer ? Json(printable(*each.answer)) : Json(nullptr)},
                                      {"relay", json_or_null(each.relay)},
                                      {"opened_at", first_at(each, mail::Reading::opened)},
                                      {"clicked_at", first_at(each, mail::Reading::clicked)},
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

Response accepted_alone(Call& call, const Outgoing& one) {
    Response response = call.change([&](accounts::Change& change) {
        Response accepted = call.answer(accept(call, change, {&one, 1}).at(0));
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
    return accepted_alone(call, one);
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
        return call.answer({{"results", accept(call, change, all)}});
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
    return accepted_alone(call, one);
}

Response messages_list(Call& call) {
    store::Page page = call.page();
    if (call.who().domains)
        page.among.emplace("domain", *call.who().domains);
    const auto asked = [&](const char* name) { return call.query(name); };
    store::Messages::Search search{.recipient = std::nullopt,
                                   .status = asked("status"),
                                   .tag = asked("tag"),
                                   .subject = asked("subject"),
                                   .since = canonical_time(asked("since")),
                                   .until = canonical_time(asked("until"))};
    if (const auto origin = asked("origin"))
        page.where.emplace_back("origin", *origin);
    if (const auto recipient = asked("recipient"))
        search.recipient = mail::envelope_address(*recipient);
    Json json = Json::array();
    call.services().ledger.read([&](store::Database& database) {
        for (const auto& each : store::Messages(database).search(search, page))
            json.push_back(message_json(each));
    });
    return call.list(std::move(json), page);
}

Response messages_get(Call& call) {
    return call.services().ledger.read([&](store::Database& database) {
        const auto message = this_message(call, database);
        store::Messages messages(database);
        return call.resource(whole_json(message, messages.recipients(message.id), messages));
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
                            {"told", mail::told(each)},
                            {"data", parse_json(each.data)}});
    });
    return call.answer(std::move(json));
}

Response messages_cancel(Call& call) {
    return call.change([&](accounts::Change& change) {
        const auto message = this_message(call, change.database());
        if (message.origin == "submission")
            throw Error(Code::conflict, "it came by submission: Postfix has had it from the start",
                        "while it waits there, DELETE /queue/{queue_id} of a recipient takes it out");
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
        return call.answer(whole_json(message, recipients, messages));
    });
}

} // namespace vectis::api::handlers
