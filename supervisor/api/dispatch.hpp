// From a request to its answer: which route it is, whether the caller may use it, its handler, its faults.
#pragma once

#include "api/answer.hpp"
#include "api/message.hpp"
#include "surface/routes.hpp"

#include <functional>
#include <map>
#include <string>

namespace vectis::api {

struct Caller {
    std::string name; // as the audit log has it
    std::string credential;
    surface::Role role = surface::Role::mailbox;
};

/// A request that has been let in.
struct Call {
    Request& request;
    const surface::Route& route;
    Caller caller;
    std::map<std::string, std::string> parameters; // of the path: {id}
};

/// What the API works on; made by `vectis serve`, used by many threads.
struct Services {
    /// Each thing that the API needs, and whether it is well.
    std::function<std::vector<std::pair<std::string, bool>>()> health;
    /// Hears what failed within.
    std::function<void(const std::string&)> log;
};

/// Throws nothing.
[[nodiscard]] Response dispatch(const Services& services, Request& request);

} // namespace vectis::api
