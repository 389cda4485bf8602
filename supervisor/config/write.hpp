// The model as YAML: a complete config.yaml with every default written out. load(to_yaml(config)) == config.
#pragma once

#include "config/fields.hpp"
#include "config/model.hpp"

#include <cstdint>
#include <string>

namespace vectis::config {

/// Whether password hashes are written (`export`) or only that there is one (`config show`).
enum class Hashes : std::uint8_t { written, hidden };

[[nodiscard]] std::string to_yaml(const Config& config, Hashes hashes = Hashes::written);

/// One section of it, without its own key and without password hashes.
[[nodiscard]] std::string to_yaml(const Section& section, const Target& target);

} // namespace vectis::config
