// A message as a reader sees it: taken apart by GMime's parser.
#pragma once

#include "base/text.hpp"
#include "catch.hpp"
#include "mail/gmime.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vectis::test {

struct Leaf {
    std::string type;
    std::string charset;
    std::string encoding;
    std::string disposition;
    std::string filename; // as Content-Disposition says it
    std::string name;     // as Content-Type says it
    std::string content_id;
    std::string content; // decoded
};

struct Parsed {
    std::string structure; // "mixed(alternative(text/plain text/html) image/png)"
    std::vector<Leaf> leaves;
    std::string subject;
    std::vector<std::pair<std::string, std::string>> from; // name and address
    std::vector<std::pair<std::string, std::string>> to;
    std::vector<std::pair<std::string, std::string>> cc;
    std::vector<std::pair<std::string, std::string>> reply_to;
    std::string message_id; // without its angle brackets
};

namespace parsing {

inline std::string or_empty(const char* text) {
    return text == nullptr ? "" : text;
}

inline mail::Gmime<GMimeStream> reader(std::string_view bytes) {
    return mail::Gmime<GMimeStream>(g_mime_stream_mem_new_with_buffer(bytes.data(), bytes.size()));
}

inline std::string decoded(GMimePart* part) {
    const mail::Gmime<GMimeStream> out(g_mime_stream_mem_new());
    if (auto* content = g_mime_part_get_content(part); content != nullptr)
        g_mime_data_wrapper_write_to_stream(content, out.get());
    const auto* bytes = g_mime_stream_mem_get_byte_array(mail::as<GMimeStreamMem>(out.get()));
    return {reinterpret_cast<const char*>(bytes->data), bytes->len};
}

inline std::string structure(GMimeObject* object, std::vector<Leaf>& leaves) {
    auto* type = g_mime_object_get_content_type(object);
    const mail::Gmime<char> name(g_mime_content_type_get_mime_type(type));
    if (GMIME_IS_MULTIPART(object)) {
        auto* multipart = mail::as<GMimeMultipart>(object);
        std::vector<std::string> parts;
        for (int i = 0; i < g_mime_multipart_get_count(multipart); ++i)
            parts.push_back(structure(g_mime_multipart_get_part(multipart, i), leaves));
        return or_empty(g_mime_content_type_get_media_subtype(type)) + "(" + join(parts, " ") + ")";
    }
    Leaf leaf{.type = name.get(),
              .charset = or_empty(g_mime_content_type_get_parameter(type, "charset")),
              .disposition = or_empty(g_mime_object_get_disposition(object)),
              .filename = or_empty(g_mime_object_get_content_disposition_parameter(object, "filename")),
              .name = or_empty(g_mime_content_type_get_parameter(type, "name")),
              .content_id = or_empty(g_mime_object_get_content_id(object))};
    if (GMIME_IS_PART(object)) {
        auto* part = mail::as<GMimePart>(object);
        leaf.encoding = or_empty(g_mime_content_encoding_to_string(g_mime_part_get_content_encoding(part)));
        leaf.content = decoded(part);
    } else if (GMIME_IS_MESSAGE_PART(object)) {
        auto* inner = g_mime_message_part_get_message(mail::as<GMimeMessagePart>(object));
        const mail::Gmime<char> text(g_mime_object_to_string(mail::as<GMimeObject>(inner), nullptr));
        leaf.content = text.get();
    }
    leaves.push_back(leaf);
    return leaf.type;
}

inline std::vector<std::pair<std::string, std::string>> people(InternetAddressList* list) {
    std::vector<std::pair<std::string, std::string>> all;
    for (int i = 0; list != nullptr && i < internet_address_list_length(list); ++i) {
        auto* each = internet_address_list_get_address(list, i);
        if (INTERNET_ADDRESS_IS_MAILBOX(each))
            all.emplace_back(or_empty(internet_address_get_name(each)),
                             or_empty(internet_address_mailbox_get_addr(mail::as<InternetAddressMailbox>(each))));
    }
    return all;
}

} // namespace parsing

inline Parsed parsed(std::string_view bytes) {
    mail::ready_gmime();
    const auto stream = parsing::reader(bytes);
    const mail::Gmime<GMimeParser> parser(g_mime_parser_new_with_stream(stream.get()));
    const mail::Gmime<GMimeMessage> message(g_mime_parser_construct_message(parser.get(), nullptr));
    REQUIRE(message != nullptr);
    Parsed found;
    found.subject = parsing::or_empty(g_mime_message_get_subject(message.get()));
    found.from = parsing::people(g_mime_message_get_from(message.get()));
    found.to = parsing::people(g_mime_message_get_to(message.get()));
    found.cc = parsing::people(g_mime_message_get_cc(message.get()));
    found.reply_to = parsing::people(g_mime_message_get_reply_to(message.get()));
    found.message_id = parsing::or_empty(g_mime_message_get_message_id(message.get()));
    if (auto* root = g_mime_message_get_mime_part(message.get()); root != nullptr)
        found.structure = parsing::structure(root, found.leaves);
    return found;
}

/// The header's fields, unfolded, without GMime's help.
inline std::vector<std::pair<std::string, std::string>> fields(std::string_view message) {
    std::vector<std::pair<std::string, std::string>> all;
    for (auto& line : split(message.substr(0, message.find("\r\n\r\n")), '\n')) {
        if (line.ends_with('\r'))
            line.pop_back();
        if (line.starts_with(' ') || line.starts_with('\t')) {
            REQUIRE_FALSE(all.empty());
            all.back().second += line;
            continue;
        }
        const auto colon = line.find(':');
        REQUIRE(colon != std::string::npos);
        all.emplace_back(line.substr(0, colon), trim(line.substr(colon + 1)));
    }
    return all;
}

inline std::string field(std::string_view message, std::string_view name) {
    for (const auto& [each, value] : fields(message)) {
        if (each == name)
            return value;
    }
    return "(none)";
}

/// What would not pass a server as it is; empty: nothing.
inline std::string wire_fault(std::string_view message) {
    std::size_t length = 0;
    for (std::size_t i = 0; i < message.size(); ++i) {
        const char each = message[i];
        if (each == '\0' || (static_cast<unsigned char>(each) & 0x80U) != 0)
            return "a byte that is not 7 bits";
        if (each == '\r' && (i + 1 == message.size() || message[i + 1] != '\n'))
            return "a CR alone";
        if (each == '\n' && (i == 0 || message[i - 1] != '\r'))
            return "a LF alone";
        length = each == '\n' ? 0 : each == '\r' ? length : length + 1;
        if (length > 998)
            return "a long line";
    }
    return message.ends_with("\r\n") ? "" : "no end of the last line";
}

} // namespace vectis::test
