// Runs a program with an argument list: no shell, no inherited environment but PATH and LANG=C.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace vectis {

struct Finished {
    int status = 0; // exit status, or 128 + signal
    std::string out;
    std::string err;
};

/// Runs `arguments[0]` (looked up in the usual system folders), feeds it `input`, and waits for its end.
/// Throws Error(not_found) if there is no such program, Error(system) if it outlives `limit` (it is killed).
[[nodiscard]] Finished run(const std::vector<std::string>& arguments, std::chrono::seconds limit,
                           const std::string& input = {});

} // namespace vectis
