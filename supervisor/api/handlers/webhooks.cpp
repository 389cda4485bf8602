// Webhooks: who is told of events by HTTP, what became of each delivery, and how one is made again.
#include "store/webhooks.hpp"

#include "api/handlers/body.hpp"
#include "api/handlers/handlers.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "store/inbound_routes.hpp"
#include "store/messages.hpp"
#include "web/url.hpp"
#include "webhooks/signature.hpp"

#include <fmt/format.h>

#include <array>
#include <variant>

namespace vectis::api::handlers {

namespace {

constexpr std::array<std::uint16_t, 3> webhook_ports{80, 443, 8443};
/// How long the secret of before signs beside a new one.
constexpr std::chrono::hours secrets_overlap{24};

/// Without its secrets. It says nothing that a delivery changes: a change with If-Match would never be made.
Json webhook_json(const store::Webhook& row) {
    const bool overlaps = row.old_secret_until && *row.old_secret_until > rfc3339(now());
    return {{"id", row.id},
            {"domain", json_or_null(row.domain)},
            {"url", row.url},
            {"description", row.description},
            {"events", parse_json(row.events)},
            {"origins", parse_json(row.origins)},
            {"enabled", row.enabled},
            {"disabled_because", json_or_null(row.disabled_because)},
            {"old_secret_until", overlaps ? Json(*row.old_secret_until) : Json(nullptr)},
            {"created_at", row.created_at},
            {"updated_at", row.updated_at}};
}

Json delivery_json(const store::WebhookDelivery& row) {
    return {{"id", row.id},
            {"webhook", row.webhook},
            {"event", row.event},
            {"type", row.type},
            {"message", row.message.empty() ? Json(nullptr) : Json(row.message)},
            {"status", row.status},
            {"attempts", row.attempts},
            {"due_at", row.status == "pending" ? Json(row.due_at) : Json(nullptr)},
            {"code", json_or_null(row.code)},
            {"fault", json_or_null(row.fault)},
            {"detail", row.detail ? Json(printable(*row.detail)) : Json(nullptr)},
            {"milliseconds", json_or_null(row.milliseconds)},
            {"created_at", row.created_at},
            {"updated_at", row.updated_at}};
}

Json attempt_json(const store::WebhookAttempt& row) {
    return {{"at", row.at},
            {"code", json_or_null(row.code)},
            {"fault", json_or_null(row.fault)},
            {"detail", printable(row.detail)},
            {"milliseconds", row.milliseconds}};
}

/// One that hears of every domain is for those who reach every domain.
bool is_theirs(const Call& call, const store::Webhook& row) {
    return row.domain ? call.who().reaches(*row.domain) : !call.who().domains;
}

/// The one with this id, if it is theirs.
store::Webhook their_webhook(const Call& call, store::Database& database, const std::string& id) {
    auto row = store::Webhooks(database).find(id);
    if (!row || !is_theirs(call, *row))
        throw Error(Code::not_found, fmt::format("there is nothing with the id '{}'", call.id()));
    return std::move(*row);
}

/// The one that the path names, if it is theirs.
store::Webhook this_webhook(const Call& call, store::Database& database) {
    return their_webhook(call, database, call.id());
}

struct OwnDelivery {
    store::WebhookDelivery row;
    store::Webhook webhook;
};

/// The same of a delivery.
OwnDelivery this_delivery(const Call& call, store::Database& database) {
    auto row = store::Webhooks(database).delivery(call.id());
    if (!row)
        throw Error(Code::not_found, fmt::format("there is nothing with the id '{}'", call.id()));
    auto webhook = their_webhook(call, database, row->webhook);
    return {.row = std::move(*row), .webhook = std::move(webhook)};
}

/// What is due to one that is disabled would wait until it is not.
void expect_enabled(const store::Webhook& row) {
    if (!row.enabled)
        throw Error(Code::conflict, fmt::format("'{}' is told nothing: it is disabled", row.url), "enable it first");
}

void judge_url(const std::string& url, std::vector<Problem>& problems) {
    auto read = web::read_web_url(url, webhook_ports);
    if (auto* problem = std::get_if<Problem>(&read)) {
        problem->path = "/url";
        problems.push_back(std::move(*problem));
    }
}

void judge_domain(const Call& call, const std::optional<std::string>& domain, std::vector<Problem>& problems) {
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

std::string secret_in(const Json& body, std::vector<Problem>& problems) {
    const auto given = text_in(body, "secret");
    if (given && !webhooks::secret_key(*given))
        problems.push_back({.where = {},
                            .path = "/secret",
                            .what = "is no secret of Standard Webhooks: whsec_ and 24 to 64 bytes in base64",
                            .hint = "leave it out: then one is made"});
    return given ? *given : webhooks::new_secret();
}

/// What POST asks for; its faults are noted.
store::Webhook new_webhook_in(const Call& call, const Json& body, std::vector<Problem>& problems) {
    auto domain = nullable_in<std::string>(body, "domain").value_or(std::nullopt);
    if (domain)
        domain = lower_ascii(*domain);
    store::Webhook row{.id = uuid7(),
                       .domain = std::move(domain),
                       .url = body.at("url").get<std::string>(),
                       .description = body.value("description", ""),
                       .events = to_text(body.value("events", Json::array({"*"}))),
                       .secret = secret_in(body, problems),
                       .old_secret = std::nullopt,
                       .old_secret_until = std::nullopt,
                       .enabled = true,
                       .disabled_because = std::nullopt,
                       .delivered_at = std::nullopt,
                       .created_at = rfc3339(now()),
                       .updated_at = {},
                       .origins = to_text(body.value("origins", Json::array({"api"})))};
    row.updated_at = row.created_at;
    judge_url(row.url, problems);
    judge_domain(call, row.domain, problems);
    return row;
}

/// What is delivered again: what is dead, or what happened from `since` to `until`.
struct ReplayWish {
    bool dead = false;
    std::string since;
    std::string until;
};

ReplayWish replay_in(const Json& body) {
    const auto refuse_at = [](const std::string& pointer, const std::string& what) {
        refuse({{.where = {},
                 .path = pointer,
                 .what = what,
                 .hint = "say either since, and until if it is not now, or status"}});
    };
    const auto since = time_in(body, "since");
    const auto until = time_in(body, "until");
    if (body.contains("status")) {
        if (since || until)
            refuse_at("/status", fmt::format("cannot stand beside {}", since ? "since" : "until"));
        return {.dead = true, .since = {}, .until = {}};
    }
    if (!since)
        refuse_at("/since", "is missing: from when on");
    const std::string to = until.value_or(rfc3339(now()));
    if (to < *since)
        refuse_at(until ? "/until" : "/since", until ? "is before since" : "is not over yet");
    return {.dead = false, .since = *since, .until = to};
}

} // namespace

Response webhooks_list(Call& call) {
    store::Page page = call.page();
    if (call.who().domains)
        page.among.emplace("domain", *call.who().domains);
    Json json = Json::array();
    call.services().ledger.read([&](store::Database& database) {
        for (const auto& each : store::Webhooks(database).page(page))
            json.push_back(webhook_json(each));
    });
    return call.list(std::move(json), page);
}

Response webhooks_create(Call& call) {
    std::vector<Problem> problems;
    const auto row = new_webhook_in(call, call.body(), problems);
    if (!problems.empty())
        refuse(std::move(problems));
    return call.change([&](accounts::Change& change) {
        store::Webhooks(change.database()).add(row);
        change.audit("webhook.create", row.url, row.id, nullptr, webhook_json(row));
        return call.resource_with(webhook_json(row), "secret", row.secret);
    });
}

Response webhooks_get(Call& call) {
    return call.services().ledger.read(
        [&](store::Database& database) { return call.resource(webhook_json(this_webhook(call, database))); });
}

Response webhooks_update(Call& call) {
    const Json& body = call.body();
    const auto url = text_in(body, "url");
    std::vector<Problem> problems;
    if (url)
        judge_url(*url, problems);
    if (!problems.empty())
        refuse(std::move(problems));
    return call.change([&](accounts::Change& change) {
        auto row = this_webhook(call, change.database());
        const Json before = webhook_json(row);
        call.expect_match(before);
        row.url = url.value_or(row.url);
        row.description = text_in(body, "description").value_or(row.description);
        if (const auto events = body.find("events"); events != body.end())
            row.events = to_text(*events);
        if (const auto origins = body.find("origins"); origins != body.end())
            row.origins = to_text(*origins);
        row.enabled = flag_in(body, "enabled").value_or(row.enabled);
        if (row.enabled)
            row.disabled_because.reset();
        row.updated_at = change.at();
        store::Webhooks(change.database()).update(row);
        change.audit("webhook.update", row.url, row.id, before, webhook_json(row));
        return call.resource(webhook_json(row));
    });
}

Response webhooks_delete(Call& call) {
    // What came in by the route would be told to nobody.
    const auto route = call.services().directory.read(
        [&](store::Database& database) { return store::InboundRoutes(database).of_webhook(call.id()); });
    if (route && call.who().reaches(route->domain))
        throw Error(Code::conflict, fmt::format("the inbound route '{}' names this webhook", route->name),
                    "change or remove the route first");
    return call.change([&](accounts::Change& change) {
        const auto row = this_webhook(call, change.database());
        call.expect_match(webhook_json(row));
        call.expect_confirmed(row.url);
        store::Webhooks(change.database()).remove(row.id);
        change.audit("webhook.delete", row.url, row.id, webhook_json(row), nullptr);
        return call.answer(webhook_json(row));
    });
}

Response webhooks_rotate_secret(Call& call) {
    return call.change([&](accounts::Change& change) {
        auto row = this_webhook(call, change.database());
        const Json before = webhook_json(row);
        row.old_secret = row.secret;
        row.old_secret_until = rfc3339(now() + secrets_overlap);
        row.secret = webhooks::new_secret();
        row.updated_at = change.at();
        store::Webhooks(change.database()).update(row);
        change.audit("webhook.rotate_secret", row.url, row.id, before, webhook_json(row));
        return call.resource_with(webhook_json(row), "secret", row.secret);
    });
}

Response webhooks_test(Call& call) {
    return call.change([&](accounts::Change& change) {
        const auto row = this_webhook(call, change.database());
        expect_enabled(row);
        store::Webhooks webhooks(change.database());
        const std::string id = webhooks.deliver({.id = uuid7(),
                                                 .at = change.at(),
                                                 .type = "webhook.test",
                                                 .domain = row.domain.value_or(""),
                                                 .message = {},
                                                 .recipient = {},
                                                 .data = to_text({{"webhook", row.id}})},
                                                row.id);
        const auto delivery = webhooks.delivery(id);
        if (!delivery)
            throw Error(Code::internal, "a delivery that was made is not there");
        change.audit("webhook.test", row.url, row.id, nullptr, {{"delivery", id}});
        Response begun = call.answer(delivery_json(*delivery));
        begun.fields.emplace_back("Location", fmt::format("{}/webhook-deliveries/{}", surface::api_base, id));
        return begun;
    });
}

Response webhooks_replay(Call& call) {
    const auto wish = replay_in(call.body());
    return call.change([&](accounts::Change& change) {
        const auto row = this_webhook(call, change.database());
        expect_enabled(row);
        store::Webhooks webhooks(change.database());
        const Json told{{"replayed", wish.dead ? webhooks.replay_dead(row.id, change.at())
                                               : webhooks.replay_range(row, wish.since, wish.until, change.at())}};
        Json asked = told;
        asked.update(call.body());
        change.audit("webhook.replay", row.url, row.id, nullptr, asked);
        return call.answer(told);
    });
}

Response webhooks_deliveries(Call& call) {
    store::Page page = call.page();
    page.where.emplace_back("webhook", call.id());
    Json json = Json::array();
    call.services().ledger.read([&](store::Database& database) {
        static_cast<void>(this_webhook(call, database));
        for (const auto& each : store::Webhooks(database).deliveries(page))
            json.push_back(delivery_json(each));
    });
    return call.list(std::move(json), page);
}

Response webhook_deliveries_get(Call& call) {
    return call.services().ledger.read([&](store::Database& database) {
        const auto delivery = this_delivery(call, database);
        Json json = delivery_json(delivery.row);
        json["attempts_log"] = Json::array();
        for (const auto& each : store::Webhooks(database).attempts(delivery.row.id))
            json["attempts_log"].push_back(attempt_json(each));
        return call.answer(std::move(json));
    });
}

Response webhook_deliveries_replay(Call& call) {
    return call.change([&](accounts::Change& change) {
        const auto delivery = this_delivery(call, change.database());
        expect_enabled(delivery.webhook);
        store::Webhooks webhooks(change.database());
        webhooks.replay(delivery.row.id, change.at());
        change.audit("webhook_delivery.replay", delivery.webhook.url, delivery.row.id,
                     {{"status", delivery.row.status}}, {{"status", "pending"}});
        return call.answer(delivery_json(webhooks.delivery(delivery.row.id).value_or(delivery.row)));
    });
}

} // namespace vectis::api::handlers
