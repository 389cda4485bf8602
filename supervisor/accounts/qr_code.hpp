// QR codes (ISO/IEC 18004), by libqrencode: as an image for browsers and as letters for terminals.
#pragma once

#include <string>

namespace vectis::accounts {

/// Dark on white with the margin that scanners need, whatever stands around it.
[[nodiscard]] std::string qr_code_svg(const std::string& text);
/// The same in half blocks, two rows a line, in colours of its own.
[[nodiscard]] std::string qr_code_for_terminal(const std::string& text);

} // namespace vectis::accounts
