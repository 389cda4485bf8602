#include "mail/raw.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "config/kinds.hpp"
#include "config/problems.hpp"
#include "mail/address.hpp"
#include "mail/draft.hpp"
#include "mail/field.hpp"
#include "mail/gmime.hpp"
#include "mail/letters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>

namespace vectis::mail {

namespace {

constexpr std::size_t largest_header = 256 * 1024;
constexpr std::size_t most_header_fields = 1000;
constexpr std::size_t most_parts = 1000;      // whoever reads the message makes an object of each
constexpr std::size_t longest_boundary = 70;  // RFC 2046 section 5.1.1
constexpr std::size_t most_boundaries = 1000; // as many as are looked for
constexpr std::size_t longest_message_id = 900;

/// Stand at most once: RFC 5322 section 3.6, RFC 2045 section 3.
constexpr std::array<std::string_view, 14> single_fields{
    "from",    "sender",     "reply-to",    "to",         "cc",           "bcc",          "date",
    "subject", "message-id", "in-reply-to", "references", "mime-version", "content-type", "content-transfer-encoding"};
constexpr std::array<std::string_view, 6> address_fields{"from", "sender", "reply-to", "to", "cc", "bcc"};

bool is_dropped(std::string_view name) {
    return name == "bcc" || name == "return-path" || name == "dkim-signature" || name == "authentication-results" ||
           name.starts_with("arc-");
}

struct RawField {
    std::string name; // as it is written
    std::string key;  // the same in lower case
    std::string text; // all of it, without the CRLF at its end
    std::uint32_t line = 0;

    /// On one line (RFC 5322 section 2.2.3).
    [[nodiscard]] std::string value() const {
        std::string value = text.substr(name.size() + 1);
        std::erase_if(value, [](char each) { return each == '\r' || each == '\n'; });
        return std::string(trim(value));
    }
};

/// Whether `text` is <left@right>.
bool is_message_id(std::string_view text) {
    if (!text.starts_with('<') || !text.ends_with('>') || text.size() > longest_message_id)
        return false;
    const auto id = text.substr(1, text.size() - 2);
    const auto at = id.find('@');
    return is_printable_ascii(id) && id.find_first_of(" <>") == std::string_view::npos && at != 0 && at + 1 < id.size();
}

class RawReader {
  public:
    explicit RawReader(std::string_view bytes) : bytes_(bytes) {}

    RawMessage read(const std::string& id, Time date) && {
        read_header();
        for (const auto name : single_fields)
            only_one(name);
        read_addresses();
        read_subject_and_ids(id);
        write_header(date);
        copy_body();
        if (auto problems = problems_.take(); !problems.empty())
            throw Error(Code::invalid_input, "cannot send the message: it is not well-formed",
                        "a mail library writes it so; POST /send composes one of its parts", std::move(problems));
        return std::move(found_);
    }

  private:
    void add(std::uint32_t line, const std::string& field, std::string what, std::string hint = {}) {
        problems_.add({line, 1}, field, std::move(what), std::move(hint));
    }
    void add(const RawField& field, std::string what, std::string hint = {}) {
        add(field.line, field.name, std::move(what), std::move(hint));
    }

    /// Each kind of fault of single lines is told once: there may be as many as lines.
    void add_once(bool& told, std::string what, std::string hint) {
        if (!told)
            add(line_, "", std::move(what), std::move(hint));
        told = true;
    }

    /// The next line without its end; nothing behind the last one.
    std::optional<std::string_view> next_line() {
        if (at_ == bytes_.size())
            return std::nullopt;
        const auto end = bytes_.find('\n', at_);
        const bool ended = end != std::string_view::npos;
        auto line = bytes_.substr(at_, ended ? end - at_ : end);
        at_ = ended ? end + 1 : bytes_.size();
        ++line_;
        if (ended && line.ends_with('\r'))
            line.remove_suffix(1);
        if (line.find('\r') != std::string_view::npos)
            add_once(told_cr_, "has a CR without a LF", "end lines with CRLF");
        if (line.find('\0') != std::string_view::npos)
            add_once(told_nul_, "has a NUL", "encode the part in base64 (RFC 2045)");
        if (line.size() > longest_line)
            add_once(told_long_, fmt::format("has {} octets, expected at most {}", line.size(), longest_line),
                     "fold header fields; encode the part in quoted-printable or base64 (RFC 2045)");
        count_parts(line);
        return line;
    }

    /// Counts the lines that begin with "--" and a boundary which a line before has named.
    void count_parts(std::string_view line) {
        if (line.starts_with("--") && !boundaries_.empty()) {
            auto name = line.substr(2);
            while (name.ends_with(' ') || name.ends_with('\t'))
                name.remove_suffix(1);
            const auto is_known = [&](std::string_view each) { return boundaries_.find(each) != boundaries_.end(); };
            if (is_known(name) || (name.ends_with("--") && is_known(name.substr(0, name.size() - 2))))
                ++parts_;
            if (parts_ > most_parts)
                add_once(told_parts_, fmt::format("begins part {}, expected at most {}", parts_, most_parts),
                         "send fewer attachments, or several messages");
        }
        constexpr std::string_view parameter = "boundary=";
        if (line.find('=') == std::string_view::npos)
            return;
        const auto start = lower_ascii(line).find(parameter);
        if (start == std::string_view::npos)
            return;
        auto name = line.substr(start + parameter.size());
        const bool quoted = name.starts_with('"');
        if (quoted)
            name.remove_prefix(1);
        name = name.substr(0, name.find_first_of(quoted ? "\"" : "; \t"));
        if (!name.empty() && name.size() <= longest_boundary && boundaries_.size() < most_boundaries)
            boundaries_.emplace(name);
    }

    void read_header() {
        for (auto line = next_line(); line && !line->empty(); line = next_line()) {
            if (at_ > largest_header || fields_.size() > most_header_fields)
                throw Error(
                    Code::invalid_input,
                    fmt::format("cannot send the message: its header is larger than {} or has more than {} fields",
                                format_size(largest_header), most_header_fields));
            judge_letters(*line);
            if (line->starts_with(' ') || line->starts_with('\t'))
                continue_field(*line);
            else
                begin_field(*line);
        }
        for (const auto& each : fields_) {
            if (each.text.size() > longest_field)
                add(each, fmt::format("has {} octets, expected at most {}", each.text.size(), longest_field));
        }
    }

    void judge_letters(std::string_view line) {
        const auto is_bad = [](char each) {
            return each != '\t' && each != '\r' && each != '\0' && !is_printable_ascii({&each, 1});
        };
        const auto bad = std::find_if(line.begin(), line.end(), is_bad);
        if (bad == line.end())
            return;
        if ((static_cast<unsigned char>(*bad) & 0x80U) != 0)
            add(line_, "", "has letters beyond ASCII", "write them in encoded words (RFC 2047)");
        else
            add(line_, "", "has a control character");
    }

    void begin_field(std::string_view line) {
        const auto colon = std::min(line.find(':'), line.size());
        const auto name = line.substr(0, colon);
        if (colon == line.size() || !is_field_name(name))
            return add(line_, "", fmt::format("found '{}', expected a header field", config::shown(line)),
                       line.starts_with("From ") ? "leave out the first line, it belongs to mbox files"
                                                 : "an empty line ends the header");
        const std::string key = lower_ascii(name);
        fields_.push_back({std::string(name), key, std::string(line), line_});
        if (key.starts_with("resent-"))
            add(fields_.back(), "names recipients beside To, Cc and Bcc", "send the message as a new one");
    }

    void continue_field(std::string_view line) {
        if (fields_.empty())
            add(line_, "", "continues a header field, and there is none before it");
        else if (trim(line).empty())
            add(line_, "", "has blanks alone: to some it ends the header, to others it does not");
        else
            fields_.back().text.append("\r\n").append(line);
    }

    const RawField* field(std::string_view key) const {
        const auto found =
            std::find_if(fields_.begin(), fields_.end(), [&](const RawField& each) { return each.key == key; });
        return found == fields_.end() ? nullptr : &*found;
    }

    void only_one(std::string_view key) {
        const auto* first = field(key);
        for (const auto& each : fields_) {
            if (each.key == key && &each != first)
                add(each, fmt::format("stands there twice, first in line {}", first->line));
        }
    }

    void read_addresses() {
        std::vector<std::string> all;
        std::string sender;
        bool well = true;
        for (const auto key : address_fields) {
            const auto* given = field(key);
            if (given == nullptr)
                continue;
            auto list = parse_address_list(given->value());
            if (!list.fault.empty()) {
                add(*given, std::move(list.fault), std::move(list.hint));
                well = false;
                continue;
            }
            const bool single = key == "from" || key == "sender";
            if (single && (list.emails.size() != 1 || list.has_group))
                add(*given, fmt::format("has {} addresses, expected a single one", list.emails.size()));
            else if (key == "from")
                found_.from = list.emails.front();
            else if (key == "sender")
                sender = list.emails.front();
            else if (key != "reply-to")
                all.insert(all.end(), list.emails.begin(), list.emails.end());
            if (list.emails.empty() && !list.has_group && key != "bcc")
                add(*given, "is empty", "leave the field out");
        }
        if (field("from") == nullptr)
            add(1, "From", "is missing");
        if (!sender.empty() && !found_.from.empty() && sender != found_.from)
            add(*field("sender"), fmt::format("{} is not the address in From, {}", sender, found_.from),
                "leave the field out");
        found_.recipients = each_once(all);
        if (found_.recipients.size() > most_recipients)
            add(1, "To",
                fmt::format("there are {} recipients in To, Cc and Bcc, expected at most {}", found_.recipients.size(),
                            most_recipients));
        if (found_.recipients.empty() && well)
            add(1, "To", "there is no recipient in To, Cc and Bcc");
    }

    void read_subject_and_ids(const std::string& new_id) {
        ready_gmime();
        if (const auto* subject = field("subject")) {
            const Gmime<char> text(g_mime_utils_header_decode_text(nullptr, subject->value().c_str()));
            found_.subject = printable(text.get());
        }
        if (const auto* date = field("date")) {
            const Gmime<GDateTime> time(g_mime_utils_header_decode_date(date->value().c_str()));
            if (time == nullptr)
                add(*date, fmt::format("'{}' is no date", config::shown(date->value())),
                    "write it like Tue, 24 Nov 2026 10:43:11 +0000, or leave the field out");
        }
        found_.message_id = fmt::format("<{}@{}>", new_id, found_.from.substr(found_.from.rfind('@') + 1));
        if (const auto* id = field("message-id")) {
            found_.message_id = id->value();
            if (!is_message_id(found_.message_id))
                add(*id, fmt::format("'{}' is no message id", config::shown(found_.message_id)),
                    "write it like <1234@example.test>, or leave the field out");
        }
    }

    void write_header(Time date) {
        auto& message = found_.message;
        message.reserve(bytes_.size() + bytes_.size() / 32);
        for (const auto& each : fields_) {
            if (!is_dropped(each.key))
                message.append(each.text).append("\r\n");
        }
        if (field("date") == nullptr)
            message += Field("Date").plain(message_date(date)).line();
        if (field("message-id") == nullptr)
            message += Field("Message-ID").word(found_.message_id).line();
    }

    void copy_body() {
        found_.message += "\r\n";
        while (const auto line = next_line()) {
            found_.message.append(*line).append("\r\n");
        }
    }

    std::string_view bytes_;
    std::size_t at_ = 0;
    std::uint32_t line_ = 0; // of the line that was read last, counted from 1
    bool told_cr_ = false;
    bool told_nul_ = false;
    bool told_long_ = false;
    bool told_parts_ = false;
    std::set<std::string, std::less<>> boundaries_;
    std::size_t parts_ = 0;
    std::vector<RawField> fields_;
    config::Problems problems_{"message"};
    RawMessage found_;
};

} // namespace

RawMessage read_raw(std::string_view bytes, const std::string& id, Time date) {
    return RawReader(bytes).read(id, date);
}

} // namespace vectis::mail
