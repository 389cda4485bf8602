#include "config/secrets.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "config/events.hpp"
#include "config/kinds.hpp"
#include "config/load.hpp"

#include <fmt/format.h>

#include <utility>

namespace vectis::config {

namespace {

constexpr std::size_t longest_secret = 4096;
constexpr Field name_rule{.path = "NAME", .kind = Kind::secret_name};

/// A flat map of names to texts.
class SecretsLoader : public YAML::EventHandler {
  public:
    SecretsLoader(std::string_view text, Secrets& secrets, Problems& problems) :
        text_(text), secrets_(secrets), problems_(problems) {}

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
        if (depth_ == 0)
            return; // an empty file: no secrets
        if (depth_ == 1 && !name_)
            return refuse(mark, "found nothing, expected the name of a secret");
        if (depth_ == 1)
            problems_.add(name_mark_, *std::exchange(name_, std::nullopt),
                          "found nothing, expected a secret in quotes");
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        if (depth_ <= 1)
            refuse(mark, "found an alias (*name), expected a secret in quotes");
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        if (depth_ == 0)
            return refuse(mark, "found a text, expected a map of names to secrets");
        if (depth_ > 1)
            return;
        if (anchor != YAML::NullAnchor || (tag != "?" && tag != "!"))
            return refuse(mark, "found an anchor or a tag, expected a secret in quotes");
        if (!name_)
            return take_name(mark, value);
        take_value(mark, Scalar{value, tag == "!"});
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                         YAML::EmitterStyle::value) override {
        open(mark, "a list", false);
    }
    void OnSequenceEnd() override { --depth_; }
    void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
        open(mark, "a map", true);
    }
    void OnMapEnd() override { --depth_; }

  private:
    void open(const YAML::Mark& mark, std::string_view what, bool map) {
        if (depth_ == 0 && !map)
            refuse(mark, "found a list, expected a map of names to secrets");
        if (depth_ == 1)
            refuse(mark, fmt::format("found {}, expected a secret in quotes", what));
        if (++depth_ > 32)
            throw Stop{};
        if (depth_ == 1 && !map)
            throw Stop{};
    }
    void refuse(const YAML::Mark& mark, std::string what) {
        problems_.add(mark_of(text_, mark), name_.value_or(""), std::move(what));
        // A value has been seen, if one was waited for; a key that is none takes its value with it.
        name_ = name_ ? std::nullopt : std::optional<std::string>("");
    }
    void take_name(const YAML::Mark& mark, const std::string& name) {
        name_ = name;
        name_mark_ = mark_of(text_, mark);
        Parsed parsed = parse(name_rule, {name, true});
        if (!parsed.value) {
            problems_.add(name_mark_, "", "found a name that is none, expected " + expected(name_rule));
            name_ = "";
        } else if (secrets_.contains(name)) {
            problems_.add(name_mark_, name, "the name stands twice", "keep one of them");
        }
    }
    void take_value(const YAML::Mark& mark, Scalar value) {
        const std::string name = *std::exchange(name_, std::nullopt);
        if (name.empty())
            return;
        const auto place = mark_of(text_, mark);
        if (!value.quoted && plain_type(value.text) != Plain::text)
            return problems_.add(place, name, "found a number or boolean, expected a text",
                                 "write the secret in quotes");
        if (value.text.empty())
            return problems_.add(place, name, "the secret is empty");
        if (value.text.size() > longest_secret)
            return problems_.add(place, name, fmt::format("the secret has more than {} octets", longest_secret));
        if (has_control(value.text))
            return problems_.add(place, name, "the secret has a control character");
        secrets_.try_emplace(name, value.text);
    }

    std::string_view text_;
    Secrets& secrets_;
    Problems& problems_;
    std::size_t depth_ = 0;
    std::optional<std::string> name_; // whose value comes next; empty for one that was refused
    Mark name_mark_;
};

} // namespace

LoadedSecrets load_secrets(std::string_view yaml, const std::string& file) {
    LoadedSecrets loaded;
    Problems problems(file);
    SecretsLoader loader(yaml, loaded.secrets, problems);
    if (!read_events(yaml, loader, problems) && problems.empty())
        problems.add({1, 1}, "", "the file is nested too deeply, expected a map of names to secrets");
    loaded.problems = problems.take();
    return loaded;
}

std::optional<std::string> find_secret(std::string_view name, const Secrets& secrets, const fs::path& credentials) {
    if (!credentials.empty()) {
        if (auto value = read_file(credentials / name, longest_secret)) {
            if (value->ends_with('\n'))
                value->pop_back();
            if (value->empty() || has_control(*value) || !is_utf8(*value))
                throw Error(Code::invalid_input,
                            fmt::format("cannot use credential '{}': it is empty or has control characters", name),
                            "a credential is one line of text");
            return value;
        }
    }
    const auto found = secrets.find(std::string(name));
    return found == secrets.end() ? std::nullopt : std::optional(found->second);
}

Secrets resolve_secrets(const Config& config, const Secrets& secrets, const fs::path& credentials) {
    Secrets used;
    const std::string& name = config.network.relay_host.password_secret;
    if (name.empty())
        return used;
    auto value = find_secret(name, secrets, credentials);
    if (!value)
        throw Error(Code::not_found, fmt::format("cannot find secret '{}' of network.relay_host.password_secret", name),
                    fmt::format("add `{}: \"...\"` to secrets.yaml, or a systemd credential of this name", name));
    used.emplace(name, std::move(*value));
    return used;
}

} // namespace vectis::config
