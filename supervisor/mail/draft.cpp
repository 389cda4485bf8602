#include "mail/draft.hpp"

#include "base/json.hpp"
#include "base/text.hpp"
#include "config/kinds.hpp"
#include "config/problems.hpp"
#include "mail/body.hpp"
#include "mail/content_type.hpp"
#include "mail/field.hpp"
#include "mail/letters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

namespace vectis::mail {

namespace {

constexpr std::size_t most_attachments = 100;
constexpr std::size_t most_headers = 100;
constexpr std::size_t longest_name = 1000;
constexpr std::size_t longest_subject = 10'000;
constexpr std::size_t longest_filename = 1000;
constexpr std::size_t longest_type = 255;
constexpr std::size_t longest_content_id = 250;
constexpr std::size_t longest_header_name = 76; // with a word of the longest kind behind it, less than a line
constexpr std::size_t longest_header = 10'000;
constexpr std::size_t longest_headers = 64 * 1024; // together

/// A field that only we write, and the key that says what stands in it, if there is one.
struct OwnField {
    std::string_view name;
    std::string_view key;
};
constexpr std::array own_fields{
    OwnField{"from", "from"},
    OwnField{"to", "to"},
    OwnField{"cc", "cc"},
    OwnField{"bcc", "bcc"},
    OwnField{"subject", "subject"},
    OwnField{"sender", ""},
    OwnField{"date", ""},
    OwnField{"message-id", ""},
    OwnField{"mime-version", ""},
    OwnField{"return-path", ""},
    OwnField{"received", ""},
    OwnField{"dkim-signature", ""},
    OwnField{"authentication-results", ""},
};
constexpr std::array<std::string_view, 3> own_prefixes{"content-", "arc-", "resent-"};

/// Fields in which encoded words stand only for names, if at all: a value beyond ASCII cannot be encoded as a whole.
bool is_structured(std::string_view name) {
    return name.starts_with("list-") || name == "reply-to" || name == "in-reply-to" || name == "references" ||
           name == "disposition-notification-to" || name == "return-receipt-to" || name == "errors-to";
}

/// RFC 3986: no blank, no letter beyond ASCII, and nothing that ends the angle brackets around it.
bool is_url_text(std::string_view text) {
    return is_printable_ascii(text) && text.find_first_of(" <>\"\\") == std::string_view::npos;
}

class DraftJudge {
  public:
    std::vector<Problem> judge(const Draft& draft) && {
        address("/from", draft.from);
        addresses("/to", "To", draft.to);
        addresses("/cc", "Cc", draft.cc);
        addresses("/bcc", "", draft.bcc);
        addresses("/reply_to", "Reply-To", draft.reply_to);
        const std::size_t count = draft.to.size() + draft.cc.size() + draft.bcc.size();
        if (count == 0)
            add("/to", "there is no recipient: to, cc and bcc are empty");
        if (count > most_recipients)
            add("/to",
                fmt::format("there are {} recipients in to, cc and bcc, expected at most {}", count, most_recipients));
        line("/subject", draft.subject, longest_subject);
        if (!draft.text && !draft.html)
            add("/text", "is missing, and so is html: a message needs one of them");
        body("/text", draft.text);
        body("/html", draft.html);
        attachments(draft.attachments);
        headers(draft);
        if (draft.list_unsubscribe)
            unsubscribe(*draft.list_unsubscribe);
        return problems_.take();
    }

  private:
    void add(const std::string& path, std::string what, std::string hint = {}) {
        problems_.add({}, path, std::move(what), std::move(hint));
    }

    /// What stands in a header field. Whether it is well.
    bool line(const std::string& path, std::string_view text, std::size_t most) {
        if (text.size() > most)
            add(path, fmt::format("has {} octets, expected at most {}", text.size(), most));
        else if (!is_utf8(text))
            add(path, "is no valid UTF-8");
        else if (has_control(text))
            add(path, fmt::format("'{}' has a control character", config::shown(text)),
                "line ends, tabs and NUL cannot stand in a header field");
        else
            return true;
        return false;
    }

    void body(const std::string& path, const std::optional<std::string>& text) {
        if (text && !is_utf8(*text))
            add(path, "is no valid UTF-8");
        else if (text && text->find('\0') != std::string::npos)
            add(path, "has a NUL", "a message has none (RFC 5322 section 4)");
    }

    bool address(const std::string& path, const Address& given) {
        auto problem = address_fault(given.email);
        if (problem)
            add(path + "/email", std::move(problem->what), std::move(problem->hint));
        return line(path + "/name", given.name, longest_name) && !problem;
    }

    /// `field` is empty for those who stand in no field.
    void addresses(const std::string& path, std::string_view field, const std::vector<Address>& list) {
        if (list.size() > most_recipients)
            return add(path, fmt::format("there are {}, expected at most {}", list.size(), most_recipients));
        bool well = true;
        for (std::size_t i = 0; i < list.size(); ++i)
            well = address(fmt::format("{}/{}", path, i), list[i]) && well;
        if (!well || field.empty())
            return;
        if (const auto size = address_field(field, list).line().size(); size > longest_field)
            add(path, fmt::format("the field {} would have {} octets, expected at most {}", field, size, longest_field),
                "name fewer, or use bcc");
    }

    void attachments(const std::vector<Attachment>& list) {
        if (list.size() > most_attachments)
            return add("/attachments", fmt::format("there are {}, expected at most {}", list.size(), most_attachments));
        std::set<std::string_view> ids;
        for (std::size_t i = 0; i < list.size(); ++i) {
            const auto& each = list[i];
            const std::string path = fmt::format("/attachments/{}", i);
            if (each.filename.empty())
                add(path + "/filename", "is empty, expected the name of a file");
            else if (line(path + "/filename", each.filename, longest_filename) &&
                     each.filename.find_first_of("/\\") != std::string::npos)
                add(path + "/filename", fmt::format("'{}' has a slash", config::shown(each.filename)),
                    "write the name of the file without folders");
            content_type(path, each);
            content_id(path + "/content_id", each.content_id);
            if (!each.content_id.empty() && !ids.insert(each.content_id).second)
                add(path + "/content_id",
                    fmt::format("'{}' is another attachment's, too", config::shown(each.content_id)));
        }
    }

    void content_type(const std::string& path, const Attachment& attachment) {
        const std::string place = path + "/content_type";
        const auto type =
            attachment.content_type.size() <= longest_type ? parse_content_type(attachment.content_type) : std::nullopt;
        if (!type)
            return add(place,
                       fmt::format("found '{}', expected a type such as application/pdf",
                                   config::shown(attachment.content_type)),
                       "the name of the file goes into `filename`");
        if (type->type == "multipart")
            return add(place, fmt::format("found multipart/{}, expected the type of a single file", type->subtype));
        if (type->type != "message" || type->subtype.starts_with("global"))
            return;
        if (type->subtype == "partial" || type->subtype == "external-body")
            add(place, fmt::format("message/{} has its content elsewhere", type->subtype), "attach the whole content");
        else if (!is_seven_bit(with_line_feeds(attachment.content)))
            add(place,
                fmt::format("message/{} may not be encoded (RFC 2046 section 5.2), and the content needs it",
                            type->subtype),
                "attach it as application/octet-stream");
    }

    void content_id(const std::string& path, std::string_view id) {
        const auto at = id.find('@');
        const bool lone = at == std::string_view::npos ||
                          (at > 0 && at + 1 < id.size() && id.find('@', at + 1) == std::string_view::npos);
        if (id.size() > longest_content_id || !is_printable_ascii(id) || !lone ||
            id.find_first_of(" <>()[],;:\\\"") != std::string_view::npos)
            add(path, fmt::format("found '{}', expected an id such as logo or logo@example.test", config::shown(id)),
                "write it without angle brackets; the HTML calls it cid:logo");
    }

    void headers(const Draft& draft) {
        if (draft.headers.size() > most_headers)
            return add("/headers",
                       fmt::format("there are {}, expected at most {}", draft.headers.size(), most_headers));
        std::size_t size = 0;
        std::set<std::string> names;
        for (const auto& [name, value] : draft.headers) {
            const std::string path = "/headers/" + pointer_part(name);
            const std::string lower = lower_ascii(name);
            size += name.size() + value.size();
            if (!is_field_name(name) || name.size() > longest_header_name)
                add(path, fmt::format("'{}' is no name of a header field", config::shown(name)),
                    fmt::format("write at most {} letters, digits and hyphens", longest_header_name));
            else if (!names.insert(lower).second)
                add(path, "stands there twice");
            else if (!owned(draft, path, lower))
                header_value(path, lower, value);
        }
        if (size > longest_headers)
            add("/headers", fmt::format("have {} octets, expected at most {}", size, longest_headers));
    }

    bool owned(const Draft& draft, const std::string& path, std::string_view name) {
        const auto* row =
            std::find_if(own_fields.begin(), own_fields.end(), [&](const OwnField& each) { return each.name == name; });
        std::string_view key = row == own_fields.end() ? "" : row->key;
        if (draft.list_unsubscribe && (name == "list-unsubscribe" || name == "list-unsubscribe-post"))
            key = "list_unsubscribe";
        if (!draft.reply_to.empty() && name == "reply-to")
            key = "reply_to";
        const bool prefixed = std::any_of(own_prefixes.begin(), own_prefixes.end(),
                                          [&](std::string_view each) { return name.starts_with(each); });
        if (row == own_fields.end() && key.empty() && !prefixed)
            return false;
        add(path, "this server writes the field itself",
            key.empty() ? "leave it out" : fmt::format("`{}` says what stands in it", key));
        return true;
    }

    void header_value(const std::string& path, std::string_view name, std::string_view value) {
        if (!line(path, value, longest_header))
            return;
        if (value.starts_with(' ') || value.ends_with(' '))
            add(path, "starts or ends with a blank", "take the blank away");
        else if (!is_printable_ascii(value) && is_structured(name))
            add(path, fmt::format("'{}' has other letters than ASCII", config::shown(value)),
                "encode them as the field wants it (RFC 2047)");
        else if (is_printable_ascii(value) && longest_piece(value) > longest_word)
            add(path,
                fmt::format("has {} octets without a blank, expected at most {}", longest_piece(value), longest_word),
                "put blanks where a line may end");
    }

    void unsubscribe(const Unsubscribe& given) {
        if (given.url.empty() && given.mailto.empty() && !given.one_click)
            add("/list_unsubscribe", "has neither url nor mailto nor one_click");
        if (!given.url.empty()) {
            const std::string lower = lower_ascii(given.url);
            const bool secure = lower.starts_with("https://");
            const auto host = lower.find("//") + 2;
            const bool whole = (secure || lower.starts_with("http://")) && host < lower.size() && lower[host] != '/';
            if (!whole || !is_url_text(given.url) || given.url.size() > longest_word - 3)
                add("/list_unsubscribe/url",
                    fmt::format("found '{}', expected a URL such as https://example.test/u/123",
                                config::shown(given.url)),
                    fmt::format("at most {} octets, in ASCII, other letters in percent encoding", longest_word - 3));
            else if (given.one_click && !secure)
                add("/list_unsubscribe/url", "one_click needs https (RFC 8058 section 3.1)");
        }
        if (given.mailto.empty())
            return;
        constexpr std::string_view scheme = "mailto:";
        std::string rest = given.mailto;
        const bool is_url = lower_ascii(rest).starts_with(scheme);
        if (is_url)
            rest = rest.substr(scheme.size(), rest.find('?') == std::string::npos ? std::string::npos
                                                                                  : rest.find('?') - scheme.size());
        if (auto problem = address_fault(rest))
            add("/list_unsubscribe/mailto", std::move(problem->what), std::move(problem->hint));
        else if (const std::string url = mailto_url(given.mailto); !is_url_text(url) || url.size() > longest_word - 3)
            add("/list_unsubscribe/mailto",
                fmt::format("found '{}', expected an address or a mailto: URL", config::shown(given.mailto)));
    }

    config::Problems problems_{""};
};

} // namespace

std::vector<Problem> faults(const Draft& draft) {
    return DraftJudge().judge(draft);
}

std::vector<std::string> recipients(const Draft& draft) {
    std::vector<std::string> emails;
    for (const auto* list : {&draft.to, &draft.cc, &draft.bcc}) {
        for (const auto& each : *list)
            emails.push_back(envelope_address(each.email));
    }
    return each_once(emails);
}

std::vector<std::string> each_once(const std::vector<std::string>& emails) {
    std::set<std::string_view> seen;
    std::vector<std::string> once;
    std::copy_if(emails.begin(), emails.end(), std::back_inserter(once),
                 [&](const std::string& each) { return seen.insert(each).second; });
    return once;
}

std::string mailto_url(const std::string& mailto) {
    if (lower_ascii(mailto).starts_with("mailto:"))
        return mailto;
    std::string url = "mailto:";
    for (const char each : mailto) { // RFC 6068 section 2
        if (is_alnum(each) || std::string_view("-._~@!$'*+").find(each) != std::string_view::npos)
            url += each;
        else
            url += fmt::format("%{:02X}", static_cast<unsigned char>(each));
    }
    return url;
}

} // namespace vectis::mail
