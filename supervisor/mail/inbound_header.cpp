#include "mail/inbound_header.hpp"

#include "base/base64.hpp"
#include "base/clock.hpp"
#include "base/text.hpp"
#include "mail/gmime.hpp"

#include <algorithm>
#include <optional>

namespace vectis::mail {

namespace {

// GMime's time grows with the square of what it decodes: of this much it takes no time that is felt.
constexpr std::size_t most_of_header = std::size_t{256} << 10U;
constexpr std::size_t most_fields = 1000;
constexpr std::size_t longest_encoded_value = std::size_t{16} << 10U;
constexpr std::size_t longest_address_list = std::size_t{32} << 10U;
constexpr std::ptrdiff_t most_colons = 100; // groups in groups: GMime calls itself for each
constexpr std::size_t most_addresses = 2000;

struct EncodedWord {
    std::string charset; // in lower case
    std::string octets;
    std::size_t size = 0; // of the word itself
};

/// "=?charset?b?text?=" at the start; nothing if there is none, or if it is in the other encoding.
std::optional<EncodedWord> base64_word(std::string_view text) {
    const auto language = text.find('?', 2);
    if (language == std::string_view::npos || language + 3 > text.size() || text[language + 2] != '?' ||
        (text[language + 1] != 'b' && text[language + 1] != 'B'))
        return std::nullopt;
    const auto end = text.find("?=", language + 3);
    if (end == std::string_view::npos)
        return std::nullopt;
    auto octets = from_base64(text.substr(language + 3, end - language - 3));
    const auto charset = text.substr(2, language - 2);
    if (!octets || charset.empty() || charset.find_first_of(" \t=?") != std::string_view::npos)
        return std::nullopt;
    return EncodedWord{.charset = lower_ascii(charset), .octets = std::move(*octets), .size = end + 2};
}

std::string taken(gchar* text) {
    const Gmime<char> owner(text);
    return text == nullptr ? std::string() : utf8(text);
}

void collect_addresses(InternetAddressList* list, std::size_t level, std::vector<NamedAddress>& all) {
    const int count = list == nullptr || level > 10 ? 0 : internet_address_list_length(list);
    for (int i = 0; i < count && all.size() < most_addresses; ++i) {
        auto* address = internet_address_list_get_address(list, i);
        if (is_of(address, internet_address_group_get_type())) {
            collect_addresses(internet_address_group_get_members(as<InternetAddressGroup>(address)), level + 1, all);
            continue;
        }
        const char* email = internet_address_mailbox_get_addr(as<InternetAddressMailbox>(address));
        const char* name = internet_address_get_name(address);
        if (email != nullptr && *email != '\0')
            all.push_back({.email = utf8(email), .name = utf8(name == nullptr ? "" : name)});
    }
}

} // namespace

std::string utf8(std::string text) {
    if (!is_utf8(text)) {
        const Gmime<char> good(g_utf8_make_valid(text.data(), static_cast<gssize>(text.size())));
        text = good.get();
    }
    text.erase(std::remove(text.begin(), text.end(), '\0'), text.end());
    return text;
}

std::string with_joined_words(std::string_view value) {
    std::string text;
    std::string charset; // of the word that `octets` belongs to; empty: there is none
    std::string octets;
    const auto write_word = [&] {
        if (!charset.empty())
            text += "=?" + charset + "?b?" + base64(octets) + "?=";
        charset.clear();
        octets.clear();
    };
    while (!value.empty()) {
        const auto start = value.find("=?");
        const auto gap = value.substr(0, start);
        const bool neighbours = trim(gap).empty();
        if (!neighbours || start == std::string_view::npos)
            write_word();
        if (start == std::string_view::npos)
            return text.append(value);
        const auto word = base64_word(value.substr(start));
        if (!word) {
            write_word();
            text += value.substr(0, start + 2);
            value.remove_prefix(start + 2);
            continue;
        }
        if (charset.empty() || word->charset != charset) {
            write_word();
            text += gap;
            charset = word->charset;
        }
        octets += word->octets;
        value.remove_prefix(start + word->size);
    }
    write_word();
    return text;
}

Header read_header(std::string_view message) {
    Header header;
    std::size_t read = 0;
    while (!message.empty()) {
        const auto end = message.find('\n');
        auto line = message.substr(0, end);
        message.remove_prefix(end == std::string_view::npos ? message.size() : end + 1);
        if (line.ends_with('\r'))
            line.remove_suffix(1);
        if (line.empty())
            break;
        read += line.size();
        if (read > most_of_header || header.fields.size() == most_fields) {
            header.truncated = true;
            break;
        }
        if (line.starts_with(' ') || line.starts_with('\t')) {
            if (!header.fields.empty())
                header.fields.back().value.append(header.fields.back().value.empty() ? "" : " ").append(trim(line));
            continue;
        }
        const auto colon = line.find(':');
        // RFC 5322 section 2.2; anything else ends the header for many readers, and is no field for any.
        if (colon == std::string_view::npos || colon == 0)
            continue;
        const std::string name = utf8(std::string(trim(line.substr(0, colon))));
        header.fields.push_back(
            {.name = name, .lower_name = lower_ascii(name), .value = std::string(trim(line.substr(colon + 1)))});
    }
    return header;
}

std::string decoded_header(std::string_view value) {
    if (value.find("=?") == std::string_view::npos && is_utf8(value))
        return utf8(std::string(value));
    ready_gmime();
    const std::string bounded = with_joined_words(value.substr(0, longest_encoded_value));
    return taken(g_mime_utils_header_decode_text(nullptr, bounded.c_str()));
}

std::vector<NamedAddress> read_addresses(std::string_view value) {
    ready_gmime();
    std::string bounded = with_joined_words(value.substr(0, longest_address_list));
    std::ptrdiff_t colons = 0;
    const auto cut =
        std::find_if(bounded.begin(), bounded.end(), [&](char each) { return each == ':' && ++colons > most_colons; });
    bounded.erase(cut, bounded.end());
    const Gmime<InternetAddressList> list(internet_address_list_parse(nullptr, bounded.c_str()));
    std::vector<NamedAddress> all;
    collect_addresses(list.get(), 0, all);
    return all;
}

std::string read_date(std::string_view value) {
    ready_gmime();
    const std::string bounded(value.substr(0, 100));
    const Gmime<GDateTime> date(g_mime_utils_header_decode_date(bounded.c_str()));
    if (!date)
        return {};
    const gint64 seconds = g_date_time_to_unix(date.get());
    constexpr gint64 year_9999 = 253402300799;
    if (seconds < 0 || seconds > year_9999)
        return {};
    return rfc3339(Time(std::chrono::seconds(seconds)));
}

} // namespace vectis::mail
