// Whose mail is kept back, and what becomes of it (mail/holds).
#include "store/holds.hpp"

#include "api/handlers/body.hpp"
#include "api/handlers/handlers.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "config/kinds.hpp"
#include "mail/holds.hpp"
#include "store/accounts.hpp"
#include "store/api_keys.hpp"

#include <fmt/format.h>

namespace vectis::api::handlers {

namespace {

Json hold_json(const store::Hold& hold, store::Database& database) {
    return {{"id", hold.id},
            {"sender", hold.sender},
            {"kind", hold.who.kind},
            {"key_id", hold.who.kind == "key" ? Json(hold.who.name) : Json(nullptr)},
            {"domain", hold.domain.empty() ? Json(nullptr) : Json(hold.domain)},
            {"reason", hold.reason},
            {"detail", hold.detail},
            {"held_by", hold.held_by},
            {"created_at", hold.created_at},
            {"ending", json_or_null(hold.ending)},
            {"waiting", store::Holds(database).waiting(hold)}};
}

store::Hold this_hold(const Call& call, store::Database& database) {
    auto hold = store::Holds(database).find(call.id());
    if (!hold)
        throw Error(Code::not_found, fmt::format("there is nothing with the id '{}'", call.id()));
    return std::move(*hold);
}

/// A mailbox by its address, or a key by its name or id; the domain that it sends for, if that is known.
std::pair<store::SenderHours::Sender, std::string> sender_named(const Call& call, const std::string& named) {
    const std::string address = lower_ascii(named);
    store::Page page;
    page.where.emplace_back("address", address);
    const auto mailboxes = call.services().directory.read(
        [&](store::Database& database) { return store::Accounts(database).mailboxes(page); });
    if (!mailboxes.empty())
        return {{.kind = "mailbox", .name = address}, std::string(config::domain_of(address))};
    return call.services().ledger.read([&](store::Database& database) {
        store::ApiKeys keys(database);
        auto key = keys.find_by_name(named);
        if (!key)
            key = keys.find(named);
        if (!key)
            refuse({{.where = {},
                     .path = "/sender",
                     .what = fmt::format("'{}' is neither a mailbox nor an API key", printable(named)),
                     .hint = "vectis mailbox list and vectis key list show them"}});
        const bool has_one_domain = key->domains && key->domains->size() == 1;
        return std::pair{store::SenderHours::Sender{.kind = "key", .name = key->id},
                         has_one_domain ? key->domains->front() : std::string()};
    });
}

/// As people call it: a key's name, whatever it was named by.
std::string shown_name(const store::SenderHours::Sender& who, store::Database& database) {
    if (who.kind == "mailbox")
        return who.name;
    const auto key = store::ApiKeys(database).find(who.name);
    return key ? key->name : who.name;
}

/// What waits goes on, or is thrown away, in a moment (mail::Holder).
Response end(Call& call, const std::string& ending) {
    return call.change([&](accounts::Change& change) {
        store::Holds holds(change.database());
        auto hold = this_hold(call, change.database());
        if (hold.ending && *hold.ending != ending)
            throw Error(Code::conflict,
                        fmt::format("the hold of {} is coming to its end: {}", printable(hold.sender), *hold.ending));
        holds.end(hold.id, ending);
        hold.ending = ending;
        Json shown = hold_json(hold, change.database());
        change.audit("hold." + ending, hold.sender, hold.id, nullptr, shown);
        return call.answer(std::move(shown));
    });
}

} // namespace

Response holds_list(Call& call) {
    const store::Page page = call.page();
    Json json = Json::array();
    call.services().ledger.read([&](store::Database& database) {
        for (const auto& each : store::Holds(database).page(page))
            json.push_back(hold_json(each, database));
    });
    return call.list(std::move(json), page);
}

Response holds_get(Call& call) {
    return call.services().ledger.read(
        [&](store::Database& database) { return call.resource(hold_json(this_hold(call, database), database)); });
}

Response holds_create(Call& call) {
    const Json& body = call.body();
    const auto [who, domain] = sender_named(call, body.at("sender").get<std::string>());
    return call.change([&, &who = who, &domain = domain](accounts::Change& change) {
        const store::Hold hold{.id = uuid7(),
                               .who = who,
                               .sender = shown_name(who, change.database()),
                               .domain = domain,
                               .reason = "manual",
                               .detail = body.value("detail", ""),
                               .held_by = call.who().name,
                               .created_at = change.at(),
                               .ending = std::nullopt};
        if (!mail::hold(change.database(), hold))
            throw Error(Code::conflict, fmt::format("'{}' is held already", printable(hold.sender)));
        Json shown = hold_json(hold, change.database());
        change.audit("hold.create", hold.sender, hold.id, nullptr, shown);
        return call.answer(std::move(shown));
    });
}

Response holds_release(Call& call) {
    return end(call, "release");
}

Response holds_discard(Call& call) {
    call.services().ledger.read(
        [&](store::Database& database) { call.expect_confirmed(this_hold(call, database).sender); });
    return end(call, "discard");
}

} // namespace vectis::api::handlers
