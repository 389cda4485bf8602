#include "state/zone_facts.hpp"

#include "keys/certificate.hpp"
#include "net/addresses.hpp"
#include "state/desired.hpp"
#include "store/directory.hpp"

#include <algorithm>

namespace vectis::state {

zone::Facts zone_facts(const config::Config& config, const Paths& paths, const std::vector<std::string>& published,
                       const std::string& domain) {
    zone::Facts facts;
    std::vector<zone::KeyName> names;
    for (const auto& key : wanted_keys(config)) {
        if (domain.empty() || key.domain == domain || key.domain == config.hostname)
            names.push_back({key.domain, key.selector});
    }
    if (fs::exists(paths.directory() / "directory.db")) {
        const auto keys = store::DirectoryReader(paths.directory()).read([&](store::Database& database) {
            return store::Accounts(database).dkim_keys(domain);
        });
        for (const auto& key : keys) {
            names.push_back({key.domain, key.selector});
            if (facts.api_domains.empty() || facts.api_domains.back() != key.domain) // they are sorted
                facts.api_domains.push_back(key.domain);
        }
    }
    facts.dkim = zone::read_dkim_records(paths.dkim(), names);
    facts.addresses = zone::public_addresses(config, net::host_addresses(), published);
    // What stands in until an authority has issued one has a key of its own, which goes with it.
    const auto pem = read_file(certificate_files(config, paths).certificate);
    if (pem && (config.tls.mode != config::TlsMode::acme || !keys::certificate_info(*pem).self_signed))
        facts.key_digest = keys::public_key_digest(*pem);
    return facts;
}

} // namespace vectis::state
