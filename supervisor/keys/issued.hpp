// Certificates that an authority issues, one per name: <tls>/acme/NAME is a symlink to a folder with certificate.pem
// and key.pem, so that both change in one instant. (Whoever opens one before it and the other after it has a pair that
// may not belong together until the reload that follows; where the key is kept, as at every renewal, even that pair
// fits.) Until the first one is issued a self-signed one stands there, because nothing would start without.
#pragma once

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/file.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace vectis::keys {

[[nodiscard]] fs::path issued_certificate(const fs::path& tls, const std::string& name);
[[nodiscard]] fs::path issued_key(const fs::path& tls, const std::string& name);

/// Makes a self-signed certificate for each name that has none; safe to repeat after a power cut.
void ensure_stand_ins(const fs::path& tls, const std::vector<std::string>& names, Time now);

/// Puts a certificate and its key (PEM) in place, durably; answers whether they are new there.
bool put_issued(const fs::path& tls, const std::string& name, std::string_view certificate, std::string_view key);

} // namespace vectis::keys
