#include "mail/rendering.hpp"

#include "base/text.hpp"
#include "mail/template.hpp"

#include <fmt/format.h>
#include <kainjow/mustache.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace vectis::mail {

namespace {

namespace mustache = kainjow::mustache;
using Values = mustache::data;
using Kind = TemplateTag::Kind;

constexpr std::size_t deepest_value = 8;
constexpr std::size_t most_values = 10'000;
constexpr std::size_t most_bytes_of_values = 1'000'000;
constexpr std::size_t longest_subject_rendering = 2000; // as POST /send takes it
constexpr std::size_t most_steps = 50'000;              // tags that are looked at, each time they are

/// Of a message.
enum class Part : std::uint8_t { subject, text, html };

std::string_view part_name(Part part) {
    return part == Part::subject ? "subject" : part == Part::text ? "text" : "html";
}

/// A part of a template that has no fault.
struct Judged {
    Part part = Part::subject;
    Template read;
};

/// What is wrong, each thing once.
class Faults {
  public:
    Faults(std::string place, std::vector<Problem>& problems) : place_(std::move(place)), problems_(problems) {}

    void add(const std::string& pointer, const std::string& what, const std::string& hint = {}) {
        if (count_ < most && said_.emplace(pointer, what).second) {
            ++count_;
            problems_.push_back({.where = {}, .path = place_ + pointer, .what = what, .hint = hint});
        }
    }
    [[nodiscard]] bool none() const { return count_ == 0; }
    [[nodiscard]] bool full() const { return count_ == most; }

  private:
    static constexpr std::size_t most = 100;

    std::string place_;
    std::vector<Problem>& problems_;
    std::set<std::pair<std::string, std::string>> said_;
    std::size_t count_ = 0;
};

class ValuesJudge {
  public:
    explicit ValuesJudge(Faults& faults) : faults_(faults) {}

    void judge(const Json& value, const std::string& pointer = {}, std::size_t depth = 0) {
        if (++count_ > most_values)
            return faults_.add("", fmt::format("has more than {} values", most_values));
        if (value.is_null())
            return faults_.add(pointer, "found null, expected a text, a number, true, false, a list or an object",
                               "leave it out: in a section that counts as false");
        if (value.is_string())
            return text(value.get_ref<const std::string&>(), pointer);
        if (!value.is_structured())
            return;
        if (depth == deepest_value)
            return faults_.add(pointer, fmt::format("is nested more than {} deep", deepest_value));
        std::size_t place = 0;
        for (const auto& each : value.items()) {
            if (count_ > most_values)
                return;
            const std::string part = value.is_array() ? std::to_string(place++) : pointer_part(each.key());
            judge(each.value(), fmt::format("{}/{}", pointer, part), depth + 1);
        }
    }

  private:
    void text(const std::string& text, const std::string& pointer) {
        bytes_ += text.size();
        if (bytes_ > most_bytes_of_values)
            return faults_.add("", fmt::format("has texts of more than {} bytes", most_bytes_of_values));
        std::string judged = text;
        std::erase_if(judged, [](char each) { return each == '\n' || each == '\r' || each == '\t'; });
        if (has_control(judged))
            faults_.add(pointer, "has a control character");
    }

    Faults& faults_;
    std::size_t count_ = 0;
    std::size_t bytes_ = 0;
};

/// As the library has them. A number is the text that JSON has for it.
Values values_of(const Json& json) {
    if (json.is_string())
        return json.get<std::string>();
    if (json.is_boolean())
        return json.get<bool>();
    if (json.is_array()) {
        Values list(Values::type::list);
        for (const auto& each : json)
            list.push_back(values_of(each));
        return list;
    }
    if (!json.is_object())
        return to_text(json);
    Values object(Values::type::object);
    for (const auto& each : json.items())
        object.set(each.key(), values_of(each.value()));
    return object;
}

/// The pointer of `wanted` in `values`, which were made of `json`.
std::optional<std::string> pointer_to(const Values* wanted, const Values& values, const Json& json) {
    if (wanted == &values)
        return "";
    std::size_t place = 0;
    if (!json.is_structured())
        return std::nullopt;
    for (const auto& each : json.items()) {
        const std::string part = json.is_array() ? std::to_string(place) : pointer_part(each.key());
        const Values* inner = json.is_array() ? &values.list_value()[place++] : values.get(each.key());
        const auto rest = inner != nullptr ? pointer_to(wanted, *inner, each.value()) : std::nullopt;
        if (rest)
            return fmt::format("/{}{}", part, *rest);
    }
    return std::nullopt;
}

/// What a name with dots means in `outer`; null: nothing.
const Values* inside_of(const Values* outer, const std::vector<std::string>& names, std::size_t from) {
    for (std::size_t i = from; outer != nullptr && i < names.size(); ++i)
        outer = outer->get(names[i]);
    return outer;
}

/// Ends a rendering.
struct TooMuch {
    std::string what;
};

/// What a rendering has written, and how much it has done for it.
class Meter {
  public:
    explicit Meter(std::size_t most_bytes) : most_bytes_(most_bytes) {}

    void written(std::size_t bytes) {
        bytes_ += bytes;
        if (bytes_ > most_bytes_)
            throw TooMuch{fmt::format("more than {} bytes", most_bytes_)};
    }
    void done(std::size_t steps) {
        steps_ += steps;
        if (steps_ > most_steps)
            throw TooMuch{fmt::format("more than {} tags to fill in, as often as its sections repeat", most_steps)};
    }

  private:
    std::size_t most_bytes_;
    std::size_t bytes_ = 0;
    std::size_t steps_ = 0;
};

/// The library asks it for the value of each tag, by number.
class Context final : public mustache::basic_context<std::string> {
  public:
    Context(const Judged& judged, const Values& values, const Json& json, Meter& meter, Faults& faults) :
        read_(judged.read), part_(judged.part), values_(values), json_(json), meter_(meter),
        faults_(faults), stack_{&values} {}

    void push(const Values* data) override { stack_.push_back(data); }
    void pop() override { stack_.pop_back(); }
    [[nodiscard]] const Values* get_partial(const std::string&) const override { return nullptr; }
    [[nodiscard]] const Values* get(const std::string& number) const override {
        const TemplateTag& tag = read_.tags.at(std::stoul(number));
        meter_.done(1);
        const Values* value = find(tag.name);
        if (tag.kind == Kind::variable || tag.kind == Kind::raw)
            return written(tag, value);
        return repeated(tag, value);
    }

  private:
    [[nodiscard]] const Values* find(const std::string& name) const {
        if (name == ".")
            return stack_.back();
        const auto names = split(name, '.');
        for (auto outer = stack_.rbegin(); outer != stack_.rend(); ++outer) {
            if (const Values* first = (*outer)->get(names.front()))
                return inside_of(first, names, 1);
        }
        return nullptr;
    }

    [[nodiscard]] const Values* written(const TemplateTag& tag, const Values* value) const {
        // To find the pointer of a value takes a while.
        if (value == nullptr || faults_.full())
            return nullptr;
        if (value->is_bool())
            value = value->is_true() ? &yes_ : &no_;
        if (!value->is_string()) {
            faults_.add(pointer_to(value, values_, json_).value_or(""),
                        fmt::format("is {}, which cannot be written: {{{{{}}}}} in line {} of the {} wants a text",
                                    value->is_list() ? "a list" : "an object", tag.name, tag.line, part_name(part_)),
                        "a section writes what is in it");
            return nullptr;
        }
        meter_.written(value->string_value().size());
        if (part_ == Part::subject && has_control(value->string_value())) {
            faults_.add(pointer_to(value, values_, json_).value_or(""),
                        "has a control character, and stands in the subject", "a subject is a single line");
            return nullptr;
        }
        return value;
    }

    /// False, or what its section is written with.
    [[nodiscard]] const Values* repeated(const TemplateTag& tag, const Values* value) const {
        const bool nothing = value == nullptr || value->is_false() || value->is_empty_list() ||
                             (value->is_string() && value->string_value().empty());
        const std::size_t turns = nothing != (tag.kind == Kind::inverted) ? 0
                                  : !nothing && value->is_list()          ? value->list_value().size()
                                                                          : 1;
        meter_.done(turns);
        meter_.written(turns * tag.bytes);
        return nothing ? nullptr : value;
    }

    const Template& read_;
    Part part_;
    const Values& values_;
    const Json& json_;
    Meter& meter_;
    Faults& faults_;
    std::vector<const Values*> stack_;
    Values yes_{std::string("true")};
    Values no_{std::string("false")};
};

/// Everything that a message cannot be written without: what a variable outside of the sections names.
void find_missing(const Template& read, const Values& values, Faults& faults) {
    for (const auto& tag : read.tags) {
        if (tag.inside || (tag.kind != Kind::variable && tag.kind != Kind::raw))
            continue;
        const auto names = split(tag.name, '.');
        if (inside_of(&values, names, 0) == nullptr)
            faults.add("/" + join(names, "/"), "is missing: the template names it");
    }
}

std::vector<Judged> judged(const Writing& source) {
    std::vector<Problem> problems;
    std::vector<Judged> parts;
    parts.push_back({Part::subject, read_template(source.subject, "/subject", problems)});
    if (source.text)
        parts.push_back({Part::text, read_template(*source.text, "/text", problems)});
    if (source.html)
        parts.push_back({Part::html, read_template(*source.html, "/html", problems)});
    if (!problems.empty())
        throw Error(Code::internal, "cannot fill in a template that was never judged", {}, std::move(problems));
    return parts;
}

std::string filled_in(const Judged& judged, const Values& values, const Json& json, Faults& faults) {
    const bool is_html = judged.part == Part::html;
    Meter meter(judged.part == Part::subject ? longest_subject_rendering : longest_rendering);
    Context context(judged, values, json, meter, faults);
    mustache::mustache engine(judged.read.numbered);
    if (!engine.is_valid())
        throw Error(Code::internal, "the library reads a template otherwise: " + engine.error_message());
    engine.set_custom_escape([&](const std::string& text) {
        if (!is_html)
            return text;
        std::string escaped = html_escaped(text);
        meter.written(escaped.size() - text.size());
        return escaped;
    });
    try {
        meter.written(judged.read.bytes);
        return engine.render(context);
    } catch (const TooMuch& much) {
        faults.add("", fmt::format("are too much: with them the {} would have {}", part_name(judged.part), much.what));
        return {};
    }
}

} // namespace

std::vector<Problem> faults(const Writing& source) {
    std::vector<Problem> problems;
    static_cast<void>(read_template(source.subject, "/subject", problems));
    if (source.text)
        static_cast<void>(read_template(*source.text, "/text", problems));
    if (source.html)
        static_cast<void>(read_template(*source.html, "/html", problems));
    return problems;
}

Writing render(const Writing& source, const Json& variables, const std::string& place, std::vector<Problem>& problems) {
    Faults faults(place, problems);
    ValuesJudge(faults).judge(variables);
    if (!faults.none())
        return {};
    const Values values = values_of(variables);
    const auto parts = judged(source);
    for (const auto& each : parts)
        find_missing(each.read, values, faults);
    Writing written{.subject = {}, .text = std::nullopt, .html = std::nullopt};
    if (!faults.none())
        return written;
    for (const auto& each : parts) {
        std::string filled = filled_in(each, values, variables, faults);
        if (each.part == Part::subject)
            written.subject = std::move(filled);
        else
            (each.part == Part::text ? written.text : written.html) = std::move(filled);
    }
    return written;
}

} // namespace vectis::mail
