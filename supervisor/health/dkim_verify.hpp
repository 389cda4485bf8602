// Verifies the DKIM signatures of a message (RFC 6376, RFC 8463): rsa-sha256 and ed25519-sha256 with relaxed/relaxed,
// which is what our Rspamd makes. Anything else is said to be something else, never passed. Pure; no DNS: the caller
// has the records.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vectis::health {

struct DkimSignature {
    std::string domain;    // d=
    std::string selector;  // s=
    std::string algorithm; // a=
    bool valid = false;
    std::string why; // what is wrong with it; empty if it is valid
};

/// The TXT record of `selector`._domainkey.`domain`; nothing if there is none.
using DkimRecords = std::function<std::optional<std::string>(const std::string& domain, const std::string& selector)>;

/// Every DKIM-Signature of `message` (lines end with CRLF or LF), in the order in which they stand.
[[nodiscard]] std::vector<DkimSignature> verify_dkim(std::string_view message, const DkimRecords& records);

} // namespace vectis::health
