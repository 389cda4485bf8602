#include "mail/field.hpp"

#include "base/base64.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "mail/letters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace vectis::mail {

namespace {

constexpr std::size_t fold_at = 78;         // RFC 5322 section 2.1.1: lines should not be longer
constexpr std::size_t encoded_line = 76;    // RFC 2047 section 2: a line with an encoded word must not be longer
constexpr std::size_t longest_encoded = 75; // RFC 2047 section 2
constexpr std::size_t longest_quoted = 200; // what is longer is encoded, and so in pieces
constexpr std::string_view word_start = "=?utf-8?Q?";
constexpr std::size_t word_frame = word_start.size() + 2; // and "?="
constexpr std::size_t least_room = word_frame + 12;       // one character of four bytes in Q

/// A piece is the blanks from `at` and the word behind them.
struct Piece {
    std::size_t word = 0; // where the word starts
    std::size_t end = 0;
};
Piece piece_at(std::string_view text, std::size_t at) {
    const auto word = std::min(text.find_first_not_of(' ', at), text.size());
    return {word, std::min(text.find(' ', word), text.size())};
}

/// Whether readers give back `text` as it is when it is not encoded.
bool reads_back(std::string_view text) {
    return is_printable_ascii(text) && text.find("=?") == std::string_view::npos && !text.starts_with(' ') &&
           !text.ends_with(' ') && longest_piece(text) <= longest_word;
}

/// What needs no escape in Q, in names too (RFC 2047 section 5, rule 3).
bool is_plain_in_q(char each) {
    return is_alnum(each) || std::string_view("!*+-/").find(each) != std::string_view::npos;
}

std::string in_q(std::string_view bytes) {
    std::string text;
    for (const char each : bytes) {
        if (is_plain_in_q(each))
            text += each;
        else if (each == ' ')
            text += '_';
        else
            text += fmt::format("={:02X}", static_cast<unsigned char>(each));
    }
    return text;
}

std::string encoded_word(bool q, std::string_view bytes) {
    return fmt::format("=?utf-8?{}?{}?=", q ? 'Q' : 'B', q ? in_q(bytes) : base64(bytes));
}

constexpr std::size_t size_in_base64(std::size_t bytes) {
    return (bytes + 2) / 3 * 4;
}

std::vector<std::string> words_in_q(std::string_view text, std::size_t room) {
    std::vector<std::string> words;
    while (!text.empty()) {
        auto rest = text;
        std::size_t size = word_frame;
        while (!rest.empty()) {
            auto behind = rest;
            size += in_q(take_character(behind)).size();
            if (size > room)
                break;
            rest = behind;
        }
        words.push_back(encoded_word(true, text.substr(0, text.size() - rest.size())));
        text = rest;
        room = longest_encoded;
    }
    return words;
}

/// Each word but the last has three bytes for four letters, without padding: GMime, and what is made with it, reads
/// words that follow each other as one and stops at padding. Nothing where the characters do not fall so.
std::vector<std::string> words_in_base64(std::string_view text, std::size_t room) {
    std::vector<std::string> words;
    while (word_frame + size_in_base64(text.size()) > room) {
        auto rest = text;
        std::size_t taken = 0;
        for (auto bytes = take_character(rest).size(); word_frame + size_in_base64(bytes) <= room;
             bytes += take_character(rest).size())
            taken = bytes % 3 == 0 ? bytes : taken;
        if (taken == 0)
            return {};
        words.push_back(encoded_word(false, text.substr(0, taken)));
        text.remove_prefix(taken);
        room = longest_encoded;
    }
    words.push_back(encoded_word(false, text));
    return words;
}

/// `text`, which is not empty, in encoded words, no character split between two (RFC 2047 section 5): the first one has
/// `room` octets.
std::vector<std::string> encoded_words(std::string_view text, std::size_t room) {
    const auto escaped = static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char each) { return !is_plain_in_q(each) && each != ' '; }));
    const bool shorter_in_q = text.size() + 2 * escaped <= size_in_base64(text.size());
    auto words = shorter_in_q ? std::vector<std::string>{} : words_in_base64(text, room);
    return words.empty() ? words_in_q(text, room) : words;
}

/// Between quotes (RFC 5322 section 3.2.4).
std::string escaped_for_quotes(std::string_view text) {
    std::string escaped;
    for (const char each : text) {
        if (each == '"' || each == '\\')
            escaped += '\\';
        escaped += each;
    }
    return escaped;
}

/// As RFC 2231 section 4 escapes it, in pieces of at most `most` octets, no character split between two.
std::vector<std::string> percent_escaped(std::string_view text, std::size_t most) {
    std::vector<std::string> pieces{"utf-8''"};
    while (!text.empty()) {
        std::string character;
        for (const char each : take_character(text)) {
            if (is_alnum(each) || each == '-' || each == '.' || each == '_')
                character += each;
            else
                character += fmt::format("%{:02X}", static_cast<unsigned char>(each));
        }
        if (pieces.back().size() + character.size() > most)
            pieces.emplace_back();
        pieces.back() += character;
    }
    return pieces;
}

} // namespace

void Field::break_line() {
    value_ += "\r\n";
    column_ = 0;
}

Field& Field::word(std::string_view word, std::string_view blank) {
    const std::size_t size = blank.size() + word.size();
    if (!is_printable_ascii(word) || blank.empty() || blank.find_first_not_of(' ') != std::string_view::npos ||
        size + (value_.empty() ? column_ : 0) > longest_line)
        throw Error(Code::internal,
                    fmt::format("cannot write the header field '{}': a part of it was never judged", printable(name_)));
    // Not directly behind the colon: a field whose first line is empty confuses some readers.
    if (!value_.empty() && column_ > 0 && column_ + size > fold_at)
        break_line();
    value_ += blank;
    value_ += word;
    column_ += size;
    return *this;
}

Field& Field::plain(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const auto [start, end] = piece_at(text, at);
        word(text.substr(start, end - start), start == at ? " " : text.substr(at, start - at));
        at = end;
    }
    return *this;
}

Field& Field::encoded(std::string_view text) {
    const std::size_t room = encoded_line - std::min(column_ + 1, encoded_line);
    if (room < least_room)
        break_line();
    for (const auto& each : encoded_words(text, room < least_room ? longest_encoded : room))
        word(each);
    return *this;
}

Field& Field::text(std::string_view text) {
    return reads_back(text) ? plain(text) : encoded(text);
}

Field& Field::phrase(std::string_view text) {
    if (!reads_back(text) || text.find("  ") != std::string_view::npos)
        return encoded(text);
    if (std::all_of(text.begin(), text.end(), [](char each) { return is_atext(each) || each == ' '; }))
        return plain(text);
    // Not folded between the quotes: not every reader takes the line end out there.
    const std::string quoted = fmt::format("\"{}\"", escaped_for_quotes(text));
    return quoted.size() <= longest_quoted ? word(quoted) : encoded(text);
}

Field& Field::mailbox(const Address& address, bool more) {
    const std::string_view comma = more ? "," : "";
    if (address.name.empty())
        return word(fmt::format("{}{}", address.email, comma));
    return phrase(address.name).word(fmt::format("<{}>{}", address.email, comma));
}

Field& Field::parameter(std::string_view name, std::string_view value) {
    value_ += ';';
    ++column_;
    if (is_token(value) && value.size() <= longest_quoted)
        return word(fmt::format("{}={}", name, value));
    if (is_printable_ascii(value) && value.find("=?") == std::string_view::npos && value.size() <= longest_quoted)
        return word(fmt::format("{}=\"{}\"", name, escaped_for_quotes(value)));
    constexpr std::size_t most = 56; // with a name of filename's length, a number and its signs, less than a line
    const auto pieces = percent_escaped(value, most);
    if (pieces.size() == 1)
        return word(fmt::format("{}*={}", name, pieces.front()));
    for (std::size_t i = 0; i < pieces.size(); ++i)
        word(fmt::format("{}*{}*={}{}", name, i, pieces[i], i + 1 < pieces.size() ? ";" : ""));
    return *this;
}

Field& Field::old_parameter(std::string_view name, std::string_view value) {
    if (is_printable_ascii(value) && value.find("=?") == std::string_view::npos && value.size() <= longest_quoted)
        return parameter(name, value);
    value_ += ';';
    break_line();
    const std::string start = fmt::format("{}=\"", name);
    auto words = encoded_words(value, longest_encoded - start.size() - 1);
    words.front() = start + words.front();
    words.back() += '"';
    for (const auto& each : words)
        word(each);
    return *this;
}

Field address_field(std::string_view name, const std::vector<Address>& addresses) {
    Field field(name);
    for (std::size_t i = 0; i < addresses.size(); ++i)
        field.mailbox(addresses[i], i + 1 < addresses.size());
    return field;
}

std::size_t longest_piece(std::string_view text) {
    std::size_t longest = 0;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = piece_at(text, at).end;
        longest = std::max(longest, end - at);
        at = end;
    }
    return longest;
}

} // namespace vectis::mail
