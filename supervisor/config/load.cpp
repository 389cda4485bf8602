#include "config/load.hpp"

#include "base/text.hpp"
#include "config/events.hpp"
#include "config/fields.hpp"
#include "config/kinds.hpp"
#include "config/problems.hpp"
#include "config/validate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace vectis::config {

namespace {

constexpr std::size_t deepest = 32;
constexpr std::size_t longest_list = 1000; // of values; Postfix's virtual_alias_expansion_limit is the same

/// Takes the events straight into the model: no tree is built, so memory is the model's own.
class Loader : public YAML::EventHandler {
  public:
    Loader(std::string_view text, Config& config, Marks& marks, Problems& problems) :
        text_(text), marks_(marks), problems_(problems) {
        target_.config = &config;
    }

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        refuse_anchor(mark, anchor);
        scalar(mark, std::nullopt);
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        problems_.add(
            at(mark), path(), "found an alias (*name), expected a value",
            "anchors and aliases are not used here: write the value out; in quotes a text may start with '*'");
        refused();
    }
    void OnAnchor(const YAML::Mark& mark, const std::string&) override { anchor_ = mark; }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        refuse_anchor(mark, anchor);
        const bool quoted = tag == "!";
        if (tag != "?" && !quoted) {
            refuse_tag(mark, tag);
            return refused();
        }
        scalar(mark, Scalar{value, quoted});
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        container(mark, tag, anchor, true);
    }
    void OnSequenceEnd() override { end(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        container(mark, tag, anchor, false);
    }
    void OnMapEnd() override { end(); }

    [[nodiscard]] bool saw_root() const { return saw_root_; }

  private:
    enum class Shape : std::uint8_t { map, items, values };

    struct Frame {
        Shape shape;
        const Section* section = nullptr;  // of a map, and of each map in a list of items
        const Section::Key* key = nullptr; // of a map: the key whose value comes next; of a list: its own
        bool wants_value = false;          // of a map: a key has been read, known or not
        bool known = true;                 // of a map: that key has a row and stands here for the first time
        std::uint64_t seen = 0;            // of a map: a bit for each key
        std::size_t count = 0;             // of a list
        Mark mark;                         // its start; of a map that waits for a value, the key
        Mark start;
    };

    [[nodiscard]] Mark at(const YAML::Mark& mark) const { return mark_of(text_, mark); }

    /// The path to what is being read, with names where they are known: domains[example.test].mailboxes[anna].quota.
    [[nodiscard]] std::string path() const {
        std::string path;
        for (const Frame& frame : stack_) {
            if (frame.shape == Shape::items && &frame != &stack_.back())
                path += fmt::format("[{}]", element_name(frame));
            if (frame.shape == Shape::map && frame.key != nullptr && frame.known &&
                (frame.wants_value || &frame != &stack_.back())) {
                path += path.empty() ? "" : ".";
                path += frame.key->name;
            }
        }
        return path;
    }
    [[nodiscard]] std::string element_name(const Frame& frame) const {
        const std::string_view list = frame.key->field->path;
        const std::string& name = list == "domains[]"               ? target_.domain->name
                                  : list == "domains[].mailboxes[]" ? target_.mailbox->local_part
                                                                    : target_.alias->local_part;
        return name.empty() ? fmt::format("{}", frame.count - 1) : name;
    }

    void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
        if (anchor == YAML::NullAnchor)
            return;
        problems_.add(
            at(anchor_.is_null() ? mark : anchor_), path(), "found an anchor (&name), expected a value",
            "anchors and aliases are not used here: write the value out; in quotes a text may start with '&'");
    }
    void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
        problems_.add(at(mark), path(), fmt::format("found the tag '{}', expected a value without one", shown(tag)),
                      "tags (!name) are not used here; in quotes a text may start with '!'");
    }

    /// A value was refused: whoever waits for one has got it.
    void refused() {
        if (skipping_ > 0 || stack_.empty()) {
            saw_root_ = saw_root_ || stack_.empty();
            return;
        }
        Frame& top = stack_.back();
        if (top.shape == Shape::map && !top.wants_value) {
            top.wants_value = true;
            top.known = false;
        } else {
            top.wants_value = false;
        }
    }

    void key(const YAML::Mark& mark, std::optional<Scalar> name) {
        Frame& top = stack_.back();
        const auto* found_key = name ? top.section->find(name->text) : nullptr;
        if (found_key == nullptr) {
            unknown_key(mark, name);
            top.known = false;
            top.wants_value = true;
            return;
        }
        const auto bit = 1ULL << static_cast<unsigned>(found_key - top.section->keys.data());
        const bool twice = (top.seen & bit) != 0;
        top.seen |= bit;
        top.key = found_key;
        top.known = !twice;
        top.wants_value = true;
        top.mark = at(mark);
        if (twice) {
            top.known = true;
            problems_.add(top.mark, path(), "the key stands twice", "keep one of them");
            top.known = false;
        }
    }
    void unknown_key(const YAML::Mark& mark, std::optional<Scalar> name) {
        if (problems_.full()) // only counted from here on: the search for near names would cost too much
            return problems_.add({}, "", "");
        const Frame& top = stack_.back();
        std::vector<std::string_view> names;
        for (const auto& each : top.section->keys)
            names.push_back(each.name);
        if (!name)
            return problems_.add(at(mark), path(), "found nothing, expected a key", "name the key before the ':'");
        if (name->text == "<<")
            return problems_.add(at(mark), path(), "merge keys (<<) are not used here", "write the keys out");
        std::string hint;
        if (const auto guess = nearest(name->text.substr(0, 64), names))
            hint = fmt::format("did you mean '{}'?", *guess);
        else
            hint = elsewhere(name->text, names);
        problems_.add(at(mark), path(), fmt::format("unknown key '{}'", shown(name->text)), hint);
    }
    /// Where a key that is unknown here would be right, or what is known here.
    static std::string elsewhere(std::string_view name, const std::vector<std::string_view>& names) {
        for (const Field& field : fields()) {
            if (field.name() == name)
                return fmt::format("there is '{}'; check the indentation", field.path);
        }
        std::vector<std::string> known(names.begin(), names.end());
        return "known here: " + join(known, ", ");
    }

    void scalar(const YAML::Mark& mark, std::optional<Scalar> value) {
        if (skipping_ > 0)
            return;
        if (stack_.empty()) {
            saw_root_ = value.has_value();
            if (value)
                problems_.add(at(mark), "", fmt::format("found {}, expected a map of keys", found(*value)),
                              "start with `hostname: mail.example.test`");
            return;
        }
        Frame& top = stack_.back();
        if (top.shape == Shape::map && !top.wants_value)
            return key(mark, value);
        if (top.shape == Shape::map)
            return map_value(mark, value);
        ++top.count;
        if (top.shape == Shape::items)
            return problems_.add(
                value ? at(mark) : dash_before(mark), path(),
                fmt::format("found {}, expected a map such as `- name: ...`", value ? found(*value) : "nothing"),
                value && !value->quoted ? fmt::format("write `- name: {}`", shown(value->text)) : "");
        list_value(mark, value);
    }

    void map_value(const YAML::Mark& mark, std::optional<Scalar> value) {
        Frame& top = stack_.back();
        const std::string where = top.known && !value ? path() : "";
        top.wants_value = false;
        if (!top.known)
            return;
        const Field& field = *top.key->field;
        // The mark of a value that is not there is that of whatever comes next.
        if (!value)
            return problems_.add(top.mark, where, "found nothing, expected " + expected(field),
                                 "leave the key out if it has no value");
        const bool wrong_shape = field.kind == Kind::section || field.kind == Kind::items || field.arity == Arity::list;
        if (wrong_shape) {
            top.wants_value = true;
            problems_.add(at(mark), path(),
                          fmt::format("found {}, expected {}", found_in(field, *value), expected(field)),
                          list_hint(field, *value));
            top.wants_value = false;
            return;
        }
        put(field, mark, *value);
    }
    /// A hash is never shown, not even a wrong one.
    static std::string found_in(const Field& field, const Scalar& value) {
        return field.kind == Kind::password_hash ? "another value" : found(value);
    }
    static std::string list_hint(const Field& field, const Scalar& value) {
        if (field.arity != Arity::list || value.quoted)
            return {};
        return fmt::format("write a list: [{}]", shown(value.text));
    }

    void list_value(const YAML::Mark& mark, std::optional<Scalar> value) {
        Frame& top = stack_.back();
        const Field& field = *top.key->field;
        if (!value)
            return problems_.add(dash_before(mark), path(), "found nothing, expected " + expected_element(field));
        if (top.count > longest_list) {
            if (top.count == longest_list + 1)
                problems_.add(at(mark), path(), fmt::format("the list has more than {} elements", longest_list));
            return;
        }
        put(field, mark, *value);
    }
    static std::string expected_element(const Field& field) {
        Field element = field;
        element.arity = Arity::one;
        return expected(element);
    }

    void put(const Field& field, const YAML::Mark& mark, const Scalar& value) {
        const bool in_list = stack_.back().shape == Shape::values;
        Parsed parsed = parse(field, value);
        if (!parsed.value) {
            if (problems_.full())
                return problems_.add({}, "", "");
            std::string what = std::move(parsed.fault);
            if (what.empty())
                what = fmt::format("found {}, expected {}", found_in(field, value),
                                   in_list ? expected_element(field) : expected(field));
            return problems_.add(at(mark), value_path(), std::move(what), std::move(parsed.hint));
        }
        if (!store(field, field.ref(target_), std::move(*parsed.value)))
            return problems_.add(at(mark), value_path(), fmt::format("{} stands twice in the list", found(value)),
                                 "keep one of them");
        remember(field, mark);
    }
    /// path() while the frame does not wait for the value any more.
    std::string value_path() {
        Frame& top = stack_.back();
        const bool before = std::exchange(top.wants_value, true);
        std::string result = path();
        top.wants_value = before;
        return result;
    }
    void remember(const Field& field, const YAML::Mark& mark) {
        if (target_.mailbox != nullptr) {
            if (field.path == "domains[].mailboxes[].name")
                target_.mailbox->mark = at(mark);
            return;
        }
        if (target_.alias != nullptr) {
            if (field.path == "domains[].aliases[].name")
                target_.alias->mark = at(mark);
            else
                marks_.domains.back().destinations.push_back(at(mark));
            return;
        }
        if (target_.domain == nullptr) {
            marks_.keys.emplace(field.path, at(mark));
            return;
        }
        auto& marks = marks_.domains.back();
        marks.keys.emplace(field.path, at(mark));
        if (field.path == "domains[].name")
            target_.domain->mark = at(mark);
        if (field.path == "domains[].alias_domains")
            marks.alias_domains.push_back(at(mark));
    }

    /// The '-' of an element without a value: the last thing that is no blank and no comment before `mark`.
    [[nodiscard]] Mark dash_before(const YAML::Mark& mark) const {
        if (problems_.full())
            return {};
        auto position = std::min(static_cast<std::size_t>(std::max(mark.pos, 0)), text_.size());
        while (position > 0) {
            const auto line_start = text_.rfind('\n', position - 1) + 1; // 0 if there is none
            const auto line = text_.substr(line_start, position - line_start);
            const auto first = line.find_first_not_of(" \t\r");
            if (first != std::string_view::npos && line[first] != '#') {
                const auto dash =
                    line.rfind("- ") != std::string_view::npos ? line.rfind("- ") : line.find_last_not_of(" \t\r");
                const auto number =
                    1 + std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(line_start), '\n');
                YAML::Mark place;
                place.pos = static_cast<int>(line_start + dash);
                place.line = static_cast<int>(number) - 1;
                place.column = static_cast<int>(dash);
                return at(place);
            }
            if (line_start == 0)
                break;
            position = line_start - 1;
        }
        return at(mark);
    }

    void container(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, bool list) {
        if (++depth_ > deepest) {
            problems_.add(at(mark), "", fmt::format("nested deeper than {} levels", deepest), "check the indentation");
            throw Stop{};
        }
        refuse_anchor(mark, anchor);
        if (skipping_ > 0) {
            ++skipping_;
            return;
        }
        if (tag != "?" && tag != "!" && !tag.empty()) {
            refuse_tag(mark, tag);
            return skip();
        }
        const std::string_view kind = list ? "a list" : "a map";
        if (stack_.empty()) {
            saw_root_ = true;
            if (!list)
                return push({Shape::map, &root(), nullptr, false, true, 0, 0, at(mark), at(mark)});
            problems_.add(at(mark), "", "found a list, expected a map of keys",
                          "start with `hostname: mail.example.test`");
            return skip();
        }
        Frame& top = stack_.back();
        if (top.shape == Shape::map && !top.wants_value) {
            problems_.add(at(mark), path(), fmt::format("found {}, expected a key", kind),
                          "a text that starts with '{' or '[' needs quotes");
            return skip();
        }
        if (top.shape == Shape::map && !top.known)
            return skip();
        if (top.shape != Shape::map)
            ++top.count;
        if (top.shape == Shape::items && !list)
            return element(mark);
        if (top.shape != Shape::map) {
            const std::string what =
                top.shape == Shape::items ? "a map such as `- name: ...`" : expected_element(*top.key->field);
            problems_.add(at(mark), path(), fmt::format("found {}, expected {}", kind, what));
            return skip();
        }
        const Section::Key& key = *top.key;
        const Field& field = *key.field;
        const bool wants_list = field.kind == Kind::items || field.arity != Arity::one;
        const bool fits = list ? wants_list : field.kind == Kind::section;
        if (!fits) {
            std::string hint;
            if (!list && field.kind == Kind::items)
                hint = "start each element with '- '";
            else if (!list && field.kind == Kind::password_hash)
                hint = "put the hash in quotes: '{SCHEME}...'";
            problems_.add(at(mark), path(), fmt::format("found {}, expected {}", kind, expected(field)), hint);
            return skip();
        }
        top.wants_value = false;
        if (field.kind == Kind::section)
            return push({Shape::map, key.section, nullptr, false, true, 0, 0, top.mark, top.mark});
        if (field.kind == Kind::items)
            return push({Shape::items, key.section, &key, false, true, 0, 0, at(mark), at(mark)});
        clear(field.ref(target_));
        push({Shape::values, nullptr, &key, false, true, 0, 0, top.mark, top.mark});
    }

    void element(const YAML::Mark& mark) {
        const Frame& list = stack_.back();
        const Ref ref = list.key->field->ref(target_);
        if (auto* const* domains = std::get_if<std::vector<Domain>*>(&ref)) {
            target_.domain = &(*domains)->emplace_back();
            target_.domain->mark = at(mark);
            marks_.domains.emplace_back();
        } else if (auto* const* mailboxes = std::get_if<std::vector<Mailbox>*>(&ref)) {
            target_.mailbox = &(*mailboxes)->emplace_back();
            target_.mailbox->mark = at(mark);
        } else if (auto* const* aliases = std::get_if<std::vector<Alias>*>(&ref)) {
            target_.alias = &(*aliases)->emplace_back();
            target_.alias->mark = at(mark);
        }
        push({Shape::map, list.section, nullptr, false, true, 0, 0, at(mark), at(mark)});
    }

    void push(Frame frame) { stack_.push_back(frame); }
    void skip() { skipping_ = 1; }

    void end() {
        --depth_;
        if (skipping_ > 0) {
            if (--skipping_ == 0)
                refused();
            return;
        }
        const Frame frame = stack_.back();
        if (frame.shape == Shape::map)
            missing_keys(frame);
        if (frame.shape == Shape::values && frame.count == 0)
            empty_list(frame);
        stack_.pop_back();
        if (stack_.empty() || stack_.back().shape != Shape::items)
            return;
        // An element of this list is complete.
        const std::string_view list = stack_.back().key->field->path;
        if (list == "domains[].mailboxes[]")
            target_.mailbox = nullptr;
        else if (list == "domains[].aliases[]")
            target_.alias = nullptr;
        else
            target_.domain = nullptr;
    }
    void missing_keys(const Frame& frame) {
        for (std::size_t i = 0; i < frame.section->keys.size(); ++i) {
            const Field& field = *frame.section->keys[i].field;
            if (field.required && (frame.seen & (1ULL << i)) == 0)
                problems_.add(frame.start, path(), fmt::format("the key '{}' is missing", field.name()),
                              fmt::format("add `{}: {}`", field.name(), field.example));
        }
    }
    void empty_list(const Frame& frame) {
        const Field& field = *frame.key->field;
        if (field.required || field.kind == Kind::choice)
            problems_.add(frame.mark, value_path(), "the list is empty, expected at least one element");
    }

    std::string_view text_;
    Marks& marks_;
    Problems& problems_;
    Target target_;
    std::vector<Frame> stack_;
    std::size_t depth_ = 0;
    std::size_t skipping_ = 0; // how deep inside a value that was refused or is not known
    bool saw_root_ = false;
    YAML::Mark anchor_ = YAML::Mark::null_mark();
};

/// The file says nothing at all: what is missing is said all the same.
void add_empty(Problems& problems) {
    problems.add({1, 1}, "", "the file is empty", "it needs at least `hostname` and `admin`");
    for (const Field& field : fields()) {
        if (field.required && field.parent().empty())
            problems.add({1, 1}, "", fmt::format("the key '{}' is missing", field.name()),
                         fmt::format("add `{}: {}`", field.name(), field.example));
    }
}

} // namespace

Loaded load(std::string_view yaml, const std::string& file) {
    Loaded loaded;
    Marks marks;
    Problems problems(file);
    Loader loader(yaml, loaded.config, marks, problems);
    const bool complete = read_events(yaml, loader, problems);
    if (complete && !loader.saw_root())
        add_empty(problems);
    // What a file that ends too early does not say is no problem of its own.
    if (complete)
        validate(loaded.config, marks, problems);
    loaded.problems = problems.take();
    return loaded;
}

Config load_valid(std::string_view yaml, const std::string& file) {
    Loaded loaded = load(yaml, file);
    if (!loaded.ok())
        throw Error(Code::invalid_input, fmt::format("cannot use {}: it has problems", file),
                    "mend it and try again; nothing was changed", std::move(loaded.problems));
    return std::move(loaded.config);
}

} // namespace vectis::config
