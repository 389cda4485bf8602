#include "mail/inbound_reply.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace vectis::mail {

namespace {

/// "On Tue, 24 Nov 2026, Anna <anna@example.org> wrote:" in the languages of many programs: how it begins, and what it
/// has at its end.
struct Introduction {
    std::string_view begins;
    std::string_view ends;
};
constexpr std::array introductions{
    Introduction{"on ", "wrote:"},       Introduction{"am ", "schrieb:"},        Introduction{"am ", "geschrieben:"},
    Introduction{"le ", "écrit :"},      Introduction{"le ", "écrit:"},          Introduction{"le ", "écrit\u00a0:"},
    Introduction{"el ", "escribió:"},    Introduction{"il ", "scritto:"},        Introduction{"op ", "schreef:"},
    Introduction{"op ", "geschreven:"},  Introduction{"em ", "escreveu:"},       Introduction{"den ", "skrev:"},
    Introduction{"w dniu ", "napisał:"}, Introduction{"w dniu ", "napisał(a):"}, Introduction{"", " schrieb am "},
};
constexpr std::size_t longest_introduction = 500;
constexpr std::size_t most_introduction_lines = 3; // programs break it

bool is_rule(std::string_view line) {
    return line.size() >= 20 && line.find_first_not_of('_') == std::string_view::npos;
}

/// "-----Original Message-----" and what begins with five dashes in other languages.
bool is_separator(std::string_view line) {
    return line.starts_with("-----") && line.ends_with("-----") &&
           line.find_first_not_of('-') != std::string_view::npos;
}

/// A field of the header that Outlook puts above what it answers to.
bool is_quoted_field(std::string_view line) {
    constexpr std::array<std::string_view, 6> names{"from:", "von:", "de :", "de:", "da:", "van:"};
    const std::string lower = lower_ascii(line.substr(0, 20));
    return std::any_of(names.begin(), names.end(), [&](auto name) { return lower.starts_with(name); });
}

class WrittenReply {
  public:
    explicit WrittenReply(std::string_view text) {
        for (std::size_t at = 0; at <= text.size();) {
            const auto end = std::min(text.find('\n', at), text.size());
            lines_.push_back(text.substr(at, end - at));
            at = end + 1;
        }
    }

    [[nodiscard]] std::string written() const {
        std::size_t end = 0;
        while (end < lines_.size() && !ends_at(end))
            ++end;
        while (end > 0 && (trim(lines_[end - 1]).empty() || lines_[end - 1].starts_with('>')))
            --end;
        std::string text;
        for (std::size_t i = 0; i < end; ++i)
            text.append(lines_[i]).append(i + 1 < end ? "\n" : "");
        return std::string(trim(text));
    }

  private:
    [[nodiscard]] bool ends_at(std::size_t at) const {
        const auto line = trim(lines_[at]);
        // RFC 3676 section 4.3; many programs lose the blank at its end.
        if (line == "--" || is_separator(line))
            return true;
        const bool next_is_field = at + 1 < lines_.size() && is_quoted_field(trim(lines_[at + 1]));
        if (is_rule(line) && next_is_field)
            return true;
        if (is_quoted_field(line) && has_fields(at + 1))
            return true;
        return introduces(at);
    }
    /// At least two more fields: one alone may be a sentence.
    [[nodiscard]] bool has_fields(std::size_t at) const {
        for (std::size_t i = at; i < at + 2; ++i) {
            const auto colon = i < lines_.size() ? lines_[i].find(':') : std::string_view::npos;
            if (colon == std::string_view::npos || colon > 20)
                return false;
        }
        return true;
    }
    [[nodiscard]] bool introduces(std::size_t at) const {
        std::string joined;
        for (std::size_t i = at; i < lines_.size() && i < at + most_introduction_lines; ++i) {
            joined += (joined.empty() ? "" : " ") + std::string(trim(lines_[i].substr(0, longest_introduction)));
            const std::string lower = lower_ascii(joined);
            for (const auto& each : introductions) {
                const bool whole = each.begins.empty()
                                       ? lower.find(each.ends) != std::string::npos && lower.ends_with(':')
                                       : lower.starts_with(each.begins) && lower.ends_with(each.ends);
                // An address or a date: without one it is a sentence.
                if (whole && lower.find_first_of("@0123456789") != std::string::npos)
                    return true;
            }
        }
        return false;
    }

    std::vector<std::string_view> lines_;
};

} // namespace

std::string stripped_reply(std::string_view text) {
    return WrittenReply(text).written();
}

} // namespace vectis::mail
