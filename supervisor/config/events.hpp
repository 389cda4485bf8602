// Reads YAML text as a stream of events, safely: what yaml-cpp swallows (invalid UTF-8, control characters, a second
// document) or would spend unbounded memory on is reported or stopped here. Only .cpp files include this.
#pragma once

#include "config/problems.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/mark.h>

#include <string_view>

namespace vectis::config {

/// The handler throws this after it has added a problem that makes going on useless.
struct Stop {};

/// Sends the events of `text` to `handler`. True if all of it was read; otherwise `problems` says why not.
bool read_events(std::string_view text, YAML::EventHandler& handler, Problems& problems);

/// Line and column, from 1, the column in characters.
[[nodiscard]] Mark mark_of(std::string_view text, const YAML::Mark& mark);

} // namespace vectis::config
