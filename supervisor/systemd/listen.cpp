#include "systemd/listen.hpp"

#include "base/error.hpp"

#include <systemd/sd-daemon.h>

#include <cstdlib>

namespace vectis::systemd {

std::vector<Listening> take_listening_sockets() {
    char** names = nullptr;
    const int count = sd_listen_fds_with_names(1, &names);
    if (count < 0)
        throw system_error(-count, "cannot take the sockets that systemd made");
    std::vector<Listening> sockets;
    for (int i = 0; i < count; ++i) {
        sockets.push_back({names[i], UniqueFd(SD_LISTEN_FDS_START + i)}); // NOLINT: an array of C
        std::free(names[i]);                                              // NOLINT
    }
    std::free(static_cast<void*>(names)); // NOLINT
    return sockets;
}

} // namespace vectis::systemd
