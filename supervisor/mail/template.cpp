#include "mail/template.hpp"

#include "base/text.hpp"
#include "config/kinds.hpp"
#include "config/problems.hpp"
#include "mail/letters.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vectis::mail {

namespace {

using Kind = TemplateTag::Kind;

constexpr std::size_t longest_tag_name = 100;
constexpr std::size_t deepest_section = 16; // the library recurses
constexpr std::size_t most_tags = 10'000;

bool is_tag_name(std::string_view name) {
    if (name == ".")
        return true;
    if (name.size() > longest_tag_name)
        return false;
    const auto parts = split(name, '.');
    return std::all_of(parts.begin(), parts.end(), [](const std::string& part) {
        return !part.empty() && std::all_of(part.begin(), part.end(),
                                            [](char each) { return is_alnum(each) || each == '_' || each == '-'; });
    });
}

class TemplateReader {
  public:
    TemplateReader(std::string_view text, const std::string& path) : text_(text), path_(path) {}

    Template read() {
        if (text_.size() > longest_template) {
            fault(0, fmt::format("has {} bytes, expected at most {}", text_.size(), longest_template));
            return {};
        }
        while (read_tag() && !problems_.full())
            continue;
        for (const std::size_t open : open_)
            fault(read_.tags[open].line, fmt::format("'{}' is not closed", shown(read_.tags[open])),
                  fmt::format("write {{{{/{}}}}} where it ends", read_.tags[open].name));
        return std::move(read_);
    }
    std::vector<Problem> problems() { return problems_.take(); }

  private:
    static std::string shown(const TemplateTag& tag) {
        return fmt::format("{{{{{}{}}}}}",
                           tag.kind == Kind::section    ? "#"
                           : tag.kind == Kind::inverted ? "^"
                                                        : "/",
                           tag.name);
    }

    void fault(std::uint32_t line, std::string what, std::string hint = {}) {
        problems_.add({.line = line}, path_, line == 0 ? std::move(what) : fmt::format("line {}: {}", line, what),
                      std::move(hint));
    }

    /// Everything up to `end`.
    std::string_view take(std::size_t end) {
        const auto taken = text_.substr(at_, end - at_);
        line_ += static_cast<std::uint32_t>(std::count(taken.begin(), taken.end(), '\n'));
        at_ = end;
        return taken;
    }

    void write(std::string_view text) {
        read_.numbered += text;
        (open_.empty() ? read_.bytes : read_.tags[open_.back()].bytes) += text.size();
    }

    /// The text before the next tag, and that tag; false at the end.
    bool read_tag() {
        const auto begin = text_.find("{{", at_);
        write(take(std::min(begin, text_.size())));
        if (begin == std::string_view::npos)
            return false;
        const std::uint32_t line = line_;
        const bool triple = text_.substr(begin + 2, 1) == "{";
        const std::string_view closing = triple ? "}}}" : "}}";
        const auto end = text_.find(closing, begin + closing.size());
        if (end == std::string_view::npos) {
            fault(line,
                  fmt::format("'{}' is no whole tag: '{}' is missing", config::shown(text_.substr(begin)), closing));
            open_.clear(); // what closes them may be in it
            return false;
        }
        const auto tag = take(end + closing.size());
        const auto inner = trim(tag.substr(closing.size(), tag.size() - 2 * closing.size()));
        if (triple)
            add(Kind::raw, inner, tag, line);
        else
            sort_out(inner, tag, line);
        return true;
    }

    void sort_out(std::string_view inner, std::string_view tag, std::uint32_t line) {
        const auto name = trim(inner.substr(std::min<std::size_t>(1, inner.size())));
        switch (inner.empty() ? ' ' : inner.front()) {
        case '!':
            return;
        case '#':
            return add(Kind::section, name, tag, line);
        case '^':
            return add(Kind::inverted, name, tag, line);
        case '/':
            return add(Kind::end, name, tag, line);
        case '&':
            return add(Kind::raw, name, tag, line);
        case '>':
            return fault(line, fmt::format("'{}': there are no partials", config::shown(tag)),
                         "write what it stands for");
        case '=':
            return fault(line, fmt::format("'{}': the delimiters are always {{{{ and }}}}", config::shown(tag)));
        default:
            return add(Kind::variable, inner, tag, line);
        }
    }

    void add(Kind kind, std::string_view name, std::string_view tag, std::uint32_t line) {
        if (!is_tag_name(name))
            return fault(line, fmt::format("'{}' has no good name", config::shown(tag)),
                         fmt::format("at most {} letters of a-z, A-Z, 0-9, _ and -, in parts with dots between",
                                     longest_tag_name));
        if (read_.tags.size() == most_tags) {
            fault(line, fmt::format("there are more than {} tags", most_tags));
            open_.clear();
            at_ = text_.size();
            return;
        }
        if (name == "." && kind != Kind::end && open_.empty())
            return fault(line, fmt::format("'{}' is no element's: it is in no section", config::shown(tag)));
        if (kind == Kind::end)
            return close(name, tag, line);
        read_.tags.push_back({.kind = kind, .name = std::string(name), .line = line, .inside = !open_.empty()});
        number(read_.tags.size() - 1);
        if (kind != Kind::section && kind != Kind::inverted)
            return;
        open_.push_back(read_.tags.size() - 1);
        if (open_.size() == deepest_section + 1)
            fault(line, fmt::format("'{}' is in more than {} sections", config::shown(tag), deepest_section));
    }

    void close(std::string_view name, std::string_view tag, std::uint32_t line) {
        if (open_.empty())
            return fault(line, fmt::format("'{}' closes nothing", config::shown(tag)));
        const auto& open = read_.tags[open_.back()];
        if (open.name != name)
            fault(line, fmt::format("'{}' closes '{}' of line {}", config::shown(tag), shown(open), open.line),
                  "what is opened last is closed first");
        read_.numbered += fmt::format("{{{{/{}}}}}", open_.back());
        open_.pop_back();
    }

    void number(std::size_t place) {
        switch (read_.tags[place].kind) {
        case Kind::variable:
            read_.numbered += fmt::format("{{{{{}}}}}", place);
            return;
        case Kind::raw:
            read_.numbered += fmt::format("{{{{{{{}}}}}}}", place);
            return;
        case Kind::section:
            read_.numbered += fmt::format("{{{{#{}}}}}", place);
            return;
        case Kind::inverted:
            read_.numbered += fmt::format("{{{{^{}}}}}", place);
            return;
        case Kind::end:
            return;
        }
    }

    std::string_view text_;
    const std::string& path_;
    std::size_t at_ = 0;
    std::uint32_t line_ = 1;
    std::vector<std::size_t> open_; // places in tags
    Template read_;
    config::Problems problems_{""};
};

} // namespace

Template read_template(std::string_view text, const std::string& path, std::vector<Problem>& problems) {
    TemplateReader reader(text, path);
    Template read = reader.read();
    for (auto& each : reader.problems())
        problems.push_back(std::move(each));
    return read;
}

} // namespace vectis::mail
