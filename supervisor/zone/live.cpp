#include "zone/live.hpp"

#include "base/text.hpp"
#include "net/addresses.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vectis::zone {

namespace {

using Words = std::vector<std::string>;

/// As net::record_value() says it.
std::string plain(std::string value) {
    if (value.ends_with('.'))
        value.pop_back();
    return lower_ascii(value);
}

bool contains(const Words& words, const std::string& word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

Words words_of(const std::string& text, char separator) {
    Words words;
    for (const auto& each : split(text, separator)) {
        if (const auto word = trim(each); !word.empty())
            words.emplace_back(word);
    }
    return words;
}

/// The value of a tag: "p" of "v=DKIM1; k=rsa; p=...", without the spaces that may stand in it.
std::optional<std::string> tag(const std::string& text, std::string_view name) {
    for (const auto& each : words_of(text, ';')) {
        const auto equals = each.find('=');
        if (equals == std::string::npos || trim(std::string_view(each).substr(0, equals)) != name)
            continue;
        std::string value = each.substr(equals + 1);
        std::erase_if(value, [](char c) { return c == ' ' || c == '\t'; });
        return value;
    }
    return std::nullopt;
}

/// How the texts of one kind at a name begin: SPF and the texts of others stand side by side.
std::string kind_of(const std::string& value) {
    return lower_ascii(value.substr(0, value.find_first_of(" ;")));
}

bool is_kind(const std::string& text, const std::string& kind) {
    return kind_of(text) == kind;
}

/// The mechanisms that are looked at: what follows "all" never is (RFC 7208 section 5.1).
Words mechanisms(const std::string& policy) {
    Words all;
    for (const auto& each : words_of(lower_ascii(policy), ' ')) {
        if (each == "all" || (each.size() == 4 && each.ends_with("all")))
            break;
        all.push_back(each.starts_with('+') ? each.substr(1) : each);
    }
    return all;
}

/// What theirs needs so that everybody may send there whom ours lets send: the mechanisms that are missing. The server
/// itself ("mx", "a") may also be named by its addresses.
Words missing_mechanisms(const std::string& theirs, const std::string& ours, const Words& addresses) {
    const Words has = mechanisms(theirs);
    const bool by_address =
        !addresses.empty() && std::all_of(addresses.begin(), addresses.end(), [&](const std::string& each) {
            return contains(has, (net::is_ipv6(each) ? "ip6:" : "ip4:") + each);
        });
    Words missing;
    for (const auto& each : mechanisms(ours)) {
        const bool itself = each == "mx" || each == "a";
        if (!contains(has, each) && !(itself && by_address))
            missing.push_back(each);
    }
    return missing;
}

bool serves(const std::string& theirs, const std::string& ours) {
    const std::string kind = kind_of(ours);
    if (kind == "v=dkim1")
        // RFC 6376 section 3.6.1: a key whose k= is left out is for RSA, and nobody verifies another kind with it.
        return tag(theirs, "p") == tag(ours, "p") && tag(theirs, "k").value_or("rsa") == tag(ours, "k").value_or("rsa");
    if (kind == "v=dmarc1")
        return tag(theirs, "p").has_value();
    if (kind == "v=tlsrptv1")
        return tag(theirs, "rua").has_value();
    return tag(theirs, "id") == tag(ours, "id"); // MTA-STS
}

void judge_policy(Checked& checked, const std::string& theirs, const Words& addresses) {
    const Words missing = missing_mechanisms(theirs, checked.record.value, addresses);
    checked.verdict = missing.empty() ? Verdict::published : Verdict::different;
    if (!missing.empty())
        checked.advice = fmt::format("put '{}' into what is there, right after v=spf1, in the zone of {}",
                                     join(missing, " "), checked.record.zone);
}

void judge_text(Checked& checked, const net::Answer& answer, const Words& addresses) {
    const std::string kind = kind_of(checked.record.value);
    Words same;
    for (const auto& each : answer.values) {
        // RFC 6376 section 3.6.1: a key's v= may be left out.
        if (is_kind(each, kind) || (kind == "v=dkim1" && tag(each, "p")))
            same.push_back(each);
    }
    checked.found = same;
    if (same.empty()) {
        checked.verdict = Verdict::missing;
    } else if (same.size() > 1) {
        checked.verdict = Verdict::different;
        checked.advice = fmt::format("there are {} records that begin with {}, which makes all of them void: leave one",
                                     same.size(), kind);
    } else if (kind == "v=spf1") {
        judge_policy(checked, same.front(), addresses);
    } else {
        checked.verdict = serves(same.front(), checked.record.value) ? Verdict::published : Verdict::different;
    }
}

/// The host of "10 mail.example.test": how it is preferred is up to them.
std::string exchanger(const std::string& value) {
    return plain(value).substr(value.find(' ') + 1);
}

bool is_same(const DnsRecord& record, const std::string& theirs) {
    return record.type == "MX" ? exchanger(theirs) == exchanger(record.value) : theirs == plain(record.value);
}

void judge_value(Checked& checked, const net::Answer& answer, const Words& addresses) {
    checked.found = answer.values;
    if (checked.record.type == "CNAME")
        checked.verdict = std::any_of(answer.values.begin(), answer.values.end(),
                                      [&](const std::string& each) { return contains(addresses, each); })
                              ? Verdict::published
                              : Verdict::different;
    else
        checked.verdict = std::any_of(answer.values.begin(), answer.values.end(),
                                      [&](const std::string& each) { return is_same(checked.record, each); })
                              ? Verdict::published
                              : Verdict::different;
    if (checked.verdict == Verdict::published && checked.record.type == "MX" && answer.values.size() > 1)
        checked.advice = "mail may go to the other servers as well: leave them only if they pass it on to this one";
    if (checked.verdict == Verdict::published && checked.record.type == "TLSA" && !answer.secure)
        checked.advice = "it counts for nobody: the zone is not signed (DNSSEC)";
}

std::string advice(const Checked& checked, const net::Answer& answer) {
    const DnsRecord& record = checked.record;
    const std::string where = record.elsewhere ? "where you rent the address" : "in the zone of " + record.zone;
    switch (checked.verdict) {
    case Verdict::published:
        return {};
    case Verdict::missing:
        return fmt::format("publish it {}", where);
    case Verdict::different:
        return fmt::format("put it in place of what is there, {}", where);
    case Verdict::unknown:
        break;
    }
    return answer.status == net::Status::bogus
               ? fmt::format("its signature is wrong ({}): nobody believes this zone until that is mended", answer.why)
               : fmt::format("ask again: {}", answer.why);
}

net::RecordType type_of(const DnsRecord& record, bool ipv4) {
    if (record.type == "CNAME")
        return ipv4 ? net::RecordType::a : net::RecordType::aaaa;
    constexpr std::array<std::pair<std::string_view, net::RecordType>, 7> types{{
        {"A", net::RecordType::a},
        {"AAAA", net::RecordType::aaaa},
        {"MX", net::RecordType::mx},
        {"TXT", net::RecordType::txt},
        {"SRV", net::RecordType::srv},
        {"PTR", net::RecordType::ptr},
        {"TLSA", net::RecordType::tlsa},
    }};
    return std::find_if(types.begin(), types.end(), [&](const auto& each) { return each.first == record.type; })
        ->second;
}

Words addresses_in(const std::vector<DnsRecord>& records) {
    Words addresses;
    for (const auto& each : records) {
        if (each.type == "A" || each.type == "AAAA")
            addresses.push_back(each.value);
    }
    return addresses;
}

} // namespace

std::string_view text(Verdict verdict) {
    switch (verdict) {
    case Verdict::published:
        return "published";
    case Verdict::missing:
        return "missing";
    case Verdict::different:
        return "different";
    case Verdict::unknown:
        break;
    }
    return "unknown";
}

std::vector<net::Question> questions(const std::vector<DnsRecord>& records) {
    const Words addresses = addresses_in(records);
    const bool ipv4 =
        std::any_of(addresses.begin(), addresses.end(), [](const std::string& each) { return !net::is_ipv6(each); });
    std::vector<net::Question> all;
    for (const auto& each : records)
        all.push_back({each.name, type_of(each, ipv4)});
    return all;
}

std::vector<Checked> check(const std::vector<DnsRecord>& records, const std::vector<net::Answer>& answers) {
    const Words addresses = addresses_in(records);
    std::vector<Checked> all;
    for (std::size_t i = 0; i < records.size(); ++i) {
        const net::Answer& answer = answers.at(i);
        Checked checked{.record = records[i], .secure = answer.secure};
        if (answer.status == net::Status::no_data || answer.status == net::Status::no_such_name)
            checked.verdict = Verdict::missing;
        else if (answer.found() && checked.record.type == "TXT")
            judge_text(checked, answer, addresses);
        else if (answer.found())
            judge_value(checked, answer, addresses);
        if (checked.advice.empty())
            checked.advice = advice(checked, answer);
        all.push_back(std::move(checked));
    }
    return all;
}

bool complete(const std::vector<Checked>& checked) {
    return std::all_of(checked.begin(), checked.end(),
                       [](const Checked& each) { return each.record.optional || each.verdict == Verdict::published; });
}

} // namespace vectis::zone
