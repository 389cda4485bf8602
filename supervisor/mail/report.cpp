#include "mail/report.hpp"

#include "base/text.hpp"
#include "mail/report_fields.hpp"
#include "mail/text_bounce.hpp"

#include <gmime/gmime.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <memory>

namespace vectis::mail {

namespace {

constexpr std::size_t most_octets = std::size_t{1} << 20U;
// Each part needs a line that begins with its boundary or with Content-Type, and a level needs one of the two.
constexpr std::size_t most_part_lines = 500;
// Of the structure that is looked at; reports have three levels at most.
constexpr std::size_t most_levels = 8;
// A line and those that continue it.
constexpr std::size_t longest_field = longest_value + 100;
constexpr std::size_t longest_bounce_text = std::size_t{64} << 10U;

struct Unref {
    void operator()(gpointer object) const noexcept { g_object_unref(object); }
};
template<class Object>
using Owned = std::unique_ptr<Object, Unref>;

bool is_a(GMimeObject* object, GType type) {
    return g_type_check_instance_is_a(reinterpret_cast<GTypeInstance*>(object), type) != 0;
}

bool begins_part(std::string_view line) {
    constexpr std::string_view type = "content-type";
    return line.starts_with("--") || (line.size() >= type.size() && lower_ascii(line.substr(0, type.size())) == type);
}

bool continues_field(std::string_view line) {
    return line.starts_with(' ') || line.starts_with('\t');
}

/// Whether GMime would read addresses in this line, if it is in the header of a returned message.
bool has_addresses(std::string_view line) {
    constexpr std::array fields{"from", "sender", "reply-to", "to", "cc", "bcc"};
    const auto colon = line.substr(0, 100).find(':');
    return colon != std::string_view::npos && !continues_field(line) &&
           std::find(fields.begin(), fields.end(), lower_ascii(trim(line.substr(0, colon)))) != fields.end();
}

/// The start of a message as GMime can bear it. It builds whatever it reads, calls itself for each level of parts, and
/// of a megabyte it takes a minute for a field of halves of encoded words or one of addresses, and falls over as many
/// groups of addresses in each other. So there are not too many parts, no long fields, and no fields of addresses:
/// these get another name, since nobody asks for them here. What is cut off is the end of the returned message.
std::string bounded_start(std::string_view message) {
    message = message.substr(0, most_octets);
    std::string text;
    std::size_t part_lines = 0;
    std::size_t field = 0; // octets of the line and of those before it that it continues
    while (!message.empty()) {
        const auto end = message.find('\n');
        auto line = message.substr(0, end);
        message.remove_prefix(end == std::string_view::npos ? message.size() : end + 1);
        if (begins_part(line) && ++part_lines > most_part_lines)
            break;
        if (!continues_field(line))
            field = 0;
        const bool fits = field < longest_field;
        line = line.substr(0, longest_field - std::min(field, longest_field));
        field += line.size() + 1;
        if (!fits)
            continue;
        const auto start = text.size();
        text += line;
        text += '\n';
        if (has_addresses(line))
            text[start] = 'x';
    }
    return text;
}

/// As a part, not as a message: all that is asked for are its fields and its parts.
Owned<GMimeObject> parse_report(std::string_view text) {
    static const bool ready = [] {
        g_mime_init();
        return true;
    }();
    static_cast<void>(ready);
    const Owned<GMimeStream> stream(g_mime_stream_mem_new_with_buffer(text.data(), text.size()));
    const Owned<GMimeParser> parser(g_mime_parser_new_with_stream(stream.get()));
    return Owned<GMimeObject>(g_mime_parser_construct_part(parser.get(), nullptr));
}

void collect_leaves(GMimeObject* object, std::size_t level, std::vector<GMimeObject*>& leaves) {
    if (!is_a(object, g_mime_multipart_get_type())) {
        leaves.push_back(object);
        return;
    }
    if (level == most_levels)
        return;
    auto* multipart = reinterpret_cast<GMimeMultipart*>(object);
    const int count = g_mime_multipart_get_count(multipart);
    for (int i = 0; i < count; ++i)
        collect_leaves(g_mime_multipart_get_part(multipart, i), level + 1, leaves);
}

/// "message/delivery-status", in lower case.
std::string type_of(GMimeObject* object) {
    auto* type = g_mime_object_get_content_type(object);
    const char* media = type == nullptr ? nullptr : g_mime_content_type_get_media_type(type);
    const char* subtype = type == nullptr ? nullptr : g_mime_content_type_get_media_subtype(type);
    if (media == nullptr || subtype == nullptr)
        return "text/plain";
    return lower_ascii(media) + "/" + lower_ascii(subtype);
}

/// A field of a part's header, in one line, as it was written.
std::string header_of(GMimeObject* object, const char* field) {
    auto* header = g_mime_header_list_get_header(g_mime_object_get_header_list(object), field);
    const char* value = header == nullptr ? nullptr : g_mime_header_get_raw_value(header);
    std::string text(trim(value == nullptr ? "" : value).substr(0, longest_value));
    std::replace_if(
        text.begin(), text.end(), [](char each) { return each == '\r' || each == '\n' || each == '\t'; }, ' ');
    return text;
}

/// What a part holds, decoded.
std::string content_of(GMimeObject* object) {
    if (!is_a(object, g_mime_part_get_type()))
        return {};
    auto* wrapper = g_mime_part_get_content(reinterpret_cast<GMimePart*>(object));
    if (wrapper == nullptr)
        return {};
    const Owned<GMimeStream> memory(g_mime_stream_mem_new());
    g_mime_data_wrapper_write_to_stream(wrapper, memory.get());
    const GByteArray* octets = g_mime_stream_mem_get_byte_array(reinterpret_cast<GMimeStreamMem*>(memory.get()));
    if (octets == nullptr || octets->len == 0)
        return {};
    return {reinterpret_cast<const char*>(octets->data), octets->len};
}

/// A message's parts, but for those of a message that is in it.
class ReportParts {
  public:
    explicit ReportParts(std::string_view text) : root_(parse_report(text)) {
        if (root_ != nullptr)
            collect_leaves(root_.get(), 0, leaves_);
    }

    [[nodiscard]] bool exist() const { return root_ != nullptr; }

    [[nodiscard]] std::string header(const char* field) const { return header_of(root_.get(), field); }

    /// The first part of one of these types.
    [[nodiscard]] GMimeObject* find(std::initializer_list<std::string_view> types) const {
        for (auto* leaf : leaves_) {
            if (std::find(types.begin(), types.end(), type_of(leaf)) != types.end())
                return leaf;
        }
        return nullptr;
    }

  private:
    Owned<GMimeObject> root_;
    std::vector<GMimeObject*> leaves_;
};

std::string message_id_in(std::string_view header) {
    const auto groups = read_field_groups(header.substr(0, longest_bounce_text));
    return groups.empty() ? std::string() : std::string(value_of(groups.front(), "message-id"));
}

/// Of the message that is returned, or of its header.
std::string returned_message_id(const ReportParts& parts) {
    auto* returned = parts.find({"message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers",
                                 "message/rfc822-headers"});
    if (returned == nullptr)
        return {};
    if (!is_a(returned, g_mime_message_part_get_type()))
        return message_id_in(content_of(returned));
    auto* message = g_mime_message_part_get_message(reinterpret_cast<GMimeMessagePart*>(returned));
    return message == nullptr ? std::string() : header_of(reinterpret_cast<GMimeObject*>(message), "Message-ID");
}

/// RFC 3464.
bool read_delivery_status(const ReportParts& parts, Report& report) {
    auto* status = parts.find({"message/delivery-status", "message/global-delivery-status"});
    if (status == nullptr)
        return false;
    const auto groups = read_field_groups(content_of(status));
    auto recipients = read_reported_recipients(groups);
    if (recipients.empty())
        return false;
    report.kind = ReportKind::dsn;
    report.recipients = std::move(recipients);
    report.original_envelope_id = value_of(groups.front(), "original-envelope-id");
    report.reporting_mta = reported_address(value_of(groups.front(), "reporting-mta"));
    report.original_message_id = returned_message_id(parts);
    if (report.original_message_id.empty()) // Gmail's
        report.original_message_id = value_of(groups.front(), "x-original-message-id");
    return true;
}

/// RFC 5965.
bool read_feedback(const ReportParts& parts, Report& report) {
    auto* feedback = parts.find({"message/feedback-report"});
    if (feedback == nullptr)
        return false;
    const auto groups = read_field_groups(content_of(feedback));
    if (groups.empty() || value_of(groups.front(), "feedback-type").empty())
        return false;
    const auto& fields = groups.front();
    report.kind = ReportKind::arf;
    report.feedback_type = lower_ascii(value_of(fields, "feedback-type"));
    report.original_envelope_id = value_of(fields, "original-envelope-id");
    report.reporting_mta = reported_address(value_of(fields, "reporting-mta"));
    report.original_message_id = returned_message_id(parts);
    for (const auto& field : fields) {
        if (field.name == "original-rcpt-to" && report.recipients.size() < most_reported)
            report.recipients.push_back({.final_recipient = reported_address(field.value)});
    }
    return true;
}

bool take_text_bounce(std::optional<TextBounce> bounce, Report& report) {
    if (!bounce)
        return false;
    report.kind = ReportKind::dsn;
    report.recipients = std::move(bounce->recipients);
    report.original_message_id = message_id_in(bounce->original);
    return true;
}

/// RFC 3834 section 5, and what programs write that are older.
bool is_auto_reply(const ReportParts& parts) {
    const auto first_word = [&](const char* field) {
        const std::string value = lower_ascii(parts.header(field));
        return value.substr(0, value.find_first_of(" ;("));
    };
    constexpr std::array precedences{"bulk", "junk", "list", "auto_reply"};
    const std::string submitted = first_word("Auto-Submitted");
    const std::string precedence = first_word("Precedence");
    const auto is_set = [&](const char* field) {
        const std::string value = first_word(field);
        return !value.empty() && value != "no";
    };
    return (!submitted.empty() && submitted != "no") ||
           std::find(precedences.begin(), precedences.end(), precedence) != precedences.end() ||
           is_set("X-Autoreply") || is_set("X-Autorespond") || is_set("X-Autogenerated") ||
           // RFC 8098: a reader's program says that the message was shown, or deleted.
           parts.find({"message/disposition-notification", "message/global-disposition-notification"}) != nullptr;
}

void read_kind(const ReportParts& parts, Report& report) {
    // What has the form of a report is one, though reports are submitted by machines, too.
    if (read_delivery_status(parts, report) || read_feedback(parts, report))
        return;
    auto* plain = parts.find({"text/plain"});
    const std::string text = plain == nullptr ? std::string() : content_of(plain).substr(0, longest_bounce_text);
    if (take_text_bounce(read_exim_bounce(parts.header("X-Failed-Recipients"), text), report))
        return;
    if (is_auto_reply(parts))
        report.kind = ReportKind::auto_reply;
    else
        take_text_bounce(read_qmail_bounce(text), report);
}

} // namespace

std::optional<Report> read_report(std::string_view message) {
    if (trim(message.substr(0, most_octets)).empty())
        return std::nullopt;
    const std::string text = bounded_start(message);
    const ReportParts parts(text);
    if (!parts.exist())
        return std::nullopt;
    Report report;
    read_kind(parts, report);
    if (report.original_message_id.empty()) {
        const std::string answered = parts.header("In-Reply-To");
        report.original_message_id = answered.substr(0, answered.find_first_of(" ,"));
    }
    return report;
}

std::string_view name(ReportKind kind) {
    switch (kind) {
    case ReportKind::dsn:
        return "dsn";
    case ReportKind::arf:
        return "arf";
    case ReportKind::auto_reply:
        return "auto_reply";
    case ReportKind::other:
        break;
    }
    return "other";
}

std::string_view name(Action action) {
    switch (action) {
    case Action::failed:
        return "failed";
    case Action::delayed:
        return "delayed";
    case Action::delivered:
        return "delivered";
    case Action::relayed:
        return "relayed";
    case Action::expanded:
        return "expanded";
    case Action::unknown:
        break;
    }
    return "unknown";
}

} // namespace vectis::mail
