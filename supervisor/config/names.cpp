#include "config/names.hpp"

#include <algorithm>

namespace vectis::config {

std::vector<std::string> service_names(const Config& config) {
    std::vector<std::string> names;
    const auto add = [&](const std::string& domain) {
        for (const auto* service : {"autoconfig.", "autodiscover.", "mta-sts."}) {
            const std::string name = service + domain;
            const bool wanted = name != config.hostname && (config.tls.mta_sts != MtaSts::none || name.front() != 'm');
            if (wanted)
                names.push_back(name);
        }
    };
    for (const auto& domain : config.domains) {
        add(domain.name);
        std::for_each(domain.alias_domains.begin(), domain.alias_domains.end(), add);
    }
    return names;
}

} // namespace vectis::config
