// A request's head: whatever comes, it is judged, and what is let in says in one way only how its body ends.
#include "api/head.hpp"

#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    using namespace vectis::api;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size); // NOLINT: bytes are what it is about
    const auto end = head_size(bytes);
    if (!end)
        return 0;
    const auto head = bytes.substr(0, *end);
    Framing framing;
    if (const auto fault = judge_head(head, framing)) {
        if (fault->status < 400 || fault->detail.empty())
            std::abort();
        return 0;
    }
    // A bare CR or LF, or a NUL, would end a line for some readers.
    for (std::size_t i = 0; i < head.size(); ++i) {
        const bool pair = head[i] == '\r' ? head[i + 1] == '\n' : head[i] != '\n' || head[i - 1] == '\r';
        if (!pair || head[i] == '\0')
            std::abort();
    }
    return 0;
}
