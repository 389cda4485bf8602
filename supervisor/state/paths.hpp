// Where everything is. One value, so that a test can put it all below a folder of its own.
#pragma once

#include "base/file.hpp"

#include <cstdint>
#include <string>

namespace vectis::state {

struct Paths {
    fs::path etc = "/etc/vectis";
    fs::path lib = "/var/lib/vectis";
    fs::path share = "/usr/share/vectis";
    fs::path run = "/run";
    std::string service_group = "vectis"; // may read config.yaml; empty: the group of the process
    std::string signer_group = "_rspamd"; // may read the DKIM keys; empty: the same
    fs::path credentials;                 // where systemd put the unit's credentials; empty if there are none

    [[nodiscard]] fs::path config() const { return etc / "config.yaml"; }
    [[nodiscard]] fs::path secrets() const { return etc / "secrets.yaml"; }
    [[nodiscard]] fs::path current() const { return lib / "current"; }
    [[nodiscard]] fs::path generations() const { return lib / "generations"; }
    [[nodiscard]] fs::path generation(std::uint64_t number) const { return generations() / std::to_string(number); }
    [[nodiscard]] fs::path directory() const { return lib / "directory"; }
    [[nodiscard]] fs::path supervisor_db() const { return lib / "supervisor.db"; }
    [[nodiscard]] fs::path api_socket() const { return run / "vectis-api/admin.sock"; }
    [[nodiscard]] fs::path api_db() const { return lib / "api/vectis.db"; }
    [[nodiscard]] fs::path dkim() const { return lib / "dkim"; }
    /// Which domains of the API's are signed with which keys: a part of Rspamd's dkim_signing.conf.
    [[nodiscard]] fs::path signers() const { return dkim() / "signers.conf"; }
    /// The mail of mailboxes that the API removed.
    [[nodiscard]] fs::path tls() const { return lib / "tls"; }
    /// What certbot keeps (vectis-acme.service): account, keys and certificates.
    [[nodiscard]] fs::path acme() const { return lib.parent_path() / "vectis-acme"; }
    /// What stood where we placed a link, by its absolute path; purge and the undo of a first apply put it back.
    [[nodiscard]] fs::path originals() const { return lib / "originals"; }
    /// Copies of rendered files that somebody had edited by hand, kept when an apply takes the edit back.
    [[nodiscard]] fs::path edited() const { return lib / "edited"; }
    /// The probe mailbox's password and its hash, each on a line.
    [[nodiscard]] fs::path probe_secret() const { return lib / "probe.secret"; }
    /// There while all of the mail store is on the disk: from Dovecot's end to its next start.
    [[nodiscard]] fs::path mail_store_whole() const { return lib / "mail-store.whole"; }
    [[nodiscard]] fs::path mail() const { return "/var/vmail"; }
    [[nodiscard]] fs::path templates() const { return share / "templates"; }
    [[nodiscard]] fs::path migrations() const { return share / "migrations"; }
};

/// The text of a config.yaml. Error(not_found) if there is none.
[[nodiscard]] std::string read_config(const fs::path& file);

} // namespace vectis::state
