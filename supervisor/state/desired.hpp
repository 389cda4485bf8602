// What config.yaml asks for, wholly in memory: rendered files, directory rows, keys, services. Or, for a rollback, what
// an earlier generation held.
#pragma once

#include "directory/rows.hpp"
#include "keys/dkim.hpp"
#include "render/file.hpp"
#include "state/paths.hpp"

#include <string>
#include <vector>

namespace vectis::state {

struct KeyWanted {
    std::string domain;
    std::string selector;
    keys::Algorithm algorithm = keys::Algorithm::rsa;
};

/// Two keys for the host itself and for every domain and alias domain.
[[nodiscard]] std::vector<KeyWanted> wanted_keys(const config::Config& config);

struct Desired {
    std::string config_text;
    config::Config config;           // without mailboxes and aliases: they are in `rows`
    std::vector<render::File> files; // sorted by path
    std::vector<render::Placement> placements;
    directory::Rows rows;
    std::vector<KeyWanted> keys;
    /// Services that are to run.
    std::vector<std::string> services;
    fs::path certificate; // what the daemons show: the administrator's file, our self-signed one or the issued one
    fs::path certificate_key;
    /// The names for which an authority issues certificates, the hostname first; empty without ACME.
    std::vector<std::string> issued;
};

/// The certificate that Postfix, Dovecot and nginx show for the hostname.
struct CertificateFiles {
    fs::path certificate;
    fs::path key;
};
[[nodiscard]] CertificateFiles certificate_files(const config::Config& config, const Paths& paths);

/// config.yaml's text, checked and rendered. Throws Error(invalid_input) with every problem in it.
[[nodiscard]] Desired desired_from_text(const std::string& config_text, const config::Secrets& secrets,
                                        const render::Platform& platform, const Paths& paths,
                                        const std::string& probe_password);

/// The same from the files on disk; Error(not_found) without a config.yaml.
[[nodiscard]] Desired desired_from_disk(const render::Platform& platform, const Paths& paths,
                                        const std::string& probe_password);

/// An earlier generation as it was: its files as they were written, its rows as its config.yaml asks for them.
[[nodiscard]] Desired desired_from_generation(const std::string& config_text, std::vector<render::File> files,
                                              const Paths& paths, const std::string& probe_password);

/// The texts of the certificates that services show.
struct Certificates {
    std::string mail; // Postfix and Dovecot: the hostname's
    std::string web;  // nginx: that and those of all other names
};
/// As they lie on disk now; empty for what is not there.
[[nodiscard]] Certificates read_certificates(const Desired& desired, const Paths& paths);

/// What a running service must have read to be up to date: a hash over its files and the certificates that it shows.
[[nodiscard]] std::string service_digest(const Desired& desired, const std::string& service,
                                         const Certificates& certificates);

} // namespace vectis::state
