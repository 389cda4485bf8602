// What this server knows of the DNS records to publish.
#pragma once

#include "config/model.hpp"
#include "state/paths.hpp"
#include "zone/records.hpp"

namespace vectis::state {

/// `published`: addresses that DNS has for the hostname, for a server behind NAT. `domain`: the only one that is asked
/// for; empty: all. What is not there yet, keys, certificate or directory, is left out.
[[nodiscard]] zone::Facts zone_facts(const config::Config& config, const Paths& paths,
                                     const std::vector<std::string>& published, const std::string& domain = {});

} // namespace vectis::state
