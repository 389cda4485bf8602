// Gathers what is wrong with one text; keeps the first hundred and counts the rest, so that no input costs more.
#pragma once

#include "base/error.hpp"
#include "config/model.hpp"

#include <string>
#include <vector>

namespace vectis::config {

class Problems {
  public:
    static constexpr std::size_t limit = 100;

    explicit Problems(std::string file) : file_(std::move(file)) {}

    void add(Mark mark, std::string path, std::string what, std::string hint = {});
    [[nodiscard]] bool full() const { return kept_.size() == limit; }
    [[nodiscard]] bool empty() const { return kept_.empty(); }
    /// In the order of the file; a last one says how many there are beyond the limit.
    [[nodiscard]] std::vector<Problem> take();

  private:
    std::string file_;
    std::vector<Problem> kept_;
    std::size_t dropped_ = 0;
};

} // namespace vectis::config
