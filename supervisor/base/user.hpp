// The system's users.
#pragma once

#include <sys/types.h>

#include <string>

namespace vectis {

/// Their name; "user 1000" if the system has none for the number.
[[nodiscard]] std::string user_name(uid_t user);

} // namespace vectis
