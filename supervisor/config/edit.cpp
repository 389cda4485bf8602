#include "config/edit.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "config/fields.hpp"
#include "config/kinds.hpp"
#include "config/load.hpp"
#include "config/positions.hpp"
#include "config/write.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace vectis::config {

namespace {

struct Step {
    const Section::Key* key = nullptr;
    std::string element; // the name in the brackets, in lower case; empty without brackets
};

[[noreturn]] void refuse_path(std::string_view path, const std::string& cause, const std::string& hint) {
    throw Error(Code::invalid_input, fmt::format("cannot use the path '{}': {}", shown(path), cause), hint);
}

std::vector<Step> parse_path(std::string_view path) {
    std::vector<Step> steps;
    const Section* section = &root();
    std::string_view rest = path;
    for (;;) {
        const auto end = std::min(rest.find_first_of(".["), rest.size());
        const std::string_view name = rest.substr(0, end);
        const auto* key = section == nullptr ? nullptr : section->find(name);
        if (key == nullptr) {
            std::vector<std::string_view> known;
            for (const auto& each : section == nullptr ? root().keys : section->keys)
                known.push_back(each.name);
            const auto guess = nearest(name.substr(0, 64), known);
            std::vector<std::string> names(known.begin(), known.end());
            refuse_path(path, fmt::format("there is no key '{}'", shown(name)),
                        section == nullptr ? "the key before it has no keys of its own"
                        : guess            ? fmt::format("did you mean '{}'?", *guess)
                                           : "known here: " + join(names, ", "));
        }
        steps.push_back({key, {}});
        rest.remove_prefix(end);
        if (rest.starts_with('[')) {
            const auto close = rest.find(']');
            if (key->field->kind != Kind::items || close == std::string_view::npos || close == 1)
                refuse_path(path, "the brackets are not understood",
                            "write names in brackets, as in domains[example.test].mailboxes[anna].quota");
            steps.back().element = lower_ascii(rest.substr(1, close - 1));
            rest.remove_prefix(close + 1);
        }
        section = key->section;
        if (rest.empty())
            return steps;
        if (!rest.starts_with('.'))
            refuse_path(path, "a '.' is missing", "write names in brackets, as in domains[example.test].quota");
        if (key->field->kind == Kind::items && steps.back().element.empty())
            refuse_path(path, fmt::format("'{}' is a list", key->name),
                        fmt::format("name one of its elements: {}[NAME]", key->name));
        rest.remove_prefix(1);
    }
}

[[noreturn]] void refuse_element(std::string_view list, const std::string& name,
                                 const std::vector<std::string_view>& names) {
    const auto guess = nearest(std::string_view(name).substr(0, 64), names);
    throw Error(Code::not_found, fmt::format("cannot find '{}' in {}", shown(name), list),
                guess ? fmt::format("did you mean '{}'?", *guess) : "`vectis config show` lists what there is");
}

template<typename Element>
Element* find_element(std::vector<Element>& elements, std::string Element::*name, const Step& step) {
    std::vector<std::string_view> names;
    for (Element& each : elements) {
        if (each.*name == step.element)
            return &each;
        if (names.size() < 1000)
            names.push_back(each.*name);
    }
    refuse_element(step.key->name, step.element, names);
}

/// The element of the model that the last step's value belongs to.
Target find_target(Config& config, const std::vector<Step>& steps) {
    Target target{.config = &config};
    for (const Step& step : steps) {
        if (step.element.empty())
            continue;
        const Ref ref = step.key->field->ref(target);
        if (auto* const* domains = std::get_if<std::vector<Domain>*>(&ref))
            target.domain = find_element(**domains, &Domain::name, step);
        else if (auto* const* mailboxes = std::get_if<std::vector<Mailbox>*>(&ref))
            target.mailbox = find_element(**mailboxes, &Mailbox::local_part, step);
        else if (auto* const* aliases = std::get_if<std::vector<Alias>*>(&ref))
            target.alias = find_element(**aliases, &Alias::local_part, step);
    }
    return target;
}

/// Reads what the user gave as a value of this row.
std::vector<Value> parse_value(const Field& field, std::string_view path, std::string_view text) {
    std::vector<std::string> parts{std::string(text)};
    if (field.arity != Arity::one) {
        std::string_view inner = trim(text);
        if (inner.starts_with('[') && inner.ends_with(']') && inner.size() > 1)
            inner = inner.substr(1, inner.size() - 2);
        parts = trim(inner).empty() ? std::vector<std::string>{} : split(inner, ',');
        for (std::string& part : parts) {
            part = trim(part);
            if (part.size() > 1 && (part.front() == '"' || part.front() == '\'') && part.back() == part.front())
                part = part.substr(1, part.size() - 2);
        }
    }
    const auto refuse = [&](const std::string& what, const std::string& hint) {
        throw Error(Code::invalid_input, fmt::format("cannot set '{}': {}", path, what), hint);
    };
    if (parts.empty() && (field.required || field.kind == Kind::choice))
        refuse("the list is empty, expected at least one element", "");
    std::vector<Value> values;
    for (const std::string& part : parts) {
        // On a command line nothing is in quotes: whether it is text or a number, the key says.
        Parsed parsed = parse(field, {part, false});
        if (!parsed.value)
            parsed = parse(field, {part, true});
        if (!parsed.value)
            refuse(!parsed.fault.empty() ? parsed.fault
                   : field.kind == Kind::password_hash
                       ? "expected " + expected(field)
                       : fmt::format("found '{}', expected {}", shown(part), expected(field)),
                   parsed.hint);
        values.push_back(std::move(*parsed.value));
    }
    return values;
}

void store_all(const Field& field, const Target& target, std::vector<Value> values) {
    const Ref ref = field.ref(target);
    clear(ref);
    for (Value& value : values)
        (void)store(field, ref, std::move(value)); // twice in a list is once
}

/// The change, spliced into the text.
class Splice {
  public:
    Splice(std::string_view text, const std::vector<Step>& steps, const Field& field, const Target& value) :
        text_(text), steps_(steps), ref_(field.ref(value)), value_(to_yaml_value(field, ref_).value_or("[]")),
        line_feed_(text.find("\r\n") == std::string_view::npos ? "\n" : "\r\n") {}

    [[nodiscard]] std::string at(const Node& root_node) {
        const Node* node = &root_node;
        for (std::size_t depth = 0; depth < steps_.size(); ++depth) {
            const Step& step = steps_[depth];
            if (node->type == Node::Type::null)
                return fill_empty(*node, depth);
            if (node->type != Node::Type::map)
                cannot("what should be a map there is none");
            const Node* value = node->find(step.key->name);
            if (value == nullptr)
                return insert(*node, depth);
            if (depth + 1 == steps_.size())
                return replace_value(*value);
            node = step.element.empty() ? value : &element(*value, step);
        }
        cannot("it has no place");
    }

  private:
    [[noreturn]] static void cannot(const std::string& cause) {
        throw Error(Code::not_supported, "cannot change the file in place: " + cause, "edit it by hand");
    }
    [[nodiscard]] std::string replaced(std::size_t start, std::size_t end, std::string_view with) const {
        return std::string(text_.substr(0, start)).append(with).append(text_.substr(end));
    }
    [[nodiscard]] std::size_t line_start(std::size_t position) const {
        const auto before = position == 0 ? std::string_view::npos : text_.rfind('\n', position - 1);
        return before == std::string_view::npos ? 0 : before + 1;
    }
    /// Before the line feed (and carriage return) that ends the line of `position`.
    [[nodiscard]] std::size_t line_end(std::size_t position) const {
        const std::size_t end = std::min(text_.find('\n', position), text_.size());
        return end > position && text_[end - 1] == '\r' ? end - 1 : end;
    }
    [[nodiscard]] std::size_t column(std::size_t position) const { return position - line_start(position); }

    [[nodiscard]] static const Node& element(const Node& list, const Step& step) {
        std::vector<std::string_view> names;
        for (const Node& each : list.children) {
            const Node* name = each.type == Node::Type::map ? each.find("name") : nullptr;
            if (name != nullptr && lower_ascii(name->value) == step.element)
                return each;
        }
        refuse_element(step.key->name, step.element, names);
    }

    [[nodiscard]] std::string replace_value(const Node& value) const {
        if (value.type == Node::Type::null)
            return replaced(value.start, value.end, " " + value_);
        if (value.type == Node::Type::map)
            cannot("there is a map in its place");
        if (value.type == Node::Type::list && !value.flow && value_ != "[]")
            return replaced(value.start, value.end, block_list(column(value.start)));
        if (value.type == Node::Type::list && !value.flow) {
            const std::size_t colon = text_.substr(0, value.start).find_last_not_of(" \t\r\n");
            if (colon == std::string_view::npos || text_[colon] != ':')
                cannot("a comment stands before the list");
            return replaced(colon + 1, value.end, " []");
        }
        return replaced(value.start, value.end, value_);
    }
    [[nodiscard]] std::string block_list(std::size_t indent) const {
        std::vector<std::string> parts;
        if (const auto* const* list = std::get_if<std::vector<std::string>*>(&ref_))
            std::transform((*list)->begin(), (*list)->end(), std::back_inserter(parts), double_quoted);
        else
            parts = split(std::string_view(value_).substr(1, value_.size() - 2), ',');
        std::string text;
        for (const std::string& part : parts) {
            text += text.empty() ? "" : line_feed_ + std::string(indent, ' ');
            text.append("- ").append(trim(part));
        }
        return text;
    }

    /// "key: value", with the sections that are missing, as lines from `depth` on.
    [[nodiscard]] std::string lines(std::size_t depth, std::size_t indent) const {
        std::string text;
        for (std::size_t i = depth; i < steps_.size(); ++i, indent += 2) {
            if (!steps_[i].element.empty())
                refuse_element(steps_[i].key->name, steps_[i].element, {});
            text += i == depth ? "" : line_feed_;
            text.append(indent, ' ').append(steps_[i].key->name).append(i + 1 == steps_.size() ? ": " + value_ : ":");
        }
        return text;
    }
    [[nodiscard]] std::string flow_text(std::size_t depth) const {
        std::string text;
        std::string close;
        for (std::size_t i = depth; i < steps_.size(); ++i) {
            if (!steps_[i].element.empty())
                refuse_element(steps_[i].key->name, steps_[i].element, {});
            text.append(steps_[i].key->name).append(i + 1 == steps_.size() ? ": " + value_ : ": {");
            close += i + 1 == steps_.size() ? "" : "}";
        }
        return text + close;
    }

    /// A section's key stands there without anything below it, or the whole file is empty.
    [[nodiscard]] std::string fill_empty(const Node& node, std::size_t depth) const {
        if (depth == 0) {
            if (const auto comment = find_commented(0, text_.size(), 0, 0))
                return uncomment(*comment, 0, 0);
            std::string text(text_);
            if (!text.empty() && !text.ends_with('\n'))
                text += line_feed_;
            return text + lines(0, 0) + line_feed_;
        }
        const std::size_t start = line_start(node.start);
        const auto indent = text_.find_first_not_of(" -", start) - start;
        const std::size_t end = line_end(node.start);
        return replaced(end, end, line_feed_ + lines(depth, indent + 2));
    }

    [[nodiscard]] std::string insert(const Node& map, std::size_t depth) const {
        if (map.flow && !text_.substr(map.start, map.end - map.start).ends_with('}'))
            cannot("the map stands there without braces");
        if (map.flow) {
            const bool empty = map.children.empty();
            const std::size_t place = empty ? map.start + 1 : map.children.back().end;
            return replaced(place, place, (empty ? "" : ", ") + flow_text(depth));
        }
        if (map.children.empty())
            cannot("the map has no keys");
        const std::size_t indent = column(map.start);
        const std::size_t first = depth == 0 ? 0 : map.start;
        if (const auto comment = find_commented(first, comments_end(map, indent), indent, depth))
            return uncomment(*comment, indent, depth);
        const std::size_t place = line_end(predecessor(map, depth).end);
        return replaced(place, place, line_feed_ + lines(depth, indent));
    }
    /// The last of the keys that stand before this one in the table, or the first one.
    [[nodiscard]] const Node& predecessor(const Node& map, std::size_t depth) const {
        const Section& section = depth == 0 ? root() : *steps_[depth - 1].key->section;
        const Node* last = &map.children[1];
        for (const auto& key : section.keys) {
            if (key.name == steps_[depth].key->name)
                break;
            if (const Node* node = map.find(key.name); node != nullptr && node->end > last->end)
                last = node;
        }
        return *last;
    }

    // A setting that is commented out as in the example: "#key: ..." in the column where the key would stand.

    /// Where the comments that belong to the map end: they are at least as far in as its keys.
    [[nodiscard]] std::size_t comments_end(const Node& map, std::size_t indent) const {
        std::size_t end = std::min(text_.find('\n', map.end), text_.size());
        for (std::size_t line = end + 1; line < text_.size();) {
            const std::size_t next = std::min(text_.find('\n', line), text_.size());
            const std::string_view content = text_.substr(line, next - line);
            const auto start = content.find_first_not_of(" \r");
            if (start != std::string_view::npos && (content[start] != '#' || start < indent))
                break;
            end = next;
            line = next + 1;
        }
        return end;
    }
    [[nodiscard]] std::optional<std::size_t> find_commented(std::size_t from, std::size_t to, std::size_t indent,
                                                            std::size_t depth) const {
        const std::string wanted = std::string(indent, ' ') + "#" + std::string(steps_[depth].key->name) + ":";
        std::optional<std::size_t> found;
        for (std::size_t line = line_start(from); line < to;
             line = std::min(text_.find('\n', line), text_.size()) + 1) {
            const std::string_view content = text_.substr(line, line_end(line) - line);
            if (!content.starts_with(wanted) || (content.size() > wanted.size() && content[wanted.size()] != ' '))
                continue;
            if (found)
                return std::nullopt; // which of the two is meant, nobody knows
            found = line;
        }
        return found;
    }
    [[nodiscard]] std::string uncomment(std::size_t line, std::size_t indent, std::size_t depth) const {
        const std::size_t end = line_end(line);
        if (depth + 1 == steps_.size() || !steps_[depth].element.empty())
            return replaced(line, end, lines(depth, indent));
        const std::string header = std::string(indent, ' ') + std::string(steps_[depth].key->name) + ":";
        // Below it, further in, its own keys may be commented out as well.
        std::size_t below = end;
        for (std::size_t next = std::min(text_.find('\n', line), text_.size()) + 1; next < text_.size();) {
            const std::size_t next_end = std::min(text_.find('\n', next), text_.size());
            const auto start = text_.substr(next, next_end - next).find_first_not_of(" \r");
            if (start != std::string_view::npos && (start <= indent || text_[next + start] != '#'))
                break;
            below = next_end;
            next = next_end + 1;
        }
        if (const auto inner = find_commented(std::min(end + 1, text_.size()), below, indent + 2, depth + 1);
            inner && *inner > end) {
            const std::string changed = uncomment(*inner, indent + 2, depth + 1);
            return changed.substr(0, line) + header + changed.substr(end);
        }
        return replaced(line, end, header + line_feed_ + lines(depth + 1, indent + 2));
    }

    std::string_view text_;
    const std::vector<Step>& steps_;
    Ref ref_;
    std::string value_;
    std::string line_feed_;
};

} // namespace

std::string get(std::string_view yaml, const std::string& file, std::string_view path) {
    const std::vector<Step> steps = parse_path(path);
    Config config = load_valid(yaml, file);
    const Target target = find_target(config, steps);
    const Section::Key& key = *steps.back().key;
    if (key.field->kind == Kind::section || !steps.back().element.empty())
        return to_yaml(*key.section, target);
    if (key.field->kind == Kind::items)
        return to_yaml(Section{nullptr, {key}}, target);
    const Ref ref = key.field->ref(target);
    if (const auto* const* text = std::get_if<std::string*>(&ref); text != nullptr && !(*text)->empty())
        return **text;
    auto value = to_yaml_value(*key.field, ref);
    if (!value)
        throw Error(Code::not_found, fmt::format("cannot get '{}': it has no value", path),
                    "`vectis config set` gives it one");
    return *value;
}

std::string set(std::string_view yaml, const std::string& file, std::string_view path, std::string_view value) {
    const std::vector<Step> steps = parse_path(path);
    const Field& field = *steps.back().key->field;
    if (field.kind == Kind::section || field.kind == Kind::items)
        refuse_path(
            path, "it is no single value",
            fmt::format("name a key below it, such as {}.{}", path, steps.back().key->section->keys.front().name));
    std::vector<Value> values = parse_value(field, path, value);

    Config config;
    Domain domain;
    Mailbox mailbox;
    Alias alias;
    const Target scratch{&config, &domain, &mailbox, &alias};
    store_all(field, scratch, values);

    std::vector<std::string> names;
    for (const Step& step : steps) {
        if (!step.element.empty())
            names.push_back(step.element);
    }
    Loaded before = load(yaml, file);
    if (before.ok())
        (void)find_target(before.config, steps); // says best what is not there
    std::string changed = Splice(yaml, steps, field, scratch).at(positions(yaml, file, names));

    const Loaded after = load(changed, file);
    if (!after.ok())
        throw Error(Code::invalid_input, fmt::format("cannot set '{}': the file would have problems", path), "",
                    after.problems);
    // The change is the one that was meant, and the only one.
    if (before.ok()) {
        store_all(field, find_target(before.config, steps), std::move(values));
        // A changed name is found under the new one; all else is equal.
        if (before.config != after.config)
            throw Error(Code::not_supported, fmt::format("cannot set '{}' in place", path), "edit the file by hand");
    }
    return changed;
}

} // namespace vectis::config
