#include "mail/html_links.hpp"

#include "base/text.hpp"
#include "mail/html_names.hpp"
#include "mail/letters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace vectis::mail {

namespace {

constexpr std::string_view html_blanks = "\t\n\f\r ";
constexpr auto nowhere = std::string_view::npos;

bool is_html_blank(char each) {
    return html_blanks.find(each) != nowhere;
}

bool is_html_letter(char each) {
    return (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z');
}

/// What is in them is text, whatever it looks like.
bool has_raw_text(std::string_view tag) {
    constexpr std::array<std::string_view, 9> tags{"script", "style",   "title",    "textarea", "xmp",
                                                   "iframe", "noembed", "noframes", "plaintext"};
    return std::find(tags.begin(), tags.end(), tag) != tags.end();
}

class HtmlScanner {
  public:
    explicit HtmlScanner(std::string_view html) : html_(html) {}

    HtmlPlaces scan() && {
        for (;;) {
            at_ = html_.find('<', at_);
            if (at_ == nowhere)
                break;
            const std::size_t begun = at_;
            if (!markup()) {
                places_.end = body_end_.value_or(begun);
                return std::move(places_);
            }
        }
        places_.end = body_end_.value_or(html_.size());
        return std::move(places_);
    }

  private:
    [[nodiscard]] char peek(std::size_t ahead = 0) const {
        return at_ + ahead < html_.size() ? html_[at_ + ahead] : '\0';
    }
    [[nodiscard]] bool is_end() const { return at_ >= html_.size(); }
    [[nodiscard]] bool is_here(std::string_view text) const { return html_.substr(at_, text.size()) == text; }
    /// To behind the next `text`; false: there is none.
    bool skip_past(std::string_view text) {
        const auto found = html_.find(text, at_);
        at_ = found == nowhere ? html_.size() : found + text.size();
        return found != nowhere;
    }
    void skip_any(std::string_view letters) { at_ = std::min(html_.find_first_not_of(letters, at_), html_.size()); }

    /// What begins with '<'. False: it does not end.
    bool markup() {
        const char next = peek(1);
        if (is_html_letter(next)) {
            ++at_;
            return start_tag();
        }
        if (next == '!')
            return declaration();
        if (next == '?')
            return skip_past(">");
        if (next == '/' && is_html_letter(peek(2))) {
            const std::size_t begun = at_;
            at_ += 2;
            return end_tag(begun);
        }
        if (next == '/' && at_ + 2 < html_.size())
            return skip_past(">"); // a comment, as browsers take it
        ++at_;
        return true;
    }

    bool declaration() {
        if (is_here("<!--"))
            return comment();
        if (foreign_ > 0 && is_here("<![CDATA["))
            return skip_past("]]>");
        return skip_past(">");
    }

    bool comment() {
        at_ += std::string_view("<!--").size();
        if (is_here(">") || is_here("->"))
            return skip_past(">");
        for (; skip_past("--"); --at_) { // "--->" ends it, too
            if (is_here(">") || is_here("!>"))
                return skip_past(">");
        }
        return false;
    }

    std::string tag_name() {
        const auto begun = at_;
        at_ = std::min(html_.find_first_of("\t\n\f\r />", at_), html_.size());
        return lower_ascii(html_.substr(begun, at_ - begun));
    }

    /// To behind the tag, whose first href counts: it may have no value. False: the tag does not end.
    bool attributes() {
        href_.reset();
        self_closing_ = false;
        for (;;) {
            skip_any("\t\n\f\r /");
            if (is_end())
                return false;
            if (peek() == '>') {
                self_closing_ = html_[at_ - 1] == '/';
                ++at_;
                return true;
            }
            const auto begun = at_;
            at_ = std::min(html_.find_first_of("\t\n\f\r />=", at_ + 1), html_.size()); // "=" may begin a name
            const bool is_first_href = !href_ && lower_ascii(html_.substr(begun, at_ - begun)) == "href";
            skip_any(html_blanks);
            std::pair<std::size_t, std::size_t> found{at_, 0};
            if (peek() == '=' && !value(found))
                return false;
            if (is_first_href)
                href_ = found;
        }
    }

    /// Behind '=': where it is, and how long. False: it does not end.
    bool value(std::pair<std::size_t, std::size_t>& found) {
        ++at_;
        skip_any(html_blanks);
        if (is_end())
            return false;
        const char quote = peek();
        if (quote == '>')
            return true; // it has none
        const bool quoted = quote == '"' || quote == '\'';
        const auto begun = quoted ? at_ + 1 : at_;
        at_ = quoted ? html_.find(quote, begun) : html_.find_first_of("\t\n\f\r >", begun);
        if (at_ == nowhere)
            return false;
        found = {begun, at_ - begun};
        at_ += quoted ? 1 : 0;
        return true;
    }

    bool start_tag() {
        const std::string name = tag_name();
        if (!attributes())
            return false;
        if ((name == "a" || name == "area") && href_) {
            if (auto url = web_url(attribute_text(html_.substr(href_->first, href_->second))))
                places_.links.push_back({.at = href_->first, .length = href_->second, .url = *std::move(url)});
        }
        if (name == "svg" || name == "math")
            foreign_ += self_closing_ ? 0 : 1;
        // In a drawing or a formula these are tags as any others.
        return foreign_ > 0 || !has_raw_text(name) || raw_text(name);
    }

    bool end_tag(std::size_t begun) {
        const std::string name = tag_name();
        if (!attributes())
            return false;
        if (name == "body")
            body_end_ = begun;
        if ((name == "svg" || name == "math") && foreign_ > 0)
            --foreign_;
        return true;
    }

    /// Whether a tag of this name begins here.
    [[nodiscard]] bool is_tag(std::string_view opening, std::string_view name) const {
        const auto behind = at_ + opening.size() + name.size();
        return is_here(opening) && behind < html_.size() &&
               lower_ascii(html_.substr(at_ + opening.size(), name.size())) == name &&
               (is_html_blank(html_[behind]) || html_[behind] == '/' || html_[behind] == '>');
    }

    /// To the tag that ends it.
    bool raw_text(const std::string& name) {
        if (name == "plaintext")
            return false;
        bool escaped = false; // in a script: behind <!--
        bool doubly = false;  // and there behind <script
        for (;; ++at_) {
            at_ = html_.find_first_of("<-", at_);
            if (at_ == nowhere)
                return false;
            if (is_tag("</", name)) {
                if (!doubly)
                    return true;
                doubly = false;
            } else if (name == "script" && !escaped && is_here("<!--")) {
                escaped = true;
                ++at_; // "<!-->" ends what it begins
            } else if (escaped && is_here("-->")) {
                escaped = doubly = false;
            } else if (escaped && is_tag("<", name)) {
                doubly = true;
            }
        }
    }

    std::string_view html_;
    std::size_t at_ = 0;
    std::optional<std::pair<std::size_t, std::size_t>> href_; // of the last tag
    bool self_closing_ = false;                               // the last tag
    std::size_t foreign_ = 0;                                 // <svg> and <math> that are open
    std::optional<std::size_t> body_end_;
    HtmlPlaces places_;
};

std::string utf8_of(std::uint32_t code) {
    constexpr std::uint32_t last = 0x10FFFF;
    if (code == 0 || code > last || (code >= 0xD800 && code <= 0xDFFF))
        code = 0xFFFD;
    const auto tail = [code](unsigned shift) { return static_cast<char>(0x80U | ((code >> shift) & 0x3FU)); };
    if (code < 0x80)
        return {static_cast<char>(code)};
    if (code < 0x800)
        return {static_cast<char>(0xC0U | (code >> 6U)), tail(0)};
    if (code < 0x10000)
        return {static_cast<char>(0xE0U | (code >> 12U)), tail(6), tail(0)};
    return {static_cast<char>(0xF0U | (code >> 18U)), tail(12), tail(6), tail(0)};
}

/// Numbers that nobody means as such stand for the letters of Windows (HTML Standard, 13.2.5.80).
std::uint32_t meant_by(std::uint32_t code) {
    constexpr std::array<std::uint16_t, 32> windows{0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                                    0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D,   0x017D, 0x8F,
                                                    0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                                    0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};
    return code >= 0x80 && code < 0x80 + windows.size() ? windows.at(code - 0x80) : code;
}

/// What stands at the beginning of `rest`, behind its ampersand: its text, and how many octets it takes; none if it is
/// no reference.
std::optional<std::pair<std::string, std::size_t>> reference(std::string_view rest) {
    const auto with_semicolon = [&](std::size_t length) {
        return length + (length < rest.size() && rest[length] == ';' ? 1 : 0);
    };
    if (rest.starts_with('#')) {
        const bool hex = rest.size() > 1 && (rest[1] == 'x' || rest[1] == 'X');
        const std::string_view digits = rest.substr(hex ? 2 : 1);
        std::uint32_t code = 0;
        const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), code, hex ? 16 : 10);
        const auto count = static_cast<std::size_t>(read.ptr - digits.data());
        if (count == 0)
            return std::nullopt;
        if (read.ec != std::errc())
            code = 0; // so great that it is none
        return std::pair{utf8_of(meant_by(code)), with_semicolon(count + (hex ? 2 : 1))};
    }
    const auto letters = static_cast<std::size_t>(
        std::find_if_not(rest.begin(), rest.end(), [](char each) { return is_alnum(each); }) - rest.begin());
    const auto length = with_semicolon(letters);
    // In an attribute a name counts only where the word ends with it, and "&copy=" is a parameter of a URL.
    if (length == letters && letters < rest.size() && rest[letters] == '=')
        return std::nullopt;
    const auto text = html_character(rest.substr(0, length));
    return text ? std::optional(std::pair{std::string(*text), length}) : std::nullopt;
}

} // namespace

HtmlPlaces places_in(std::string_view html) {
    return HtmlScanner(html).scan();
}

std::string attribute_text(std::string_view written) {
    std::string text;
    for (std::size_t at = 0; at < written.size();) {
        const auto found = written[at] == '&' ? reference(written.substr(at + 1)) : std::nullopt;
        text += found ? found->first : std::string(1, written[at]);
        at += found ? found->second + 1 : 1;
    }
    return text;
}

std::optional<std::string> web_url(std::string_view href) {
    // As browsers take a URL (URL Standard, 4.4): blanks and what is no letter around it do not count, ends of lines
    // within it do not either.
    const auto is_around = [](char each) { return static_cast<unsigned char>(each) <= 0x20; };
    while (!href.empty() && is_around(href.front()))
        href.remove_prefix(1);
    while (!href.empty() && is_around(href.back()))
        href.remove_suffix(1);
    std::string url;
    for (const char each : href) {
        const auto octet = static_cast<unsigned char>(each);
        if (each == '\t' || each == '\n' || each == '\r')
            continue;
        if (octet <= 0x20 || octet >= 0x7F || each == '"' || each == '<' || each == '>')
            url += fmt::format("%{:02X}", octet);
        else
            url += each;
        if (url.size() > longest_link)
            return std::nullopt;
    }
    const auto host = url.find("://");
    const std::string scheme = lower_ascii(std::string_view(url).substr(0, host == std::string::npos ? 0 : host));
    const bool is_web = (scheme == "http" || scheme == "https") && host + 3 < url.size() &&
                        std::string_view("/\\?#").find(url[host + 3]) == nowhere;
    return is_web ? std::optional(std::move(url)) : std::nullopt;
}

} // namespace vectis::mail
