// Who waits for connections on this server, from /proc.
#pragma once

#include "installer/facts.hpp"

#include <cstdint>
#include <string_view>

namespace vectis::installer {

/// A row of /proc/net/{tcp,udp}{,6} that waits: bound, and not connected to anybody.
struct SocketRow {
    std::uint16_t port = 0;
    std::string address;
    std::uint64_t inode = 0;
};

/// Pure. Rows that do not read as expected are left out.
[[nodiscard]] std::vector<SocketRow> waiting_sockets(std::string_view table, bool ipv6, bool udp);

/// The unit in the last part of /proc/PID/cgroup's path; empty if there is none. Pure.
[[nodiscard]] std::string unit_of(std::string_view cgroup);

/// Every waiting socket, with its owner where it can be found (as root).
[[nodiscard]] std::vector<Listener> listeners();

} // namespace vectis::installer
