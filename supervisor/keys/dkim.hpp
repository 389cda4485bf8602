// DKIM keys (RFC 6376, RFC 8463): made once, kept in /var/lib/vectis/dkim/<domain>/<selector>.key where Rspamd reads
// them, published in DNS by the administrator. A key file is never overwritten: what is published must stay true.
#pragma once

#include "base/file.hpp"

#include <string>
#include <string_view>

namespace vectis::keys {

enum class Algorithm : std::uint8_t { rsa, ed25519 };
[[nodiscard]] std::string_view text(Algorithm algorithm);

/// The text of a new key file. RSA: 2048 bits, PKCS#8 PEM. Ed25519: the only form Rspamd reads, the base64 of 64
/// bytes, seed and public key (what `rspamadm dkim_keygen -t ed25519` writes); given a PEM file it signs with RSA
/// alone.
[[nodiscard]] std::string new_dkim_key(Algorithm algorithm);

/// A key that was made elsewhere.
struct ImportedKey {
    Algorithm algorithm = Algorithm::rsa;
    std::string text; // of its file, in the form of a new key's
};

/// The private key in `pem`, a text from outside: RSA of 1024 to 4096 bits (RFC 8301 section 3.2) in PKCS#8 or its own
/// older form, or Ed25519; one key, without a passphrase, and nothing before or after it. Throws Error(invalid_input)
/// with a problem at /private_key that says nothing of the key itself.
[[nodiscard]] ImportedKey imported_dkim_key(std::string_view pem);

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

/// The same for the file of an imported key. Throws Error(conflict) if there is a file already, which stays as it is.
void add_dkim_key(const fs::path& folder, const std::string& domain, const std::string& selector,
                  std::string_view key_text, const std::string& group = "_rspamd");

} // namespace vectis::keys
