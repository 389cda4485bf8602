// What came in by inbound routes, and its files.
#include "store/inbound.hpp"

#include "api/handlers/body.hpp"
#include "api/handlers/handlers.hpp"
#include "base/text.hpp"
#include "mail/inbound.hpp"
#include "mail/inbound_link.hpp"
#include "net/api_client.hpp"

#include <fmt/format.h>

#include <charconv>

namespace vectis::api::handlers {

namespace {

Json inbound_json(const store::InboundMessage& row) {
    return {{"id", row.id},
            {"route", row.route},
            {"domain", row.domain},
            {"recipient", row.recipient},
            {"sender", row.sender},
            {"subject", row.subject},
            {"message_id", row.message_id},
            {"size", row.size},
            {"spam", row.spam},
            {"queue_id", row.queue_id},
            {"event", row.event},
            {"received_at", row.created_at}};
}

Error no_such_inbound(const Call& call) {
    return {Code::not_found, fmt::format("there is nothing with the id '{}'", call.id())};
}

/// The one that the path names, if it is theirs.
store::InboundMessage this_inbound(const Call& call, store::Database& database) {
    auto row = store::Inbound(database).find(call.id());
    if (!row || !call.who().reaches(row->domain))
        throw no_such_inbound(call);
    return std::move(*row);
}

std::string raw_of(const Call& call, store::Database& database) {
    auto content = store::Inbound(database).content(call.id());
    if (!content)
        throw no_such_inbound(call);
    return std::move(*content);
}

/// Of what is in the database and nowhere else: a stranger's file, which no browser may take for a page of ours.
Response document(std::string_view type, std::string body, const std::string& filename) {
    Response response{.status = 200, .type = std::string(type), .body = std::move(body), .fields = {}};
    // RFC 6266, RFC 8187.
    response.fields.emplace_back("Content-Disposition",
                                 fmt::format("attachment; filename*=UTF-8''{}", net::query_escaped(filename)));
    response.fields.emplace_back("Content-Security-Policy", "sandbox; default-src 'none'");
    return response;
}

template<typename Number>
std::optional<Number> whole(const std::string& text) {
    Number number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    return read.ec == std::errc() && read.ptr == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

/// Throws unless this server has signed the URL, and it is not over.
void expect_signed(const Call& call, std::size_t number) {
    const auto expires = whole<std::int64_t>(call.query("expires").value_or(""));
    const bool good = expires && mail::is_signed(call.id(), number, *expires, call.query("signature").value_or(""),
                                                 call.services().link_key);
    if (!good)
        throw HttpError{403, "bad_signature", "this URL is not one that this server has signed", {}, {}};
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now().time_since_epoch()).count();
    if (*expires < seconds)
        throw HttpError{403, "expired", "this URL is good no longer", "ask with a credential", {}};
}

} // namespace

Response inbound_list(Call& call) {
    store::Page page = call.page();
    if (call.who().domains)
        page.among.emplace("domain", *call.who().domains);
    Json json = Json::array();
    call.services().ledger.read([&](store::Database& database) {
        for (const auto& each : store::Inbound(database).page(page))
            json.push_back(inbound_json(each));
    });
    return call.list(std::move(json), page);
}

Response inbound_get(Call& call) {
    store::InboundMessage row;
    std::string raw;
    call.services().ledger.read([&](store::Database& database) {
        row = this_inbound(call, database);
        raw = raw_of(call, database);
    });
    const auto settings = call.services().inbound_settings();
    Json json = inbound_json(row);
    json["content"] = mail::native_payload(mail::read_inbound(raw, settings.hostname),
                                           mail::arrival_of(row, settings, call.services().link_key));
    return call.answer(std::move(json));
}

Response inbound_raw(Call& call) {
    return call.services().ledger.read([&](store::Database& database) {
        const auto row = this_inbound(call, database);
        return document("message/rfc822", raw_of(call, database), row.id + ".eml");
    });
}

Response inbound_attachment(Call& call) {
    const auto number = whole<std::size_t>(call.parameter("number")).value_or(0);
    const bool by_url = call.query("signature").has_value();
    if (by_url)
        expect_signed(call, number);
    const std::string raw = call.services().ledger.read([&](store::Database& database) {
        if (!by_url)
            static_cast<void>(this_inbound(call, database));
        return raw_of(call, database);
    });
    auto content = mail::read_inbound(raw, call.services().inbound_settings().hostname);
    if (number >= content.attachments.size())
        throw Error(Code::not_found, fmt::format("it has no attachment {}", number),
                    fmt::format("it has {}, the first is 0", content.attachments.size()));
    auto& file = content.attachments[number];
    return document("application/octet-stream", std::move(file.content),
                    file.filename.empty() ? fmt::format("attachment-{}", number) : file.filename);
}

Response inbound_replay(Call& call) {
    return call.change([&](accounts::Change& change) {
        const auto row = this_inbound(call, change.database());
        const Json told{{"replayed", store::Inbound(change.database()).tell_again(row, change.at())}};
        change.audit("inbound.replay", row.recipient, row.id, nullptr, told);
        return call.answer(told);
    });
}

} // namespace vectis::api::handlers
