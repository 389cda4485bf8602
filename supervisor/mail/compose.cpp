#include "mail/compose.hpp"

#include "base/hash.hpp"
#include "base/text.hpp"
#include "mail/body.hpp"
#include "mail/content_type.hpp"
#include "mail/field.hpp"
#include "mail/gmime.hpp"
#include "mail/letters.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vectis::mail {

namespace {

using Object = Gmime<GMimeObject>;

/// With what each boundary begins. Neither quoted-printable nor base64 has it in any text.
constexpr std::string_view boundary_marker = "=_";

GMimeContentEncoding in_gmime(Encoding encoding) {
    switch (encoding) {
    case Encoding::seven_bit:
        return GMIME_CONTENT_ENCODING_7BIT;
    case Encoding::quoted_printable:
        return GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE;
    case Encoding::base64:
        break;
    }
    return GMIME_CONTENT_ENCODING_BASE64;
}

/// As it is: GMime folds and encodes only what it is given as a value.
void set_field(GMimeObject* object, const Field& field) {
    auto* fields = g_mime_object_get_header_list(object);
    if (g_mime_header_list_get_header(fields, field.name().c_str()) == nullptr)
        g_mime_header_list_append(fields, field.name().c_str(), "?", nullptr);
    g_mime_header_set_raw_value(g_mime_header_list_get_header(fields, field.name().c_str()), field.value().c_str());
}

/// The line feeds of a text become CRLF when it is written; base64 encodes bytes.
Object part(const Field& content_type, std::string_view content, Encoding encoding) {
    Gmime<GMimePart> made(g_mime_part_new());
    set_field(as<GMimeObject>(made.get()), content_type);
    const Gmime<GMimeStream> stream(g_mime_stream_mem_new_with_buffer(content.data(), content.size()));
    const Gmime<GMimeDataWrapper> wrapper(
        g_mime_data_wrapper_new_with_stream(stream.get(), GMIME_CONTENT_ENCODING_DEFAULT));
    g_mime_part_set_content(made.get(), wrapper.get());
    g_mime_part_set_content_encoding(made.get(), in_gmime(encoding));
    return Object(as<GMimeObject>(made.release()));
}

Object text_part(std::string_view content_type, const std::string& text) {
    const std::string lines = with_line_feeds(text);
    const Encoding encoding = fitting_encoding(lines, boundary_marker);
    Field field("Content-Type");
    field.word(content_type).parameter("charset", "utf-8");
    return part(field, encoding == Encoding::base64 ? with_crlf(lines) : lines, encoding);
}

/// What must not be encoded (RFC 2046 section 5.2, RFC 6532 section 3.7).
bool goes_as_it_is(const ContentType& type) {
    return type.type == "message" && !type.subtype.starts_with("global");
}

Object attachment_part(const Attachment& attachment) {
    const ContentType type = parse_content_type(attachment.content_type).value();
    Field field("Content-Type");
    field.word(fmt::format("{}/{}", type.type, type.subtype));
    for (const auto& [name, value] : type.parameters)
        field.parameter(name, value);
    // Without it a text is ASCII (RFC 2045 section 5.2), and readers guess what the rest may be.
    if (type.type == "text" && !type.has("charset") && is_utf8(attachment.content))
        field.parameter("charset", "utf-8");
    field.old_parameter("name", attachment.filename);

    Object made = goes_as_it_is(type) ? part(field, with_line_feeds(attachment.content), Encoding::seven_bit)
                                      : part(field, attachment.content, Encoding::base64);
    Field disposition("Content-Disposition");
    disposition.word(attachment.is_inline ? "inline" : "attachment").parameter("filename", attachment.filename);
    set_field(made.get(), disposition);
    if (!attachment.content_id.empty())
        set_field(made.get(), Field("Content-ID").word(fmt::format("<{}>", attachment.content_id)));
    return made;
}

/// Makes one message's body.
class BodyMaker {
  public:
    BodyMaker(const Draft& draft, const std::string& message_id) : draft_(draft) {
        // Whoever writes a draft does not know the message id; and no attached message has its own hash in it.
        Sha256 hash;
        hash.part(message_id);
        for (const auto& each : draft.attachments) {
            if (goes_as_it_is(parse_content_type(each.content_type).value()))
                hash.part(each.content);
        }
        constexpr std::size_t digits = 32;
        boundary_ = hash.finish().substr(0, digits);
    }

    /// The end of each boundary.
    [[nodiscard]] const std::string& boundary() const { return boundary_; }

    Object make() {
        std::vector<Object> bodies;
        if (draft_.text)
            bodies.push_back(text_part("text/plain", *draft_.text));
        if (draft_.html)
            bodies.push_back(html());
        std::vector<Object> all;
        all.push_back(bodies.size() == 1 ? std::move(bodies.front()) : multipart("alternative", bodies));
        for (const auto& each : draft_.attachments) {
            if (!belongs_to_html(each))
                all.push_back(attachment_part(each));
        }
        return all.size() == 1 ? std::move(all.front()) : multipart("mixed", all);
    }

  private:
    [[nodiscard]] bool belongs_to_html(const Attachment& attachment) const {
        return draft_.html && attachment.is_inline && !attachment.content_id.empty();
    }

    Object html() {
        std::vector<Object> parts;
        parts.push_back(text_part("text/html", *draft_.html));
        for (const auto& each : draft_.attachments) {
            if (belongs_to_html(each))
                parts.push_back(attachment_part(each));
        }
        return parts.size() == 1 ? std::move(parts.front()) : multipart("related", parts);
    }

    [[nodiscard]] Object multipart(const std::string& subtype, const std::vector<Object>& parts) const {
        Gmime<GMimeMultipart> made(g_mime_multipart_new_with_subtype(subtype.c_str()));
        // None is the beginning of another one: some readers would end a part there.
        const std::string boundary = fmt::format("{}{}{}", boundary_marker, subtype.front(), boundary_);
        g_mime_multipart_set_boundary(made.get(), boundary.c_str());
        Field field("Content-Type");
        field.word("multipart/" + subtype).parameter("boundary", boundary);
        if (subtype == "related")
            field.parameter("type", "text/html"); // RFC 2387 section 3.1
        set_field(as<GMimeObject>(made.get()), field);
        for (const auto& each : parts)
            g_mime_multipart_add(made.get(), each.get());
        return Object(as<GMimeObject>(made.release()));
    }

    const Draft& draft_;
    std::string boundary_;
};

std::string bytes_of(const Object& body) {
    const Gmime<GMimeFormatOptions> options(g_mime_format_options_new());
    g_mime_format_options_set_newline_format(options.get(), GMIME_NEWLINE_FORMAT_DOS);
    const Gmime<char> bytes(g_mime_object_to_string(body.get(), options.get()));
    return bytes.get();
}

Field unsubscribe_field(const Unsubscribe& given) {
    Field field("List-Unsubscribe");
    if (!given.url.empty())
        field.word(fmt::format("<{}>{}", given.url, given.mailto.empty() ? "" : ","));
    if (!given.mailto.empty())
        field.word(fmt::format("<{}>", mailto_url(given.mailto)));
    return field;
}

/// All but what says how the body is made.
std::string header(const Draft& draft, const std::string& message_id, Time date) {
    std::string lines = address_field("From", {draft.from}).line();
    if (!draft.to.empty())
        lines += address_field("To", draft.to).line();
    else if (!draft.bcc.empty())
        lines += Field("To").word("undisclosed-recipients:;").line();
    if (!draft.cc.empty())
        lines += address_field("Cc", draft.cc).line();
    if (!draft.reply_to.empty())
        lines += address_field("Reply-To", draft.reply_to).line();
    lines += Field("Subject").text(draft.subject).line();
    lines += Field("Date").plain(message_date(date)).line();
    lines += Field("Message-ID").word(message_id).line();
    if (draft.list_unsubscribe && !draft.list_unsubscribe->is_ours()) {
        lines += unsubscribe_field(*draft.list_unsubscribe).line();
        if (draft.list_unsubscribe->one_click)
            lines += Field("List-Unsubscribe-Post").word("List-Unsubscribe=One-Click").line(); // RFC 8058 section 3.1
    }
    for (const auto& [name, value] : draft.headers) {
        Field field(name);
        lines += (is_printable_ascii(value) ? field.plain(value) : field.text(value)).line();
    }
    return lines + Field("MIME-Version").word("1.0").line();
}

} // namespace

std::string compose(const Draft& draft, const std::string& message_id, Time date) {
    if (const auto problems = faults(draft); !problems.empty())
        throw Error(Code::internal, "cannot write a message: its draft was never judged", {}, problems);
    ready_gmime();
    std::string message = header(draft, message_id, date);
    message += bytes_of(BodyMaker(draft, message_id).make());
    return message;
}

std::string html_part(const std::string& html) {
    ready_gmime();
    return bytes_of(text_part("text/html", html));
}

MessagePlace place_of_html(const std::string& message, const Draft& draft, const std::string& message_id) {
    const std::string part = html_part(draft.html.value());
    // Whoever wrote the texts in front of it could not know a boundary.
    const std::string boundary = BodyMaker(draft, message_id).boundary() + "\r\n";
    if (const auto found = message.find(boundary + part); found != std::string::npos)
        return {.at = found + boundary.size(), .length = part.size()};
    if (!message.ends_with(part))
        throw Error(Code::internal, "a message does not have the HTML that it was composed of");
    return {.at = message.size() - part.size(), .length = part.size()};
}

} // namespace vectis::mail
