#include "config/validate.hpp"

#include "base/text.hpp"
#include "config/kinds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace vectis::config {

namespace {

struct Entry {
    bool alias = false;
    std::uint32_t index = 0; // in the domain's mailboxes or aliases
    Mark mark;
};

struct DomainEntry {
    std::uint32_t index = 0; // in Config::domains
    bool alias = false;      // an alias domain: `index` is the domain that it repeats
    Mark mark;
};

/// An alias, by its domain and its place in it.
struct AliasId {
    std::uint32_t domain = 0;
    std::uint32_t alias = 0;
};

/// What mail to an address meets.
enum class Meets : std::uint8_t { outside, mailbox, alias, nobody, host };
struct Resolved {
    Meets meets = Meets::outside;
    AliasId alias;
    bool by_catch_all = false;
};

class Validator {
  public:
    Validator(const Config& config, const Marks& marks, Problems& problems) :
        config_(config), marks_(marks), problems_(problems) {}

    void run() {
        check_tls();
        check_network();
        check_dnsbl();
        check_thresholds();
        check_webmail();
        index_domains();
        index_addresses();
        check_references();
        check_loops();
    }

  private:
    [[nodiscard]] Mark mark(std::string_view path) const {
        const auto found = marks_.keys.find(path);
        return found == marks_.keys.end() ? Mark{1, 1} : found->second;
    }
    [[nodiscard]] Mark mark(std::size_t domain, std::string_view path) const {
        const auto& keys = marks_.domains[domain].keys;
        const auto found = keys.find(path);
        return found == keys.end() ? config_.domains[domain].mark : found->second;
    }
    [[nodiscard]] static std::string path_of(const Domain& domain) { return fmt::format("domains[{}]", domain.name); }

    void check_tls() {
        const Tls& tls = config_.tls;
        if (tls.mode == TlsMode::acme && !tls.acme_server.starts_with("https://"))
            problems_.add(mark("tls.acme_server"), "tls.acme_server",
                          fmt::format("'{}' is no https address", tls.acme_server),
                          fmt::format("the default is {}", Tls{}.acme_server));
        if (tls.mode == TlsMode::files) {
            for (const auto& [path, value] : {std::pair{"tls.certificate", &tls.certificate}, {"tls.key", &tls.key}}) {
                if (value->empty())
                    problems_.add(mark("tls.mode"), path, "mode is 'files', and this key is missing",
                                  fmt::format("add `{}: {}`", find_field(path)->name(), find_field(path)->example));
            }
            return;
        }
        for (const auto& [path, value] : {std::pair{"tls.certificate", &tls.certificate}, {"tls.key", &tls.key}}) {
            if (!value->empty())
                problems_.add(mark(path), path, "the file is only used with mode 'files'",
                              "write `mode: files`, or take this away");
        }
    }

    void check_webmail() {
        if (!config_.webmail.enabled)
            return;
        const auto needs = [&](std::string_view what, std::string_view how) {
            problems_.add(mark("webmail.enabled"), "webmail.enabled",
                          fmt::format("webmail needs {}, which is switched off", what),
                          fmt::format("{}, or write `enabled: false`", how));
        };
        if (!config_.dovecot.imap)
            needs("IMAP", "add imap to `dovecot.protocols`");
        if (!config_.postfix.submission && !config_.postfix.submissions)
            needs("a submission port", "leave `postfix.submissions` on");
    }

    void check_network() {
        const Network& network = config_.network;
        if (!network.ipv4 && !network.ipv6)
            problems_.add(mark("network.ipv6"), "network", "both ipv4 and ipv6 are false: nothing could listen",
                          "leave one of them on");
        for (const std::string& address : network.addresses) {
            const bool six = address.find(':') != std::string::npos;
            if (!(six ? network.ipv6 : network.ipv4))
                problems_.add(
                    mark("network.addresses"), "network.addresses",
                    fmt::format("{} is an IPv{} address, and ipv{} is false", address, six ? 6 : 4, six ? 6 : 4));
        }
        const RelayHost& relay = network.relay_host;
        const std::string section = "network.relay_host";
        if (relay.host.empty()) {
            for (const std::string_view path : {"network.relay_host.port", "network.relay_host.tls",
                                                "network.relay_host.username", "network.relay_host.password_secret"}) {
                if (marks_.keys.contains(path))
                    return problems_.add(mark(path), section, "the key 'host' is missing",
                                         "add `host: smtp.provider.test`");
            }
            return;
        }
        if (relay.username.empty() != relay.password_secret.empty())
            problems_.add(
                mark(relay.username.empty() ? "network.relay_host.password_secret" : "network.relay_host.username"),
                section, "username and password_secret need each other", "give both, or neither");
        if (relay.username.find(':') != std::string::npos)
            problems_.add(mark("network.relay_host.username"), "network.relay_host.username", "it has a ':'",
                          "Postfix separates name and password by the first ':', so a name with one cannot be used");
        if (!relay.username.empty() && relay.tls == RelayTls::none)
            problems_.add(mark("network.relay_host.tls"), "network.relay_host.tls",
                          "the password would travel in the clear", "write `tls: starttls` or `tls: wrapper`");
    }

    void check_dnsbl() {
        const Postfix& postfix = config_.postfix;
        for (auto zone = postfix.dnsbl.begin(); zone != postfix.dnsbl.end(); ++zone) {
            if (std::find(postfix.dnsbl.begin(), zone, *zone) != zone)
                problems_.add(mark("postfix.dnsbl"), "postfix.dnsbl", fmt::format("{} is there twice", *zone),
                              "name each list once");
        }
        if (!marks_.keys.contains("postfix.dnsbl_threshold") || postfix.dnsbl_threshold <= postfix.dnsbl.size())
            return;
        problems_.add(
            mark("postfix.dnsbl_threshold"), "postfix.dnsbl_threshold",
            fmt::format("{} lists have to agree, and `dnsbl` names {}", postfix.dnsbl_threshold, postfix.dnsbl.size()),
            "add lists to `dnsbl`, or lower the number");
    }

    void check_thresholds() {
        const Thresholds& all = config_.rspamd.thresholds;
        Mark place{1, 1};
        for (const std::string_view path : {"rspamd.greylist", "rspamd.junk", "rspamd.reject"}) {
            if (marks_.keys.contains(path))
                place = mark(path);
        }
        check_order(all, place, "rspamd");
        for (std::size_t i = 0; i < config_.domains.size(); ++i) {
            const Thresholds& own = config_.domains[i].spam;
            if (!own.reject && !own.junk && !own.greylist)
                continue;
            const auto or_else = [](const auto& mine, const auto& theirs) { return mine ? mine : theirs; };
            for (const std::string_view path :
                 {"domains[].spam.greylist", "domains[].spam.junk", "domains[].spam.reject"}) {
                if (!marks_.domains[i].keys.contains(path))
                    continue;
                check_order(
                    {or_else(own.reject, all.reject), or_else(own.junk, all.junk), or_else(own.greylist, all.greylist)},
                    mark(i, path), path_of(config_.domains[i]) + ".spam");
                break;
            }
        }
    }
    void check_order(const Thresholds& scores, Mark place, const std::string& path) {
        if (scores.greylist.value_or(0) < scores.junk.value_or(0) &&
            scores.junk.value_or(0) < scores.reject.value_or(0))
            return;
        const auto text = [](std::int32_t tenths) { return fmt::format("{}.{}", tenths / 10, tenths % 10); };
        problems_.add(place, path,
                      fmt::format("greylist ({}), junk ({}) and reject ({}) must rise in this order",
                                  text(scores.greylist.value_or(0)), text(scores.junk.value_or(0)),
                                  text(scores.reject.value_or(0))));
    }

    void index_domains() {
        domains_.reserve(config_.domains.size());
        for (std::uint32_t i = 0; i < config_.domains.size(); ++i) {
            const Domain& domain = config_.domains[i];
            if (domain.name.empty())
                continue;
            add_domain(domain.name, {i, false, domain.mark}, path_of(domain) + ".name");
            if (domain.dkim.rsa_selector == domain.dkim.ed25519_selector)
                problems_.add(mark(i, "domains[].dkim.ed25519_selector"), path_of(domain) + ".dkim",
                              fmt::format("both keys have the selector '{}'", domain.dkim.rsa_selector),
                              "give each key its own");
        }
        for (std::uint32_t i = 0; i < config_.domains.size(); ++i) {
            const Domain& domain = config_.domains[i];
            for (std::size_t j = 0; j < domain.alias_domains.size(); ++j)
                add_domain(domain.alias_domains[j], {i, true, marks_.domains[i].alias_domains[j]},
                           path_of(domain) + ".alias_domains");
        }
    }
    void add_domain(std::string_view name, DomainEntry entry, const std::string& path) {
        if (name == config_.hostname)
            return problems_.add(entry.mark, path,
                                 fmt::format("'{}' is the hostname, which receives only the server's own mail", name),
                                 "let the hostname be another name, such as mail." + std::string(name));
        const auto [at, added] = domains_.try_emplace(name, entry);
        if (added)
            return;
        const bool itself = entry.alias && !at->second.alias && at->second.index == entry.index;
        const std::string first =
            at->second.alias ? "an alias domain of " + config_.domains[at->second.index].name : "a domain";
        problems_.add(entry.mark, path,
                      itself ? fmt::format("'{}' is an alias domain of itself", name)
                             : fmt::format("'{}' is {} already (line {})", name, first, at->second.mark.line),
                      "keep one of them");
    }

    void index_addresses() {
        addresses_.resize(config_.domains.size());
        const std::string& delimiter = config_.postfix.recipient_delimiter;
        for (std::size_t i = 0; i < config_.domains.size(); ++i) {
            const Domain& domain = config_.domains[i];
            addresses_[i].reserve(domain.mailboxes.size() + domain.aliases.size());
            for (std::uint32_t j = 0; j < domain.mailboxes.size(); ++j)
                add_address(i, domain.mailboxes[j].local_part, {false, j, domain.mailboxes[j].mark}, delimiter);
            for (std::uint32_t j = 0; j < domain.aliases.size(); ++j)
                add_address(i, domain.aliases[j].local_part, {true, j, domain.aliases[j].mark}, delimiter);
        }
    }
    void add_address(std::size_t domain, std::string_view name, Entry entry, const std::string& delimiter) {
        if (name.empty())
            return;
        const auto path = [&] {
            return fmt::format("{}.{}[{}].name", path_of(config_.domains[domain]),
                               entry.alias ? "aliases" : "mailboxes", name);
        };
        if (!delimiter.empty() && name.find(delimiter) != std::string_view::npos)
            problems_.add(entry.mark, path(),
                          fmt::format("'{}' has the recipient delimiter '{}': its mail would go to '{}'", name,
                                      delimiter, name.substr(0, name.find(delimiter))),
                          "choose another name, or another `postfix.recipient_delimiter`");
        if (name.size() + 1 + config_.domains[domain].name.size() > 254)
            problems_.add(entry.mark, path(), "the whole address has more than 254 octets");
        const auto [at, added] = addresses_[domain].try_emplace(name, entry);
        if (!added)
            problems_.add(entry.mark, path(),
                          fmt::format("'{}@{}' is {} already (line {})", name, config_.domains[domain].name,
                                      at->second.alias ? "an alias" : "a mailbox", at->second.mark.line),
                          "every address exists once, in upper or lower case; keep one of them");
    }

    [[nodiscard]] std::optional<DomainEntry> own_domain(std::string_view name) const {
        const auto found = domains_.find(name);
        return found == domains_.end() ? std::nullopt : std::optional(found->second);
    }
    [[nodiscard]] std::optional<Resolved> look_up(std::uint32_t domain, std::string_view name) const {
        const auto found = addresses_[domain].find(name);
        if (found == addresses_[domain].end())
            return std::nullopt;
        if (!found->second.alias)
            return Resolved{Meets::mailbox, {}, false};
        return Resolved{Meets::alias, {domain, found->second.index}, false};
    }
    /// Follows alias domains, tags after the delimiter and catch-alls, not aliases.
    [[nodiscard]] Resolved resolve(std::string_view address) const {
        bool by_catch_all = false;
        for (;;) {
            const std::string_view domain_name = domain_of(address);
            if (domain_name == config_.hostname)
                return {Meets::host, {}, by_catch_all};
            const auto domain = own_domain(domain_name);
            if (!domain)
                return {Meets::outside, {}, by_catch_all};
            const std::string_view name = local_part_of(address);
            auto found = look_up(domain->index, name);
            const std::string& delimiter = config_.postfix.recipient_delimiter;
            if (!found && !delimiter.empty() && name.find(delimiter) != std::string_view::npos)
                found = look_up(domain->index, name.substr(0, name.find(delimiter)));
            if (found) {
                found->by_catch_all = by_catch_all;
                return *found;
            }
            const std::string& catch_all = config_.domains[domain->index].catch_all;
            // A catch-all names an address that exists by itself; a second step would only go round.
            if (catch_all.empty() || by_catch_all)
                return {Meets::nobody, {}, by_catch_all};
            address = catch_all;
            by_catch_all = true;
        }
    }

    void check_references() {
        if (!config_.admin.empty())
            check_exists(config_.admin, mark("admin"), "admin",
                         "name a mailbox or alias that is declared below, or an address elsewhere");
        for (std::uint32_t i = 0; i < config_.domains.size(); ++i) {
            const Domain& domain = config_.domains[i];
            if (!domain.catch_all.empty())
                check_catch_all(domain, mark(i, "domains[].catch_all"));
            std::size_t next = 0;
            for (const Alias& alias : domain.aliases) {
                for (const std::string& destination : alias.destinations) {
                    const Mark place = marks_.domains[i].destinations[next++];
                    const Resolved resolved = resolve(destination);
                    if (resolved.meets == Meets::nobody || resolved.meets == Meets::host)
                        check_exists(destination, place,
                                     fmt::format("{}.aliases[{}].to", path_of(domain), alias.local_part),
                                     "declare it, or correct the destination");
                }
            }
        }
    }
    void check_exists(const std::string& address, Mark place, const std::string& path, const std::string& hint) {
        const Resolved resolved = resolve(address);
        if (resolved.meets == Meets::host)
            return problems_.add(
                place, path, fmt::format("'{}' is an address of the server itself, which has no mailboxes", address),
                "name an address in another domain");
        if (resolved.meets == Meets::nobody)
            problems_.add(place, path, fmt::format("'{}' does not exist", address),
                          near_address(address).value_or(hint));
    }
    void check_catch_all(const Domain& domain, Mark place) {
        const std::string path = path_of(domain) + ".catch_all";
        const Resolved resolved = resolve(domain.catch_all);
        if (resolved.by_catch_all)
            return problems_.add(
                place, path, fmt::format("'{}' does not exist", domain.catch_all),
                near_address(domain.catch_all).value_or("name a mailbox or an alias that is declared"));
        check_exists(domain.catch_all, place, path, "name a mailbox or an alias that is declared");
    }
    /// "did you mean ...?", from the first thousand names of its domain.
    [[nodiscard]] std::optional<std::string> near_address(std::string_view address) const {
        const auto domain = own_domain(domain_of(address));
        if (!domain || problems_.full())
            return std::nullopt;
        constexpr std::size_t looked_at = 1000;
        std::vector<std::string_view> names;
        for (const Mailbox& each : config_.domains[domain->index].mailboxes) {
            if (names.size() < looked_at)
                names.push_back(each.local_part);
        }
        for (const Alias& each : config_.domains[domain->index].aliases) {
            if (names.size() < 2 * looked_at)
                names.push_back(each.local_part);
        }
        const auto guess = nearest(local_part_of(address), names);
        if (!guess || guess->empty())
            return std::nullopt;
        return fmt::format("did you mean '{}@{}'?", *guess, domain_of(address));
    }

    [[nodiscard]] const Alias& alias_of(AliasId id) const { return config_.domains[id.domain].aliases[id.alias]; }
    [[nodiscard]] std::string address_of(AliasId id) const {
        return alias_of(id).local_part + "@" + config_.domains[id.domain].name;
    }

    /// Depth first, without recursion: a chain of aliases may be as long as the file.
    void check_loops() {
        enum class State : std::uint8_t { unseen, open, done };
        std::vector<std::vector<State>> states;
        for (const Domain& domain : config_.domains)
            states.emplace_back(domain.aliases.size(), State::unseen);
        const auto state = [&](AliasId id) -> State& { return states[id.domain][id.alias]; };
        struct Step {
            AliasId id;
            std::size_t next = 0; // destination
        };
        std::vector<Step> way;
        for (std::uint32_t i = 0; i < config_.domains.size(); ++i) {
            for (std::uint32_t j = 0; j < config_.domains[i].aliases.size(); ++j) {
                if (state({i, j}) != State::unseen)
                    continue;
                state({i, j}) = State::open;
                way.push_back({{i, j}});
                while (!way.empty()) {
                    const Alias& alias = alias_of(way.back().id);
                    if (way.back().next == alias.destinations.size()) {
                        state(way.back().id) = State::done;
                        way.pop_back();
                        continue;
                    }
                    const Resolved to = resolve(alias.destinations[way.back().next++]);
                    if (to.meets != Meets::alias || state(to.alias) == State::done)
                        continue;
                    if (state(to.alias) == State::open) {
                        std::vector<AliasId> cycle;
                        for (const Step& step : way)
                            cycle.push_back(step.id);
                        report_loop(cycle, to.alias);
                        continue;
                    }
                    state(to.alias) = State::open;
                    way.push_back({to.alias});
                }
            }
        }
    }
    void report_loop(const std::vector<AliasId>& way, AliasId back_to) {
        std::size_t start = 0;
        while (way[start].domain != back_to.domain || way[start].alias != back_to.alias)
            ++start;
        constexpr std::size_t shown_at_most = 6;
        std::string text = address_of(back_to);
        for (std::size_t i = start + 1; i < way.size() && i < start + shown_at_most; ++i)
            text += " -> " + address_of(way[i]);
        if (way.size() - start > shown_at_most)
            text += fmt::format(" -> ... {} more", way.size() - start - shown_at_most);
        text += " -> " + address_of(back_to);
        problems_.add(
            alias_of(back_to).mark,
            fmt::format("domains[{}].aliases[{}]", config_.domains[back_to.domain].name, alias_of(back_to).local_part),
            "the alias leads back to itself: " + text, "take one of the steps away");
    }

    const Config& config_;
    const Marks& marks_;
    Problems& problems_;
    std::unordered_map<std::string_view, DomainEntry> domains_;
    std::vector<std::unordered_map<std::string_view, Entry>> addresses_; // by local part, for each domain
};

} // namespace

void validate(const Config& config, const Marks& marks, Problems& problems) {
    Validator(config, marks, problems).run();
}

} // namespace vectis::config
