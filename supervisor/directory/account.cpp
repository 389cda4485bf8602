#include "directory/account.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "config/kinds.hpp"
#include "config/model.hpp"
#include "surface/schemas.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <utility>

namespace vectis::directory {

namespace {

constexpr std::size_t most_destinations = 1000;
constexpr std::int64_t most_quota = 1LL << 50;
constexpr std::size_t longest_name = 200;
constexpr std::size_t longest_app_name = 100;

Json or_null(const std::optional<std::string>& text) {
    return text ? Json(*text) : Json(nullptr);
}

/// Reads one object, and notes everything that is wrong with it.
class Reader {
  public:
    explicit Reader(const Json& json, std::string place = {}) : json_(json), place_(std::move(place)) {
        if (!json.is_object())
            fault("", "is no object");
    }

    template<typename T>
    std::optional<T> value(const char* key, bool required) {
        names_.emplace_back(key);
        const auto found = json_.is_object() ? json_.find(key) : json_.end();
        if (found == json_.end()) {
            if (required)
                fault(key, "is missing");
            return std::nullopt;
        }
        return read<T>(key, *found);
    }
    /// What may be null, too, which is a value of its own.
    std::optional<std::optional<std::string>> nullable(const char* key) {
        using Nullable = std::optional<std::optional<std::string>>;
        names_.emplace_back(key);
        const auto found = json_.is_object() ? json_.find(key) : json_.end();
        if (found == json_.end())
            return Nullable();
        return Nullable(std::in_place, found->is_null() ? std::nullopt : read<std::string>(key, *found));
    }

    std::string id(const char* key = "id") {
        auto text = value<std::string>(key, true).value_or("");
        constexpr std::string_view form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
        const bool good = std::equal(text.begin(), text.end(), form.begin(), form.end(), [](char c, char f) {
            return f == '-' ? c == '-' : std::string_view("0123456789abcdef").find(c) != std::string_view::npos;
        });
        if (!good)
            fault(key, "is no id");
        return text;
    }
    std::string of_kind(config::Kind kind, const char* key, const std::string& text) {
        config::Field field;
        field.kind = kind;
        const auto parsed = config::parse(field, {text, true});
        if (parsed.value)
            return std::get<std::string>(*parsed.value);
        // What was meant for a hash may be a password.
        const std::string found = kind == config::Kind::password_hash ? "it" : "'" + config::shown(text) + "'";
        fault(key, fmt::format("{} is not {}{}{}", found, config::expected(field), parsed.fault.empty() ? "" : ": ",
                               parsed.fault));
        return {};
    }
    /// One of our own: it becomes the name of a folder.
    std::string own_address(const char* key = "address") {
        const auto text = value<std::string>(key, true).value_or("");
        const auto at = text.rfind('@');
        if (at == std::string::npos) {
            fault(key, "has no @");
            return {};
        }
        return of_kind(config::Kind::local_part, key, text.substr(0, at)) + "@" +
               of_kind(config::Kind::domain, key, text.substr(at + 1));
    }
    /// One of these words.
    std::string word(const char* key, const std::string& text, std::span<const std::string_view> known) {
        if (std::find(known.begin(), known.end(), text) == known.end())
            fault(key,
                  fmt::format("'{}' is none of {}", config::shown(text), join({known.begin(), known.end()}, ", ")));
        return text;
    }
    std::optional<std::vector<std::string>> destinations(bool required) {
        const auto given = value<std::vector<std::string>>("destinations", required);
        if (!given)
            return std::nullopt;
        if (given->empty() || given->size() > most_destinations)
            fault("destinations", fmt::format("has {} addresses, expected 1 to {}", given->size(), most_destinations));
        std::vector<std::string> all;
        for (const auto& each : *given)
            all.push_back(of_kind(config::Kind::address, "destinations", each));
        std::sort(all.begin(), all.end());
        all.erase(std::unique(all.begin(), all.end()), all.end());
        return all;
    }
    std::vector<std::string> protocols() {
        auto all = value<std::vector<std::string>>("protocols", true).value_or(std::vector<std::string>());
        for (const auto& each : all) {
            const auto& known = surface::schemas::app_protocol_words;
            if (std::find(known.begin(), known.end(), each) == known.end())
                fault("protocols",
                      fmt::format("'{}' is none of {}", config::shown(each), join({known.begin(), known.end()}, ", ")));
        }
        if (all.empty())
            fault("protocols", "is empty");
        std::sort(all.begin(), all.end());
        all.erase(std::unique(all.begin(), all.end()), all.end());
        return all;
    }
    std::string algorithm() {
        auto text = value<std::string>("algorithm", true).value_or("");
        const auto& known = surface::schemas::algorithm_words;
        if (std::find(known.begin(), known.end(), text) == known.end())
            fault("algorithm",
                  fmt::format("'{}' is none of {}", config::shown(text), join({known.begin(), known.end()}, ", ")));
        return text;
    }
    /// What it is nobody knows here (keys/dkim does), and no message may say any of it.
    std::string private_key() {
        auto text = value<std::string>("private_key", true).value_or("");
        const auto& schema = surface::schemas::private_key;
        if (std::cmp_less(text.size(), schema.least) || std::cmp_greater(text.size(), schema.most))
            fault("private_key",
                  fmt::format("has {} bytes, expected {} to {}", text.size(), schema.least, schema.most));
        return text;
    }
    std::optional<std::string> name(bool required) {
        auto text = value<std::string>("display_name", required);
        if (text && (text->size() > longest_name || has_control(*text) || !is_utf8(*text)))
            fault("display_name", fmt::format("has a control character, or more than {} bytes", longest_name));
        return text;
    }
    std::optional<std::string> password(bool required) {
        auto text = value<std::string>("password", required);
        if (text && !text->empty())
            static_cast<void>(of_kind(config::Kind::password_hash, "password", *text));
        return text;
    }
    std::optional<std::uint64_t> quota(bool required) {
        const auto number = value<std::int64_t>("quota", required);
        if (number && (*number < 0 || *number > most_quota))
            fault("quota", fmt::format("expected 0 to {}", most_quota));
        return number ? std::optional(static_cast<std::uint64_t>(*number)) : std::nullopt;
    }

    /// A list of these; what is wrong with one of them is noted with its place.
    template<typename Row>
    std::vector<Row> rows(const char* key, std::size_t most, AccountChange (*read_row)(Reader&)) {
        names_.emplace_back(key);
        std::vector<Row> all;
        const auto found = json_.is_object() ? json_.find(key) : json_.end();
        if (found == json_.end())
            return all;
        if (!found->is_array() || found->size() > most) {
            fault(key, fmt::format("expected a list of at most {}", most));
            return all;
        }
        for (std::size_t i = 0; i < found->size(); ++i) {
            Reader row((*found)[i], fmt::format("{}/{}/{}", place_, key, i));
            all.push_back(std::get<Row>(read_row(row)));
            row.expect_known();
            problems_.insert(problems_.end(), row.problems_.begin(), row.problems_.end());
        }
        return all;
    }

    /// Throws if anything was wrong.
    void finish() {
        expect_known();
        if (!problems_.empty())
            throw Error(Code::invalid_input, "cannot understand the change", {}, std::move(problems_));
    }

    void fault(const std::string& key, const std::string& what) {
        problems_.push_back({.where = {}, .path = place_ + "/" + key, .what = what, .hint = {}});
    }

  private:
    void expect_known() {
        if (!json_.is_object())
            return;
        for (const auto& each : json_.items()) {
            if (std::find(names_.begin(), names_.end(), each.key()) == names_.end())
                fault(printable(each.key().substr(0, 100)), "is not known");
        }
    }

    template<typename T>
    std::optional<T> read(const char* key, const Json& json) {
        if constexpr (std::is_same_v<T, std::string>) {
            if (json.is_string())
                return json.get<std::string>();
        } else if constexpr (std::is_same_v<T, bool>) {
            if (json.is_boolean())
                return json.get<bool>();
        } else if constexpr (std::is_same_v<T, std::int64_t>) {
            const bool fits =
                !json.is_number_unsigned() || json.get<std::uint64_t>() <= static_cast<std::uint64_t>(most_quota);
            if (json.is_number_integer() && fits)
                return json.get<std::int64_t>();
        } else {
            const bool words = json.is_array() &&
                               std::all_of(json.begin(), json.end(), [](const Json& each) { return each.is_string(); });
            if (words)
                return json.get<std::vector<std::string>>();
        }
        fault(key, "is of another kind");
        return std::nullopt;
    }

    const Json& json_;
    std::string place_;
    std::vector<std::string> names_;
    std::vector<Problem> problems_;
};

std::optional<std::string> address_or_nothing(Reader& reader, const std::optional<std::optional<std::string>>& given) {
    if (!given || !*given)
        return std::nullopt;
    return reader.of_kind(config::Kind::address, "catch_all", **given);
}

AccountChange new_domain(Reader& reader) {
    NewDomain made{.id = reader.id()};
    made.name = reader.of_kind(config::Kind::domain, "name", reader.value<std::string>("name", true).value_or(""));
    if (const auto other = reader.nullable("alias_of"); other && *other)
        made.alias_of = reader.of_kind(config::Kind::domain, "alias_of", **other);
    made.catch_all = address_or_nothing(reader, reader.nullable("catch_all"));
    if (made.alias_of && made.catch_all)
        reader.fault("catch_all", "belongs to a domain with addresses of its own");
    return made;
}

AccountChange new_mailbox(Reader& reader) {
    NewMailbox made{.id = reader.id()};
    made.address = reader.own_address();
    made.display_name = reader.name(true).value_or("");
    made.password = reader.password(true).value_or("");
    made.quota = reader.quota(true).value_or(0);
    return made;
}

AccountChange new_alias(Reader& reader) {
    NewAlias made{.id = reader.id()};
    made.address = reader.own_address();
    made.destinations = reader.destinations(true).value_or(std::vector<std::string>());
    return made;
}

AccountChange domain_change(Reader& reader) {
    DomainChange change{.id = reader.id(), .as_of = reader.value<std::string>("as_of", false)};
    if (const auto given = reader.nullable("catch_all"))
        change.catch_all = address_or_nothing(reader, given);
    change.active = reader.value<bool>("active", false);
    return change;
}

AccountChange mailbox_change(Reader& reader) {
    MailboxChange change{.id = reader.id(), .as_of = reader.value<std::string>("as_of", false)};
    change.display_name = reader.name(false);
    change.password = reader.password(false);
    change.quota = reader.quota(false);
    change.active = reader.value<bool>("active", false);
    return change;
}

AccountChange alias_change(Reader& reader) {
    AliasChange change{.id = reader.id(), .as_of = reader.value<std::string>("as_of", false)};
    change.destinations = reader.destinations(false);
    change.active = reader.value<bool>("active", false);
    return change;
}

template<typename Removed>
AccountChange removed(Reader& reader) {
    return Removed{.id = reader.id(), .as_of = reader.value<std::string>("as_of", false)};
}

AccountChange new_dkim_keys(Reader& reader) {
    return NewDkimKeys{.id = reader.id(), .as_of = reader.value<std::string>("as_of", false)};
}

AccountChange imported_dkim_key(Reader& reader) {
    ImportedDkimKey imported{.id = reader.id(),
                             .as_of = reader.value<std::string>("as_of", false),
                             .selector = {},
                             .algorithm = reader.algorithm(),
                             .private_key = reader.private_key()};
    imported.selector =
        reader.of_kind(config::Kind::selector, "selector", reader.value<std::string>("selector", true).value_or(""));
    return imported;
}

AccountChange dkim_activation(Reader& reader) {
    DkimActivation change{.id = reader.id(), .as_of = reader.value<std::string>("as_of", false), .selectors = {}};
    for (const auto& each :
         reader.value<std::vector<std::string>>("selectors", true).value_or(std::vector<std::string>()))
        change.selectors.push_back(reader.of_kind(config::Kind::selector, "selectors", each));
    return change;
}

AccountChange removed_dkim_key(Reader& reader) {
    RemovedDkimKey removed{.id = reader.id(), .as_of = reader.value<std::string>("as_of", false), .selector = {}};
    removed.selector =
        reader.of_kind(config::Kind::selector, "selector", reader.value<std::string>("selector", true).value_or(""));
    return removed;
}

AccountChange new_app_password(Reader& reader) {
    NewAppPassword made{.id = reader.id()};
    made.mailbox_id = reader.id("mailbox_id");
    made.name = reader.value<std::string>("name", true).value_or("");
    if (made.name.empty() || made.name.size() > longest_app_name || has_control(made.name) || !is_utf8(made.name))
        reader.fault("name", fmt::format("expected 1 to {} bytes without control characters", longest_app_name));
    made.lookup = reader.value<std::string>("lookup", true).value_or("");
    const bool letters = std::all_of(made.lookup.begin(), made.lookup.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    });
    if (made.lookup.size() != app_password_lookup || !letters)
        reader.fault("lookup", fmt::format("expected {} letters and digits", app_password_lookup));
    made.hash =
        reader.of_kind(config::Kind::password_hash, "hash", reader.value<std::string>("hash", true).value_or(""));
    made.protocols = reader.protocols();
    return made;
}

AccountChange new_inbound_route(Reader& reader) {
    NewInboundRoute made{.id = reader.id()};
    made.match = reader.word("match", reader.value<std::string>("match", true).value_or(""),
                             surface::schemas::inbound_match_words);
    made.name = made.match == "address" ? reader.own_address("name")
                                        : reader.of_kind(config::Kind::domain, "name",
                                                         reader.value<std::string>("name", true).value_or(""));
    made.keep_copy = reader.value<bool>("keep_copy", true).value_or(true);
    made.format = reader.word("format", reader.value<std::string>("format", true).value_or(""),
                              surface::schemas::inbound_format_words);
    if (const auto webhook = reader.nullable("webhook"); webhook && *webhook)
        made.webhook = reader.id("webhook");
    return made;
}

AccountChange inbound_route_change(Reader& reader) {
    InboundRouteChange change{.id = reader.id(), .as_of = reader.value<std::string>("as_of", false)};
    change.keep_copy = reader.value<bool>("keep_copy", false);
    if (const auto format = reader.value<std::string>("format", false))
        change.format = reader.word("format", *format, surface::schemas::inbound_format_words);
    if (const auto webhook = reader.nullable("webhook"))
        change.webhook = *webhook ? std::optional(reader.id("webhook")) : std::nullopt;
    return change;
}

AccountChange import_of(Reader& reader) {
    Import import{.id = reader.id()};
    import.row_by_row = reader.value<bool>("row_by_row", true).value_or(false);
    import.dry_run = reader.value<bool>("dry_run", true).value_or(false);
    import.domains = reader.rows<NewDomain>("domains", Import::most_domains, new_domain);
    import.mailboxes = reader.rows<NewMailbox>("mailboxes", Import::most_addresses, new_mailbox);
    import.aliases = reader.rows<NewAlias>("aliases", Import::most_addresses, new_alias);
    return import;
}

struct Verb {
    std::string_view name;
    AccountChange (*read)(Reader&);
};

/// In the order of AccountChange.
constexpr std::array verbs{
    Verb{"new_domain", new_domain},
    Verb{"new_mailbox", new_mailbox},
    Verb{"new_alias", new_alias},
    Verb{"domain_change", domain_change},
    Verb{"mailbox_change", mailbox_change},
    Verb{"alias_change", alias_change},
    Verb{"removed_domain", removed<RemovedDomain>},
    Verb{"removed_mailbox", removed<RemovedMailbox>},
    Verb{"removed_alias", removed<RemovedAlias>},
    Verb{"new_dkim_keys", new_dkim_keys},
    Verb{"imported_dkim_key", imported_dkim_key},
    Verb{"dkim_activation", dkim_activation},
    Verb{"removed_dkim_key", removed_dkim_key},
    Verb{"new_app_password", new_app_password},
    Verb{"removed_app_password", removed<RemovedAppPassword>},
    Verb{"new_inbound_route", new_inbound_route},
    Verb{"inbound_route_change", inbound_route_change},
    Verb{"removed_inbound_route", removed<RemovedInboundRoute>},
    Verb{"import", import_of},
};
static_assert(verbs.size() == std::variant_size_v<AccountChange>);

struct ToJson {
    template<typename T>
    static void put(Json& json, const char* key, const std::optional<T>& value) {
        if (value)
            json[key] = *value;
    }

    Json operator()(const NewDomain& made) const {
        return {{"id", made.id},
                {"name", made.name},
                {"alias_of", or_null(made.alias_of)},
                {"catch_all", or_null(made.catch_all)}};
    }
    Json operator()(const NewMailbox& made) const {
        return {{"id", made.id},
                {"address", made.address},
                {"display_name", made.display_name},
                {"password", made.password},
                {"quota", made.quota}};
    }
    Json operator()(const NewAlias& made) const {
        return {{"id", made.id}, {"address", made.address}, {"destinations", made.destinations}};
    }
    Json operator()(const DomainChange& change) const {
        Json json{{"id", change.id}};
        put(json, "as_of", change.as_of);
        if (change.catch_all)
            json["catch_all"] = or_null(*change.catch_all);
        put(json, "active", change.active);
        return json;
    }
    Json operator()(const MailboxChange& change) const {
        Json json{{"id", change.id}};
        put(json, "as_of", change.as_of);
        put(json, "display_name", change.display_name);
        put(json, "password", change.password);
        put(json, "quota", change.quota);
        put(json, "active", change.active);
        return json;
    }
    Json operator()(const AliasChange& change) const {
        Json json{{"id", change.id}};
        put(json, "as_of", change.as_of);
        put(json, "destinations", change.destinations);
        put(json, "active", change.active);
        return json;
    }
    Json operator()(const ImportedDkimKey& imported) const {
        Json json = that(imported);
        json["selector"] = imported.selector;
        json["algorithm"] = imported.algorithm;
        json["private_key"] = imported.private_key;
        return json;
    }
    Json operator()(const DkimActivation& change) const {
        Json json = that(change);
        json["selectors"] = change.selectors;
        return json;
    }
    Json operator()(const RemovedDkimKey& removal) const {
        Json json = that(removal);
        json["selector"] = removal.selector;
        return json;
    }
    Json operator()(const NewAppPassword& made) const {
        return {{"id", made.id},     {"mailbox_id", made.mailbox_id}, {"name", made.name}, {"lookup", made.lookup},
                {"hash", made.hash}, {"protocols", made.protocols}};
    }
    Json operator()(const NewInboundRoute& made) const {
        return {{"id", made.id},         {"name", made.name},
                {"match", made.match},   {"keep_copy", made.keep_copy},
                {"format", made.format}, {"webhook", or_null(made.webhook)}};
    }
    Json operator()(const InboundRouteChange& change) const {
        Json json = that(change);
        put(json, "keep_copy", change.keep_copy);
        put(json, "format", change.format);
        if (change.webhook)
            json["webhook"] = or_null(*change.webhook);
        return json;
    }
    Json operator()(const Import& import) const {
        return {{"id", import.id},
                {"row_by_row", import.row_by_row},
                {"dry_run", import.dry_run},
                {"domains", each_of(import.domains)},
                {"mailboxes", each_of(import.mailboxes)},
                {"aliases", each_of(import.aliases)}};
    }
    Json operator()(const auto& change) const { return that(change); }

    [[nodiscard]] Json each_of(const auto& rows) const {
        Json list = Json::array();
        for (const auto& row : rows)
            list.push_back((*this)(row));
        return list;
    }

    static Json that(const auto& change) {
        Json json{{"id", change.id}};
        put(json, "as_of", change.as_of);
        return json;
    }
};

} // namespace

std::vector<DkimKey> first_dkim_keys(const std::string& domain, const std::string& created_at) {
    const config::Dkim usual;
    return {{.domain = domain, .selector = usual.rsa_selector, .algorithm = "rsa", .created_at = created_at},
            {.domain = domain, .selector = usual.ed25519_selector, .algorithm = "ed25519", .created_at = created_at}};
}

std::vector<DkimKey> next_dkim_keys(const std::vector<DkimKey>& keys, const std::string& created_at) {
    std::vector<DkimKey> next = first_dkim_keys(keys.front().domain, created_at);
    for (auto& key : next) {
        key.signs = false;
        const std::string prefix = key.selector.substr(0, 1);
        std::uint64_t last = 0;
        for (const auto& each : keys) {
            std::uint64_t number = 0;
            const char* end = each.selector.data() + each.selector.size();
            if (each.selector.starts_with(prefix) &&
                std::from_chars(each.selector.data() + prefix.size(), end, number).ptr == end)
                last = std::max(last, number);
        }
        const auto is_taken = [&](const DkimKey& each) { return each.selector == key.selector; };
        do
            key.selector = fmt::format("{}{}", prefix, ++last);
        while (std::any_of(keys.begin(), keys.end(), is_taken)); // after the last number of all comes 0
    }
    return next;
}

std::optional<std::string> delimiter_fault(const std::string& delimiters, const std::string& address) {
    const std::string name(config::local_part_of(address));
    const auto at = name.find_first_of(delimiters);
    if (at == std::string::npos)
        return std::nullopt;
    return fmt::format("'{}' has '{}': its mail would go to '{}'", name, name[at], name.substr(0, at));
}

Json to_json(const DkimKey& key) {
    return {{"selector", key.selector},
            {"algorithm", key.algorithm},
            {"state", key.signs        ? "signing"
                      : key.retired_at ? "retired"
                                       : "waiting"},
            {"created_at", key.created_at},
            {"retired_at", or_null(key.retired_at)}};
}

Json to_json(const Domain& domain, const std::vector<DkimKey>& keys) {
    Json list = Json::array();
    for (const auto& key : keys)
        list.push_back(to_json(key));
    return {{"id", domain.id}, {"name", domain.name}, {"keys", std::move(list)}};
}

Json to_json(const Domain& domain) {
    return {{"id", domain.id},
            {"name", domain.name},
            {"alias_of", or_null(domain.alias_of)},
            {"catch_all", or_null(domain.catch_all)},
            {"active", domain.active},
            {"managed_by", domain.managed_by},
            {"created_at", domain.created_at},
            {"updated_at", domain.updated_at}};
}

Json to_json(const Mailbox& mailbox) {
    return {{"id", mailbox.id},
            {"address", mailbox.address},
            {"domain", std::string(config::domain_of(mailbox.address))},
            {"display_name", mailbox.display_name},
            {"quota", mailbox.quota},
            {"active", mailbox.active},
            {"managed_by", mailbox.managed_by},
            {"created_at", mailbox.created_at},
            {"updated_at", mailbox.updated_at}};
}

Json to_json(const Alias& alias) {
    return {{"id", alias.id},
            {"address", alias.address},
            {"domain", std::string(config::domain_of(alias.address))},
            {"destinations", alias.destinations},
            {"active", alias.active},
            {"managed_by", alias.managed_by},
            {"created_at", alias.created_at},
            {"updated_at", alias.updated_at}};
}

Json to_json(const AppPassword& password) {
    return {{"id", password.id},     {"mailbox_id", password.mailbox_id}, {"address", password.address},
            {"name", password.name}, {"protocols", password.protocols},   {"created_at", password.created_at}};
}

Json to_json(const InboundRoute& route) {
    return {{"id", route.id},
            {"name", route.name},
            {"domain", route.domain},
            {"match", route.match},
            {"address", route.match == "address" ? Json(route.name) : Json(nullptr)},
            {"keep_copy", route.keep_copy},
            {"format", route.format},
            {"webhook", or_null(route.webhook)},
            {"created_at", route.created_at},
            {"updated_at", route.updated_at}};
}

Json to_json(const AccountChange& change) {
    Json json = Json::object();
    json[std::string(verbs.at(change.index()).name)] = std::visit(ToJson{}, change);
    return json;
}

AccountChange account_change(const Json& json) {
    if (json.is_object() && json.size() == 1) {
        const auto only = json.items().begin();
        const auto* verb = std::find_if(verbs.begin(), verbs.end(),
                                        [&, &name = only.key()](const Verb& each) { return each.name == name; });
        if (verb != verbs.end()) {
            Reader reader(only.value());
            auto change = verb->read(reader);
            reader.finish();
            return change;
        }
    }
    throw Error(Code::invalid_input, "cannot understand the change: there is none of this kind");
}

} // namespace vectis::directory
