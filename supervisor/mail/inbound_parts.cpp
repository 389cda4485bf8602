#include "mail/inbound_parts.hpp"

#include "base/text.hpp"
#include "mail/gmime.hpp"
#include "mail/inbound_charset.hpp"
#include "mail/inbound_header.hpp"

#include <algorithm>
#include <array>

namespace vectis::mail {

namespace {

// Each part needs a line that begins with two dashes; a level of parts needs one with Content-Type, or is within a
// digest, of which each second level needs one. GMime calls itself for each level.
constexpr std::size_t most_dashed_lines = 10000;
constexpr std::size_t most_type_lines = 1000;
constexpr std::size_t most_part_levels = 100;
constexpr std::size_t most_leaves = 1000;
constexpr std::size_t longest_content_field = std::size_t{16} << 10U;
constexpr std::size_t most_text = std::size_t{8} << 20U;
constexpr std::size_t longest_file_name = 255;
/// Put before what GMime would read at once, though nobody asks for it here.
constexpr std::string_view unread = "X-Vectis-Unread-";

bool begins_with(std::string_view line, std::string_view lower) {
    return line.size() >= lower.size() && lower_ascii(line.substr(0, lower.size())) == lower;
}

/// Whether GMime decodes this field of a message that is in a message as soon as it is there.
bool is_read_at_once(std::string_view line) {
    constexpr std::array<std::string_view, 9> fields{"from", "sender", "reply-to", "to",        "cc",
                                                     "bcc",  "date",   "subject",  "message-id"};
    const auto colon = line.substr(0, 30).find(':');
    if (colon == std::string_view::npos)
        return false;
    const std::string name = lower_ascii(trim(line.substr(0, colon)));
    return std::find(fields.begin(), fields.end(), name) != fields.end();
}

struct Bounded {
    std::string text;
    bool truncated = false;
};

/// The message as GMime can bear it (mail/report says what it cannot). Nothing is taken away but the end of what has
/// too many parts, and of a field that describes a part at too great length.
Bounded bounded_message(std::string_view message) {
    Bounded bounded;
    bounded.text.reserve(message.size() + message.size() / 50);
    std::size_t dashed = 0;
    std::size_t types = 0;
    std::size_t field = 0; // octets of a field Content-..., with what continues it; 0: it is another line
    std::string words;     // a field Content-... with encoded words, which its lines part
    while (!message.empty()) {
        const auto end = message.find('\n');
        auto line = message.substr(0, end == std::string_view::npos ? message.size() : end + 1);
        message.remove_prefix(line.size());
        const bool continues = line.starts_with(' ') || line.starts_with('\t');
        if (!continues) {
            field = 0;
            bounded.text += with_joined_words(words);
            words.clear();
        }
        if (line.starts_with("--"))
            ++dashed;
        else if (begins_with(line, "content-type"))
            ++types;
        if (dashed > most_dashed_lines || types > most_type_lines) {
            bounded.truncated = true;
            break;
        }
        if (begins_with(line, "content-") || field > 0) {
            field += line.size();
            if (field > longest_content_field) {
                bounded.truncated = true;
                continue;
            }
            if (line.find("=?") != std::string_view::npos || !words.empty()) {
                words += line;
                continue;
            }
        }
        if (!continues && is_read_at_once(line))
            bounded.text += unread;
        bounded.text += line;
    }
    bounded.text += with_joined_words(words);
    return bounded;
}

/// What was put there, taken away again.
std::string as_it_was(std::string text) {
    for (auto at = text.find(unread); at != std::string::npos; at = text.find(unread, at)) {
        if (at == 0 || text[at - 1] == '\n')
            text.erase(at, unread.size());
        else
            at += unread.size();
    }
    return text;
}

std::string octets_of(GMimeStream* memory) {
    const GByteArray* octets = g_mime_stream_mem_get_byte_array(as<GMimeStreamMem>(memory));
    if (octets == nullptr || octets->len == 0)
        return {};
    return as_it_was({reinterpret_cast<const char*>(octets->data), octets->len});
}

/// What a part holds, decoded; of a message that is in one, the message.
std::string held_by(GMimeObject* part) {
    const Gmime<GMimeStream> memory(g_mime_stream_mem_new());
    if (is_of(part, g_mime_message_part_get_type())) {
        auto* message = g_mime_message_part_get_message(as<GMimeMessagePart>(part));
        const Gmime<GMimeFormatOptions> options(g_mime_format_options_new());
        g_mime_format_options_set_newline_format(options.get(), GMIME_NEWLINE_FORMAT_DOS);
        if (message != nullptr)
            g_mime_object_write_to_stream(as<GMimeObject>(message), options.get(), memory.get());
    } else if (is_of(part, g_mime_part_get_type())) {
        auto* content = g_mime_part_get_content(as<GMimePart>(part));
        if (content != nullptr)
            g_mime_data_wrapper_write_to_stream(content, memory.get());
    }
    return octets_of(memory.get());
}

std::string_view or_empty(const char* text) {
    return text == nullptr ? std::string_view() : std::string_view(text);
}

/// In lower case, and of letters that a header of ours may have; what is none is any file.
std::string media_type_of(GMimeObject* part) {
    auto* type = g_mime_object_get_content_type(part);
    const std::string name = type == nullptr
                                 ? "text/plain"
                                 : lower_ascii(std::string(or_empty(g_mime_content_type_get_media_type(type))) + "/" +
                                               std::string(or_empty(g_mime_content_type_get_media_subtype(type))));
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789!#$&^_.+-/";
    const bool good = name.size() < 128 && name.find_first_not_of(letters) == std::string::npos &&
                      !name.starts_with('/') && !name.ends_with('/');
    return good ? name : "application/octet-stream";
}

std::string parameter_of(GMimeObject* part, const char* name) {
    return std::string(or_empty(g_mime_object_get_content_type_parameter(part, name)));
}

/// A part that GMime does not take for a file has the name of one all the same.
std::string named_by(GMimeObject* part) {
    auto* disposition = g_mime_object_get_content_disposition(part);
    const char* name =
        disposition == nullptr ? nullptr : g_mime_content_disposition_get_parameter(disposition, "filename");
    return name == nullptr ? parameter_of(part, "name") : std::string(name);
}

/// The last part of what may be a path, without control characters.
std::string safe_file_name(std::string name) {
    name = utf8(std::move(name));
    name.erase(0, name.find_last_of("/\\") + 1);
    name.erase(std::remove_if(name.begin(), name.end(),
                              [](char each) { return static_cast<unsigned char>(each) < 0x20 || each == 0x7F; }),
               name.end());
    while (name.size() > longest_file_name || !is_utf8(name))
        name.pop_back();
    return name;
}

std::string with_lf(std::string text) {
    std::string lines;
    lines.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n'))
            lines += '\n';
        else if (text[i] != '\r')
            lines += text[i];
    }
    return lines;
}

/// RFC 3676: lines that end with a blank go on in the next one.
std::string unflowed(std::string_view text, bool without_blanks) {
    std::string joined;
    std::string quotes; // of the paragraph that goes on
    bool goes_on = false;
    bool first = true;
    for (const auto& each : split(text, '\n')) {
        std::string_view line = each;
        const auto depth = std::min(line.find_first_not_of('>'), line.size());
        const std::string own(line.substr(0, depth));
        line.remove_prefix(depth);
        if (line.starts_with(' '))
            line.remove_prefix(1);
        const bool continues = goes_on && own == quotes;
        if (!continues) {
            if (!first)
                joined += '\n';
            joined += own.empty() ? "" : own + " ";
        }
        first = false;
        quotes = own;
        goes_on = line.ends_with(' ') && line != "-- ";
        if (goes_on && without_blanks)
            line.remove_suffix(1);
        joined += line;
    }
    return joined;
}

class PartReader {
  public:
    explicit PartReader(InboundParts& parts) : parts_(parts) {}

    void read(GMimeObject* object, std::size_t level) {
        if (++seen_ > most_leaves || level > most_part_levels) {
            parts_.truncated = true;
            return;
        }
        if (!is_of(object, g_mime_multipart_get_type()))
            return leaf(object);
        auto* multipart = as<GMimeMultipart>(object);
        const int count = g_mime_multipart_get_count(multipart);
        for (int i = 0; i < count && seen_ <= most_leaves; ++i)
            read(g_mime_multipart_get_part(multipart, i), level + 1);
    }

  private:
    void leaf(GMimeObject* part) {
        const std::string type = media_type_of(part);
        const std::string disposition = lower_ascii(or_empty(g_mime_object_get_disposition(part)));
        std::string name = is_of(part, g_mime_part_get_type())
                               ? std::string(or_empty(g_mime_part_get_filename(as<GMimePart>(part))))
                               : named_by(part);
        const bool is_text = type == "text/plain" || type == "text/html";
        // A file that is to be shown in its place is a file; what has no name and is to be shown is to be read.
        if (is_text && disposition != "attachment" && (name.empty() || nothing_yet()))
            return text(part, type == "text/html");
        InboundFile file{.filename = safe_file_name(std::move(name)),
                         .content_type = type,
                         .content_id = {},
                         .is_inline = disposition == "inline",
                         .content = held_by(part)};
        std::string id(or_empty(g_mime_object_get_content_id(part)));
        file.content_id = utf8(id.substr(0, 1000));
        parts_.attachments.push_back(std::move(file));
    }

    [[nodiscard]] bool nothing_yet() const { return parts_.text.empty() && parts_.html.empty(); }

    void text(GMimeObject* part, bool is_html) {
        std::string octets = held_by(part);
        std::string& place = is_html ? parts_.html : parts_.text;
        if (octets.size() > most_text || place.size() > most_text) {
            octets.resize(place.size() > most_text ? 0 : most_text);
            parts_.truncated = true;
        }
        std::string read = with_lf(utf8(from_charset(octets, parameter_of(part, "charset"))));
        if (!is_html && lower_ascii(parameter_of(part, "format")) == "flowed")
            read = unflowed(read, lower_ascii(parameter_of(part, "delsp")) == "yes");
        if (!place.empty() && !place.ends_with('\n'))
            place += '\n';
        place += read;
    }

    InboundParts& parts_;
    std::size_t seen_ = 0;
};

} // namespace

InboundParts read_parts(std::string_view message) {
    ready_gmime();
    InboundParts parts;
    const auto bounded = bounded_message(message);
    parts.truncated = bounded.truncated;
    const Gmime<GMimeStream> stream(g_mime_stream_mem_new_with_buffer(bounded.text.data(), bounded.text.size()));
    const Gmime<GMimeParser> parser(g_mime_parser_new_with_stream(stream.get()));
    // As a part, not as a message: its own header is read by mail/inbound_header.
    const Gmime<GMimeObject> root(g_mime_parser_construct_part(parser.get(), nullptr));
    if (root != nullptr)
        PartReader(parts).read(root.get(), 0);
    return parts;
}

} // namespace vectis::mail
