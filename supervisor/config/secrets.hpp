// Secrets by name: from secrets.yaml, or from the folder in which systemd puts a unit's credentials. Values are never
// printed, not even where they are wrong.
#pragma once

#include "base/error.hpp"
#include "config/model.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vectis::config {

/// The secret `name`: a credential goes before secrets.yaml. A line feed at the end of a credential's file is not part
/// of it. `credentials` is empty if there are none. Throws Error(invalid_input) for a credential with control
/// characters and Error(system) if it cannot be read.
[[nodiscard]] std::optional<std::string> find_secret(std::string_view name, const Secrets& secrets,
                                                     const std::filesystem::path& credentials);

/// Every name that `config` uses, resolved. Throws Error(not_found) that lists those that are nowhere.
[[nodiscard]] Secrets resolve_secrets(const Config& config, const Secrets& secrets,
                                      const std::filesystem::path& credentials);

} // namespace vectis::config
