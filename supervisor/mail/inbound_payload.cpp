#include "mail/inbound_payload.hpp"

#include "base/base64.hpp"
#include "base/text.hpp"
#include "mail/inbound_link.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>

namespace vectis::mail {

namespace {

constexpr std::size_t largest_inline = std::size_t{256} << 10U; // of one attachment
constexpr std::size_t most_inline = std::size_t{1} << 20U;      // of all
constexpr std::size_t longest_text = std::size_t{1} << 20U;

/// Cut before a letter, not within one.
std::string start_of(const std::string& text, bool& truncated) {
    if (text.size() <= longest_text)
        return text;
    truncated = true;
    std::size_t end = longest_text;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
        --end;
    return text.substr(0, end);
}

Json text_or_null(const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(text);
}

Json one_address(const NamedAddress& address) {
    return {{"email", address.email}, {"name", address.name}};
}

Json all_addresses(const std::vector<NamedAddress>& addresses) {
    Json list = Json::array();
    for (const auto& each : addresses)
        list.push_back(one_address(each));
    return list;
}

/// Scores have two digits behind the dot; as a double 0.1 would be told with seventeen.
double rounded(double score) {
    return std::round(score * 100) / 100;
}

Json spam_json(const InboundContent& content) {
    Json json{
        {"is_spam", content.marked_as_spam}, {"score", nullptr}, {"reject_at", nullptr}, {"symbols", Json::array()}};
    if (!content.verdict)
        return json;
    json["score"] = rounded(content.verdict->score);
    json["reject_at"] = rounded(content.verdict->reject_at);
    for (const auto& [name, score] : content.verdict->symbols)
        json["symbols"].push_back({{"name", name}, {"score", rounded(score)}});
    return json;
}

Json hop_json(const InboundContent& content) {
    if (!content.last_hop)
        return nullptr;
    const auto& hop = *content.last_hop;
    return {{"helo", hop.helo},
            {"name", text_or_null(hop.client)},
            {"address", text_or_null(hop.address)},
            {"tls", text_or_null(hop.tls)},
            {"cipher", text_or_null(hop.cipher)}};
}

Json attachments_json(const InboundContent& content, const Arrival& arrival) {
    Json list = Json::array();
    std::size_t told = 0;
    for (std::size_t i = 0; i < content.attachments.size(); ++i) {
        const auto& file = content.attachments[i];
        Json json{{"number", i},
                  {"filename", text_or_null(file.filename)},
                  {"content_type", file.content_type},
                  {"content_id", text_or_null(file.content_id)},
                  {"inline", file.is_inline},
                  {"size", file.content.size()},
                  {"content", nullptr},
                  {"url", nullptr}};
        if (file.content.size() <= largest_inline && told + file.content.size() <= most_inline) {
            json["content"] = base64(file.content);
            told += file.content.size();
        } else {
            json["url"] =
                arrival.api + attachment_link(arrival.id, i, arrival.at + attachment_link_is_good, arrival.link_key);
        }
        list.push_back(std::move(json));
    }
    return list;
}

std::string written(const NamedAddress& address) {
    if (address.name.empty())
        return address.email;
    std::string name;
    for (const char each : address.name) {
        if (each == '"' || each == '\\')
            name += '\\';
        name += each;
    }
    return fmt::format("\"{}\" <{}>", name, address.email);
}

std::string written(const std::vector<NamedAddress>& addresses) {
    std::vector<std::string> all;
    for (const auto& each : addresses)
        all.push_back(written(each));
    return join(all, ", ");
}

Json postmark_address(const NamedAddress& address, const std::string& mailbox_hash) {
    return {{"Email", address.email}, {"Name", address.name}, {"MailboxHash", mailbox_hash}};
}

Json postmark_addresses(const std::vector<NamedAddress>& addresses, const Arrival& arrival) {
    Json list = Json::array();
    for (const auto& each : addresses)
        list.push_back(postmark_address(
            each, lower_ascii(each.email) == lower_ascii(arrival.recipient) ? arrival.tag : std::string()));
    return list;
}

/// Postmark tells in headers what SpamAssassin found; some receivers look there.
void add_spam_headers(const InboundContent& content, Json& headers) {
    headers.push_back({{"Name", "X-Spam-Status"}, {"Value", content.marked_as_spam ? "Yes" : "No"}});
    if (content.verdict)
        headers.push_back({{"Name", "X-Spam-Score"}, {"Value", fmt::format("{:.1f}", content.verdict->score)}});
}

} // namespace

Json native_payload(const InboundContent& content, const Arrival& arrival) {
    bool truncated = content.truncated;
    const std::string text = start_of(content.text, truncated);
    const std::string html = start_of(content.html, truncated);
    Json headers = Json::array();
    for (const auto& [name, value] : content.headers)
        headers.push_back({{"name", name}, {"value", value}});
    return {{"id", arrival.id},
            {"route", arrival.route},
            {"domain", arrival.domain},
            {"received_at", rfc3339(arrival.at)},
            {"recipient", arrival.recipient},
            {"tag", arrival.tag.empty() ? Json(nullptr) : Json(arrival.tag)},
            {"sender", arrival.sender},
            {"from", content.from ? one_address(*content.from) : Json(nullptr)},
            {"to", all_addresses(content.to)},
            {"cc", all_addresses(content.cc)},
            {"reply_to", all_addresses(content.reply_to)},
            {"subject", content.subject},
            {"message_id", content.message_id},
            {"date", text_or_null(content.date)},
            {"text", text_or_null(text)},
            {"html", text_or_null(html)},
            {"stripped_text", text_or_null(start_of(content.stripped_text, truncated))},
            {"attachments", attachments_json(content, arrival)},
            {"headers", std::move(headers)},
            {"authentication",
             {{"spf", text_or_null(content.authentication.spf)},
              {"dkim", text_or_null(content.authentication.dkim)},
              {"dmarc", text_or_null(content.authentication.dmarc)},
              {"arc", text_or_null(content.authentication.arc)}}},
            {"spam", spam_json(content)},
            {"client", hop_json(content)},
            {"size", arrival.size},
            {"truncated", truncated}};
}

Json postmark_payload(const InboundContent& content, const Arrival& arrival) {
    bool truncated = false; // Postmark has no word for it; the message itself is whole at /inbound/{id}/raw
    const NamedAddress from = content.from.value_or(NamedAddress{.email = arrival.sender, .name = {}});
    Json headers = Json::array();
    add_spam_headers(content, headers);
    for (const auto& [name, value] : content.headers)
        headers.push_back({{"Name", name}, {"Value", value}});
    Json attachments = Json::array();
    for (const auto& file : content.attachments)
        attachments.push_back({{"Name", file.filename},
                               {"Content", base64(file.content)},
                               {"ContentType", file.content_type},
                               {"ContentLength", file.content.size()},
                               {"ContentID", file.content_id}});
    return {{"FromName", from.name},
            {"MessageStream", "inbound"},
            {"From", from.email},
            {"FromFull", postmark_address(from, "")},
            {"To", written(content.to)},
            {"ToFull", postmark_addresses(content.to, arrival)},
            {"Cc", written(content.cc)},
            {"CcFull", postmark_addresses(content.cc, arrival)},
            {"Bcc", ""},
            {"BccFull", Json::array()},
            {"OriginalRecipient", arrival.recipient},
            {"Subject", content.subject},
            {"MessageID", arrival.id},
            {"ReplyTo", written(content.reply_to)},
            {"MailboxHash", arrival.tag},
            {"Date", content.header("date")},
            {"TextBody", start_of(content.text, truncated)},
            {"HtmlBody", start_of(content.html, truncated)},
            {"StrippedTextReply", start_of(content.stripped_text, truncated)},
            {"Tag", ""},
            {"Headers", std::move(headers)},
            {"Attachments", std::move(attachments)}};
}

} // namespace vectis::mail
