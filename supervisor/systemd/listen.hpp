// The listening sockets that systemd made for this service (sd_listen_fds(3)).
#pragma once

#include "base/unique_fd.hpp"

#include <string>
#include <vector>

namespace vectis::systemd {

struct Listening {
    std::string name; // FileDescriptorName= of its unit
    UniqueFd fd;
};

/// They are given once: whoever calls this owns them.
[[nodiscard]] std::vector<Listening> take_listening_sockets();

} // namespace vectis::systemd
