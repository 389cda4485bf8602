// What templates may name: every value of the configuration that reaches a file, under one name, the same in all
// templates.
#pragma once

#include "config/model.hpp"
#include "render/file.hpp"

#include <kainjow/mustache.hpp>

namespace vectis::render {

/// Throws Error(invalid_input) for a value with a control character, a missing secret, or an interface that has no
/// address to listen on.
[[nodiscard]] kainjow::mustache::data context(const config::Config& config, const config::Secrets& secrets,
                                              const Platform& platform);

} // namespace vectis::render
