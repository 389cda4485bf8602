// read_reply() takes any bytes without a crash; what it accepts has a code of SMTP, can be printed, and is the same
// however the bytes were cut on their way. The first byte chooses the cut.
#include "base/text.hpp"
#include "given.hpp"
#include "health/smtp.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>

using namespace vectis;
using namespace vectis::health;

namespace {

std::optional<Reply> replied(std::string_view bytes, std::size_t at_a_time) {
    test::Given in(bytes, at_a_time);
    try {
        return read_reply(in);
    } catch (const Error& error) {
        if (error.code() != Code::unavailable)
            std::abort();
        return std::nullopt;
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0)
        return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto whole = replied(bytes, bytes.size());
    const auto cut = replied(bytes, data[0] + 1U);
    if (whole.has_value() != cut.has_value())
        std::abort();
    if (!whole)
        return 0;
    if (whole->code < 200 || whole->code > 599 || whole->lines.empty() || has_control(whole->text()))
        std::abort();
    if (cut->code != whole->code || cut->lines != whole->lines)
        std::abort();
    return 0;
}
