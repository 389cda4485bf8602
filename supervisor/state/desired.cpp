#include "state/desired.hpp"

#include "base/hash.hpp"
#include "config/load.hpp"
#include "config/names.hpp"
#include "config/secrets.hpp"
#include "keys/certificate.hpp"
#include "keys/issued.hpp"
#include "surface/services.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace vectis::state {

namespace {

Desired complete(std::string config_text, config::Config config, std::vector<render::File> files, const Paths& paths,
                 const std::string& probe_password) {
    Desired desired;
    desired.config_text = std::move(config_text);
    desired.files = std::move(files);
    desired.placements = render::placements(desired.files);
    desired.rows = directory::wanted(config, probe_password);
    desired.keys = wanted_keys(config);
    for (const auto& service : surface::services()) {
        // What config.yaml has nothing for is not wanted.
        if (std::any_of(desired.files.begin(), desired.files.end(), [&](const render::File& file) {
                return std::find(file.services.begin(), file.services.end(), service.name) != file.services.end();
            }))
            desired.services.emplace_back(service.name);
    }
    const auto files_shown = certificate_files(config, paths);
    desired.certificate = files_shown.certificate;
    desired.certificate_key = files_shown.key;
    if (config.tls.mode == config::TlsMode::acme) {
        desired.issued = config::service_names(config);
        desired.issued.insert(desired.issued.begin(), config.hostname);
    }
    // The rows say it now; of a large configuration this is nearly all.
    for (auto& domain : config.domains) {
        domain.mailboxes = std::vector<config::Mailbox>();
        domain.aliases = std::vector<config::Alias>();
    }
    desired.config = std::move(config);
    return desired;
}

} // namespace

CertificateFiles certificate_files(const config::Config& config, const Paths& paths) {
    switch (config.tls.mode) {
    case config::TlsMode::files:
        return {config.tls.certificate, config.tls.key};
    case config::TlsMode::acme:
        return {keys::issued_certificate(paths.tls(), config.hostname), keys::issued_key(paths.tls(), config.hostname)};
    case config::TlsMode::self_signed:
        break;
    }
    return {paths.tls() / "self_signed.crt", paths.tls() / "self_signed.key"};
}

std::vector<KeyWanted> wanted_keys(const config::Config& config) {
    const config::Dkim defaults;
    // What the host itself sends (bounces, reports) is signed as well.
    std::vector<KeyWanted> keys{{config.hostname, defaults.rsa_selector, keys::Algorithm::rsa},
                                {config.hostname, defaults.ed25519_selector, keys::Algorithm::ed25519}};
    for (const auto& domain : config.domains) {
        std::vector<std::string> names = domain.alias_domains;
        names.insert(names.begin(), domain.name);
        for (const auto& name : names) {
            keys.push_back({name, domain.dkim.rsa_selector, keys::Algorithm::rsa});
            keys.push_back({name, domain.dkim.ed25519_selector, keys::Algorithm::ed25519});
        }
    }
    return keys;
}

Desired desired_from_text(const std::string& config_text, const config::Secrets& secrets,
                          const render::Platform& platform, const Paths& paths, const std::string& probe_password) {
    config::Config config = config::load_valid(config_text, paths.config().string());
    if (config.tls.mode == config::TlsMode::files) {
        auto problems = keys::certificate_problems(config.tls.certificate, config.tls.key, config.hostname, now());
        if (!problems.empty())
            throw Error(Code::invalid_input, "cannot use the certificate", "mend it and try again; nothing was changed",
                        std::move(problems));
    }
    auto files = render::render(config, config::resolve_secrets(config, secrets, paths.credentials), platform);
    return complete(config_text, std::move(config), std::move(files), paths, probe_password);
}

Desired desired_from_disk(const render::Platform& platform, const Paths& paths, const std::string& probe_password) {
    const auto text = read_file(paths.config(), 256U << 20U);
    if (!text)
        throw Error(Code::not_found, fmt::format("cannot read '{}': it does not exist", paths.config().string()),
                    "run 'vectis setup', which writes it");
    config::LoadedSecrets secrets;
    if (const auto secrets_text = read_file(paths.secrets(), 1U << 20U))
        secrets = config::load_secrets(*secrets_text, paths.secrets().string());
    if (!secrets.problems.empty())
        throw Error(Code::invalid_input, fmt::format("cannot use {}", paths.secrets().string()), {},
                    std::move(secrets.problems));
    return desired_from_text(*text, secrets.secrets, platform, paths, probe_password);
}

Desired desired_from_generation(const std::string& config_text, std::vector<render::File> files, const Paths& paths,
                                const std::string& probe_password) {
    config::Config config = config::load_valid(config_text, "the generation's config.yaml");
    return complete(config_text, std::move(config), std::move(files), paths, probe_password);
}

Certificates read_certificates(const Desired& desired, const Paths& paths) {
    constexpr std::size_t most = 1U << 20U;
    Certificates found;
    found.mail = read_file(desired.certificate, most).value_or("");
    found.web = found.mail;
    for (const auto& name : desired.issued)
        found.web += read_file(keys::issued_certificate(paths.tls(), name), most).value_or("");
    return found;
}

std::string service_digest(const Desired& desired, const std::string& service, const Certificates& certificates) {
    Sha256 hash;
    for (const auto& file : desired.files) {
        if (std::find(file.services.begin(), file.services.end(), service) != file.services.end())
            hash.part(file.path).part(file.bytes).part(std::to_string(file.access.mode)).part(file.access.group);
    }
    if (service == "postfix" || service == "dovecot")
        hash.part(desired.certificate.string()).part(certificates.mail);
    if (service == "nginx")
        hash.part(desired.certificate.string()).part(certificates.web);
    return hash.finish();
}

} // namespace vectis::state
