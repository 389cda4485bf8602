#include "api/call.hpp"

#include "accounts/password.hpp"
#include "base/base64.hpp"
#include "base/hash.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "judge/judge.hpp"
#include "store/accounts.hpp"
#include "surface/schemas.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace vectis::api {

namespace {

constexpr std::size_t most_keys = 1000; // of one object
constexpr std::int64_t usual_page = 50;

std::string etag_of(const Json& resource) {
    return fmt::format("\"{}\"", revision(resource));
}

/// Where a page ended, for the client to give back: it means something to us alone.
std::string cursor_of(const std::string& value, const std::string& id) {
    return base64url(to_text(Json{value, id}));
}

std::pair<std::string, std::string> parse_cursor(const std::string& text) {
    try {
        const Json json = parse_json(from_base64url(text).value_or(""));
        if (json.is_array() && json.size() == 2 && json[0].is_string() && json[1].is_string())
            return {json[0].get<std::string>(), json[1].get<std::string>()};
    } catch (const Error&) {
        // Not one of ours: said below.
    }
    refuse({{.where = {},
             .path = "?cursor",
             .what = "is no cursor of this API",
             .hint = "take it from meta.pagination.next_cursor"}});
}

std::string text_of(const Json& value) {
    return value.is_string() ? value.get<std::string>() : to_text(value);
}

/// What an answer shows once, and what nobody may find again with its Idempotency-Key.
constexpr std::array secret_names{"token", "one_time_password", "secret", "uri", "svg", "recovery_codes"};

std::string kept(const Response& response) {
    Json body = parse_json(response.body);
    for (const auto* name : secret_names) {
        if (body["data"].contains(name))
            body["data"][name] = nullptr;
    }
    Json fields = Json::array();
    for (const auto& [name, value] : response.fields)
        fields.push_back({name, value});
    return to_text({{"status", response.status},
                    {"type", response.type},
                    {"body", to_text(body) + "\n"},
                    {"fields", std::move(fields)}});
}

Response from_kept(const std::string& text) {
    const Json json = parse_json(text);
    Response response{.status = json.at("status").get<int>(),
                      .type = json.at("type").get<std::string>(),
                      .body = json.at("body").get<std::string>(),
                      .fields = {}};
    for (const auto& each : json.at("fields"))
        response.fields.emplace_back(each.at(0).get<std::string>(), each.at(1).get<std::string>());
    return response;
}

Response replayed(const std::string& answer, const std::string& request_id) {
    Response again = from_kept(answer);
    Json body = parse_json(again.body);
    body["meta"]["request_id"] = request_id;
    again.body = to_text(body) + "\n";
    again.fields.emplace_back("Idempotent-Replayed", "true");
    return again;
}

} // namespace

void refuse(std::vector<Problem> problems) {
    throw Error(Code::invalid_input,
                fmt::format("the request has {} {}", problems.size(), problems.size() == 1 ? "fault" : "faults"), {},
                std::move(problems));
}

bool Call::has_domain(const std::string& domain) const {
    const auto row = services_.directory.read(
        [&](store::Database& database) { return store::Accounts(database).domain_named(domain); });
    return row && row->managed_by != "system" && who().reaches(domain);
}

std::optional<std::string> Call::query(const std::string& name) const {
    const auto found = request_.query.find(name);
    return found == request_.query.end() ? std::nullopt : std::optional(found->second);
}

void Call::expect_good_parameters() const {
    const auto known = surface::query_of(route_);
    std::vector<std::string_view> names;
    for (const auto& each : known)
        names.push_back(each.name);
    std::vector<Problem> problems;
    for (const auto& [name, value] : request_.query) {
        const std::string place = "?" + printable(name.substr(0, 100));
        const auto found = std::find_if(known.begin(), known.end(),
                                        [&, &wanted = name](const auto& each) { return each.name == wanted; });
        if (found == known.end()) {
            const auto near = nearest(name, names);
            problems.push_back({.where = {},
                                .path = place,
                                .what = "is not known here",
                                .hint = near ? fmt::format("did you mean '{}'?", *near) : ""});
            continue;
        }
        if (request_.query.count(name) > 1)
            problems.push_back({.where = {}, .path = place, .what = "stands there twice", .hint = {}});
        for (auto& problem : judge::value(*found->schema, judge::typed(*found->schema, value)))
            problems.push_back({.where = {}, .path = place, .what = problem.what, .hint = problem.hint});
    }
    if (const auto sort = query("sort"); sort && route_.list != nullptr) {
        const auto& sorts = route_.list->sorts;
        if (std::find(sorts.begin(), sorts.end(), *sort) == sorts.end())
            problems.push_back({.where = {},
                                .path = "?sort",
                                .what = fmt::format("cannot sort by '{}'", printable(*sort)),
                                .hint = "one of: " + join({sorts.begin(), sorts.end()}, ", ")});
    }
    if (!problems.empty())
        refuse(std::move(problems));
    for (const auto& [name, value] : parameters_) {
        const surface::Schema& schema = surface::schema_of_parameter(name);
        if (!judge::value(schema, judge::typed(schema, value)).empty())
            throw Error(Code::not_found,
                        fmt::format("there is nothing with the {} '{}'", name, printable(value.substr(0, 100))));
    }
}

const Json& Call::body() {
    if (raw_body_)
        return body_;
    const std::string type = lower_ascii(request_.field("Content-Type").value_or(""));
    const std::string_view mime = trim(std::string_view(type).substr(0, type.find(';')));
    const bool patch = route_.method == surface::Method::patch;
    // Before it is read: the library takes a form apart by itself.
    if (request_.has_body && mime != "application/json" && !(patch && mime == "application/merge-patch+json"))
        throw HttpError{415,
                        "unsupported_media_type",
                        fmt::format("the body is '{}'", printable(mime.substr(0, 100))),
                        "send JSON, with Content-Type: application/json",
                        {}};
    raw_body_ = request_.body(route_.most_body);
    try {
        body_ = trim(*raw_body_).empty() ? Json::object() : parse_json(*raw_body_, {.keys = most_keys});
    } catch (const Error& error) {
        throw HttpError{400, "malformed", error.what(), {}, {}};
    }
    if (route_.body == nullptr)
        return body_;
    if (auto problems = judge::value(*route_.body, body_, patch); !problems.empty())
        refuse(std::move(problems));
    return body_;
}

std::vector<FormPart> Call::form() {
    auto parts = request_.form(route_.most_body);
    body_ = Json::array(); // what an Idempotency-Key stands for
    for (const auto& each : parts)
        body_.push_back({each.name, each.filename, each.content_type, Sha256().part(each.content).finish()});
    return parts;
}

store::Page Call::page() const {
    store::Page page;
    page.sort = query("sort").value_or("id");
    page.descending = query("order") == "desc";
    page.limit = judge::typed(surface::schemas::page_limit, query("limit").value_or(std::to_string(usual_page)))
                     .get<std::size_t>();
    if (const auto cursor = query("cursor"))
        page.after = parse_cursor(*cursor);
    for (const auto& each : route_.list->filters) {
        if (const auto value = query(std::string(each)))
            page.where.emplace_back(each, *value);
    }
    return page;
}

accounts::Ledger::Asked Call::asked() const {
    std::optional<std::string> key;
    if (route_.method == surface::Method::post && !route_.ignores_key)
        key = request_.field("Idempotency-Key");
    constexpr std::size_t longest_key = 255;
    if (key && (key->empty() || key->size() > longest_key))
        throw HttpError{400, "malformed", fmt::format("an Idempotency-Key has 1 to {} bytes", longest_key), {}, {}};
    Json body = body_;
    // A quick hash of these would be easier to guess from than the slow one that is stored.
    if (key && body.is_object() && body.contains("password"))
        body["password"] =
            accounts::password_fingerprint(body["password"].get<std::string>(), who().credential_id + *key);
    if (body.is_object())
        body.erase("code"); // good for one moment, and proved by itself
    return {.who = who(),
            .request_id = request_.id,
            .idempotency_key = key,
            .request = Sha256().part(request_.method).part(request_.path).part(to_text(body)).finish()};
}

Response Call::change(const std::function<Response(accounts::Change&)>& make) {
    Response made;
    const auto answered = services_.ledger.change(asked(), [&](accounts::Change& change) {
        made = make(change);
        return kept(made);
    });
    return answered.replayed ? replayed(answered.answer, request_.id) : made;
}

Response Call::act(const Deed& deed, const std::function<void()>& act, const std::function<Response()>& look) {
    Response made;
    const auto answered = services_.ledger.act(
        asked(),
        [&](accounts::Change& change) { change.audit(deed.action, deed.target, deed.target_id, nullptr, deed.detail); },
        act,
        [&] {
            made = look();
            return kept(made);
        },
        [&](accounts::Change& change, const Error& error) {
            change.audit(deed.action + ".failed", deed.target, deed.target_id, nullptr,
                         {{"code", info(error.code()).name}, {"detail", error.what()}});
        });
    return answered.replayed ? replayed(answered.answer, request_.id) : made;
}

std::optional<Response> Call::earlier() const {
    const auto answered = services_.ledger.answered(asked());
    return answered ? std::optional(replayed(answered->answer, request_.id)) : std::nullopt;
}

Response Call::begin(const std::string& action, const std::string& kind, const std::string& argument) {
    std::optional<store::Operation> begun;
    Response response = change([&](accounts::Change& change) {
        begun = store::Operation{.id = uuid7(),
                                 .kind = kind,
                                 .argument = argument,
                                 .result = std::nullopt,
                                 .error = std::nullopt,
                                 .started_by = who().name,
                                 .started_at = change.at(),
                                 .finished_at = std::nullopt};
        store::Operations operations(change.database());
        if (const auto running = operations.running(kind))
            throw Error(Code::conflict, "one of this kind is still going on",
                        fmt::format("GET {}/operations/{} says how it goes", surface::api_base, running->id));
        operations.add(*begun);
        const Json shown = services_.operations.shown(*begun);
        change.audit(action, argument, begun->id, nullptr, {{"operation", begun->id}, {kind, argument}});
        Response begins = answer(shown);
        begins.fields.emplace_back("Location", fmt::format("{}/operations/{}", surface::api_base, begun->id));
        return begins;
    });
    if (begun)
        services_.operations.follow(std::move(*begun));
    return response;
}

Response Call::carry_out(const std::string& action, const directory::AccountChange& change, const Json& shown) {
    Json shape{{"status", route_.status}, {"path", request_.path.substr(surface::api_base.size())}};
    shape["once"] = Json::array();
    for (const auto& each : shown.items())
        shape["once"].push_back(each.key());
    const auto answered = services_.errands.run(asked(), action, change, shape);
    if (answered.replayed)
        return replayed(answered.answer, request_.id);
    Response response = from_kept(answered.answer);
    Json body = parse_json(response.body);
    body["data"].update(shown);
    response.body = to_text(body) + "\n";
    return response;
}

std::string errand_answer(const store::Errand& errand, const Json& result) {
    const Json shape = parse_json(errand.answer);
    const Json& resource = result.at("after").is_null() ? result.at("before") : result.at("after");
    Json data = resource;
    for (const auto& name : shape.at("once"))
        data[name.get<std::string>()] = nullptr;
    Response response = api::data(errand.request_id, std::move(data), shape.at("status").get<int>());
    response.fields.emplace_back("ETag", etag_of(resource));
    if (response.status == 201)
        response.fields.emplace_back("Location",
                                     fmt::format("{}{}/{}", surface::api_base, shape.at("path").get<std::string>(),
                                                 resource.at("id").get<std::string>()));
    return kept(response);
}

Response Call::answer(Json data) const {
    return api::data(request_.id, std::move(data), route_.status);
}

Response Call::resource(const Json& resource) const {
    Response response = answer(resource);
    response.fields.emplace_back("ETag", etag_of(resource));
    if (route_.status == 201)
        response.fields.emplace_back(
            "Location", fmt::format("{}{}/{}", surface::api_base, route_.path, resource.at("id").get<std::string>()));
    return response;
}

Response Call::resource_with(const Json& resource, std::string_view name, const Json& secret) const {
    Response response = this->resource(resource);
    Json all = resource;
    all[std::string(name)] = secret;
    response.body = answer(std::move(all)).body;
    return response;
}

Response Call::list(Json rows, const store::Page& page) const {
    const bool more = rows.size() > page.limit;
    Json pagination{{"next_cursor", nullptr}, {"has_more", more}};
    if (more) {
        rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(page.limit), rows.end());
        const Json& last = rows.back();
        const std::string id = text_of(last.contains("id") ? last.at("id") : last.at(page.sort));
        pagination["next_cursor"] = cursor_of(text_of(last.at(page.sort)), id);
    }
    return api::page(request_.id, std::move(rows), std::move(pagination));
}

void Call::expect_match(const Json& resource) const {
    const auto wanted = request_.field("If-Match");
    if (!wanted || trim(*wanted) == "*")
        return;
    const auto tags = split(*wanted, ',');
    if (std::none_of(tags.begin(), tags.end(), [&](const auto& each) { return trim(each) == etag_of(resource); }))
        throw changed_meanwhile();
}

std::optional<std::string> Call::as_of(const Json& resource) const {
    expect_match(resource);
    return request_.field("If-Match").value_or("*") == "*" ? std::nullopt : std::optional(revision(resource));
}

void Call::expect_confirmed(const std::string& name) const {
    if (query("confirm") != name)
        throw HttpError{422,
                        "confirmation_needed",
                        fmt::format("this removes '{}' for good", name),
                        fmt::format("add ?confirm={}", name),
                        {}};
}

} // namespace vectis::api
