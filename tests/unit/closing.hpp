// What is looked at when every test has run: things that no single test can see.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace vectis::test {

/// Each says what is wrong; nothing: all is well. Not asked when only some of the tests were run.
inline std::vector<std::function<std::vector<std::string>()>>& closing_checks() {
    static std::vector<std::function<std::vector<std::string>()>> checks;
    return checks;
}

} // namespace vectis::test
