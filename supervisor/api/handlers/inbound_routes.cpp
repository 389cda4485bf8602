// Inbound routes: read in directory.db, changed by the supervisor, since Postfix goes by them.
#include "store/inbound_routes.hpp"

#include "api/handlers/body.hpp"
#include "api/handlers/handlers.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "store/webhooks.hpp"

#include <fmt/format.h>

namespace vectis::api::handlers {

namespace {

/// The one that the path names, if it is theirs.
directory::InboundRoute this_route(Call& call) {
    auto row = call.services().directory.read(
        [&](store::Database& database) { return store::InboundRoutes(database).find(call.id()); });
    if (!row || !call.who().reaches(row->domain))
        throw Error(Code::not_found, fmt::format("there is nothing with the id '{}'", call.id()));
    return std::move(*row);
}

/// A webhook that is told of mail to `domain` has to hear of that domain anyway, and be theirs.
void judge_webhook(const Call& call, const std::optional<std::string>& id, const std::string& domain,
                   std::vector<Problem>& problems) {
    if (!id)
        return;
    const auto row =
        call.services().ledger.read([&](store::Database& database) { return store::Webhooks(database).find(*id); });
    const bool theirs = row && (row->domain ? call.who().reaches(*row->domain) : !call.who().domains);
    if (!theirs)
        problems.push_back({.where = {},
                            .path = "/webhook",
                            .what = fmt::format("there is no webhook with the id '{}'", *id),
                            .hint = "vectis webhook list shows those that there are"});
    else if (row->domain && *row->domain != domain)
        problems.push_back({.where = {},
                            .path = "/webhook",
                            .what = fmt::format("that webhook is told of '{}', not of '{}'", *row->domain, domain),
                            .hint = "name one of this domain, or of every domain"});
}

/// What POST asks for; its faults are noted.
directory::NewInboundRoute new_route_in(const Call& call, const Json& body, std::vector<Problem>& problems) {
    const auto fault = [&](const char* pointer, const std::string& what, const std::string& hint) {
        problems.push_back({.where = {}, .path = pointer, .what = what, .hint = hint});
    };
    const auto address = text_in(body, "address");
    const auto domain = text_in(body, "domain");
    directory::NewInboundRoute made{.id = uuid7(),
                                    .name = lower_ascii(address.value_or(domain.value_or(""))),
                                    .match = text_in(body, "match").value_or(address ? "address" : "domain"),
                                    .keep_copy = flag_in(body, "keep_copy").value_or(true),
                                    .format = text_in(body, "format").value_or("native"),
                                    .webhook = nullable_in<std::string>(body, "webhook").value_or(std::nullopt)};
    if (!address && !domain)
        fault("/address", "is missing, and there is no domain either", "name one of the two");
    if (made.match == "address" && !address && domain)
        fault("/address", "is missing: match is address", "name it, or match the domain");
    if (made.match != "address" && address)
        fault("/match", fmt::format("is {}, and there is an address", made.match), "leave one of the two out");
    const std::string its_domain = made.name.substr(made.name.rfind('@') + 1);
    if (address && domain && lower_ascii(*domain) != its_domain)
        fault("/domain", fmt::format("is not that of the address, '{}'", printable(its_domain)), "leave it out");
    if ((address || domain) && !call.has_domain(its_domain))
        fault(address ? "/address" : "/domain", fmt::format("'{}' is not one of your domains", printable(its_domain)),
              "vectis domain list shows the domains that are here");
    judge_webhook(call, made.webhook, its_domain, problems);
    return made;
}

} // namespace

Response inbound_routes_list(Call& call) {
    store::Page page = call.page();
    if (call.who().domains)
        page.among.emplace("domain", *call.who().domains);
    Json json = Json::array();
    call.services().directory.read([&](store::Database& database) {
        for (const auto& row : store::InboundRoutes(database).page(page))
            json.push_back(directory::to_json(row));
    });
    return call.list(std::move(json), page);
}

Response inbound_routes_create(Call& call) {
    std::vector<Problem> problems;
    const auto made = new_route_in(call, call.body(), problems);
    if (!problems.empty())
        refuse(std::move(problems));
    return call.carry_out("inbound_route.create", made);
}

Response inbound_routes_get(Call& call) {
    return call.resource(directory::to_json(this_route(call)));
}

Response inbound_routes_update(Call& call) {
    const Json& body = call.body();
    const auto row = this_route(call);
    const auto webhook = nullable_in<std::string>(body, "webhook");
    std::vector<Problem> problems;
    judge_webhook(call, webhook.value_or(std::nullopt), row.domain, problems);
    if (!problems.empty())
        refuse(std::move(problems));
    return call.carry_out("inbound_route.update",
                          directory::InboundRouteChange{.id = row.id,
                                                        .as_of = call.as_of(directory::to_json(row)),
                                                        .keep_copy = flag_in(body, "keep_copy"),
                                                        .format = text_in(body, "format"),
                                                        .webhook = webhook});
}

Response inbound_routes_delete(Call& call) {
    const auto row = this_route(call);
    call.expect_confirmed(row.name);
    return call.carry_out("inbound_route.delete",
                          directory::RemovedInboundRoute{.id = row.id, .as_of = call.as_of(directory::to_json(row))});
}

} // namespace vectis::api::handlers
