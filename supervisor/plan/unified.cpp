#include "plan/unified.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace vectis::plan {

namespace {

using Lines = std::vector<std::string_view>;

// Myers' algorithm needs memory in the square of the number of edits; a file that differs more than this is shown as
// wholly replaced between its common ends.
constexpr int most_edits = 1500;
constexpr std::size_t context = 3;

enum class Edit : std::uint8_t { keep, remove, add };

Lines lines_of(std::string_view text) {
    Lines lines;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        lines.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

/// The shortest edit script (E. W. Myers, "An O(ND) Difference Algorithm and Its Variations", 1986).
std::vector<Edit> shortest(const Lines& from, const Lines& to) {
    const int n = static_cast<int>(from.size());
    const int m = static_cast<int>(to.size());
    const int limit = std::min(n + m, most_edits);
    const auto at = [&](int k) {
        const int index = k + limit + 1;
        return static_cast<std::size_t>(index);
    };
    std::vector<int> furthest(static_cast<std::size_t>(2 * limit + 3), 0);
    std::vector<std::vector<int>> trace;
    for (int d = 0; d <= limit; ++d) {
        trace.push_back(furthest);
        for (int k = -d; k <= d; k += 2) {
            const bool down = k == -d || (k != d && furthest[at(k - 1)] < furthest[at(k + 1)]);
            int x = down ? furthest[at(k + 1)] : furthest[at(k - 1)] + 1;
            int y = x - k;
            while (x < n && y < m && from[static_cast<std::size_t>(x)] == to[static_cast<std::size_t>(y)]) {
                ++x;
                ++y;
            }
            furthest[at(k)] = x;
            if (x < n || y < m)
                continue;
            std::vector<Edit> script;
            for (int step = d; step > 0; --step) {
                const auto& before = trace[static_cast<std::size_t>(step)];
                const int diagonal = x - y;
                const bool added =
                    diagonal == -step || (diagonal != step && before[at(diagonal - 1)] < before[at(diagonal + 1)]);
                const int previous = added ? diagonal + 1 : diagonal - 1;
                const int start_x = before[at(previous)];
                const int start_y = start_x - previous;
                for (; x > start_x + (added ? 0 : 1) && y > start_y + (added ? 1 : 0); --x, --y)
                    script.push_back(Edit::keep);
                script.push_back(added ? Edit::add : Edit::remove);
                x = start_x;
                y = start_y;
            }
            script.insert(script.end(), static_cast<std::size_t>(x), Edit::keep);
            std::reverse(script.begin(), script.end());
            return script;
        }
    }
    std::vector<Edit> script(from.size(), Edit::remove);
    script.insert(script.end(), to.size(), Edit::add);
    return script;
}

std::vector<Edit> edit_script(Lines from, Lines to) {
    const auto [from_end, to_end] = std::mismatch(from.begin(), from.end(), to.begin(), to.end());
    const auto head = static_cast<std::size_t>(from_end - from.begin());
    from.erase(from.begin(), from_end);
    to.erase(to.begin(), to_end);
    const auto [from_tail, to_tail] = std::mismatch(from.rbegin(), from.rend(), to.rbegin(), to.rend());
    const auto tail = static_cast<std::size_t>(from_tail - from.rbegin());
    from.resize(from.size() - tail);
    to.resize(to.size() - tail);

    std::vector<Edit> script(head, Edit::keep);
    const auto middle = shortest(from, to);
    script.insert(script.end(), middle.begin(), middle.end());
    script.insert(script.end(), tail, Edit::keep);
    return script;
}

} // namespace

std::string unified(std::string_view before, std::string_view after, std::string_view before_name,
                    std::string_view after_name) {
    if (before == after)
        return {};
    const Lines from = lines_of(before);
    const Lines to = lines_of(after);
    const auto script = edit_script(from, to);
    std::string text = fmt::format("--- {}\n+++ {}\n", before_name, after_name);
    std::size_t index = 0;
    std::size_t from_line = 0;
    std::size_t to_line = 0;
    while (index < script.size()) {
        const auto first =
            static_cast<std::size_t>(std::find_if(script.begin() + static_cast<std::ptrdiff_t>(index), script.end(),
                                                  [](Edit edit) { return edit != Edit::keep; }) -
                                     script.begin());
        if (first == script.size())
            break;
        const std::size_t lead = std::min(context, first - index);
        from_line += first - lead - index;
        to_line += first - lead - index;
        // A hunk goes on until more lines are kept than two contexts.
        std::size_t end = first;
        std::size_t kept = 0;
        while (end < script.size() && kept <= 2 * context)
            kept = script[end++] == Edit::keep ? kept + 1 : 0;
        end -= kept > context ? kept - context : 0;

        std::string body;
        const std::size_t from_start = from_line;
        const std::size_t to_start = to_line;
        for (std::size_t each = first - lead; each < end; ++each) {
            const bool added = script[each] == Edit::add;
            const bool removed = script[each] == Edit::remove;
            body += added ? '+' : removed ? '-' : ' ';
            body += printable(added ? to[to_line] : from[from_line]) + "\n";
            from_line += added ? 0 : 1;
            to_line += removed ? 0 : 1;
        }
        const auto range = [](std::size_t start, std::size_t count) {
            return fmt::format("{},{}", count == 0 ? start : start + 1, count);
        };
        text += fmt::format("@@ -{} +{} @@\n{}", range(from_start, from_line - from_start),
                            range(to_start, to_line - to_start), body);
        index = end;
    }
    if (text.find("@@") == std::string::npos)
        text += "(only the line end at the end of the file differs)\n";
    return text;
}

} // namespace vectis::plan
