// positions() takes any bytes without a crash; every value lies in the text, inside of what it belongs to and behind
// what stands before it.
#include "base/error.hpp"
#include "config/load.hpp"
#include "config/positions.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

using vectis::config::Node;

namespace {

void must_nest(const Node& node, std::size_t from, std::size_t to) {
    if (node.start < from || node.end < node.start || node.end > to)
        std::abort();
    for (std::size_t at = node.start; const auto& child : node.children) {
        must_nest(child, at, node.end);
        at = child.end;
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    try {
        const Node root = vectis::config::positions(text, "config.yaml", {"example.com", "info"});
        if (vectis::config::load(text, "config.yaml").ok())
            must_nest(root, 0, size);
    } catch (const vectis::Error&) {
        return 0;
    }
    return 0;
}
