// Resend: POST /emails, POST /emails/batch, GET /emails/{id}, POST /emails/{id}/cancel.
#include "api/fronts/fields.hpp"
#include "api/fronts/front.hpp"
#include "api/handlers/handlers.hpp"
#include "base/base64.hpp"
#include "base/text.hpp"
#include "store/messages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

namespace vectis::api::fronts {

namespace {

constexpr std::array resend_names{Renamed{"email", ""}, Renamed{"send_at", "scheduled_at"}, Renamed{"metadata", "tags"},
                                  Renamed{"name", ""}};
constexpr std::size_t most_of_resend_batch = 100;

/// As its library sends it: base64, or the bytes as numbers (a Buffer as JSON has them so, too).
std::optional<std::string> resend_content(const Json& content) {
    if (content.is_string())
        return content.get<std::string>();
    const bool buffer = content.is_object() && content.value("type", Json()) == "Buffer" && content.contains("data");
    const Json& numbers = buffer ? content.at("data") : content;
    if (!numbers.is_array())
        return std::nullopt;
    std::string bytes;
    for (const auto& each : numbers) {
        if (!each.is_number_unsigned() || each.get<std::uint64_t>() > std::numeric_limits<unsigned char>::max())
            return std::nullopt;
        bytes += static_cast<char>(each.get<unsigned char>());
    }
    return base64(bytes);
}

Json resend_attachment(const Json& json, const std::string& place, std::vector<Problem>& problems) {
    Fields fields(json, place, problems);
    Json attachment = Json::object();
    if (auto name = fields.text("filename"))
        attachment["filename"] = *std::move(name);
    else
        fields.fault("filename", "is missing");
    fields.refuse("path", "would have this server fetch a URL, which it does not", "send the content itself");
    const Json* given = fields.take("content");
    auto content = given == nullptr ? std::nullopt : resend_content(*given);
    if (content)
        attachment["content"] = *std::move(content);
    else
        fields.fault("content", given == nullptr ? "is missing" : "expected base64, or a list of bytes");
    for (const auto* name : {"content_type", "contentType"}) {
        if (auto type = fields.text(name))
            attachment["content_type"] = *std::move(type);
    }
    for (const auto* name : {"content_id", "contentId", "inline_content_id"}) {
        if (auto id = fields.text(name); id && !id->empty()) {
            attachment["content_id"] = *std::move(id);
            attachment["disposition"] = "inline";
        }
    }
    fields.finish();
    return attachment;
}

/// Tags have a name and a value: they are what our metadata is.
Json resend_tags(const Json& list, std::vector<Problem>& problems) {
    Json metadata = Json::object();
    for (std::size_t i = 0; i < list.size(); ++i) {
        Fields fields(list[i], fmt::format("/tags/{}", i), problems);
        const auto name = fields.text("name");
        const auto value = fields.text("value");
        if (!name || name->empty())
            fields.fault("name", "is missing");
        else if (metadata.contains(*name))
            fields.fault("name", "stands there twice");
        else
            metadata[*name] = value.value_or("");
        fields.finish();
    }
    return metadata;
}

Draft resend_draft(const Json& json) {
    Draft draft;
    Fields fields(json, "", draft.problems);
    Json from = fields.people("from");
    if (from.size() == 1)
        draft.body["from"] = std::move(from[0]);
    else if (from.size() > 1)
        fields.fault("from", "expected one address");
    for (const auto* name : {"to", "cc", "bcc", "reply_to"}) {
        Json people = fields.people(name);
        if (!people.empty())
            draft.body[name] = std::move(people);
    }
    for (const auto* name : {"subject", "text", "html"}) {
        if (auto text = fields.text(name))
            draft.body[name] = *std::move(text);
    }
    if (Json headers = fields.texts("headers"); !headers.empty())
        draft.body["headers"] = std::move(headers);
    const Json& attachments = fields.list("attachments");
    for (std::size_t i = 0; i < attachments.size(); ++i)
        draft.body["attachments"].push_back(
            resend_attachment(attachments[i], fmt::format("/attachments/{}", i), draft.problems));
    if (Json tags = resend_tags(fields.list("tags"), draft.problems); !tags.empty())
        draft.body["metadata"] = std::move(tags);
    // Words such as "in 1 min" are no time here, as the schema of send_at says.
    if (auto at = fields.text("scheduled_at"))
        draft.body["send_at"] = *std::move(at);
    fields.refuse("template", "names a template, and templates of Resend are not here", "send text or html");
    fields.refuse("topic_id", "names a topic, and topics are not here", "leave it out");
    fields.finish();
    return draft;
}

/// Throws what Resend calls a validation error of one message.
void expect_good(const Judged& one) {
    if (one.foreign)
        throw Error(Code::denied, words_of(one.problems));
    if (!one.problems.empty())
        refuse(one.problems);
}

void expect_good_key(const Call& call) {
    constexpr std::size_t longest = 255;
    const auto key = call.field("Idempotency-Key");
    if (key && (key->empty() || key->size() > longest))
        throw HttpError{
            400, "bad_idempotency_key", fmt::format("an Idempotency-Key has 1 to {} bytes", longest), {}, {}};
}

/// The name that the newest event of a message has there.
std::string last_event(const std::vector<store::MessageEvent>& events, const store::Message& message) {
    struct Event {
        std::string_view ours;
        std::string_view theirs;
    };
    constexpr std::array<Event, 10> names{
        Event{"message.queued", "queued"},         Event{"message.sent", "sent"},
        Event{"message.delivered", "delivered"},   Event{"message.deferred", "delivery_delayed"},
        Event{"message.bounced", "bounced"},       Event{"message.expired", "failed"},
        Event{"message.unknown", "sent"},          Event{"message.suppressed", "suppressed"},
        Event{"message.complained", "complained"}, Event{"message.canceled", "canceled"}};
    for (auto each = events.rbegin(); each != events.rend(); ++each) {
        const auto* row =
            std::find_if(names.begin(), names.end(), [&](const Event& event) { return event.ours == each->type; });
        if (row != names.end() && row->theirs == "queued" && message.send_at && *message.send_at > rfc3339(now()))
            return "scheduled";
        if (row != names.end())
            return std::string(row->theirs);
    }
    return "queued";
}

} // namespace

Response resend_send(Call& call) {
    expect_good_key(call);
    const Judged one = judged(call, resend_draft(call.body()), resend_names);
    expect_good(one);
    return document(200, {{"id", accepted(call, {one.one})[0].at("id")}});
}

Response resend_batch(Call& call) {
    expect_good_key(call);
    const Json& bodies = call.body();
    const std::string mode = call.field("x-batch-validation").value_or("strict");
    if (mode != "strict" && mode != "permissive")
        throw HttpError{422, "invalid_input", "x-batch-validation is neither strict nor permissive", {}, {}};
    if (!bodies.is_array() || bodies.empty() || bodies.size() > most_of_resend_batch)
        throw HttpError{
            422, "invalid_input", fmt::format("expected a list of 1 to {} emails", most_of_resend_batch), {}, {}};
    Batch batch;
    std::vector<Problem> problems;
    Json errors = Json::array();
    for (std::size_t i = 0; i < bodies.size(); ++i) {
        Judged one = judged(call, resend_draft(bodies[i]), resend_names);
        if (mode == "strict" && one.foreign)
            throw Error(Code::denied, fmt::format("{}: {}", i, words_of(one.problems)));
        if (one.problems.empty()) {
            batch.add(std::move(one.one));
            continue;
        }
        errors.push_back({{"index", i}, {"message", words_of(one.problems)}});
        for (auto& each : one.problems) {
            each.path = fmt::format("/{}{}", i, each.path);
            problems.push_back(std::move(each));
        }
    }
    if (mode == "strict" && !problems.empty())
        refuse(std::move(problems));
    return document(200, accepted(call, batch.all(), [&](const Json& told) {
                        Json answer{{"data", Json::array()}};
                        for (const auto& each : told)
                            answer["data"].push_back({{"id", each.at("id")}});
                        if (mode == "permissive")
                            answer["errors"] = errors;
                        return answer;
                    }));
}

Response resend_get(Call& call) {
    const Json message = parse_json(handlers::messages_get(call).body).at("data");
    const std::string id = message.at("id").get<std::string>();
    Json to = Json::array();
    for (const auto& each : message.at("recipients"))
        to.push_back(each.at("email"));
    Json tags = Json::array();
    for (const auto& each : message.at("metadata").items())
        tags.push_back({{"name", each.key()}, {"value", each.value()}});
    const std::string event = call.services().ledger.read([&](store::Database& database) {
        store::Messages messages(database);
        return last_event(messages.events(id), messages.find(id).value_or(store::Message{}));
    });
    return document(200, {{"object", "email"},
                          {"id", id},
                          {"to", std::move(to)},
                          {"from", message.at("sender")},
                          {"created_at", message.at("created_at")},
                          {"subject", message.at("subject")},
                          {"html", nullptr},
                          {"text", nullptr},
                          {"bcc", nullptr},
                          {"cc", nullptr},
                          {"reply_to", nullptr},
                          {"last_event", event},
                          {"scheduled_at", message.at("send_at")},
                          {"message_id", fmt::format("<{}>", message.at("message_id").get<std::string>())},
                          {"tags", std::move(tags)}});
}

Response resend_cancel(Call& call) {
    const Json message = parse_json(handlers::messages_cancel(call).body).at("data");
    return document(200, {{"object", "email"}, {"id", message.at("id")}});
}

Response resend_refusal(const Fault& fault) {
    struct Row {
        std::string_view code;
        int status;
        std::string_view name;
    };
    constexpr std::array<Row, 13> rows{Row{"missing_key", 401, "missing_api_key"},
                                       Row{"bad_key", 403, "invalid_api_key"},
                                       Row{"forbidden", 401, "restricted_api_key"},
                                       Row{"denied", 403, "validation_error"},
                                       Row{"bad_idempotency_key", 400, "invalid_idempotency_key"},
                                       Row{"key_in_use", 409, "concurrent_idempotent_requests"},
                                       Row{"key_of_another", 409, "invalid_idempotent_request"},
                                       Row{"not_found", 404, "not_found"},
                                       Row{"method_not_allowed", 405, "method_not_allowed"},
                                       Row{"too_many_requests", 429, "rate_limit_exceeded"},
                                       Row{"too_many_recipients", 429, "rate_limit_exceeded"},
                                       Row{"conflict", 422, "validation_error"},
                                       Row{"unavailable", 503, "application_error"}};
    const auto* row = std::find_if(rows.begin(), rows.end(), [&](const Row& each) { return each.code == fault.code; });
    const bool ours = fault.status >= 500;
    int status = row == rows.end() ? fault.status : row->status;
    std::string_view name = row != rows.end() ? row->name : ours ? "internal_server_error" : "validation_error";
    const auto any = [&](const auto& is) { return std::any_of(fault.problems.begin(), fault.problems.end(), is); };
    if (any([](const Problem& each) { return each.path.find("/attachments/") != std::string::npos; }))
        name = "invalid_attachment";
    else if (any([](const Problem& each) { return each.what.starts_with("is missing"); }))
        name = "missing_required_field";
    return document(status, {{"statusCode", status}, {"name", name}, {"message", words_of(fault)}});
}

} // namespace vectis::api::fronts
