#include "accounts/qr_code.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <memory>
#include <qrencode.h>

namespace vectis::accounts {

namespace {

constexpr int margin = 4; // ISO/IEC 18004 section 9.1

class Code2d {
  public:
    explicit Code2d(const std::string& text) :
        code_(QRcode_encodeString(text.c_str(), 0, QR_ECLEVEL_M, QR_MODE_8, 1), &QRcode_free) {
        if (!code_)
            throw Error(Code::internal, fmt::format("cannot make a QR code of {} bytes", text.size()));
    }

    /// With the margin.
    [[nodiscard]] int size() const { return code_->width + 2 * margin; }
    [[nodiscard]] bool dark(int x, int y) const {
        x -= margin;
        y -= margin;
        if (x < 0 || y < 0 || x >= code_->width || y >= code_->width)
            return false;
        return (code_->data[static_cast<std::ptrdiff_t>(y) * code_->width + x] & 1) != 0; // NOLINT: a C array
    }

  private:
    std::unique_ptr<QRcode, decltype(&QRcode_free)> code_;
};

} // namespace

std::string qr_code_svg(const std::string& text) {
    const Code2d code(text);
    std::string path;
    for (int y = 0; y < code.size(); ++y) {
        for (int x = 0; x < code.size(); ++x) {
            int run = 0;
            while (code.dark(x + run, y))
                ++run;
            if (run > 0)
                path += fmt::format("M{} {}h{}v1h-{}z", x, y, run, run);
            x += run;
        }
    }
    return fmt::format(R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {0}" shape-rendering="crispEdges">)"
                       R"(<path fill="#fff" d="M0 0h{0}v{0}h-{0}z"/><path fill="#000" d="{1}"/></svg>)",
                       code.size(), path);
}

std::string qr_code_for_terminal(const std::string& text) {
    const Code2d code(text);
    std::string lines;
    for (int y = 0; y < code.size(); y += 2) {
        lines += "\x1b[30;107m"; // black on bright white
        for (int x = 0; x < code.size(); ++x) {
            const bool upper = code.dark(x, y);
            const bool lower = code.dark(x, y + 1);
            if (upper)
                lines += lower ? "\u2588" : "\u2580";
            else
                lines += lower ? "\u2584" : " ";
        }
        lines += "\x1b[0m\n";
    }
    return lines;
}

} // namespace vectis::accounts
