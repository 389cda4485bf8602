#include "base/user.hpp"

#include <fmt/format.h>

#include <pwd.h>
#include <vector>

namespace vectis {

std::string user_name(uid_t user) {
    std::vector<char> buffer(16384);
    passwd entry{};
    passwd* found = nullptr;
    if (getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
        return fmt::format("user {}", user);
    return entry.pw_name;
}

} // namespace vectis
