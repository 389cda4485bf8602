#include "config/problems.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace vectis::config {

void Problems::add(Mark mark, std::string path, std::string what, std::string hint) {
    if (kept_.size() == limit) {
        ++dropped_;
        return;
    }
    kept_.push_back({{file_, mark.line, mark.column}, std::move(path), std::move(what), std::move(hint)});
}

std::vector<Problem> Problems::take() {
    std::stable_sort(kept_.begin(), kept_.end(), [](const Problem& left, const Problem& right) {
        return std::tie(left.where.line, left.where.column) < std::tie(right.where.line, right.where.column);
    });
    if (dropped_ > 0)
        kept_.push_back({{file_, 0, 0}, "", fmt::format("and {} more problems", std::exchange(dropped_, 0)), ""});
    return std::exchange(kept_, {});
}

} // namespace vectis::config
