// config.yaml -> Config. Pure: takes text, returns values; reads no file, no clock, no environment.
#pragma once

#include "base/error.hpp"
#include "config/model.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace vectis::config {

struct Loaded {
    Config config;
    std::vector<Problem> problems; // empty: `config` is valid as it stands

    [[nodiscard]] bool ok() const { return problems.empty(); }
};

/// Reads and validates the whole text, reporting every problem at once with line, column and the nearest valid key.
/// `file` is the name used in messages. At most 100 problems are kept; a last one says how many more there are.
[[nodiscard]] Loaded load(std::string_view yaml, const std::string& file);

/// The same for a caller who cannot go on without: throws Error(invalid_input) that holds every problem.
[[nodiscard]] Config load_valid(std::string_view yaml, const std::string& file);

struct LoadedSecrets {
    Secrets secrets;
    std::vector<Problem> problems;
};

/// secrets.yaml: a flat map of names to texts. Messages name keys, never values.
[[nodiscard]] LoadedSecrets load_secrets(std::string_view yaml, const std::string& file);

} // namespace vectis::config
