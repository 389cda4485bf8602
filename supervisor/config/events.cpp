#include "config/events.hpp"

#include "base/text.hpp"

#include <fmt/format.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <istream>
#include <streambuf>

namespace vectis::config {

namespace {

constexpr std::size_t longest_text = 256U << 20U;
/// What yaml-cpp may read without an event: it keeps the tokens of a flow collection until its end is found.
constexpr std::size_t longest_stretch = 256U << 10U;

struct TooLong {};

/// Gives yaml-cpp the text in its own small steps, without a copy, and stops it when a single value does not end.
class Source : public std::streambuf {
  public:
    explicit Source(std::string_view text) : rest_(text) {}

    void saw_event() { stretch_ = 0; }

  protected:
    std::streamsize xsgetn(char* to, std::streamsize count) override {
        const auto part = rest_.substr(0, static_cast<std::size_t>(count));
        for (const char each : part)
            measure(each);
        if (stretch_ > longest_stretch)
            throw TooLong{};
        std::memcpy(to, part.data(), part.size());
        rest_.remove_prefix(part.size());
        return static_cast<std::streamsize>(part.size());
    }
    int_type underflow() override {
        // Only an empty text is ever asked this way.
        return traits_type::eof();
    }

  private:
    void measure(char each) {
        if (each == '\n')
            line_ = Line::blank;
        else if (line_ == Line::blank && each == '#')
            line_ = Line::comment;
        else if (line_ == Line::blank && each != ' ' && each != '\t' && each != '\r')
            line_ = Line::content;
        if (line_ == Line::content)
            ++stretch_;
    }

    enum class Line : std::uint8_t { blank, comment, content };
    std::string_view rest_;
    std::size_t stretch_ = 0;
    Line line_ = Line::blank;
};

/// Passes events on, and tells the source that something has come to its end.
class Relay : public YAML::EventHandler {
  public:
    Relay(YAML::EventHandler& to, Source& source) : to_(to), source_(source) {}

    void OnDocumentStart(const YAML::Mark& mark) override { to_.OnDocumentStart(mark); }
    void OnDocumentEnd() override { to_.OnDocumentEnd(); }
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        source_.saw_event();
        to_.OnNull(mark, anchor);
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        source_.saw_event();
        to_.OnAlias(mark, anchor);
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        source_.saw_event();
        last_scalar_ = mark;
        to_.OnScalar(mark, tag, anchor, value);
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value style) override {
        source_.saw_event();
        to_.OnSequenceStart(mark, tag, anchor, style);
    }
    void OnSequenceEnd() override { to_.OnSequenceEnd(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value style) override {
        source_.saw_event();
        to_.OnMapStart(mark, tag, anchor, style);
    }
    void OnMapEnd() override { to_.OnMapEnd(); }
    void OnAnchor(const YAML::Mark& mark, const std::string& name) override { to_.OnAnchor(mark, name); }

    [[nodiscard]] const YAML::Mark& last_scalar() const { return last_scalar_; }

  private:
    YAML::EventHandler& to_;
    Source& source_;
    YAML::Mark last_scalar_ = YAML::Mark::null_mark();
};

/// Whatever comes after the first document is one problem.
class SecondDocument : public YAML::EventHandler {
  public:
    SecondDocument(std::string_view text, Problems& problems) : text_(text), problems_(problems) {}

    void OnDocumentStart(const YAML::Mark& mark) override {
        problems_.add(mark_of(text_, mark), "", "a second document starts here, expected one document",
                      "take the line `---` or `...` away, or keep the documents in files of their own");
        throw Stop{};
    }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
    void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
    void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
    void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
    void OnSequenceEnd() override {}
    void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
    void OnMapEnd() override {}

  private:
    std::string_view text_;
    Problems& problems_;
};

std::uint32_t column_at(std::string_view line, std::size_t offset) {
    const auto before = line.substr(0, offset);
    const auto characters = std::count_if(before.begin(), before.end(),
                                          [](char each) { return (static_cast<unsigned char>(each) & 0xC0U) != 0x80; });
    return static_cast<std::uint32_t>(characters) + 1;
}

/// What is wrong with the characters of one line (without its line feed).
void check_line(std::string_view line, std::uint32_t number, Problems& problems) {
    if (line.ends_with('\r'))
        line.remove_suffix(1);
    const auto plain = [](char each) {
        const auto byte = static_cast<unsigned char>(each);
        return (byte >= 0x20 && byte < 0x7F) || each == '\t';
    };
    if (const auto indent = line.find_first_not_of(" \t"); indent != std::string_view::npos && line[indent] != '#' &&
                                                           line.substr(0, indent).find('\t') != std::string_view::npos)
        problems.add({number, column_at(line, line.find('\t'))}, "", "a tab in the indentation, expected spaces",
                     "indent with two spaces");
    if (std::all_of(line.begin(), line.end(), plain))
        return;
    if (!is_utf8(line)) {
        std::size_t good = 0; // the longest prefix that is UTF-8; lines are short, or reported once
        for (std::size_t length = 1; good < line.size(); ++length) {
            if (good + length > line.size() || length > 4)
                break;
            if (is_utf8(line.substr(good, length))) {
                good += length;
                length = 0;
            }
        }
        problems.add({number, column_at(line, good)}, "",
                     fmt::format("byte 0x{:02X} is not UTF-8", static_cast<unsigned char>(line[good])),
                     "save the file in UTF-8");
        return;
    }
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '\t' || plain(line[i]))
            continue;
        std::size_t length = 1;
        while (i + length < line.size() && (static_cast<unsigned char>(line[i + length]) & 0xC0U) == 0x80)
            ++length;
        if (const auto character = line.substr(i, length); has_control(character))
            problems.add({number, column_at(line, i)}, "",
                         fmt::format("the control character {} has no place here", printable(character)),
                         "delete it; it cannot be seen in most editors");
        i += length - 1;
    }
}

/// Everything that can be said before any YAML is read.
void check_characters(std::string_view text, Problems& problems) {
    if (text.size() > longest_text)
        return problems.add(
            {1, 1}, "",
            fmt::format("the file has {}, at most {} are read", format_size(text.size()), format_size(longest_text)));
    if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF"))
        return problems.add({1, 1}, "", "the file is UTF-16, expected UTF-8", "save the file in UTF-8");
    if (text.starts_with("\xEF\xBB\xBF"))
        return problems.add({1, 1}, "", "the file starts with a byte order mark", "save the file in UTF-8 without one");
    std::uint32_t number = 1;
    for (std::size_t start = 0; start < text.size(); ++number) {
        const auto end = std::min(text.find('\n', start), text.size());
        check_line(text.substr(start, end - start), number, problems);
        start = end + 1;
    }
}

struct Message {
    std::string_view theirs;
    std::string_view what;
    std::string_view hint;
};
/// yaml-cpp's messages that need words an administrator knows.
constexpr std::array messages{
    Message{"end of map not found", "this does not continue the map that it stands in",
            "check the indentation and the quotes; a value with { } [ ] : # * & ! | > ' \" % @ or ` needs quotes"},
    Message{"end of sequence not found", "this does not continue the list that it stands in",
            "check the indentation: every element starts with '- ' in the same column"},
    Message{"end of map flow not found", "the map that starts with '{' has no end",
            "a value that has '{' needs quotes"},
    Message{"end of sequence flow not found", "the list that starts with '[' has no end",
            "a value that has '[' needs quotes"},
    Message{"illegal map value", "a ':' that belongs to no key",
            "check the indentation; a value with ': ' in it needs quotes"},
    Message{"illegal map key", "a key has no place here", "check the indentation"},
    Message{"illegal block entry", "a '- ' has no place here", "check the indentation"},
    Message{"illegal EOF in scalar", "the text that starts with a quote has no end", "close the quote"},
    Message{"illegal document indicator in scalar", "the text that starts with a quote has no end", "close the quote"},
    Message{"the referenced anchor is not defined", "found an alias (*name), expected a value",
            "anchors and aliases are not used here: write the value out; in quotes a text may start with '*'"},
};

void add_syntax_problem(std::string_view text, const YAML::ParserException& error, Problems& problems) {
    Mark mark = mark_of(text, error.mark);
    for (const auto& each : messages) {
        if (error.msg.find(each.theirs) != std::string::npos)
            return problems.add(mark, "", std::string(each.what), std::string(each.hint));
    }
    problems.add(mark, "", "this is not YAML: " + printable(error.msg));
}

/// yaml-cpp takes the end of the file for a closing quote; a file cut short must not pass for a whole one.
bool lacks_closing_quote(std::string_view text, const YAML::Mark& scalar) {
    if (scalar.is_null() || static_cast<std::size_t>(scalar.pos) >= text.size())
        return false;
    const char quote = text[static_cast<std::size_t>(scalar.pos)];
    if (quote != '"' && quote != '\'')
        return false;
    for (std::size_t i = static_cast<std::size_t>(scalar.pos) + 1; i < text.size(); ++i) {
        const bool escape = quote == '"' ? text[i] == '\\' : text.substr(i, 2) == "''";
        if (escape)
            ++i;
        else if (text[i] == quote)
            return false;
    }
    return true;
}

} // namespace

Mark mark_of(std::string_view text, const YAML::Mark& mark) {
    if (mark.line < 0 || mark.pos < 0 || mark.column < 0)
        return {1, 1};
    constexpr int longest_counted = 4096; // beyond it bytes must do: a long line may have very many elements
    if (mark.column > longest_counted)
        return {static_cast<std::uint32_t>(mark.line) + 1, static_cast<std::uint32_t>(mark.column) + 1};
    const auto column = static_cast<std::size_t>(mark.column);
    const auto position = std::min(static_cast<std::size_t>(mark.pos), text.size());
    const auto start = position >= column ? position - column : 0;
    return {static_cast<std::uint32_t>(mark.line) + 1, column_at(text.substr(start), position - start)};
}

bool read_events(std::string_view text, YAML::EventHandler& handler, Problems& problems) {
    check_characters(text, problems);
    if (!problems.empty())
        return false;
    Source source(text);
    try {
        std::istream stream(&source);
        YAML::Parser parser(stream);
        Relay relay(handler, source);
        if (parser.HandleNextDocument(relay)) {
            SecondDocument second(text, problems);
            parser.HandleNextDocument(second);
        }
        if (lacks_closing_quote(text, relay.last_scalar())) {
            problems.add(mark_of(text, relay.last_scalar()), "", "the text that starts with a quote has no end",
                         "close the quote");
            return false;
        }
        return true;
    } catch (const Stop&) {
        return false;
    } catch (const TooLong&) {
        problems.add({}, "",
                     fmt::format("a single value or a collection in [ ] or {{ }} is longer than {}",
                                 format_size(longest_stretch)),
                     "write long lists one element a line, each with '- '");
        return false;
    } catch (const YAML::ParserException& error) {
        add_syntax_problem(text, error, problems);
        return false;
    }
}

} // namespace vectis::config
