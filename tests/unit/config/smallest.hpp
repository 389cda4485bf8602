#pragma once

#include "base/error.hpp"

#include <string>
#include <vector>

namespace vectis::test {

/// The smallest configuration, to be added to. Its `head` has two lines, its `domain` four.
inline const std::string head = "hostname: mail.example.test\nadmin: anna@example.test\n";
inline const std::string domain = "domains:\n"
                                  "  - name: example.test\n"
                                  "    mailboxes:\n"
                                  "      - name: anna\n";

inline std::string text_of(const std::vector<Problem>& problems) {
    std::string text;
    for (const auto& problem : problems)
        text += problem.text() + "\n";
    return text;
}

} // namespace vectis::test
