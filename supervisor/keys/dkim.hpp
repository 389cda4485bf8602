// DKIM keys (RFC 6376, RFC 8463): made once, kept in /var/lib/vectis/dkim/<domain>/<selector>.key where Rspamd reads
// them, published in DNS by the administrator. A key file is never overwritten: what is published must stay true.
#pragma once

#include "base/file.hpp"

#include <string>
#include <string_view>

namespace vectis::keys {

enum class Algorithm : std::uint8_t { rsa, ed25519 };

/// The text of a new key file. RSA: 2048 bits, PKCS#8 PEM. Ed25519: the only form Rspamd reads, the base64 of 64
/// bytes, seed and public key (what `rspamadm dkim_keygen -t ed25519` writes); given a PEM file it signs with RSA
/// alone.
[[nodiscard]] std::string new_dkim_key(Algorithm algorithm);

/// The TXT record that publishes the key whose file holds `key_text`: "v=DKIM1; k=rsa; p=...".
/// Throws Error(invalid_input) if it is neither form, or an Ed25519 key whose halves do not belong together.
[[nodiscard]] std::string dkim_record(std::string_view key_text);

/// /var/lib/vectis/dkim, domain and selector -> the key file. Throws Error(invalid_input) if either could leave the
/// folder.
[[nodiscard]] fs::path dkim_path(const fs::path& folder, const std::string& domain, const std::string& selector);

/// Makes the key file durably if there is none, and answers whether it did. `group` is who signs (_rspamd); an empty
/// one leaves the group as the process's own. An existing file is only read: throws Error(conflict) if it is not a key
/// of this algorithm.
bool ensure_dkim_key(const fs::path& folder, const std::string& domain, const std::string& selector,
                     Algorithm algorithm, const std::string& group = "_rspamd");

} // namespace vectis::keys
