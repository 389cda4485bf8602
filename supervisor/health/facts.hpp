// What probes need to know. The prober learns it from the configuration that is in force and hands each probe its part
// on stdin, as JSON: the password never stands in an argument list or an environment.
#pragma once

#include "base/json.hpp"
#include "config/model.hpp"
#include "state/paths.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace vectis::health {

/// The network of vectis-probe-net.service: the host's side and the side of a client. RFC 2544 and RFC 5180: addresses
/// for tests, which nobody else has.
struct ProbeNetwork {
    std::string host;
    std::string client;
};
inline const ProbeNetwork probe_ipv4{"198.18.25.1", "198.18.25.2"};
inline const ProbeNetwork probe_ipv6{"2001:2:0:2519::1", "2001:2:0:2519::2"};

/// Where the two wrong passwords of one run come from: 198.18.26.0/24 or 2001:db8:8000::/33, other ones each time.
/// Dovecot lets an address wait the longer the more it has failed there, in IPv6 its whole /48; so neither of the two,
/// nor the next run, nor another probe waits for what one of them has done.
struct WrongClients {
    std::string smtp;
    std::string imap;
};
[[nodiscard]] WrongClients fresh_wrong_clients(bool ipv6);

struct KeyFile {
    std::string path;
    std::string algorithm; // "rsa" or "ed25519"
};

struct Facts {
    std::string hostname;
    std::string address;        // the server's, as a client outside reaches it
    std::string client;         // where the probe comes from
    WrongClients wrong_clients; // where wrong passwords come from
    std::string mailbox;        // vectis-probe@<hostname>
    std::string password;
    bool submission = true;  // 587
    bool submissions = true; // 465
    bool imap = true;        // 993
    bool webmail = true;     // 443
    std::uint64_t message_size = 0;
    std::string certificate;                    // PEM, as configured
    std::map<std::string, std::string> records; // the host's own DKIM: selector -> record
    std::vector<KeyFile> keys;                  // of every domain
    std::string directory;                      // folder of directory.db
    std::string lib;                            // /var/lib/vectis
};

/// `interface_addresses`: eth0 -> its addresses, for network.interfaces (render::Platform has them). A DKIM key or the
/// certificate that cannot be read is left out: the probe that needs it says so.
[[nodiscard]] Facts facts(const config::Config& config,
                          const std::map<std::string, std::vector<std::string>>& interface_addresses,
                          const state::Paths& paths);

[[nodiscard]] Json to_json(const Facts& facts);
/// Throws Error(invalid_input).
[[nodiscard]] Facts facts_from_json(const std::string& text);

} // namespace vectis::health
