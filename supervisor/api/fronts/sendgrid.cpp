// SendGrid: POST /v3/mail/send. Each personalization is a message of its own; all of them are accepted, or none.
#include "api/fronts/fields.hpp"
#include "api/fronts/front.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace vectis::api::fronts {

namespace {

constexpr std::array sendgrid_names{Renamed{"content_type", "type"},   Renamed{"text", "content"},
                                    Renamed{"html", "content"},        Renamed{"metadata", "custom_args"},
                                    Renamed{"tags", "categories"},     Renamed{"tracking", "tracking_settings"},
                                    Renamed{"opens", "open_tracking"}, Renamed{"clicks", "click_tracking"}};
constexpr std::size_t most_personalizations = 1000;
constexpr std::size_t most_substitutions = 1000;
constexpr std::size_t longest_substitution = 10000;

using Substitutions = std::vector<std::pair<std::string, std::string>>;

Json sendgrid_person(const Json& json, const std::string& place, std::vector<Problem>& problems) {
    Fields fields(json, place, problems);
    Json person = Json::object();
    if (auto email = fields.text("email"))
        person["email"] = *std::move(email);
    else
        fields.fault("email", "is missing");
    if (auto name = fields.text("name"); name && !name->empty())
        person["name"] = *std::move(name);
    fields.finish();
    return person;
}

Json sendgrid_people(const Json& list, const std::string& place, std::vector<Problem>& problems) {
    Json all = Json::array();
    for (std::size_t i = 0; i < list.size(); ++i)
        all.push_back(sendgrid_person(list[i], fmt::format("{}/{}", place, i), problems));
    return all;
}

Json sendgrid_attachments(const Json& list, std::vector<Problem>& problems) {
    Json all = Json::array();
    for (std::size_t i = 0; i < list.size(); ++i) {
        Fields fields(list[i], fmt::format("/attachments/{}", i), problems);
        Json one = Json::object();
        // Its library's types say contentId, and that is what it sends then.
        constexpr std::array<std::pair<const char*, const char*>, 6> names{
            std::pair{"content", "content"}, {"filename", "filename"},    {"type", "content_type"},
            {"content_id", "content_id"},    {"contentId", "content_id"}, {"disposition", "disposition"}};
        for (const auto& [theirs, ours] : names) {
            if (auto text = fields.text(theirs))
                one[ours] = *std::move(text);
        }
        fields.finish();
        all.push_back(std::move(one));
    }
    return all;
}

void sendgrid_content(const Json& list, Draft& draft) {
    for (std::size_t i = 0; i < list.size(); ++i) {
        Fields fields(list[i], fmt::format("/content/{}", i), draft.problems);
        const auto type = lower_ascii(fields.text("type").value_or(""));
        auto value = fields.text("value");
        const char* ours = type == "text/plain" ? "text" : type == "text/html" ? "html" : nullptr;
        if (ours == nullptr)
            fields.fault("type", "expected text/plain or text/html");
        else if (!value)
            fields.fault("value", "is missing");
        else if (draft.body.contains(ours) || (type == "text/plain" && i > 0))
            fields.fault("type", "stands there twice, or not in its place: text/plain comes before text/html");
        else
            draft.body[ours] = *std::move(value);
        fields.finish();
    }
}

struct SendgridSettings {
    bool sandbox = false; // the message is only tried
    bool opens = false;
    bool clicks = false;
};

/// Those that change something only if they are on.
SendgridSettings sendgrid_settings(Fields& fields, std::vector<Problem>& problems) {
    SendgridSettings asked;
    const auto each_of = [&](const char* name, const auto& use) {
        const Json* json = fields.take(name);
        if (json == nullptr)
            return;
        if (!json->is_object())
            return fields.fault(name, "expected an object");
        for (const auto& setting : json->items()) {
            const std::string place = fmt::format("/{}/{}", name, pointer_part(setting.key()));
            if (setting.value().is_null())
                continue;
            Fields within(setting.value(), place, problems);
            const bool on = within.flag("enable").value_or(false);
            use(setting.key(), place, on, within);
        }
    };
    each_of("mail_settings", [&](const std::string& name, const std::string& place, bool on, const Fields&) {
        if (name == "sandbox_mode")
            asked.sandbox = on;
        else if (on)
            problems.push_back({.where = {},
                                .path = place,
                                .what = "asks for what is not done here",
                                .hint = "of the mail settings there is sandbox_mode"});
    });
    each_of("tracking_settings", [&](const std::string& name, const std::string& place, bool on, Fields& within) {
        if (name == "open_tracking") {
            asked.opens = on;
            if (!within.text("substitution_tag").value_or("").empty() && on)
                within.fault("substitution_tag",
                             "asks for what is not done here: the picture is at the end of the HTML", "leave it out");
            within.finish();
        } else if (name == "click_tracking") {
            asked.clicks = on;
            if (within.flag("enable_text").value_or(false) && on)
                within.fault("enable_text", "asks for what is not done here: links in the text stay as they are",
                             "set it to false, or leave it out");
            within.finish();
        } else if (on) {
            problems.push_back({.where = {},
                                .path = place,
                                .what = "asks for what is not done here",
                                .hint = "of the tracking settings there are open_tracking and click_tracking"});
        }
    });
    return asked;
}

void put_time(Fields& fields, Json& body) {
    constexpr std::int64_t furthest = 1LL << 40; // a time that can be written down
    if (const auto at = fields.number("send_at")) {
        if (*at > furthest)
            fields.fault("send_at", "expected a time in seconds since 1970");
        else if (*at > 0)
            body["send_at"] = rfc3339(Time(std::chrono::seconds(*at)));
    }
}

void put_texts(Json texts, const char* name, Json& body) {
    for (const auto& each : texts.items())
        body[name][each.key()] = each.value();
}

/// What all personalizations have in common, and whether it is only tried.
std::pair<Draft, bool> sendgrid_common(Fields& fields, std::vector<Problem>& problems) {
    Draft draft;
    if (const Json* from = fields.take("from"))
        draft.body["from"] = sendgrid_person(*from, "/from", problems);
    const Json* reply_to = fields.take("reply_to");
    const Json& reply_to_list = fields.list("reply_to_list");
    if (reply_to != nullptr && !reply_to_list.empty())
        fields.fault("reply_to", "stands beside reply_to_list", "leave one of them out");
    else if (reply_to != nullptr)
        draft.body["reply_to"] = Json::array({sendgrid_person(*reply_to, "/reply_to", problems)});
    else if (!reply_to_list.empty())
        draft.body["reply_to"] = sendgrid_people(reply_to_list, "/reply_to_list", problems);
    if (auto subject = fields.text("subject"))
        draft.body["subject"] = *std::move(subject);
    sendgrid_content(fields.list("content"), draft);
    if (Json all = sendgrid_attachments(fields.list("attachments"), problems); !all.empty())
        draft.body["attachments"] = std::move(all);
    put_texts(fields.texts("headers"), "headers", draft.body);
    put_texts(fields.texts("custom_args"), "metadata", draft.body);
    if (const Json& categories = fields.list("categories"); !categories.empty())
        draft.body["tags"] = categories;
    put_time(fields, draft.body);
    for (const auto* name : {"template_id", "sections", "batch_id", "asm"})
        fields.refuse(name, "asks for what is not here", "leave it out");
    fields.ignore("ip_pool_name");
    const auto settings = sendgrid_settings(fields, problems);
    put_tracking(draft, settings.opens, settings.clicks);
    problems.insert(problems.end(), draft.problems.begin(), draft.problems.end());
    draft.problems.clear();
    return {std::move(draft), settings.sandbox};
}

Substitutions sendgrid_substitutions(Fields& fields) {
    Substitutions all;
    const Json texts = fields.texts("substitutions");
    std::size_t size = 0;
    for (const auto& each : texts.items()) {
        all.emplace_back(each.key(), each.value().get<std::string>());
        size += all.back().second.size();
    }
    if (all.size() > most_substitutions || size > longest_substitution)
        fields.fault("substitutions", fmt::format("are more than {}, or have more than {} bytes", most_substitutions,
                                                  longest_substitution));
    return all;
}

Draft sendgrid_draft(const Json& json, const std::string& place, const Draft& common) {
    Draft draft{.body = common.body, .problems = {}};
    Fields fields(json, place, draft.problems);
    if (const Json* from = fields.take("from"))
        draft.body["from"] = sendgrid_person(*from, place + "/from", draft.problems);
    for (const auto* name : {"to", "cc", "bcc"}) {
        if (Json all = sendgrid_people(fields.list(name), fmt::format("{}/{}", place, name), draft.problems);
            !all.empty())
            draft.body[name] = std::move(all);
    }
    if (!draft.body.contains("to"))
        fields.fault("to", "is missing: a personalization has at least one");
    if (auto subject = fields.text("subject"))
        draft.body["subject"] = *std::move(subject);
    put_texts(fields.texts("headers"), "headers", draft.body);
    put_texts(fields.texts("custom_args"), "metadata", draft.body);
    put_time(fields, draft.body);
    fields.refuse("dynamic_template_data", "is for a template, and templates of SendGrid are not here",
                  "use substitutions");
    const auto values = sendgrid_substitutions(fields);
    for (const auto* name : {"subject", "text", "html"}) {
        const auto found = draft.body.find(name);
        if (found != draft.body.end() && !values.empty() && draft.problems.empty())
            *found = substituted(found->get<std::string>(), values);
    }
    fields.finish();
    return draft;
}

/// What is wrong with a personalization's message is in the personalization, or in what all have in common.
std::string sendgrid_place(const std::string& path, const Json& personalization, const std::string& place) {
    if (path.starts_with("/personalizations"))
        return path;
    const std::string member = path.substr(1, path.find('/', 1) - 1);
    const bool within = member == "to" || member == "cc" || member == "bcc" ||
                        (personalization.is_object() && personalization.contains(member));
    return within ? place + path : path;
}

} // namespace

Response sendgrid_send(Call& call) {
    const Json& body = call.body();
    std::vector<Problem> problems;
    Fields fields(body, "", problems);
    auto [common, sandbox] = sendgrid_common(fields, problems);
    const Json& personalizations = fields.list("personalizations");
    fields.finish();
    if (personalizations.empty())
        fields.fault("personalizations", "is missing: each of them is a message");
    if (personalizations.size() > most_personalizations)
        throw HttpError{400,
                        "invalid_input",
                        fmt::format("there are more than {} personalizations", most_personalizations),
                        {},
                        {}};
    expect_room(common.body, personalizations.size());
    Batch batch;
    bool foreign = false;
    for (std::size_t i = 0; i < personalizations.size(); ++i) {
        const std::string place = fmt::format("/personalizations/{}", i);
        Judged one = judged(call, sendgrid_draft(personalizations[i], place, common), sendgrid_names);
        foreign = foreign || one.foreign;
        for (auto& each : one.problems) {
            each.path = sendgrid_place(each.path, personalizations[i], place);
            if (each.path.starts_with("/reply_to/") && body.contains("reply_to_list"))
                each.path.insert(std::string_view("/reply_to").size(), "_list");
            const bool told = std::any_of(problems.begin(), problems.end(), [&](const Problem& other) {
                return other.path == each.path || each.path.starts_with(other.path + "/") ||
                       other.path.starts_with(each.path + "/");
            });
            if (!told) // of what they have in common it is said once
                problems.push_back(std::move(each));
        }
        if (problems.empty())
            batch.add(std::move(one.one));
    }
    if (foreign && problems.size() == 1)
        throw Error(Code::denied, words_of(problems), {}, std::move(problems));
    if (!problems.empty())
        refuse(std::move(problems));
    Response response{.status = sandbox ? 200 : 202, .type = "text/plain", .body = {}, .fields = {}};
    if (!sandbox) {
        const Json told = accepted(call, batch.all());
        response.fields.emplace_back("X-Message-Id", told[0].at("id").get<std::string>());
    }
    return response;
}

Response sendgrid_refusal(const Fault& fault) {
    const bool wrong = fault.status == 422 || fault.status == 409;
    Json errors = Json::array();
    for (const auto& each : fault.problems) {
        std::string field = each.path.empty() ? "" : each.path.substr(1);
        std::replace(field.begin(), field.end(), '/', '.');
        errors.push_back({{"message", words_of(std::vector<Problem>{each})},
                          {"field", field.empty() ? Json(nullptr) : Json(field)},
                          {"help", each.hint.empty() ? Json(nullptr) : Json(each.hint)}});
    }
    if (errors.empty())
        errors.push_back({{"message", fault.detail}, {"field", nullptr}, {"help", nullptr}});
    return document(wrong ? 400 : fault.status, {{"errors", std::move(errors)}});
}

} // namespace vectis::api::fronts
