// What preflight found out about this server. measure() fills it, judge() reads it.
#pragma once

#include "base/clock.hpp"
#include "net/dns.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vectis::installer {

/// A program that waits for connections.
struct Listener {
    std::uint16_t port = 0;
    bool udp = false;
    std::string address; // "0.0.0.0" or "::" for all
    std::string process; // empty: it could not be found out
    int pid = 0;
    std::string unit; // its systemd unit; empty: none
};

enum class ClockState : std::uint8_t { synchronized, unsynchronized, unknown };

/// What the system itself says, without the network.
struct HostFacts {
    std::string release_name;     // PRETTY_NAME
    std::string release_id;       // ID
    std::string release_version;  // VERSION_ID
    std::string machine;          // uname -m
    bool systemd = false;         // systemd is this system's init
    std::string container;        // what kind, if it is one
    std::uint64_t memory = 0;     // bytes, no more than the control group allows
    std::uint64_t disk_free = 0;  // bytes, where mail is kept
    std::uint64_t files_free = 0; // inodes there; file systems without a fixed number say 0 of 0
    std::uint64_t files_total = 0;
    std::vector<std::string> read_only; // folders that must be written and cannot
    ClockState clock = ClockState::unknown;
    Time now;
    bool root = false; // without it the owners of ports stay unknown
    std::vector<Listener> listeners;
    bool exim_installed = false;
    std::uint64_t exim_queued = 0;      // messages in its queue
    std::vector<std::string> addresses; // of its interfaces, but for loopback and link-local ones
};

/// One of the server's public addresses in DNS.
struct AddressFacts {
    std::string address;
    net::Answer names;      // PTR
    bool confirmed = false; // one of the names leads back to the address
    std::vector<std::string> confirmed_names;
};

/// An attempt to reach a foreign mail server on port 25.
struct ReachFacts {
    std::string domain;
    std::string host; // its MX; empty: DNS has none
    bool reached = false;
    std::string found; // its greeting, or what went wrong
};

struct BlocklistFacts {
    std::string zone;
    bool usable = false;             // it lists 127.0.0.2 and not 127.0.0.1 (RFC 5782 section 5)
    std::string why;                 // it is not
    std::vector<std::string> listed; // "192.0.2.1 (127.0.0.4)"
};

/// What the network says. Missing where there was no hostname to ask about.
struct NetworkFacts {
    bool resolver_answers = false;
    bool resolver_validates = false;
    std::string resolver_why;
    net::Answer a;
    net::Answer aaaa;
    std::vector<AddressFacts> addresses;
    std::vector<ReachFacts> reached;
    std::vector<BlocklistFacts> blocklists;
};

struct Facts {
    HostFacts host;
    std::string hostname; // the mail server's name: from config.yaml, the command line or the system
    bool relays = false;  // config.yaml names a relay host: port 25 need not be open outwards
    bool pop3 = false;
    bool managesieve = false;
    NetworkFacts network;
};

} // namespace vectis::installer
