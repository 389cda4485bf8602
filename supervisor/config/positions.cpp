#include "config/positions.hpp"

#include "base/text.hpp"
#include "config/events.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace vectis::config {

namespace {

constexpr std::string_view white = " \t\r\n";

/// Finds the end of a scalar that starts at `start`; yaml-cpp tells only where values start.
class ScalarEnd {
  public:
    ScalarEnd(std::string_view text, std::size_t start, std::string_view value, std::size_t parent_column) :
        text_(text), start_(std::min(start, text.size())), value_(value), parent_column_(parent_column) {}

    [[nodiscard]] std::size_t find() const {
        if (start_ == text_.size())
            return start_;
        switch (text_[start_]) {
        case '"':
            return after_double_quoted();
        case '\'':
            return after_single_quoted();
        case '|':
        case '>':
            return after_block();
        default:
            return after_plain();
        }
    }

  private:
    [[nodiscard]] std::size_t after_double_quoted() const {
        std::size_t i = start_ + 1;
        while (i < text_.size() && text_[i] != '"')
            i += text_[i] == '\\' ? 2 : 1;
        return std::min(i + 1, text_.size());
    }
    [[nodiscard]] std::size_t after_single_quoted() const {
        std::size_t i = start_ + 1;
        while (i < text_.size() && (text_[i] != '\'' || text_.substr(i, 2) == "''"))
            i += text_[i] == '\'' ? 2 : 1;
        return std::min(i + 1, text_.size());
    }
    /// A plain scalar is its value but for the line breaks and blanks that YAML folds.
    [[nodiscard]] std::size_t after_plain() const {
        std::size_t i = start_;
        for (const char each : value_) {
            if (white.find(each) != std::string_view::npos)
                continue;
            while (i < text_.size() && white.find(text_[i]) != std::string_view::npos)
                ++i;
            if (i == text_.size() || text_[i] != each)
                return i;
            ++i;
        }
        return i;
    }
    /// A block scalar goes on while lines are empty or further in than the key it belongs to.
    [[nodiscard]] std::size_t after_block() const {
        std::size_t end = std::min(text_.find('\n', start_), text_.size());
        for (std::size_t line = end + 1; line < text_.size();) {
            const std::size_t line_end = std::min(text_.find('\n', line), text_.size());
            const auto first = text_.substr(line, line_end - line).find_first_not_of(" \r");
            if (first != std::string_view::npos && first <= parent_column_)
                break;
            if (first != std::string_view::npos)
                end = line_end;
            line = line_end + 1;
        }
        return end > start_ && text_[end - 1] == '\r' ? end - 1 : end;
    }

    std::string_view text_;
    std::size_t start_;
    std::string_view value_;
    std::size_t parent_column_;
};

class Builder : public YAML::EventHandler {
  public:
    Builder(std::string_view text, const std::vector<std::string>& names) : text_(text), names_(names) {}

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark&, YAML::anchor_t) override { add(null_node()); }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        Node node = null_node();
        node.start = node.end = offset(mark);
        add(std::move(node));
    }
    void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t, const std::string& value) override {
        Node node;
        node.type = Node::Type::scalar;
        node.start = offset(mark);
        node.end = ScalarEnd(text_, node.start, value, stack_.empty() ? 0 : column(stack_.back().start)).find();
        node.value = value;
        add(std::move(node));
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                         YAML::EmitterStyle::value style) override {
        open(mark, Node::Type::list, style);
    }
    void OnSequenceEnd() override { close(']'); }
    void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                    YAML::EmitterStyle::value style) override {
        open(mark, Node::Type::map, style);
    }
    void OnMapEnd() override { close('}'); }

    Node root;

  private:
    [[nodiscard]] std::size_t offset(const YAML::Mark& mark) const {
        return std::min(static_cast<std::size_t>(std::max(mark.pos, 0)), text_.size());
    }
    [[nodiscard]] std::size_t column(std::size_t position) const {
        const auto line_feed = position == 0 ? std::string_view::npos : text_.rfind('\n', position - 1);
        return line_feed == std::string_view::npos ? position : position - line_feed - 1;
    }
    /// After the ':' of the key before it.
    [[nodiscard]] Node null_node() const {
        Node node;
        if (stack_.empty())
            return node;
        const Node& parent = stack_.back();
        node.start = node.end = parent.children.empty() ? parent.start : parent.children.back().end;
        if (parent.type == Node::Type::map && parent.children.size() % 2 == 1) {
            const auto colon = text_.find_first_not_of(" \t", node.end);
            if (colon != std::string_view::npos && text_[colon] == ':')
                node.start = node.end = colon + 1;
        }
        return node;
    }
    void open(const YAML::Mark& mark, Node::Type type, YAML::EmitterStyle::value style) {
        Node node;
        node.type = type;
        node.flow = style == YAML::EmitterStyle::Flow;
        node.start = offset(mark);
        node.end = std::min(node.start + (node.flow ? 1 : 0), text_.size());
        stack_.push_back(std::move(node));
        if (stack_.size() > 64)
            throw Stop{};
    }
    void close(char bracket) {
        Node node = std::move(stack_.back());
        stack_.pop_back();
        if (node.flow && !is_pair(node))
            node.end = after_bracket(node.end, bracket);
        const bool element = !stack_.empty() && stack_.back().type == Node::Type::list;
        if (element && !wanted(node)) {
            node.children.clear();
            node.children.shrink_to_fit();
        }
        add(std::move(node));
    }
    /// A map of one key without braces, which stands in a flow list: [name: anna, name: bob].
    [[nodiscard]] bool is_pair(const Node& node) const {
        return node.type == Node::Type::map && node.start < text_.size() && text_[node.start] != '{' &&
               !node.children.empty() && node.children.front().start == node.start;
    }
    /// Only blanks, commas and comments stand between the last element and the bracket.
    [[nodiscard]] std::size_t after_bracket(std::size_t from, char bracket) const {
        for (std::size_t i = from; i < text_.size(); ++i) {
            if (text_[i] == bracket)
                return i + 1;
            if (text_[i] == '#')
                i = std::min(text_.find('\n', i), text_.size() - 1);
        }
        return text_.size();
    }
    [[nodiscard]] bool wanted(const Node& node) const {
        const Node* name = node.type == Node::Type::map ? node.find("name") : nullptr;
        return name != nullptr && std::find(names_.begin(), names_.end(), lower_ascii(name->value)) != names_.end();
    }
    void add(Node node) {
        if (stack_.empty()) {
            root = std::move(node);
            return;
        }
        stack_.back().end = std::max(stack_.back().end, node.end);
        stack_.back().children.push_back(std::move(node));
    }

    std::string_view text_;
    const std::vector<std::string>& names_;
    std::vector<Node> stack_;
};

} // namespace

const Node* Node::find(std::string_view key) const {
    for (std::size_t i = 0; i + 1 < children.size(); i += 2) {
        if (children[i].type == Type::scalar && children[i].value == key)
            return &children[i + 1];
    }
    return nullptr;
}

Node positions(std::string_view text, const std::string& file, const std::vector<std::string>& names) {
    Problems problems(file);
    Builder builder(text, names);
    if (!read_events(text, builder, problems))
        throw Error(Code::invalid_input, fmt::format("cannot read '{}'", file), {}, problems.take());
    return std::move(builder.root);
}

} // namespace vectis::config
