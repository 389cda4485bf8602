#include "config/write.hpp"

#include "base/text.hpp"
#include "config/fields.hpp"
#include "config/kinds.hpp"

#include <utility>
#include <vector>

namespace vectis::config {

namespace {

constexpr std::size_t longest_flow_list = 4; // longer lists get a line for each element

class YamlWriter {
  public:
    explicit YamlWriter(Hashes hashes) : hashes_(hashes) {}

    void section(const Section& section, const Target& target, std::size_t indent) {
        for (const auto& key : section.keys)
            this->key(key, target, indent);
    }
    [[nodiscard]] std::string take() { return std::move(out_); }

  private:
    void key(const Section::Key& key, const Target& target, std::size_t indent) {
        const Field& field = *key.field;
        if (field.kind == Kind::section) {
            // Without a host there is no relay; its other keys may not stand alone.
            if (field.path == "network.relay_host" && target.config->network.relay_host.host.empty())
                return;
            const std::size_t before = out_.size();
            start(indent, key.name);
            const std::size_t empty = out_.size();
            section(*key.section, target, indent + 2);
            if (out_.size() == empty)
                out_.resize(before);
            return;
        }
        const Ref ref = field.ref(target);
        if (field.kind == Kind::items)
            return items(key, target, ref, indent);
        if (const auto* const* list = std::get_if<std::vector<std::string>*>(&ref);
            list != nullptr && (*list)->size() > longest_flow_list) {
            start(indent, key.name);
            for (const std::string& each : **list)
                out_.append(indent + 2, ' ').append("- ").append(double_quoted(each)).append("\n");
            return;
        }
        const auto value = to_yaml_value(field, ref);
        if (!value)
            return;
        out_.append(indent, ' ');
        if (field.kind == Kind::password_hash && hashes_ == Hashes::hidden)
            out_.append("# ").append(key.name).append(" is set\n");
        else
            out_.append(key.name).append(": ").append(*value).append("\n");
    }

    void items(const Section::Key& key, const Target& target, const Ref& ref, std::size_t indent) {
        const auto each = [&](auto& elements, auto Target::*member) {
            if (elements.empty())
                return;
            start(indent, key.name);
            for (auto& element : elements) {
                Target inner = target;
                inner.*member = &element;
                const std::size_t at = out_.size();
                section(*key.section, inner, indent + 4);
                if (out_.size() > at)
                    out_[at + indent + 2] = '-';
            }
        };
        if (auto* const* domains = std::get_if<std::vector<Domain>*>(&ref))
            each(**domains, &Target::domain);
        else if (auto* const* mailboxes = std::get_if<std::vector<Mailbox>*>(&ref))
            each(**mailboxes, &Target::mailbox);
        else if (auto* const* aliases = std::get_if<std::vector<Alias>*>(&ref))
            each(**aliases, &Target::alias);
    }

    void start(std::size_t indent, std::string_view name) { out_.append(indent, ' ').append(name).append(":\n"); }

    Hashes hashes_;
    std::string out_;
};

} // namespace

std::string to_yaml(const Config& config, Hashes hashes) {
    YamlWriter writer(hashes);
    // The accessors serve writing as well and so take the model as it can be changed; nothing here changes it.
    writer.section(root(), Target{.config = const_cast<Config*>(&config)}, 0);
    return writer.take();
}

std::string to_yaml(const Section& section, const Target& target) {
    YamlWriter writer(Hashes::hidden);
    writer.section(section, target, 0);
    return writer.take();
}

} // namespace vectis::config
