// read_answer() takes any bytes without a crash; what it accepts is the same however the bytes were cut on their way.
// The first byte chooses the cut.
#include "given.hpp"
#include "health/imap.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>

using namespace vectis;
using namespace vectis::health;

namespace {

std::optional<ImapAnswer> answered(std::string_view bytes, std::size_t at_a_time) {
    test::Given in(bytes, at_a_time);
    try {
        return read_answer(in, "v1 ");
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
    const auto whole = answered(bytes, bytes.size());
    const auto cut = answered(bytes, data[0] + 1U);
    if (whole.has_value() != cut.has_value())
        std::abort();
    if (whole && (whole->status != cut->status || whole->uids != cut->uids || whole->literal != cut->literal))
        std::abort();
    return 0;
}
