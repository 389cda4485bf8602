// Mailgun: POST /v3/{domain}/messages, a form with fields that stand there several times.
#include "api/fronts/fields.hpp"
#include "api/fronts/front.hpp"
#include "base/base64.hpp"
#include "base/text.hpp"
#include "mail/people.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

namespace vectis::api::fronts {

namespace {

constexpr std::array mailgun_names{Renamed{"reply_to", "h:Reply-To"},
                                   Renamed{"send_at", "o:deliverytime"},
                                   Renamed{"tags", "o:tag"},
                                   Renamed{"metadata", "v:"},
                                   Renamed{"headers", "h:"},
                                   Renamed{"attachments", "attachment"},
                                   Renamed{"tracking", ""},
                                   Renamed{"opens", "o:tracking-opens"},
                                   Renamed{"clicks", "o:tracking-clicks"},
                                   Renamed{"email", ""},
                                   Renamed{"name", ""}};
constexpr std::size_t most_of_mailgun_batch = 1000;

bool is_off(const std::string& value) {
    const std::string word = lower_ascii(value);
    return word.empty() || word == "no" || word == "false" || word == "off";
}

/// A form, taken field by field.
class Form {
  public:
    explicit Form(std::vector<FormPart> parts) {
        for (auto& part : parts)
            parts_[part.name].push_back(std::move(part));
    }

    std::vector<Problem> problems;

    std::vector<FormPart> take(const std::string& name) {
        auto node = parts_.extract(name);
        return node.empty() ? std::vector<FormPart>() : std::move(node.mapped());
    }
    std::optional<std::string> text(const std::string& name) {
        auto all = take(name);
        if (all.size() > 1)
            fault(name, "stands there twice");
        return all.empty() ? std::nullopt : std::optional(std::move(all[0].content));
    }
    /// The fields whose names begin so, by the rest of their names.
    std::vector<std::pair<std::string, std::string>> with_prefix(const std::string& prefix) {
        std::vector<std::string> names;
        for (auto each = parts_.lower_bound(prefix); each != parts_.end() && each->first.starts_with(prefix); ++each)
            names.push_back(each->first);
        std::vector<std::pair<std::string, std::string>> all;
        for (const auto& name : names)
            all.emplace_back(name.substr(prefix.size()), text(name).value_or(""));
        return all;
    }
    void fault(const std::string& name, const std::string& what, const std::string& hint = {}) {
        problems.push_back({.where = {}, .path = "/" + pointer_part(name), .what = what, .hint = hint});
    }
    void refuse_rest() {
        constexpr std::array<std::string_view, 12> known{
            "from", "to",         "cc",     "bcc",   "subject",        "text",
            "html", "attachment", "inline", "o:tag", "o:deliverytime", "recipient-variables"};
        for (const auto& [name, parts] : parts_) {
            const auto near = nearest(name, known);
            fault(name, "is not known here", near ? fmt::format("did you mean '{}'?", *near) : "");
        }
    }

  private:
    std::map<std::string, std::vector<FormPart>> parts_;
};

Json mailgun_people(Form& form, const std::string& name) {
    Json all = Json::array();
    const auto parts = form.take(name);
    for (const auto& each : parts) {
        for (auto& one : people_in(each.content, "/" + name, form.problems))
            all.push_back(std::move(one));
    }
    return all;
}

/// What browsers and Node write in a file's name for what cannot stand there (HTML, "multipart/form-data encoding").
std::string file_name(const std::string& name) {
    return substituted(name, {{"%22", "\""}, {"%0D", "\r"}, {"%0A", "\n"}});
}

void put_files(Form& form, const std::string& name, Json& body) {
    for (const auto& each : form.take(name)) {
        Json one{{"filename", file_name(each.filename)}, {"content", base64(each.content)}};
        if (!each.content_type.empty())
            one["content_type"] = each.content_type;
        if (each.filename.empty())
            form.fault(name, "has no filename", "send it as a file");
        if (name == "inline") {
            one["content_id"] = one["filename"];
            one["disposition"] = "inline";
        }
        body["attachments"].push_back(std::move(one));
    }
}

void put_options(Form& form, Json& body) {
    for (const auto* name : {"o:tag", "o:tags"}) {
        for (const auto& each : form.take(name))
            body["tags"].push_back(each.content);
    }
    if (const auto at = form.text("o:deliverytime")) {
        const auto time = mail::parse_mail_date(*at);
        if (time)
            body["send_at"] = rfc3339(*time);
        else
            form.fault("o:deliverytime", "expected a time such as Fri, 25 Nov 2026 10:43:11 +0000 (RFC 5322)");
    }
    for (const auto* name : {"o:tracking-pixel-location-top", "o:require-tls", "o:skip-verification"}) {
        if (const auto value = form.text(name); value && !is_off(*value))
            form.fault(name, "asks for what is not done here", "no, or leave it out");
    }
    if (const auto dkim = form.text("o:dkim"); dkim && is_off(*dkim))
        form.fault("o:dkim", "asks for mail without a signature: all of it is signed here", "leave it out");
}

/// Of the switches for both and for one of them the one for one counts, but nobody is followed where all is off.
void put_mailgun_tracking(Form& form, Draft& draft) {
    const auto word = [&](const char* name, bool html_only) {
        const auto value = form.text(name);
        const std::string lower = lower_ascii(value.value_or(""));
        const bool known = is_off(lower) || lower == "yes" || lower == "true" || (html_only && lower == "htmlonly");
        if (!known)
            form.fault(name, fmt::format("found '{}', expected yes{} or no", printable(*value),
                                         html_only ? ", htmlonly" : ""));
        return known && value && !value->empty() ? std::optional(lower) : std::nullopt;
    };
    const auto all = word("o:tracking", true);
    const auto opens = word("o:tracking-opens", false);
    const auto clicks = word("o:tracking-clicks", true);
    const auto follows = [&](const std::optional<std::string>& one, const char* name) {
        const bool on = !is_off(one ? *one : all.value_or("no"));
        if (on && all && is_off(*all))
            form.fault(name, "stands beside o:tracking, which is off", "leave one of them out");
        return on;
    };
    const bool follow_opens = follows(opens, "o:tracking-opens");
    const bool follow_clicks = follows(clicks, "o:tracking-clicks");
    // Theirs replaces the links of the text as well, unless it is told not to.
    if (follow_clicks && (clicks ? *clicks : *all) != "htmlonly" && draft.body.contains("text"))
        form.fault(clicks ? "o:tracking-clicks" : "o:tracking",
                   "asks for what is not done here: links in the text stay as they are", "htmlonly, or no");
    put_tracking(draft, follow_opens, follow_clicks);
}

/// What is in the form beside recipient-variables; `testing`: it is only tried.
Draft mailgun_draft(Form& form, bool& testing) {
    Draft draft;
    Json from = mailgun_people(form, "from");
    if (from.size() == 1)
        draft.body["from"] = std::move(from[0]);
    else if (from.size() > 1)
        form.fault("from", "expected one address");
    for (const auto* name : {"to", "cc", "bcc"}) {
        if (Json all = mailgun_people(form, name); !all.empty())
            draft.body[name] = std::move(all);
    }
    draft.body["subject"] = form.text("subject").value_or("");
    for (const auto* name : {"text", "html"}) {
        auto text = form.text(name);
        if (!text || text->empty())
            continue;
        for (const auto* word : {"%unsubscribe_url%", "%tag_unsubscribe_url%", "%mailing_list_unsubscribe_url%"}) {
            if (text->find(word) != std::string::npos)
                form.fault(name, fmt::format("has {}, and there are no such pages here", word),
                           "write a URL of your own");
        }
        draft.body[name] = *std::move(text);
    }
    put_files(form, "attachment", draft.body);
    put_files(form, "inline", draft.body);
    put_options(form, draft.body);
    put_mailgun_tracking(form, draft);
    testing = !is_off(form.text("o:testmode").value_or(""));
    for (auto& [name, value] : form.with_prefix("h:")) {
        if (lower_ascii(name) == "reply-to")
            draft.body["reply_to"] = people_in(value, "/h:Reply-To", form.problems);
        else
            draft.body["headers"][name] = std::move(value);
    }
    for (auto& [name, value] : form.with_prefix("v:"))
        draft.body["metadata"][name] = std::move(value);
    return draft;
}

/// A message for each of `to`, in which what stands for their variables has been replaced.
std::vector<Draft> for_each_recipient(Draft common, const Json& variables, Form& form) {
    std::vector<Draft> all;
    if (common.body.contains("cc") || common.body.contains("bcc"))
        form.fault("recipient-variables", "makes a message for each address in to, and there are cc or bcc, too");
    std::map<std::string, const Json*> by_address;
    for (const auto& each : variables.items()) {
        if (!each.value().is_object())
            form.fault("recipient-variables", fmt::format("expected an object for '{}'", printable(each.key())));
        by_address[lower_ascii(each.key())] = &each.value();
    }
    const Json to = common.body.value("to", Json::array());
    common.body.erase("to");
    if (to.size() > most_of_mailgun_batch)
        form.fault("to", fmt::format("there are {}, expected at most {}", to.size(), most_of_mailgun_batch));
    if (!form.problems.empty())
        return all;
    expect_room(common.body, to.size());
    for (const auto& person : to) {
        const std::string email = person.at("email").get<std::string>();
        std::vector<std::pair<std::string, std::string>> values{{"%recipient%", email}, {"%recipient.email%", email}};
        if (const auto found = by_address.find(lower_ascii(email)); found != by_address.end()) {
            for (const auto& each : found->second->items())
                values.emplace_back("%recipient." + each.key() + "%",
                                    each.value().is_string() ? each.value().get<std::string>() : to_text(each.value()));
        }
        Draft one = common;
        one.body["to"] = Json::array({person});
        for (const auto* name : {"subject", "text", "html"}) {
            if (one.body.contains(name))
                one.body[name] = substituted(one.body[name].get<std::string>(), values);
        }
        for (const auto* group : {"headers", "metadata"}) {
            const Json texts = one.body.value(group, Json::object());
            for (const auto& each : texts.items())
                one.body[group][each.key()] = substituted(each.value().get<std::string>(), values);
        }
        all.push_back(std::move(one));
    }
    return all;
}

/// The variables of each address; nothing if they are none, which is noted.
std::optional<Json> variables_in(const std::string& text, Form& form) {
    try {
        Json variables = parse_json(text, {.depth = 4, .keys = most_of_mailgun_batch});
        if (variables.is_object())
            return variables;
        form.fault("recipient-variables", "expected an object");
    } catch (const Error& error) {
        form.fault("recipient-variables", error.what()); // told with all the others
    }
    return std::nullopt;
}

std::vector<Draft> mailgun_drafts(Form& form, bool& testing) {
    const auto given = form.text("recipient-variables");
    const Draft common = mailgun_draft(form, testing);
    form.refuse_rest();
    const auto variables = given && !given->empty() ? variables_in(*given, form) : std::nullopt;
    return variables ? for_each_recipient(common, *variables, form) : std::vector<Draft>{common};
}

} // namespace

Response mailgun_send(Call& call) {
    const std::string domain = lower_ascii(call.parameter("domain"));
    if (!call.has_domain(domain))
        throw Error(Code::not_found, fmt::format("Domain not found: {}", printable(domain)));
    Form form(call.form());
    bool testing = false;
    const auto drafts = mailgun_drafts(form, testing);
    Batch batch;
    std::vector<Problem> problems = form.problems;
    for (const auto& draft : drafts) {
        Judged one = judged(call, {.body = draft.body, .problems = form.problems}, mailgun_names);
        if (one.foreign)
            throw Error(Code::denied, words_of(one.problems));
        if (!one.problems.empty()) {
            problems = std::move(one.problems);
            break;
        }
        batch.add(std::move(one.one));
    }
    if (!problems.empty())
        refuse(std::move(problems));
    if (testing)
        return document(
            200, {{"id", fmt::format("<{}>", batch.all().front().message_id)}, {"message", "Queued. Thank you."}});
    const Json told = accepted(call, batch.all());
    return document(200, {{"id", fmt::format("<{}>", told[0].at("message_id").get<std::string>())},
                          {"message", "Queued. Thank you."}});
}

Response mailgun_refusal(const Fault& fault) {
    const bool wrong = fault.status == 422 || fault.status == 409;
    const int status = wrong ? 400 : fault.status;
    Response response = document(status, {{"message", words_of(fault)}});
    if (status == 401)
        response.fields.emplace_back("WWW-Authenticate", R"(Basic realm="API key")");
    return response;
}

} // namespace vectis::api::fronts
