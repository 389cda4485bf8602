// The story of a message in plain words.
#pragma once

#include "store/messages.hpp"

#include <string>

namespace vectis::mail {

/// One sentence: what happened, who said so and in which words. Without a time.
[[nodiscard]] std::string told(const store::MessageEvent& event);

} // namespace vectis::mail
