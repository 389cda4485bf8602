// What a probe found. Each probe proves one thing about working mail.
#pragma once

#include <chrono>
#include <string>

namespace vectis::health {

struct Result {
    std::string probe; // its name: submission, relay, gtube, ...
    bool passed = false;
    std::string detail; // what was seen; when it failed, what was expected as well
    std::chrono::milliseconds took{0};
};

} // namespace vectis::health
