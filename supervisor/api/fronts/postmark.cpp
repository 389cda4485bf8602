// Postmark: POST /email and /email/batch, the same by templates, and what became of what was sent.
#include "api/fronts/fields.hpp"
#include "api/fronts/front.hpp"
#include "api/handlers/handlers.hpp"
#include "api/handlers/templates.hpp"
#include "base/text.hpp"
#include "store/messages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace vectis::api::fronts {

namespace {

constexpr std::array postmark_names{Renamed{"from", "From"},
                                    Renamed{"to", "To"},
                                    Renamed{"cc", "Cc"},
                                    Renamed{"bcc", "Bcc"},
                                    Renamed{"reply_to", "ReplyTo"},
                                    Renamed{"subject", "Subject"},
                                    Renamed{"text", "TextBody"},
                                    Renamed{"html", "HtmlBody"},
                                    Renamed{"headers", "Headers"},
                                    Renamed{"attachments", "Attachments"},
                                    Renamed{"filename", "Name"},
                                    Renamed{"content", "Content"},
                                    Renamed{"content_id", "ContentID"},
                                    Renamed{"content_type", "ContentType"},
                                    Renamed{"metadata", "Metadata"},
                                    Renamed{"tags", "Tag"},
                                    Renamed{"template", ""},
                                    Renamed{"id", "TemplateAlias"},
                                    Renamed{"variables", "TemplateModel"},
                                    Renamed{"tracking", ""},
                                    Renamed{"opens", "TrackOpens"},
                                    Renamed{"clicks", "TrackLinks"},
                                    Renamed{"email", ""},
                                    Renamed{"name", ""}};
constexpr std::size_t most_of_postmark_batch = 500;

// Postmark's own numbers for what is wrong (its documentation, "API error codes").
constexpr int bad_token = 10;
constexpr int bad_request = 300;
constexpr int no_such_sender = 400;
constexpr int no_json = 402;
constexpr int inactive_recipient = 406;
constexpr int json_wanted = 409;
constexpr int too_many_messages = 410;
constexpr int too_often = 429;
constexpr int no_such_message = 701;
constexpr int no_such_template = 1101;

Json postmark_attachment(const Json& json, const std::string& place, std::vector<Problem>& problems) {
    Fields fields(json, place, problems);
    Json attachment = Json::object();
    if (auto name = fields.text("Name"))
        attachment["filename"] = *std::move(name);
    if (auto content = fields.text("Content"))
        attachment["content"] = *std::move(content);
    if (auto type = fields.text("ContentType"))
        attachment["content_type"] = *std::move(type);
    if (auto id = fields.text("ContentID"); id && !id->empty()) {
        attachment["content_id"] = id->starts_with("cid:") ? id->substr(4) : *std::move(id);
        attachment["disposition"] = "inline";
    }
    fields.ignore("ContentLength");
    fields.finish();
    return attachment;
}

Json postmark_headers(const Json& list, std::vector<Problem>& problems) {
    Json headers = Json::object();
    for (std::size_t i = 0; i < list.size(); ++i) {
        Fields fields(list[i], fmt::format("/Headers/{}", i), problems);
        const auto name = fields.text("Name");
        auto value = fields.text("Value");
        if (!name || !value)
            fields.fault(name ? "Value" : "Name", "is missing");
        else if (headers.contains(*name))
            fields.fault("Name", fmt::format("'{}' stands there twice", printable(*name)));
        else
            headers[*name] = *std::move(value);
        fields.finish();
    }
    return headers;
}

/// Says what a message says, or by what; false: it is no message.
using Put = std::function<bool(Draft& draft, Fields& fields)>;

bool put_texts(Draft& draft, Fields& fields) {
    draft.body["subject"] = fields.text("Subject").value_or("");
    constexpr std::array<std::pair<const char*, const char*>, 2> texts{std::pair{"TextBody", "text"},
                                                                       {"HtmlBody", "html"}};
    for (const auto& [theirs, ours] : texts) {
        if (auto text = fields.text(theirs); text && !text->empty())
            draft.body[ours] = *std::move(text);
    }
    return true;
}

/// By a template of ours: its name is the alias.
bool put_template(const Call& call, Draft& draft, Fields& fields) {
    if (fields.flag("InlineCss").value_or(false))
        fields.fault("InlineCss", "asks for what is not done here: the HTML goes out as the template has it", "false");
    const auto alias = fields.text("TemplateAlias");
    const Json* model = fields.take("TemplateModel");
    if (model != nullptr && !model->is_object())
        fields.fault("TemplateModel", "expected an object");
    if (!alias) {
        fields.fault(fields.take("TemplateId") == nullptr ? "TemplateAlias" : "TemplateId",
                     "expected the name of a template that is here, as TemplateAlias");
        return false;
    }
    if (!draft.body.contains("from"))
        return true; // which is told
    const auto found = handlers::template_named(call, *alias, draft.body["from"]["email"].get<std::string>());
    if (!found) {
        fields.fault("TemplateAlias", fmt::format("there is no template '{}'", printable(*alias)),
                     "vectis template list shows those that are here");
        return false;
    }
    draft.body["template"] = {{"id", found->id}};
    if (model != nullptr && model->is_object())
        draft.body["template"]["variables"] = *model;
    draft.template_has_html = found->html.has_value();
    return true;
}

/// A message, and whether there is what it is to be made by.
struct Asked {
    Draft draft;
    bool is_written = true;
};

Asked postmark_draft(const Json& json, const Put& put) {
    Asked asked;
    Draft& draft = asked.draft;
    Fields fields(json, "", draft.problems);
    Json from = fields.people("From");
    if (from.size() == 1)
        draft.body["from"] = std::move(from[0]);
    else if (from.size() > 1)
        fields.fault("From", "expected one address");
    constexpr std::array<std::pair<const char*, const char*>, 4> people{
        std::pair{"To", "to"}, {"Cc", "cc"}, {"Bcc", "bcc"}, {"ReplyTo", "reply_to"}};
    for (const auto& [theirs, ours] : people) {
        if (Json all = fields.people(theirs); !all.empty())
            draft.body[ours] = std::move(all);
    }
    asked.is_written = put(draft, fields);
    if (auto tag = fields.text("Tag"); tag && !tag->empty())
        draft.body["tags"] = Json::array({*std::move(tag)});
    if (Json headers = postmark_headers(fields.list("Headers"), draft.problems); !headers.empty())
        draft.body["headers"] = std::move(headers);
    if (Json metadata = fields.texts("Metadata"); !metadata.empty())
        draft.body["metadata"] = std::move(metadata);
    const Json& attachments = fields.list("Attachments");
    for (std::size_t i = 0; i < attachments.size(); ++i)
        draft.body["attachments"].push_back(
            postmark_attachment(attachments[i], fmt::format("/Attachments/{}", i), draft.problems));
    const bool opens = fields.flag("TrackOpens").value_or(false);
    const auto links = fields.text("TrackLinks").value_or("");
    if (links == "HtmlAndText" || links == "TextOnly")
        fields.fault("TrackLinks", "asks for what is not done here: links in the text stay as they are",
                     "HtmlOnly or None");
    else if (!links.empty() && links != "None" && links != "HtmlOnly")
        fields.fault("TrackLinks", fmt::format("found '{}', expected HtmlOnly or None", printable(links)));
    put_tracking(draft, opens, links == "HtmlOnly");
    if (const auto stream = fields.text("MessageStream"); stream && *stream != "outbound")
        fields.fault("MessageStream", fmt::format("'{}' is no stream here", printable(*stream)),
                     "there is one, outbound: leave it out");
    fields.finish();
    return asked;
}

Json postmark_error(int code, const std::string& message) {
    return {{"ErrorCode", code}, {"Message", message}};
}

Json postmark_error(const Judged& one) {
    return postmark_error(one.foreign ? no_such_sender : bad_request, words_of(one.problems));
}

/// What is told of one accepted message. Its library looks for these very words.
Json postmark_result(const Json& told, const Json& asked) {
    std::vector<std::string> inactive;
    for (const auto& each : told.at("recipients")) {
        if (each.at("status") == "suppressed")
            inactive.push_back(each.at("email").get<std::string>());
    }
    if (told.at("status") == "suppressed")
        return postmark_error(
            inactive_recipient,
            fmt::format("You tried to send to recipient(s) that have been marked as inactive. Found inactive "
                        "addresses: {}. Inactive recipients are ones that have generated a hard bounce, a spam "
                        "complaint, or a manual suppression.",
                        join(inactive, ", ")));
    return {{"To", asked.value("To", Json(""))},
            {"SubmittedAt", rfc3339(now())},
            {"MessageID", told.at("id")},
            {"ErrorCode", 0},
            {"Message", inactive.empty()
                            ? "OK"
                            : "Message OK, but will not deliver to these inactive addresses: " + join(inactive, ", ")}};
}

/// What is told of a message that is well and is not sent.
Json postmark_trial(const Json& asked) {
    return {{"To", asked.value("To", Json(""))},
            {"SubmittedAt", rfc3339(now())},
            {"MessageID", "00000000-0000-0000-0000-000000000000"},
            {"ErrorCode", 0},
            {"Message", "Test job accepted"}};
}

/// Whether they have shown the token for trials, and no key.
bool is_trial(const Call& call) {
    return call.who().credential.empty();
}

Response postmark_document(const Json& result) {
    return document(result.at("ErrorCode") == 0 ? 200 : 422, result);
}

/// A message that was judged; or what is told of one that is none.
std::pair<Judged, Json> postmark_judged(const Call& call, const Json& body, const Put& put) {
    const auto asked = postmark_draft(body, put);
    if (!asked.is_written)
        return {{.one = {}, .problems = asked.draft.problems},
                postmark_error(no_such_template, words_of(asked.draft.problems))};
    auto one = judged(call, asked.draft, postmark_names, is_trial(call));
    Json told = one.problems.empty() ? postmark_trial(body) : postmark_error(one);
    return {std::move(one), std::move(told)};
}

Response send_one(Call& call, const Put& put) {
    const Json& body = call.body();
    const auto [one, told] = postmark_judged(call, body, put);
    if (!one.problems.empty() || is_trial(call))
        return postmark_document(told);
    return postmark_document(accepted(call, {one.one}, [&](const Json& all) { return postmark_result(all[0], body); }));
}

Response send_all(Call& call, const Json& bodies, const Put& put) {
    if (!bodies.is_array())
        throw HttpError{422, "invalid_input", "expected a list of messages", {}, {}};
    if (bodies.size() > most_of_postmark_batch)
        return document(422, postmark_error(too_many_messages, fmt::format("expected at most {} messages, found {}",
                                                                           most_of_postmark_batch, bodies.size())));
    Batch batch;
    Json results = Json::array();
    std::vector<std::size_t> good;
    for (std::size_t i = 0; i < bodies.size(); ++i) {
        auto [one, told] = postmark_judged(call, bodies[i], put);
        results.push_back(std::move(told));
        if (one.problems.empty() && !is_trial(call)) {
            batch.add(std::move(one.one));
            good.push_back(i);
        }
    }
    if (good.empty())
        return document(200, results);
    return document(200, accepted(call, batch.all(), [&](const Json& told) {
                        for (std::size_t i = 0; i < good.size(); ++i)
                            results[good[i]] = postmark_result(told[i], bodies[good[i]]);
                        return results;
                    }));
}

} // namespace

Response postmark_send(Call& call) {
    return send_one(call, put_texts);
}

Response postmark_batch(Call& call) {
    return send_all(call, call.body(), put_texts);
}

Response postmark_template(Call& call) {
    return send_one(call, [&](Draft& draft, Fields& fields) { return put_template(call, draft, fields); });
}

Response postmark_template_batch(Call& call) {
    const Json& body = call.body();
    if (!body.is_object() || !body.contains("Messages"))
        throw HttpError{422, "invalid_input", "expected an object with Messages", {}, {}};
    return send_all(call, body.at("Messages"),
                    [&](Draft& draft, Fields& fields) { return put_template(call, draft, fields); });
}

Response postmark_details(Call& call) {
    const Json message = parse_json(handlers::messages_get(call).body).at("data");
    Json to = Json::array();
    Json recipients = Json::array();
    bool queued = true;
    for (const auto& each : message.at("recipients")) {
        to.push_back({{"Email", each.at("email")}, {"Name", nullptr}});
        recipients.push_back(each.at("email"));
        queued = queued && (each.at("status") == "queued" || each.at("status") == "held");
    }
    struct Event {
        std::string_view ours;
        std::string_view theirs;
    };
    constexpr std::array<Event, 7> names{
        Event{"message.delivered", "Delivered"},      Event{"message.deferred", "Transient"},
        Event{"message.bounced", "Bounced"},          Event{"message.expired", "Bounced"},
        Event{"message.complained", "SpamComplaint"}, Event{"message.opened", "Opened"},
        Event{"message.clicked", "LinkClicked"}};
    const Json told = parse_json(handlers::messages_events(call).body);
    Json events = Json::array();
    for (const auto& each : told.at("data")) {
        const auto* row =
            std::find_if(names.begin(), names.end(), [&](const Event& event) { return each.at("type") == event.ours; });
        if (row != names.end())
            events.push_back({{"Recipient", each.at("recipient")},
                              {"Type", row->theirs},
                              {"ReceivedAt", each.at("at")},
                              {"Details", each.at("data")}});
    }
    const Json& tags = message.at("tags");
    const Json& tracking = message.at("tracking");
    return document(200, {{"MessageID", message.at("id")},
                          {"To", std::move(to)},
                          {"Recipients", std::move(recipients)},
                          {"From", message.at("sender")},
                          {"Subject", message.at("subject")},
                          {"ReceivedAt", message.at("created_at")},
                          {"Status", queued ? "Queued" : "Sent"},
                          {"Tag", tags.empty() ? Json(nullptr) : tags[0]},
                          {"Metadata", message.at("metadata")},
                          {"MessageStream", "outbound"},
                          {"TrackOpens", tracking.at("opens")},
                          {"TrackLinks", tracking.at("clicks") == true ? "HtmlOnly" : "None"},
                          {"MessageEvents", std::move(events)}});
}

Response postmark_suppressions(Call& call) {
    if (call.parameter("stream") != "outbound")
        throw Error(Code::not_found, "there is one stream here, outbound");
    store::Page page;
    page.limit = 10000;
    if (call.who().domains)
        page.among.emplace("domain", *call.who().domains);
    if (const auto address = call.query("EmailAddress"))
        page.where.emplace_back("address", lower_ascii(*address));
    constexpr std::array<std::array<std::string_view, 3>, 4> reasons{{{"bounce", "HardBounce", "Recipient"},
                                                                      {"complaint", "SpamComplaint", "Recipient"},
                                                                      {"unsubscribe", "ManualSuppression", "Recipient"},
                                                                      {"manual", "ManualSuppression", "Customer"}}};
    const auto found = call.services().ledger.read(
        [&](store::Database& database) { return store::Suppressions(database).page(page); });
    if (found.size() > page.limit)
        throw HttpError{422,
                        "invalid_input",
                        fmt::format("there are more than {} of them", page.limit),
                        "GET /api/v1/suppressions gives them by pages",
                        {}};
    Json rows = Json::array();
    const auto at = rfc3339(now());
    for (const auto& each : found) {
        const auto* reason =
            std::find_if(reasons.begin(), reasons.end(), [&](const auto& row) { return row[0] == each.reason; });
        if (reason == reasons.end())
            throw Error(Code::internal, "a suppression has a reason that is not in the table");
        const auto wanted = call.query("SuppressionReason");
        if ((each.expires_at && *each.expires_at <= at) || (wanted && *wanted != (*reason)[1]))
            continue;
        rows.push_back({{"EmailAddress", each.address},
                        {"SuppressionReason", (*reason)[1]},
                        {"Origin", (*reason)[2]},
                        {"CreatedAt", each.created_at}});
    }
    return document(200, {{"Suppressions", std::move(rows)}});
}

Response postmark_refusal(const Fault& fault) {
    struct Row {
        std::string_view code;
        int status;
        int number;
    };
    constexpr std::array<Row, 9> rows{Row{"missing_key", 401, bad_token},
                                      Row{"bad_key", 401, bad_token},
                                      Row{"forbidden", 401, bad_token},
                                      Row{"malformed", 422, no_json},
                                      Row{"unsupported_media_type", 422, json_wanted},
                                      Row{"not_found", 404, no_such_message},
                                      Row{"too_many_requests", 429, too_often},
                                      Row{"too_many_recipients", 429, too_often},
                                      Row{"internal", 500, 500}};
    const auto* row = std::find_if(rows.begin(), rows.end(), [&](const Row& each) { return each.code == fault.code; });
    const int status = row != rows.end() ? row->status : fault.status == 409 ? 422 : fault.status;
    const int number = row != rows.end() ? row->number : fault.status >= 500 ? fault.status : bad_request;
    const bool no_token = fault.code == "missing_key" || fault.code == "bad_key";
    return document(status,
                    postmark_error(number, no_token ? "No Account or Server API tokens were supplied in the HTTP "
                                                      "headers, or the token is not good: " +
                                                          words_of(fault)
                                                    : words_of(fault)));
}

} // namespace vectis::api::fronts
