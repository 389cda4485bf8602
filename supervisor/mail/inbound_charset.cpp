#include "mail/inbound_charset.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <iconv.h>
#include <optional>

namespace vectis::mail {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD"; // U+FFFD
constexpr std::size_t longest_charset_name = 40;
// Switches alphabets within the text: an octet of it says nothing by itself, and all of them are ASCII.
constexpr std::string_view stateful_prefix = "iso-2022-";

class Iconv {
  public:
    explicit Iconv(const std::string& charset) : handle_(iconv_open("UTF-8", charset.c_str())) {}
    ~Iconv() {
        if (good())
            iconv_close(handle_);
    }
    Iconv(const Iconv&) = delete;
    Iconv& operator=(const Iconv&) = delete;

    [[nodiscard]] bool good() const {
        return handle_ != reinterpret_cast<iconv_t>(-1); // NOLINT: that is how it says so
    }
    std::string convert(std::string_view octets) {
        std::string text;
        std::string in(octets);
        char* from = in.data();
        std::size_t left = in.size();
        std::array<char, 8192> chunk{};
        for (;;) {
            char* to = chunk.data();
            std::size_t room = chunk.size();
            const bool at_end = left == 0;
            const std::size_t done = iconv(handle_, at_end ? nullptr : &from, &left, &to, &room);
            text.append(chunk.data(), chunk.size() - room);
            if (done != static_cast<std::size_t>(-1)) {
                if (at_end)
                    return text;
                continue;
            }
            if (errno == E2BIG)
                continue;
            if (at_end)
                return text;
            text.append(replacement);
            if (errno == EINVAL || left == 0) // the last letter is cut off
                left = 0;
            else {
                ++from;
                --left;
            }
        }
    }

  private:
    iconv_t handle_;
};

/// The name for iconv, which reads more than a name: after a slash it is told what to do.
std::string safe_name(std::string_view charset) {
    std::string name = lower_ascii(trim(charset).substr(0, longest_charset_name));
    const bool good =
        !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_.:+") == std::string::npos;
    if (!good)
        return {};
    constexpr std::array<std::string_view, 6> westerns{"us-ascii",   "ascii",  "ansi_x3.4-1968",
                                                       "iso-8859-1", "latin1", "iso8859-1"};
    if (std::find(westerns.begin(), westerns.end(), name) != westerns.end())
        return "windows-1252";
    // What these are called for is what they are extended to.
    if (name == "gb2312" || name == "gbk")
        return "gb18030";
    if (name == "ks_c_5601-1987" || name == "euc-kr")
        return "cp949";
    if (name == "shift_jis" || name == "sjis")
        return "cp932";
    return name;
}

} // namespace

std::string from_charset(std::string_view octets, std::string_view charset) {
    std::string name = safe_name(charset);
    const bool stateful = name.starts_with(stateful_prefix) || name == "utf-7" || name.starts_with("hz");
    const bool wide = name.starts_with("utf-16") || name.starts_with("utf-32") || name.starts_with("ucs-");
    // Many programs say what their user chose once, and write UTF-8; other text is hardly ever UTF-8 by chance.
    if (!stateful && !wide && is_utf8(octets))
        return std::string(octets);
    if (name == "utf-8" || name == "utf8") {
        Iconv same("utf-8");
        return same.good() ? same.convert(octets) : std::string();
    }
    if (!name.empty()) {
        Iconv named(name);
        if (named.good())
            return named.convert(octets);
    }
    if (is_utf8(octets))
        return std::string(octets);
    Iconv western("windows-1252");
    return western.good() ? western.convert(octets) : std::string();
}

} // namespace vectis::mail
