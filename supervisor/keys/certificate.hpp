// The certificate that Postfix and Dovecot show: our own self-signed one until there is a better, or the
// administrator's files. Judged here, for `vectis status` and before an apply.
#pragma once

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/file.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace vectis::keys {

struct CertificateInfo {
    std::vector<std::string> names; // DNS names it is for, in lower case; the common name if it lists none
    std::string issuer;             // one line, RFC 2253
    bool self_signed = false;
    Time not_before;
    Time not_after;

    /// Whether a client that connects to `hostname` finds it in `names` (RFC 6125: a wildcard stands for one label).
    [[nodiscard]] bool covers(std::string_view hostname) const;
};

/// The first certificate of a PEM text. Throws Error(invalid_input) if there is none.
[[nodiscard]] CertificateInfo certificate_info(std::string_view pem);

/// SHA-256 of the public key of the first certificate of a PEM text, as TLSA records name it (RFC 6698: selector 1,
/// matching type 1), in hexadecimal. Throws Error(invalid_input) if there is none.
[[nodiscard]] std::string public_key_digest(std::string_view pem);

/// What is wrong with a certificate and key that config.yaml names: missing or unreadable, not PEM, not belonging
/// together, expired or not yet valid, not for `hostname`, a key that strangers may read. Empty: good. Problem.path is
/// the key in config.yaml.
[[nodiscard]] std::vector<Problem> certificate_problems(const fs::path& certificate, const fs::path& key,
                                                        std::string_view hostname, Time now);

struct SelfSigned {
    std::string certificate; // PEM
    std::string key;         // PEM, PKCS#8
};

/// A certificate for `hostname`, valid 825 days from `now` (the most that Apple's clients accept), with an EC P-256
/// key: the one in `key` if that is usable, otherwise a new one.
[[nodiscard]] SelfSigned self_signed(const std::string& hostname, Time now, std::string_view key = {});

/// Whether ensure_self_signed() has something to do.
[[nodiscard]] bool self_signed_due(const fs::path& folder, const std::string& hostname, Time now);

/// Makes <folder>/self_signed.{crt,key}, or renews the certificate (keeping its key) when it has under 30 days left, is
/// for another name or does not match; answers whether anything was written. Safe to repeat after a power cut.
bool ensure_self_signed(const fs::path& folder, const std::string& hostname, Time now);

} // namespace vectis::keys
