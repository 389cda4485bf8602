// THE table of probes: what each is called, where it runs, and the function that does it. Each function returns what it
// saw, for people, and throws an Error that says what was seen and what was expected when its one thing is not so.
#pragma once

#include "health/facts.hpp"

#include <span>
#include <string>
#include <string_view>

namespace vectis::health {

/// As whom and from where a probe runs.
enum class Place : std::uint8_t {
    outside, // a user that exists only for this, in the network namespace vectis-probe: a client somewhere else
    host,    // such a user in the host's own network: any local process
    root,    // root without a network
    signer,  // the user that signs with the DKIM keys, without a network
};

struct Probe {
    std::string_view name;
    std::string_view proves;
    Place place;
    bool quick; // also part of the quick set
    std::string (*run)(const Facts& facts);
    /// Whether this configuration has what the probe looks at.
    bool (*applies)(const Facts& facts);
};

[[nodiscard]] std::span<const Probe> probes();

std::string probe_mail(const Facts& facts);
std::string probe_gtube(const Facts& facts);
std::string probe_delivery(const Facts& facts);
std::string probe_inbound(const Facts& facts);
std::string probe_relay(const Facts& facts);
std::string probe_relay_local(const Facts& facts);
std::string probe_passwords(const Facts& facts);
std::string probe_certificate(const Facts& facts);
std::string probe_directory(const Facts& facts);
std::string probe_queue(const Facts& facts);
std::string probe_dkim(const Facts& facts);
std::string probe_resolver(const Facts& facts);
std::string probe_webmail(const Facts& facts);

} // namespace vectis::health
