// How an Error crosses the bus and comes out the same: as a D-Bus error, or as the last line of a pipe. Pure.
#pragma once

#include "base/error.hpp"
#include "base/json.hpp"

#include <string>
#include <string_view>

namespace vectis::systemd {

/// A D-Bus error: the message is one readable line, then one line of JSON with hint and problems if there are any.
struct WireError {
    std::string name; // org.vectis.Error.CODE
    std::string message;
};

inline constexpr std::string_view error_prefix = "org.vectis.Error.";

[[nodiscard]] WireError to_wire(const Error& error);
[[nodiscard]] Error from_wire(const WireError& wire);

/// {"event":"failed","code":...,"message":...,"hint":...,"problems":[...]}
[[nodiscard]] Json to_event(const Error& error);
[[nodiscard]] Error from_event(const Json& event);

} // namespace vectis::systemd
