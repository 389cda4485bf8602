// Templates: what messages are made of again and again.
#include "api/handlers/templates.hpp"

#include "api/handlers/body.hpp"
#include "api/handlers/handlers.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "store/templates.hpp"

#include <fmt/format.h>

namespace vectis::api::handlers {

namespace {

Json template_json(const store::Template& row) {
    return {{"id", row.id},
            {"domain", json_or_null(row.domain)},
            {"name", row.name},
            {"description", row.description},
            {"subject", row.subject},
            {"text", json_or_null(row.text)},
            {"html", json_or_null(row.html)},
            {"created_at", row.created_at},
            {"updated_at", row.updated_at}};
}

mail::Writing source_of(const store::Template& row) {
    return {.subject = row.subject, .text = row.text, .html = row.html};
}

/// One of no domain is everybody's to use.
bool may_use(const Call& call, const store::Template& row) {
    return !row.domain || call.who().reaches(*row.domain);
}

/// The one that the path names, if they may use it.
store::Template this_template(const Call& call, store::Database& database) {
    auto row = store::Templates(database).find(call.id());
    if (!row || !may_use(call, *row))
        throw Error(Code::not_found, fmt::format("there is nothing with the id '{}'", call.id()));
    return std::move(*row);
}

/// The same, if they may change it.
store::Template own_template(const Call& call, store::Database& database) {
    auto row = this_template(call, database);
    if (!row.domain && call.who().domains)
        throw Error(Code::denied, fmt::format("cannot change '{}': it is every domain's", printable(row.name)),
                    "make one of your own domain's");
    return row;
}

/// Its texts; their faults are noted.
void judge_texts(const store::Template& row, std::vector<Problem>& problems) {
    if (!row.text && !row.html)
        problems.push_back({.where = {},
                            .path = "/text",
                            .what = "is missing, and so is html: a template needs one of them",
                            .hint = {}});
    for (auto& each : mail::faults(source_of(row)))
        problems.push_back(std::move(each));
}

void judge_whose(const Call& call, const std::optional<std::string>& domain, std::vector<Problem>& problems) {
    if (!domain && call.who().domains)
        problems.push_back({.where = {},
                            .path = "/domain",
                            .what = "is missing: you do not reach every domain",
                            .hint = "name one of yours"});
    if (domain && !call.has_domain(*domain))
        problems.push_back({.where = {},
                            .path = "/domain",
                            .what = fmt::format("'{}' is not one of your domains", printable(*domain)),
                            .hint = "vectis domain list shows the domains that are here"});
}

/// What a value that may be null is changed to.
void change(std::optional<std::string>& value, const Json& body, const char* name) {
    if (const auto given = nullable_in<std::string>(body, name))
        value = *given;
}

[[noreturn]] void refuse_name(const store::Template& row) {
    throw Error(Code::conflict, fmt::format("there is a template '{}' already", printable(row.name)),
                "change that one, or choose another name");
}

} // namespace

std::optional<mail::Writing> written_by_template(const Call& call, const Json& body, std::vector<Problem>& problems) {
    const auto wish = body.find("template");
    if (wish == body.end())
        return std::nullopt;
    const auto fault = [&](const std::string& pointer, const std::string& what, const std::string& hint) {
        problems.push_back({.where = {}, .path = pointer, .what = what, .hint = hint});
    };
    for (const auto* name : {"subject", "text", "html"}) {
        if (body.contains(name))
            fault(fmt::format("/{}", name), "stands beside a template, which says it", "leave one of them out");
    }
    const mail::Writing nothing{.subject = {}, .text = "", .html = std::nullopt};
    const auto row = call.services().ledger.read(
        [&](store::Database& database) { return store::Templates(database).find(wish->at("id").get<std::string>()); });
    if (!row || !may_use(call, *row)) {
        fault("/template/id", "names no template that is here", "vectis template list --json has their ids");
        return nothing;
    }
    const auto from = lower_ascii(body.at("from").at("email").get<std::string>());
    if (row->domain && from.substr(from.rfind('@') + 1) != *row->domain)
        fault("/template/id", fmt::format("is a template of {}, from which this message is not", *row->domain),
              "send from that domain, or use another template");
    const std::size_t before = problems.size();
    auto written =
        mail::render(source_of(*row), wish->value("variables", Json::object()), "/template/variables", problems);
    return problems.size() == before ? std::move(written) : nothing;
}

std::optional<store::Template> template_named(const Call& call, const std::string& name, const std::string& from) {
    store::Page page;
    page.where.emplace_back("name", name);
    page.among.emplace("domain", std::vector{lower_ascii(from.substr(from.rfind('@') + 1))});
    page.or_none = true;
    auto rows =
        call.services().ledger.read([&](store::Database& database) { return store::Templates(database).page(page); });
    std::erase_if(rows, [&](const store::Template& row) { return !may_use(call, row); });
    // At most two: the domain's own goes before everybody's.
    const auto own = std::find_if(rows.begin(), rows.end(), [](const auto& row) { return row.domain.has_value(); });
    if (own != rows.end())
        return *own;
    return rows.empty() ? std::nullopt : std::optional(rows.front());
}

Response templates_list(Call& call) {
    store::Page page = call.page();
    if (call.who().domains) {
        page.among.emplace("domain", *call.who().domains);
        page.or_none = true;
    }
    Json json = Json::array();
    call.services().ledger.read([&](store::Database& database) {
        for (const auto& each : store::Templates(database).page(page))
            json.push_back(template_json(each));
    });
    return call.list(std::move(json), page);
}

Response templates_create(Call& call) {
    const Json& body = call.body();
    auto domain = nullable_in<std::string>(body, "domain").value_or(std::nullopt);
    if (domain)
        domain = lower_ascii(*domain);
    store::Template row{.id = uuid7(),
                        .domain = std::move(domain),
                        .name = body.at("name").get<std::string>(),
                        .description = body.value("description", ""),
                        .subject = body.at("subject").get<std::string>(),
                        .text = nullable_in<std::string>(body, "text").value_or(std::nullopt),
                        .html = nullable_in<std::string>(body, "html").value_or(std::nullopt),
                        .created_at = rfc3339(now()),
                        .updated_at = {}};
    row.updated_at = row.created_at;
    std::vector<Problem> problems;
    judge_whose(call, row.domain, problems);
    judge_texts(row, problems);
    if (!problems.empty())
        refuse(std::move(problems));
    return call.change([&](accounts::Change& change) {
        if (!store::Templates(change.database()).add(row))
            refuse_name(row);
        change.audit("template.create", row.name, row.id, nullptr, template_json(row));
        return call.resource(template_json(row));
    });
}

Response templates_get(Call& call) {
    return call.services().ledger.read(
        [&](store::Database& database) { return call.resource(template_json(this_template(call, database))); });
}

Response templates_update(Call& call) {
    const Json& body = call.body();
    return call.change([&](accounts::Change& made) {
        auto row = own_template(call, made.database());
        const Json before = template_json(row);
        call.expect_match(before);
        row.name = text_in(body, "name").value_or(row.name);
        row.description = text_in(body, "description").value_or(row.description);
        row.subject = text_in(body, "subject").value_or(row.subject);
        change(row.text, body, "text");
        change(row.html, body, "html");
        row.updated_at = made.at();
        std::vector<Problem> problems;
        judge_texts(row, problems);
        if (!problems.empty())
            refuse(std::move(problems));
        if (!store::Templates(made.database()).update(row))
            refuse_name(row);
        made.audit("template.update", row.name, row.id, before, template_json(row));
        return call.resource(template_json(row));
    });
}

Response templates_delete(Call& call) {
    return call.change([&](accounts::Change& change) {
        const auto row = own_template(call, change.database());
        call.expect_match(template_json(row));
        call.expect_confirmed(row.name);
        store::Templates(change.database()).remove(row.id);
        change.audit("template.delete", row.name, row.id, template_json(row), nullptr);
        return call.answer(template_json(row));
    });
}

Response templates_render(Call& call) {
    const Json variables = call.body().value("variables", Json::object());
    const auto row =
        call.services().ledger.read([&](store::Database& database) { return this_template(call, database); });
    std::vector<Problem> problems;
    const auto written = mail::render(source_of(row), variables, "/variables", problems);
    if (!problems.empty())
        refuse(std::move(problems));
    return call.answer(
        {{"subject", written.subject}, {"text", json_or_null(written.text)}, {"html", json_or_null(written.html)}});
}

} // namespace vectis::api::handlers
