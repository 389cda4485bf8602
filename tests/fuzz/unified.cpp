// unified() takes any two texts without a crash; applied to the lines of the first, its hunks give those of the second.
// The texts stand before and after the first NUL.
#include "plan/unified.hpp"

#include "base/text.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

using namespace vectis;

namespace {

using Lines = std::vector<std::string>;

Lines lines_of(std::string_view text) {
    Lines lines = split(text, '\n');
    if (lines.back().empty())
        lines.pop_back();
    return lines;
}

/// What the hunks make of `before`, whose lines are as a diff shows them.
Lines applied(const Lines& before, const Lines& diff) {
    Lines after;
    std::size_t at = 0;
    for (const auto& line : diff) {
        if (line.starts_with("@@ -")) {
            unsigned long start = 0;
            unsigned long count = 0;
            if (std::sscanf(line.c_str(), "@@ -%lu,%lu", &start, &count) != 2)
                std::abort();
            for (; at < (count == 0 ? start : start - 1); ++at)
                after.push_back(before.at(at));
        } else if (line.starts_with(' ') || line.starts_with('-')) {
            if (before.at(at++) != line.substr(1))
                std::abort();
            if (line.starts_with(' '))
                after.push_back(line.substr(1));
        } else if (line.starts_with('+')) {
            after.push_back(line.substr(1));
        }
    }
    after.insert(after.end(), before.begin() + static_cast<std::ptrdiff_t>(at), before.end());
    return after;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto nul = input.find('\0');
    if (nul == std::string_view::npos)
        return 0;
    const std::string_view before = input.substr(0, nul);
    const std::string_view after = input.substr(nul + 1);
    Lines diff = split(plan::unified(before, after, "before", "after"), '\n');
    if ((before == after) != (diff.size() == 1))
        std::abort();
    diff.erase(diff.begin(), diff.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(diff.size(), 2)));
    Lines from = lines_of(before);
    Lines to = lines_of(after);
    for (auto* lines : {&from, &to}) {
        for (auto& line : *lines)
            line = printable(line);
    }
    if (applied(from, diff) != to)
        std::abort();
    return 0;
}
