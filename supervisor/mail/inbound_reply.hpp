// What somebody wrote, without what they answer to and without their signature. By plain rules: what mail programs put
// above a quotation is recognised in some languages; what is not stays. Pure.
#pragma once

#include <string>
#include <string_view>

namespace vectis::mail {

/// `text` has LF at its line ends.
[[nodiscard]] std::string stripped_reply(std::string_view text);

} // namespace vectis::mail
