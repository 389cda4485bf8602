#include "base/unix_socket.hpp"

#include "base/error.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>

namespace vectis {

UniqueFd connect_unix(const fs::path& socket) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string& path = socket.native();
    const std::string what = fmt::format("cannot connect to '{}'", path);
    if (path.size() >= sizeof address.sun_path)
        throw system_error(ENAMETOOLONG, what);
    std::copy(path.begin(), path.end(), std::begin(address.sun_path));
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd || connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) // NOLINT
        throw system_error(errno, what);
    return fd;
}

} // namespace vectis
