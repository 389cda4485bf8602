#include "api/fronts/front.hpp"

#include "accounts/api_keys.hpp"
#include "base/base64.hpp"
#include "base/text.hpp"
#include "judge/judge.hpp"
#include "surface/schemas.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace vectis::api::fronts {

namespace {

constexpr std::size_t most_in_memory = 50U << 20U; // bytes of the messages of one request

/// What stands behind the scheme of Authorization, if it is that one.
std::string authorization(const Request& request, std::string_view scheme) {
    const std::string field = request.field("Authorization").value_or("");
    return lower_ascii(field.substr(0, scheme.size())) == scheme
               ? std::string(trim(std::string_view(field).substr(scheme.size())))
               : std::string();
}

/// A pointer of ours by the vendor's names.
std::string renamed(const std::string& path, std::span<const Renamed> names) {
    std::string theirs;
    bool free_names = false; // of a header field, say: they are nobody's words
    for (const auto& part : split(path, '/')) {
        if (part.empty())
            continue;
        const auto row = std::find_if(names.begin(), names.end(),
                                      [&](const Renamed& each) { return !free_names && each.ours == part; });
        const std::string_view word = row == names.end() ? std::string_view(part) : row->theirs;
        if (!word.empty())
            theirs += fmt::format("/{}", word);
        free_names = free_names || part == "headers" || part == "metadata";
    }
    return theirs;
}

/// The member of the whole that a place is in.
std::string member_of(const std::string& path) {
    return path.substr(0, path.find('/', 1));
}

[[noreturn]] void throw_too_much() {
    throw Error(Code::invalid_input,
                fmt::format("cannot take the batch: its messages have more than {} bytes", most_in_memory),
                "send it in parts");
}

} // namespace

Fault fault_of(const HttpError& error) {
    return {.status = error.status,
            .code = error.code,
            .detail = error.hint.empty() ? error.detail : error.detail + "; " + error.hint,
            .problems = {},
            .fields = error.fields};
}

Fault fault_of(const std::exception& exception) {
    Error error = as_error(exception);
    if (error.code() == Code::busy)
        error = Error(Code::unavailable, error.what(), "ask again in a moment");
    const CodeInfo& row = info(error.code());
    Fault fault{.status = row.http_status,
                .code = std::string(row.name),
                .detail = error.hint().empty() ? error.what() : fmt::format("{}; {}", error.what(), error.hint()),
                .problems = error.problems(),
                .fields = {}};
    if (dynamic_cast<const accounts::KeyInUse*>(&exception) != nullptr)
        fault.code = "key_in_use";
    if (dynamic_cast<const accounts::KeyOfAnother*>(&exception) != nullptr)
        fault.code = "key_of_another";
    if (fault.status == 500)
        fault.detail = "something failed here; the log names it by the answer's X-Request-Id";
    if (fault.status == 503)
        fault.fields.emplace_back("Retry-After", "5");
    return fault;
}

std::string words_of(const std::vector<Problem>& problems) {
    std::vector<std::string> all;
    for (const auto& each : problems)
        all.push_back(fmt::format("{} {}{}", each.path.empty() ? "the body" : each.path.substr(1), each.what,
                                  each.hint.empty() ? "" : " (" + each.hint + ")"));
    return join(all, "; ");
}

std::string words_of(const Fault& fault) {
    return fault.problems.empty() ? fault.detail : words_of(fault.problems);
}

Response refusal(surface::Vendor vendor, const Fault& fault) {
    Response response = [&] {
        switch (vendor) {
        case surface::Vendor::resend:
            return resend_refusal(fault);
        case surface::Vendor::postmark:
            return postmark_refusal(fault);
        case surface::Vendor::sendgrid:
            return sendgrid_refusal(fault);
        case surface::Vendor::mailgun:
            return mailgun_refusal(fault);
        }
        return Response{};
    }();
    response.fields.insert(response.fields.end(), fault.fields.begin(), fault.fields.end());
    return response;
}

Handler handler_of(surface::FrontOperation operation) {
    using surface::FrontOperation;
    switch (operation) {
    case FrontOperation::resend_send:
        return resend_send;
    case FrontOperation::resend_batch:
        return resend_batch;
    case FrontOperation::resend_get:
        return resend_get;
    case FrontOperation::resend_cancel:
        return resend_cancel;
    case FrontOperation::postmark_send:
        return postmark_send;
    case FrontOperation::postmark_batch:
        return postmark_batch;
    case FrontOperation::postmark_template:
        return postmark_template;
    case FrontOperation::postmark_template_batch:
        return postmark_template_batch;
    case FrontOperation::postmark_details:
        return postmark_details;
    case FrontOperation::postmark_suppressions:
        return postmark_suppressions;
    case FrontOperation::sendgrid_send:
        return sendgrid_send;
    case FrontOperation::mailgun_send:
        return mailgun_send;
    }
    throw Error(Code::internal, "an operation has no handler");
}

std::string token_of(surface::Vendor vendor, const Request& request) {
    switch (vendor) {
    case surface::Vendor::resend:
    case surface::Vendor::sendgrid:
        return authorization(request, "bearer ");
    case surface::Vendor::postmark:
        return std::string(trim(request.field("X-Postmark-Server-Token").value_or("")));
    case surface::Vendor::mailgun: {
        constexpr std::string_view user = "api:";
        const std::string pair = from_base64(authorization(request, "basic ")).value_or("");
        return pair.starts_with(user) ? pair.substr(user.size()) : std::string();
    }
    }
    return {};
}

std::optional<Credential> credential_of(accounts::Ledger& ledger, const std::string& token, const Request& request) {
    if (token.empty())
        return std::nullopt;
    auto who = ledger.read(
        [&](store::Database& database) { return accounts::who_has_key(database, token, request.peer.address); });
    return who ? std::optional(Credential{.who = std::move(*who), .session = std::nullopt}) : std::nullopt;
}

Judged judged(const Call& call, const Draft& draft, std::span<const Renamed> names, bool try_only) {
    Judged result{.one = {}, .problems = draft.problems, .foreign = false};
    auto found = judge::value(surface::schemas::new_message, draft.body);
    if (found.empty() && draft.problems.empty() && !try_only) {
        const std::string from = draft.body.at("from").at("email").get<std::string>();
        result.foreign = !handlers::own_domain(call, from).has_value();
        if (result.foreign)
            found.push_back({.where = {},
                             .path = "/from",
                             .what = fmt::format("'{}' is in none of your domains", printable(from)),
                             .hint = "`vectis domain list` shows the domains that are here"});
        else
            result.one = handlers::composed(call, draft.body, found);
    } else if (found.empty()) {
        handlers::judge_message(draft.body, found);
    }
    // Where the vendor's own member is at fault, ours is missing or half of it, which says nothing.
    const auto is_told = [&](const std::string& path) {
        return std::any_of(draft.problems.begin(), draft.problems.end(),
                           [&](const Problem& each) { return member_of(each.path) == member_of(path); });
    };
    for (auto& each : found) {
        each.path = renamed(each.path, names);
        if (!is_told(each.path))
            result.problems.push_back(std::move(each));
    }
    return result;
}

void put_tracking(Draft& draft, bool opens, bool clicks) {
    if ((opens || clicks) && (draft.body.contains("html") || draft.template_has_html))
        draft.body["tracking"] = {{"opens", opens}, {"clicks", clicks}};
}

void expect_room(const Json& common, std::size_t times) {
    if (times > 1 && to_text(common).size() > most_in_memory / times)
        throw_too_much();
}

void Batch::add(handlers::Outgoing one) {
    bytes_ += one.content.size();
    if (bytes_ > most_in_memory)
        throw_too_much();
    all_.push_back(std::move(one));
}

Json accepted(Call& call, const std::vector<handlers::Outgoing>& all, const std::function<Json(Json told)>& make) {
    const Response response =
        call.change([&](accounts::Change& change) { return call.answer(make(handlers::accept(call, change, all))); });
    call.services().wake_sender();
    return parse_json(response.body).at("data");
}

Json accepted(Call& call, const std::vector<handlers::Outgoing>& all) {
    return accepted(call, all, [](Json told) { return told; });
}

Response document(int status, const Json& json) {
    return {.status = status, .type = "application/json", .body = to_text(json) + "\n", .fields = {}};
}

} // namespace vectis::api::fronts
