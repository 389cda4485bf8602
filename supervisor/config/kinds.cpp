#include "config/kinds.hpp"

#include "base/ip_network.hpp"
#include "base/text.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace vectis::config {

namespace {

constexpr std::string_view digits = "0123456789";
constexpr std::size_t longest_local_part = 64; // RFC 5321 section 4.5.3.1.1
constexpr std::size_t longest_address = 254;   // RFC 5321 section 4.5.3.1.3, without the angle brackets
constexpr std::size_t longest_path = 1024;
constexpr std::size_t longest_hash = 512;

bool is_digit(char each) {
    return each >= '0' && each <= '9';
}
bool is_letter(char each) {
    return (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z');
}
bool is_alnum(char each) {
    return is_letter(each) || is_digit(each);
}
bool is_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char each) { return static_cast<unsigned char>(each) < 0x80; });
}
bool all_digits(std::string_view text) {
    return !text.empty() && text.find_first_not_of(digits) == std::string_view::npos;
}

Parsed refuse(std::string fault, std::string hint = {}) {
    return {std::nullopt, std::move(fault), std::move(hint)};
}
Parsed accept(Value value) {
    return {std::move(value), {}, {}};
}

/// A decimal number without sign, leading zeros or anything else.
std::optional<std::int64_t> decimal(std::string_view text) {
    if (!all_digits(text) || (text.size() > 1 && text[0] == '0'))
        return std::nullopt;
    std::int64_t number = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc{})
        return std::nullopt;
    return number;
}

bool within(const Field& field, std::int64_t number) {
    return number >= field.range.min && number <= field.range.max;
}

// Numbers

Parsed parse_boolean(const Field&, Scalar scalar) {
    if (!scalar.quoted && scalar.text == "true")
        return accept(true);
    if (!scalar.quoted && scalar.text == "false")
        return accept(false);
    const std::string text = lower_ascii(scalar.text);
    for (const std::string_view yes : {"yes", "on", "true", "y", "1"}) {
        if (text == yes)
            return refuse({}, "write true");
    }
    for (const std::string_view no : {"no", "off", "false", "n", "0"}) {
        if (text == no)
            return refuse({}, "write false");
    }
    return refuse({});
}

Parsed parse_integer(const Field& field, Scalar scalar) {
    const auto number = decimal(scalar.text);
    if (scalar.quoted)
        return refuse({}, number ? "write the number without quotes" : "");
    if (number)
        return within(field, *number) ? accept(*number) : refuse({});
    return refuse({}, plain_type(scalar.text) == Plain::text ? "" : "write a plain decimal number");
}

Parsed parse_count(const Field& field, Scalar scalar) {
    if (scalar.text == "unlimited")
        return accept(std::int64_t{0});
    if (scalar.text == "0")
        return refuse({}, "write unlimited if there is no bound");
    return parse_integer(field, scalar);
}

Parsed parse_size_value(const Field& field, Scalar scalar) {
    if (field.range.min == 0 && scalar.text == "unlimited")
        return accept(std::int64_t{0});
    const std::string_view text = scalar.text;
    const auto end = std::min(text.find_first_not_of(digits), text.size());
    const bool plain_number = decimal(text.substr(0, end)).has_value();
    if (const auto bytes = parse_size(text); bytes && plain_number && trim(text) == text) {
        if (std::cmp_less_equal(*bytes, field.range.max) && within(field, static_cast<std::int64_t>(*bytes)))
            return accept(static_cast<std::int64_t>(*bytes));
        return refuse({});
    }
    const std::string unit = lower_ascii(trim(text.substr(end)));
    for (const char each : std::string_view("kmgt")) {
        const bool known =
            unit == std::string{each} || unit == std::string{each, 'b'} || unit == std::string{each, 'i', 'b'};
        if (plain_number && known)
            return refuse({}, fmt::format("write {} {}iB", text.substr(0, end), static_cast<char>(each - 'a' + 'A')));
    }
    return refuse({});
}

struct TimeUnit {
    std::string_view name;
    std::int64_t minutes;
};
constexpr std::array time_units{TimeUnit{"minute", 1}, TimeUnit{"hour", 60}, TimeUnit{"day", 1440},
                                TimeUnit{"week", 10'080}};

/// "5 days", "1 hour": minutes.
std::optional<std::int64_t> parse_minutes(std::string_view text) {
    const auto space = text.find(' ');
    if (space == std::string_view::npos)
        return std::nullopt;
    const auto number = decimal(text.substr(0, space));
    std::string_view unit = text.substr(space + 1);
    if (unit.ends_with('s'))
        unit.remove_suffix(1);
    for (const auto& each : time_units) {
        if (number && unit == each.name && *number < 10'000'000)
            return *number * each.minutes;
    }
    return std::nullopt;
}

Parsed parse_duration(const Field& field, Scalar scalar) {
    const bool days = field.kind == Kind::days;
    if (days && scalar.text == "forever")
        return accept(std::int64_t{0});
    if (const auto minutes = parse_minutes(scalar.text)) {
        const std::int64_t unit = days ? 1440 : field.kind == Kind::hours ? 60 : 1;
        if (*minutes % unit != 0)
            return refuse({}, days ? "write whole days" : "write whole hours");
        const std::int64_t number = *minutes / unit;
        return within(field, number) ? accept(number) : refuse({});
    }
    if (days && scalar.text == "0")
        return refuse({}, "write forever");
    if (const auto number = decimal(scalar.text))
        return refuse({},
                      fmt::format("say the unit: {} {}", *number, field.kind == Kind::minutes ? "minutes" : "days"));
    return refuse({});
}

Parsed parse_score(const Field& field, Scalar scalar) {
    const std::string_view text = scalar.text;
    const auto point = std::min(text.find('.'), text.size());
    const auto whole = decimal(text.substr(0, point));
    std::int64_t tenth = 0;
    bool shaped = whole && *whole < 1'000'000;
    if (shaped && point < text.size()) {
        std::string_view fraction = text.substr(point + 1);
        while (fraction.size() > 1 && fraction.ends_with('0'))
            fraction.remove_suffix(1);
        shaped = fraction.size() == 1 && is_digit(fraction[0]);
        if (shaped)
            tenth = fraction[0] - '0';
        else if (all_digits(fraction))
            return refuse({}, fmt::format("scores have one decimal: {}.{}", *whole, fraction[0]));
    }
    if (scalar.quoted)
        return refuse({}, shaped ? "write the number without quotes" : "");
    if (!shaped)
        return refuse({}, text.find(',') != std::string_view::npos ? "write a point, not a comma" : "");
    const std::int64_t tenths = *whole * 10 + tenth;
    return within(field, tenths) ? accept(tenths) : refuse({});
}

Parsed parse_choice(const Field& field, Scalar scalar) {
    for (std::size_t i = 0; i < field.choices.size(); ++i) {
        if (field.choices[i] == scalar.text)
            return accept(static_cast<std::int64_t>(i));
    }
    const auto guess = nearest(lower_ascii(scalar.text), field.choices);
    return refuse({}, guess && !guess->empty() ? fmt::format("did you mean '{}'?", *guess) : "");
}

// Names

std::string dotted_fault(std::string_view text) {
    if (text.starts_with('.') || text.ends_with('.') || text.find("..") != std::string_view::npos)
        return "a dot needs a character on both sides";
    return {};
}

std::string local_part_fault(std::string_view text, std::string_view extra) {
    if (text.empty())
        return "there is nothing before the @";
    if (text.size() > longest_local_part)
        return fmt::format("the part before the @ has {} octets, at most {} are allowed", text.size(),
                           longest_local_part);
    for (const char each : text) {
        if (!is_alnum(each) && extra.find(each) == std::string_view::npos) {
            if (!is_ascii(text))
                return "the part before the @ has other letters than ASCII";
            return fmt::format("the part before the @ may not have '{}'", each);
        }
    }
    if (text.starts_with('-'))
        return "the part before the @ may not start with '-'";
    return dotted_fault(text);
}

/// Of our own addresses: they become names of folders, so '/' and what shells, Postfix ('!', '%') and Dovecot
/// ('%', '*', '$') give a meaning to stays out. Dovecot's auth_username_chars lists the same ones.
constexpr std::string_view own_specials = "._-+=&'#~^?";
/// Of anybody's: atext of RFC 5322 section 3.2.3.
constexpr std::string_view any_specials = ".!#$%&'*+-/=?^_`{|}~";

Parsed parse_domain(const Field&, Scalar scalar) {
    const std::string name = lower_ascii(scalar.text);
    std::string fault = domain_fault(name);
    if (fault.empty())
        return accept(name);
    std::string hint;
    if (!is_ascii(name))
        hint = "write an international name in its xn-- form, as `idn2 NAME` prints it";
    else if (name.ends_with('.') && domain_fault(std::string_view(name).substr(0, name.size() - 1)).empty())
        hint = "leave the dot at the end out";
    return refuse(std::move(fault), std::move(hint));
}

std::optional<std::string> canonical_ip(std::string_view text) {
    const std::string address(text);
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    std::array<char, INET6_ADDRSTRLEN> buffer{};
    for (const int family : {AF_INET, AF_INET6}) {
        if (::inet_pton(family, address.c_str(), bytes.data()) == 1 && address.size() == text.size() &&
            address.find('\0') == std::string::npos &&
            ::inet_ntop(family, bytes.data(), buffer.data(), buffer.size()) != nullptr)
            return std::string(buffer.data());
    }
    return std::nullopt;
}

Parsed parse_ip(const Field&, Scalar scalar) {
    const auto address = canonical_ip(scalar.text);
    if (!address) {
        const bool list = scalar.text.find_first_of(", /") != std::string_view::npos;
        return refuse({}, list ? "write single addresses, as a list: [192.0.2.10, 192.0.2.11]" : "");
    }
    if (*address == "0.0.0.0" || *address == "::")
        return refuse(fmt::format("{} is no address to listen on", *address),
                      "leave `addresses` out to listen on all addresses");
    const bool multicast =
        address->starts_with("ff") || (address->find('.') != std::string::npos &&
                                       address->find(':') == std::string::npos && std::stoi(*address) >= 224);
    if (multicast)
        return refuse(fmt::format("{} is a multicast or reserved address", *address));
    return accept(*address);
}

Parsed parse_network(const Field&, Scalar scalar) {
    const auto network = parse_ip_network(scalar.text);
    if (!network)
        return refuse({}, scalar.text.find_first_of(", ") != std::string_view::npos
                              ? "write several as a list: [192.0.2.10, 198.51.100.0/24]"
                              : "");
    if (network->base() != *network)
        return refuse(fmt::format("{} is an address inside a network", scalar.text),
                      fmt::format("write {}", network->base().text()));
    // Whole continents: nobody's office, but a slip of the keyboard.
    if (network->prefix < (network->ipv6 ? 16U : 8U))
        return refuse(fmt::format("{} is a large part of the internet", network->text()),
                      "name the networks that you know; `enabled: false` bans nobody at all");
    constexpr IpNetwork mapped{true, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF}, 96};
    if (mapped.contains(*network))
        return refuse(fmt::format("{} is an IPv4 address in the form of IPv6", network->text()),
                      "write the IPv4 address");
    return accept(network->text());
}

Parsed parse_host(const Field& field, Scalar scalar) {
    std::string_view text = scalar.text;
    if (text.starts_with('[') && text.ends_with(']'))
        return refuse({}, "write it without the brackets; MX records are never looked up for it");
    if (const auto address = canonical_ip(text))
        return accept(*address);
    if (text.find(':') != std::string_view::npos)
        return refuse({}, "the port has a key of its own: `port`");
    return parse_domain(field, scalar);
}

Parsed parse_local_part(const Field&, Scalar scalar) {
    if (scalar.text.find('@') != std::string_view::npos)
        return refuse({}, "write only the part before the @; the domain is the one that it stands in");
    std::string name = lower_ascii(scalar.text);
    std::string fault = local_part_fault(name, own_specials);
    return fault.empty() ? accept(std::move(name)) : refuse(std::move(fault));
}

Parsed parse_address(const Field&, Scalar scalar) {
    const std::string address = lower_ascii(scalar.text);
    const auto at = address.rfind('@');
    if (at == std::string::npos) {
        const bool list = scalar.text.find(',') != std::string_view::npos;
        return refuse({}, list ? "write several addresses as a list: [a@example.test, b@example.test]"
                               : "write the domain as well: name@example.test");
    }
    const std::string_view view = address;
    if (address.size() > longest_address)
        return refuse(fmt::format("an address of {} octets, at most {} are allowed", address.size(), longest_address));
    if (view.find(',') != std::string_view::npos)
        return refuse({}, "write several addresses as a list: [a@example.test, b@example.test]");
    if (view.find('<') != std::string_view::npos)
        return refuse({}, "write the bare address, without a name and angle brackets");
    if (std::string fault = local_part_fault(view.substr(0, at), any_specials); !fault.empty())
        return refuse(std::move(fault));
    if (std::string fault = domain_fault(view.substr(at + 1)); !fault.empty())
        return refuse(std::move(fault),
                      is_ascii(view) ? "" : "write an international domain in its xn-- form, as `idn2 NAME` prints it");
    return accept(address);
}

Parsed parse_interface(const Field&, Scalar scalar) {
    const bool fits = !scalar.text.empty() && scalar.text.size() <= 15 && scalar.text != "." && scalar.text != "..";
    const bool plain = std::all_of(scalar.text.begin(), scalar.text.end(), [](char each) {
        return is_alnum(each) || std::string_view("-_.@").find(each) != std::string_view::npos;
    });
    return fits && plain && !scalar.text.starts_with('-') ? accept(std::string(scalar.text)) : refuse({});
}

Parsed parse_path(const Field&, Scalar scalar) {
    const std::string_view path = scalar.text;
    if (!path.starts_with('/') || path.ends_with('/') || path.size() > longest_path)
        return refuse({}, path.starts_with('~') ? "write the whole path" : "");
    for (const auto& part : split(path.substr(1), '/')) {
        if (part.empty() || part == "." || part == "..")
            return refuse({}, "write the path without '.', '..' and double slashes");
    }
    // It is rendered into daemons' configuration files, each with quoting rules of its own.
    for (const char each : path) {
        if (!is_alnum(each) && std::string_view("/._-+@:=").find(each) == std::string_view::npos)
            return refuse(fmt::format("the path has '{}'", printable(std::string_view(&each, 1))),
                          "letters, digits and / . _ - + @ : = are allowed");
    }
    return accept(std::string(path));
}

Parsed parse_word(const Field& field, Scalar scalar) {
    const bool selector = field.kind == Kind::selector;
    const std::string word = selector ? lower_ascii(scalar.text) : std::string(scalar.text);
    const std::string_view extra = selector ? "-" : "_-.";
    const bool letters = std::all_of(word.begin(), word.end(), [&](char each) {
        return is_alnum(each) || extra.find(each) != std::string_view::npos;
    });
    if (word.empty() || word.size() > 63 || !letters || !is_alnum(word.front()) || !is_alnum(word.back()))
        return refuse({});
    return accept(word);
}

Parsed parse_text(const Field& field, Scalar scalar) {
    if (std::cmp_greater(scalar.text.size(), field.range.max))
        return refuse(fmt::format("a text of {} octets, at most {} are allowed", scalar.text.size(), field.range.max));
    if (trim(scalar.text) != scalar.text)
        return refuse("the text starts or ends with a blank", "take the blank away");
    return accept(std::string(scalar.text));
}

// Passwords. No message shows any part of the value.

struct Scheme {
    std::string_view name;
    std::string_view prefix; // of what follows the scheme
};
/// What Dovecot 2.3 and 2.4 both check without being told to allow weak schemes, and that is no password in the clear.
constexpr std::array schemes{
    Scheme{"ARGON2ID", "$argon2id$"},
    Scheme{"ARGON2I", "$argon2i$"},
    Scheme{"BLF-CRYPT", "$2"},
    Scheme{"SHA512-CRYPT", "$6$"},
    Scheme{"SHA256-CRYPT", "$5$"},
    Scheme{"PBKDF2", "$1$"},
    Scheme{"SCRAM-SHA-256", ""},
    Scheme{"SCRAM-SHA-1", ""},
    Scheme{"SSHA512", ""},
    Scheme{"SSHA256", ""},
    Scheme{"CRYPT", "$"},
};

/// The number after `name` in a hash, if it has one.
std::optional<std::uint64_t> parameter(std::string_view hash, std::string_view name) {
    const auto at = hash.find(name);
    if (at == std::string_view::npos)
        return std::nullopt;
    const auto text = hash.substr(at + name.size());
    std::uint64_t number = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
    return end.ec == std::errc::result_out_of_range ? std::optional(std::numeric_limits<std::uint64_t>::max())
           : end.ec == std::errc()                  ? std::optional(number)
                                                    : std::nullopt;
}

/// Of the password schemes, bcrypt ($2y$12$...), SHA-crypt ($6$rounds=...), PBKDF2 ($1$salt$rounds$...), SCRAM
/// (rounds,salt,...) and Argon2 ($m=...,t=...,p=...) say how long they take.
bool costs_too_much(std::string_view hash) {
    constexpr std::uint64_t most_rounds = 1'000'000;     // of SHA-crypt, which defaults to 5000
    constexpr std::uint64_t most_iterations = 3'000'000; // of HMAC
    if (hash.starts_with("$2"))
        return parameter(hash.substr(2), "$").value_or(0) > 14;
    if (hash.starts_with("$argon2"))
        return parameter(hash, "$m=").value_or(0) > 262'144 || parameter(hash, ",t=").value_or(0) > 10 ||
               parameter(hash, ",p=").value_or(0) > 16;
    if (hash.starts_with("$1$")) { // PBKDF2: the rounds come after the salt
        const auto salt_end = hash.find('$', 3);
        return salt_end != std::string_view::npos &&
               parameter(hash.substr(salt_end), "$").value_or(0) > most_iterations;
    }
    return parameter(hash, "rounds=").value_or(0) > most_rounds ||
           (!hash.starts_with('$') && hash.find(',') != std::string_view::npos &&
            parameter(hash, "").value_or(0) > most_iterations);
}

Parsed parse_password_hash(const Field&, Scalar scalar) {
    const std::string_view text = scalar.text;
    if (text.size() > longest_hash)
        return refuse(fmt::format("a password hash of {} octets, at most {} are allowed", text.size(), longest_hash));
    const auto close = text.find('}');
    if (!text.starts_with('{') || close == std::string_view::npos) {
        for (const auto& each : schemes) {
            if (each.prefix.size() > 2 && text.starts_with(each.prefix))
                return refuse("found a hash without its scheme",
                              fmt::format("write {{{}}} in front of it, and all of it in quotes", each.name));
        }
        return refuse("found a text without a {SCHEME}", "`vectis hash-password` makes a hash of a password");
    }
    const std::string_view hash = text.substr(close + 1);
    std::string name(text.substr(1, close - 1));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char each) { return each >= 'a' && each <= 'z' ? static_cast<char>(each - 'a' + 'A') : each; });
    std::string base = name;
    for (const std::string_view encoding : {".HEX", ".B64", ".BASE64"}) {
        if (base.ends_with(encoding))
            base.resize(base.size() - encoding.size());
    }
    for (const std::string_view clear : {"PLAIN", "CLEARTEXT", "CLEAR", "PLAIN-TRUNC"}) {
        if (base == clear)
            return refuse("found a password in the clear", "`vectis hash-password` makes a hash of it");
    }
    const auto* scheme =
        std::find_if(schemes.begin(), schemes.end(), [&](const Scheme& each) { return each.name == base; });
    if (scheme == schemes.end())
        return refuse(fmt::format("the scheme '{}' is not known or too weak", shown(name)),
                      "known are ARGON2ID, ARGON2I, BLF-CRYPT, SHA512-CRYPT, SHA256-CRYPT, PBKDF2, SCRAM-SHA-256, "
                      "SCRAM-SHA-1, SSHA512, SSHA256 and CRYPT");
    const bool letters = std::all_of(hash.begin(), hash.end(), [](char each) {
        return is_alnum(each) || std::string_view("./+=$,:_-*").find(each) != std::string_view::npos;
    });
    // Encoded, a hash hides how long it takes; and of what crypt(3) knows, these say it.
    const bool hides = base != name && (!scheme->prefix.empty() || base.starts_with("SCRAM"));
    const bool says = base != "CRYPT" || hash.starts_with("$2") || hash.starts_with("$5$") || hash.starts_with("$6$") ||
                      hash.starts_with("$y$j9T$");
    if (hides || !says)
        return refuse(fmt::format("a hash of {{{}}} in a form that does not say how long it takes to compare", name),
                      "give it without .B64 or .HEX; of {CRYPT}, $2, $5$, $6$ and Debian's $y$j9T$ are known");
    if (hash.empty() || !letters || (base == name && !hash.starts_with(scheme->prefix)))
        return refuse(fmt::format("what follows {{{}}} is no such hash", name));
    if (costs_too_much(hash))
        return refuse("found a hash that takes too long to compare",
                      "whoever logs in would occupy Dovecot: at most 2^14 rounds of bcrypt, 1000000 of the others, "
                      "and 256 MiB and 10 passes of Argon2");
    return accept("{" + name + "}" + std::string(hash));
}

// The kinds

struct KindInfo {
    Kind kind;
    std::string_view expected; // {} is the range or the choices
    Parsed (*parse)(const Field&, Scalar);
    bool text = true; // a plain number or boolean is the wrong type
};
constexpr std::array kinds{
    KindInfo{Kind::section, "a map of keys", nullptr},
    KindInfo{Kind::items, "a list of maps", nullptr},
    KindInfo{Kind::text, "text", parse_text},
    KindInfo{Kind::host_name, "a host name such as mail.example.test", parse_domain},
    KindInfo{Kind::host, "a host name or an IP address", parse_host},
    KindInfo{Kind::domain, "a domain such as example.test", parse_domain},
    KindInfo{Kind::address, "an address such as anna@example.test", parse_address},
    KindInfo{Kind::local_part, "the part of an address before the @", parse_local_part},
    KindInfo{Kind::ip_address, "an IP address such as 192.0.2.10 or '2001:db8::10'", parse_ip},
    KindInfo{Kind::ip_network, "an IP address or a network such as 192.0.2.0/24", parse_network},
    KindInfo{Kind::interface, "the name of a network interface such as eth0", parse_interface},
    KindInfo{Kind::boolean, "true or false", parse_boolean, false},
    KindInfo{Kind::integer, "a whole number {}", parse_integer, false},
    KindInfo{Kind::count, "a whole number {}, or unlimited", parse_count, false},
    KindInfo{Kind::size, "a size such as 2 GiB, {}", parse_size_value, false},
    KindInfo{Kind::minutes, "a time such as 10 minutes or 2 hours, {}", parse_duration, false},
    KindInfo{Kind::hours, "a time such as 12 hours or 5 days, {}", parse_duration, false},
    KindInfo{Kind::days, "a time such as 30 days, {}, or forever", parse_duration, false},
    KindInfo{Kind::score, "a score such as 6 or 6.5, {}", parse_score, false},
    KindInfo{Kind::choice, "{}", parse_choice, false},
    KindInfo{Kind::path, "an absolute path of a file", parse_path},
    KindInfo{Kind::secret_name, "the name of a secret (letters, digits, '_', '-', '.')", parse_word},
    KindInfo{Kind::password_hash, "a {{SCHEME}} and a password hash, in quotes", parse_password_hash},
    KindInfo{Kind::selector, "a DKIM selector (letters, digits, '-'; at most 63)", parse_word},
};

const KindInfo& info(Kind kind) {
    return kinds[static_cast<std::size_t>(kind)];
}
static_assert([] {
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        if (kinds[i].kind != static_cast<Kind>(i))
            return false;
    }
    return kinds.size() == static_cast<std::size_t>(Kind::selector) + 1;
}());

/// In the largest unit that leaves no rest; weeks are days.
std::string minutes_text(std::int64_t minutes) {
    const auto& unit = time_units[minutes % 1440 == 0 ? 2 : minutes % 60 == 0 ? 1 : 0];
    const std::int64_t number = minutes / unit.minutes;
    return fmt::format("{} {}{}", number, unit.name, number == 1 ? "" : "s");
}

std::string size_text(const Field& field, std::int64_t bytes) {
    return bytes == 0 && field.range.min == 0 ? "unlimited" : format_size(static_cast<std::uint64_t>(bytes));
}

std::string score_text(std::int64_t tenths) {
    return tenths % 10 == 0 ? fmt::format("{}", tenths / 10) : fmt::format("{}.{}", tenths / 10, tenths % 10);
}

/// A number of the row's kind, as YAML has it.
std::string number_text(const Field& field, std::int64_t number) {
    switch (field.kind) {
    case Kind::count:
        return number == 0 ? "unlimited" : fmt::format("{}", number);
    case Kind::size:
        return size_text(field, number);
    case Kind::minutes:
        return minutes_text(number);
    case Kind::hours:
        return minutes_text(number * 60);
    case Kind::days:
        return number == 0 ? "forever" : minutes_text(number * 1440);
    case Kind::score:
        return score_text(number);
    case Kind::choice:
        return double_quoted(field.choices[static_cast<std::size_t>(number)]);
    default:
        return fmt::format("{}", number);
    }
}

std::array<bool*, 3> protocol_flags(Dovecot& dovecot) {
    return {&dovecot.imap, &dovecot.pop3, &dovecot.managesieve}; // in the order of the row's choices
}

std::string list_text(const std::vector<std::string>& parts) {
    return "[" + join(parts, ", ") + "]";
}

/// Turns a pointer of the Ref into YAML.
struct Writer {
    const Field& field;
    using Text = std::optional<std::string>;

    Text operator()(std::monostate) const { return std::nullopt; }
    Text operator()(const bool* value) const { return *value ? "true" : "false"; }
    Text operator()(const std::uint16_t* value) const { return number_text(field, *value); }
    Text operator()(const std::uint32_t* value) const { return number_text(field, *value); }
    Text operator()(const std::uint64_t* value) const { return number_text(field, static_cast<std::int64_t>(*value)); }
    Text operator()(const std::optional<std::uint64_t>* value) const {
        return *value ? (*this)(&**value) : std::nullopt;
    }
    Text operator()(const std::optional<std::int32_t>* value) const {
        return *value ? Text(number_text(field, **value)) : std::nullopt;
    }
    Text operator()(const std::chrono::minutes* value) const { return number_text(field, value->count()); }
    Text operator()(const std::chrono::hours* value) const { return number_text(field, value->count()); }
    Text operator()(const std::string* value) const {
        // A choice may be the empty text; elsewhere it stands for a key that is not there.
        if (value->empty() && field.kind != Kind::choice)
            return std::nullopt;
        return double_quoted(*value);
    }
    Text operator()(const std::vector<std::string>* values) const {
        std::vector<std::string> parts;
        std::transform(values->begin(), values->end(), std::back_inserter(parts), double_quoted);
        if (parts.empty())
            return std::nullopt;
        return field.arity == Arity::one_or_list && parts.size() == 1 ? parts[0] : list_text(parts);
    }
    Text operator()(const TlsMode* value) const { return number_text(field, static_cast<std::int64_t>(*value)); }
    Text operator()(const MtaSts* value) const { return number_text(field, static_cast<std::int64_t>(*value)); }
    Text operator()(const RelayTls* value) const { return number_text(field, static_cast<std::int64_t>(*value)); }
    Text operator()(Dovecot* dovecot) const {
        std::vector<std::string> parts;
        for (std::size_t i = 0; i < field.choices.size(); ++i) {
            if (*protocol_flags(*dovecot)[i])
                parts.emplace_back(field.choices[i]);
        }
        return list_text(parts);
    }
    template<typename Element>
    Text operator()(const std::vector<Element>*) const {
        return std::nullopt;
    }
};

/// Puts a value where a pointer of the Ref points.
struct Storer {
    const Field& field;
    Value& value;

    [[nodiscard]] std::int64_t number() const { return std::get<std::int64_t>(value); }

    bool operator()(std::monostate) const { return true; }
    bool operator()(bool* to) const { return *to = std::get<bool>(value), true; }
    bool operator()(std::uint16_t* to) const { return *to = static_cast<std::uint16_t>(number()), true; }
    bool operator()(std::uint32_t* to) const { return *to = static_cast<std::uint32_t>(number()), true; }
    bool operator()(std::uint64_t* to) const { return *to = static_cast<std::uint64_t>(number()), true; }
    bool operator()(std::optional<std::uint64_t>* to) const { return *to = static_cast<std::uint64_t>(number()), true; }
    bool operator()(std::optional<std::int32_t>* to) const { return *to = static_cast<std::int32_t>(number()), true; }
    bool operator()(std::chrono::minutes* to) const { return *to = std::chrono::minutes(number()), true; }
    bool operator()(std::chrono::hours* to) const { return *to = std::chrono::hours(number()), true; }
    bool operator()(std::string* to) const {
        if (field.kind == Kind::choice)
            *to = field.choices[static_cast<std::size_t>(number())];
        else
            *to = std::move(std::get<std::string>(value));
        return true;
    }
    bool operator()(std::vector<std::string>* to) const {
        auto& text = std::get<std::string>(value);
        if (std::find(to->begin(), to->end(), text) != to->end())
            return false;
        to->push_back(std::move(text));
        return true;
    }
    bool operator()(TlsMode* to) const { return *to = static_cast<TlsMode>(number()), true; }
    bool operator()(MtaSts* to) const { return *to = static_cast<MtaSts>(number()), true; }
    bool operator()(RelayTls* to) const { return *to = static_cast<RelayTls>(number()), true; }
    bool operator()(Dovecot* to) const {
        bool* const flag = protocol_flags(*to)[static_cast<std::size_t>(number())];
        return !std::exchange(*flag, true);
    }
    template<typename Element>
    bool operator()(std::vector<Element>*) const {
        return true;
    }
};

} // namespace

Plain plain_type(std::string_view text) {
    // YAML 1.2.2 section 10.3.2
    for (const std::string_view null : {"", "~", "null", "Null", "NULL"}) {
        if (text == null)
            return Plain::null;
    }
    for (const std::string_view boolean : {"true", "True", "TRUE", "false", "False", "FALSE"}) {
        if (text == boolean)
            return Plain::boolean;
    }
    constexpr auto none = std::string_view::npos;
    if (text.size() > 2 && text.starts_with("0x") && text.find_first_not_of("0123456789abcdefABCDEF", 2) == none)
        return Plain::integer;
    if (text.size() > 2 && text.starts_with("0o") && text.find_first_not_of("01234567", 2) == none)
        return Plain::integer;
    std::string_view rest = text;
    if (rest.starts_with('-') || rest.starts_with('+'))
        rest.remove_prefix(1);
    if (all_digits(rest))
        return Plain::integer;
    for (const std::string_view infinite : {".inf", ".Inf", ".INF"}) {
        if (rest == infinite)
            return Plain::floating;
    }
    for (const std::string_view nan : {".nan", ".NaN", ".NAN"}) {
        if (text == nan)
            return Plain::floating;
    }
    const auto mantissa = std::min(rest.find_first_not_of("0123456789."), rest.size());
    const std::string_view number = rest.substr(0, mantissa);
    const bool is_number = number.find_first_of(digits) != none && std::count(number.begin(), number.end(), '.') <= 1;
    std::string_view exponent = rest.substr(mantissa);
    if (!is_number)
        return Plain::text;
    if (exponent.empty())
        return Plain::floating;
    if (exponent[0] != 'e' && exponent[0] != 'E')
        return Plain::text;
    exponent.remove_prefix(1);
    if (exponent.starts_with('-') || exponent.starts_with('+'))
        exponent.remove_prefix(1);
    return all_digits(exponent) ? Plain::floating : Plain::text;
}

Parsed parse(const Field& field, Scalar scalar) {
    const KindInfo& kind = info(field.kind);
    if (has_control(scalar.text) || !is_utf8(scalar.text))
        return refuse("the value has a control character");
    if (kind.text && !scalar.quoted && plain_type(scalar.text) != Plain::text)
        return refuse({}, fmt::format("write it in quotes if it is meant as text: '{}'", shown(scalar.text)));
    if (scalar.text.empty() && field.kind != Kind::choice)
        return refuse("found an empty text, expected " + expected(field), "leave the key out if it has no value");
    return kind.parse(field, scalar);
}

std::string expected(const Field& field) {
    std::string what;
    if (field.kind == Kind::choice) {
        std::vector<std::string> choices;
        for (const auto choice : field.choices)
            choices.push_back(choice.empty() ? "\"\"" : std::string(choice));
        what = "one of " + join(choices, ", ");
    } else {
        const auto unlimited = field.kind == Kind::size && field.range.min == 0;
        const std::string range = unlimited
                                      ? fmt::format("at most {}, or unlimited", number_text(field, field.range.max))
                                      : fmt::format("from {} to {}", number_text(field, field.range.min),
                                                    number_text(field, field.range.max));
        what = fmt::format(fmt::runtime(info(field.kind).expected), range);
    }
    if (field.kind == Kind::section || field.kind == Kind::items)
        return what;
    if (field.arity == Arity::list)
        return field.kind == Kind::choice ? "a list with any of " + what.substr(7) : "a list, each element " + what;
    return field.arity == Arity::one_or_list ? what + ", or a list of them" : what;
}

std::string shown(std::string_view text) {
    constexpr std::size_t limit = 60;
    if (text.size() <= limit)
        return printable(text);
    std::size_t end = limit;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80)
        --end;
    return printable(text.substr(0, end)) + "...";
}

std::string found(Scalar scalar) {
    if (scalar.quoted)
        return fmt::format("the text '{}'", shown(scalar.text));
    switch (plain_type(scalar.text)) {
    case Plain::null:
        return "nothing";
    case Plain::boolean:
        return fmt::format("the boolean {}", scalar.text);
    case Plain::integer:
    case Plain::floating:
        return fmt::format("the number {}", shown(scalar.text));
    case Plain::text:
        break;
    }
    return fmt::format("the text '{}'", shown(scalar.text));
}

std::string double_quoted(std::string_view text) {
    const bool plain_characters = std::all_of(text.begin(), text.end(), [](char each) {
        return is_alnum(each) || std::string_view(" ._-+/@=").find(each) != std::string_view::npos;
    });
    const bool starts_well =
        !text.empty() && (is_alnum(text.front()) || text.front() == '/' || text == "+" || text == "_");
    if (plain_characters && starts_well && text.back() != ' ' && plain_type(text) == Plain::text) {
        const std::string lower = lower_ascii(text);
        // YAML 1.1 readers take these for booleans.
        if (lower != "yes" && lower != "no" && lower != "on" && lower != "off" && lower != "y" && lower != "n")
            return std::string(text);
    }
    std::string result = "\"";
    for (const char each : text) {
        if (each == '"' || each == '\\')
            result += '\\';
        result += each;
    }
    return result + "\"";
}

std::optional<std::string> to_yaml_value(const Field& field, const Ref& ref) {
    return std::visit(Writer{field}, ref);
}

bool store(const Field& field, const Ref& ref, Value&& value) {
    return std::visit(Storer{field, value}, ref);
}

void clear(const Ref& ref) {
    if (auto* const* list = std::get_if<std::vector<std::string>*>(&ref))
        (*list)->clear();
    if (auto* const* dovecot = std::get_if<Dovecot*>(&ref)) {
        for (bool* flag : protocol_flags(**dovecot))
            *flag = false;
    }
}

std::string domain_fault(std::string_view name) {
    if (name.empty())
        return "the domain is empty";
    if (name.size() > 253)
        return fmt::format("a domain of {} octets, at most 253 are allowed", name.size());
    if (!is_ascii(name))
        return fmt::format("'{}' has other letters than ASCII", shown(name));
    if (name.ends_with('.'))
        return fmt::format("'{}' ends with a dot", shown(name));
    std::size_t labels = 0;
    std::string_view rest = name;
    std::string_view label;
    for (bool more = true; more; ++labels) {
        const auto dot = rest.find('.');
        label = rest.substr(0, dot);
        more = dot != std::string_view::npos;
        rest = more ? rest.substr(dot + 1) : std::string_view{};
        const bool letters =
            std::all_of(label.begin(), label.end(), [](char each) { return is_alnum(each) || each == '-'; });
        if (label.empty() || label.size() > 63 || !letters || label.front() == '-' || label.back() == '-')
            return fmt::format("'{}' is no domain: '{}' is no label of letters, digits and inner hyphens", shown(name),
                               shown(label));
    }
    if (labels < 2)
        return fmt::format("'{}' is a single label, expected a whole domain such as example.test", shown(name));
    if (all_digits(label))
        return fmt::format("'{}' ends in a number: it is an IP address or no domain", shown(name));
    return {};
}

std::string_view local_part_of(std::string_view address) {
    return address.substr(0, address.rfind('@'));
}

std::string_view domain_of(std::string_view address) {
    return address.substr(address.rfind('@') + 1);
}

} // namespace vectis::config
