#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <numeric>
#include <utility>

namespace vectis {

namespace {

struct SizeUnit {
    std::string_view name;
    std::uint64_t bytes;
};
constexpr std::array size_units{SizeUnit{"TiB", 1ULL << 40U}, SizeUnit{"GiB", 1ULL << 30U},
                                SizeUnit{"MiB", 1ULL << 20U}, SizeUnit{"KiB", 1ULL << 10U}, SizeUnit{"B", 1}};

/// Letters changed, added, left out, or swapped with their neighbour.
/// Edits between two words; two neighbours that changed places count as one (optimal string alignment).
std::size_t distance(std::string_view left, std::string_view right) {
    std::vector<std::size_t> before_last(right.size() + 1);
    std::vector<std::size_t> last(right.size() + 1);
    std::vector<std::size_t> row(right.size() + 1);
    std::iota(last.begin(), last.end(), std::size_t{0});
    for (std::size_t i = 1; i <= left.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= right.size(); ++j) {
            const std::size_t substituted = last[j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1);
            row[j] = std::min({substituted, last[j] + 1, row[j - 1] + 1});
            if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1])
                row[j] = std::min(row[j], before_last[j - 2] + 1);
        }
        before_last.swap(last);
        last.swap(row);
    }
    return last[right.size()];
}

/// The code point at the start of `text` and its length in bytes; length 0 if it is not well-formed.
struct CodePoint {
    char32_t value = 0;
    std::size_t length = 0;
};

CodePoint first_code_point(std::string_view text) {
    const auto byte = [&](std::size_t index) { return static_cast<unsigned char>(text[index]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80)
        return {lead, 1};
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < length)
        return {};
    char32_t value = lead & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0U) != 0x80)
            return {};
        value = (value << 6U) | (byte(i) & 0x3FU);
    }
    const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
    const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
    if (overlong || surrogate || value > 0x10FFFF)
        return {};
    return {value, length};
}

bool is_control(char32_t value) {
    return value < 0x20 || (value >= 0x7F && value <= 0x9F) || value == 0x2028 || value == 0x2029;
}

} // namespace

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts;
    std::size_t start = 0;
    for (std::size_t end = text.find(separator); end != std::string_view::npos; end = text.find(separator, start)) {
        parts.emplace_back(text.substr(start, end - start));
        start = end + 1;
    }
    parts.emplace_back(text.substr(start));
    return parts;
}

std::string_view trim(std::string_view text) {
    constexpr std::string_view white = " \t\r\n";
    const auto start = text.find_first_not_of(white);
    if (start == std::string_view::npos)
        return {};
    return text.substr(start, text.find_last_not_of(white) - start + 1);
}

std::string lower_ascii(std::string_view text) {
    std::string lower(text);
    for (char& each : lower) {
        if (each >= 'A' && each <= 'Z')
            each = static_cast<char>(each - 'A' + 'a');
    }
    return lower;
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
    return fmt::format("{}", fmt::join(parts, separator));
}

std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> candidates) {
    std::optional<std::string_view> best;
    std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
    for (const auto candidate : candidates) {
        // A difference in length alone costs that many edits, and very long words are nobody's slip of the finger.
        if (word.size() > 64 || candidate.size() > word.size() + least || word.size() > candidate.size() + least)
            continue;
        if (const std::size_t edits = distance(word, candidate); edits < least) {
            least = edits;
            best = candidate;
        }
    }
    return best;
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const CodePoint point = first_code_point(text);
        if (point.length == 0)
            return false;
        text.remove_prefix(point.length);
    }
    return true;
}

bool has_control(std::string_view text) {
    while (!text.empty()) {
        const CodePoint point = first_code_point(text);
        if (point.length == 0 || is_control(point.value))
            return true;
        text.remove_prefix(point.length);
    }
    return false;
}

std::string printable(std::string_view text) {
    std::string safe;
    while (!text.empty()) {
        const CodePoint point = first_code_point(text);
        if (point.length == 0) {
            safe += fmt::format("\\x{:02x}", static_cast<unsigned char>(text.front()));
            text.remove_prefix(1);
            continue;
        }
        if (is_control(point.value))
            safe += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(point.value));
        else
            safe += text.substr(0, point.length);
        text.remove_prefix(point.length);
    }
    return safe;
}

std::string html_escaped(std::string_view text) {
    std::string escaped;
    escaped.reserve(text.size());
    for (const char each : text) {
        switch (each) {
        case '&':
            escaped += "&amp;";
            break;
        case '<':
            escaped += "&lt;";
            break;
        case '>':
            escaped += "&gt;";
            break;
        case '"':
            escaped += "&quot;";
            break;
        case '\'':
            escaped += "&#39;";
            break;
        default:
            escaped += each;
        }
    }
    return escaped;
}

std::string format_size(std::uint64_t bytes) {
    const auto* unit = std::find_if(size_units.begin(), size_units.end(),
                                    [&](const SizeUnit& each) { return bytes != 0 && bytes % each.bytes == 0; });
    return unit == size_units.end() ? "0 B" : fmt::format("{} {}", bytes / unit->bytes, unit->name);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{})
        return std::nullopt;
    const std::string_view unit = trim(text.substr(static_cast<std::size_t>(end - text.data())));
    if (unit.empty())
        return number;
    for (const auto& each : size_units) {
        if (each.name == unit && number <= std::numeric_limits<std::uint64_t>::max() / each.bytes)
            return number * each.bytes;
    }
    return std::nullopt;
}

} // namespace vectis
