#include "surface/commands.hpp"

#include <array>

namespace vectis::surface {

namespace {

constexpr Argument json{ArgumentKind::flag, "--json", "", "Print JSON for programs"};
constexpr Argument yes{ArgumentKind::flag, "--yes", "", "Do not ask for confirmation"};
constexpr Argument dry_run{ArgumentKind::flag, "--dry-run", "", "Show what would be done and change nothing"};
constexpr Argument config_file{ArgumentKind::option, "--config", "FILE",
                               "Use this file instead of /etc/vectis/config.yaml"};

constexpr std::array json_only{json};
constexpr std::array preflight_arguments{
    Argument{ArgumentKind::option, "--upgrade-to", "RELEASE", "Say what an upgrade to this release of Debian will do"},
    json,
};
constexpr std::array setup_arguments{
    Argument{ArgumentKind::flag, "--unattended", "", "Ask nothing; needs --config or an existing config.yaml"},
    config_file,
    Argument{ArgumentKind::option, "--ignore", "CHECK,...", "Go on although these preflight checks fail"},
    json,
};
constexpr std::array config_check_arguments{config_file, json};
constexpr std::array config_only{config_file};
constexpr std::array get_arguments{
    Argument{ArgumentKind::positional, "KEY", "", "A key such as rspamd.reject or domains[example.com].quota", true},
    config_file,
};
constexpr std::array set_arguments{
    Argument{ArgumentKind::positional, "KEY", "", "A key such as rspamd.reject or domains[example.com].quota", true},
    Argument{ArgumentKind::positional, "VALUE", "", "The new value, as it would stand in the file", true},
    config_file,
    dry_run,
};
constexpr std::array plan_arguments{
    config_file,
    Argument{ArgumentKind::flag, "--offline", "", "Ask neither the supervisor nor systemd; units are left out"},
    json,
};
constexpr std::array apply_arguments{yes, dry_run, json};
constexpr std::array rollback_arguments{
    Argument{ArgumentKind::positional, "N", "", "The generation to go back to; the one before the current if left out"},
    yes,
    json,
};
constexpr std::array health_arguments{
    Argument{ArgumentKind::flag, "--all", "", "Run every probe, not only the quick ones"},
    json,
};
constexpr std::array logs_arguments{
    Argument{ArgumentKind::positional, "SERVICE", "", "A service that 'vectis status' lists, or vectis", true},
    Argument{ArgumentKind::option, "--since", "TIME", "From this time on: 15m, 2h, 3d or 2026-11-24T10:00:00.000Z"},
    Argument{ArgumentKind::flag, "--follow", "", "Go on with new lines until interrupted"},
};
constexpr std::array restart_arguments{
    Argument{ArgumentKind::positional, "SERVICE", "", "A service that 'vectis status' lists", true},
};
constexpr std::array address_arguments{
    Argument{ArgumentKind::positional, "ADDRESS", "", "An IP address", true},
};
constexpr std::array password_arguments{
    Argument{ArgumentKind::flag, "--password-stdin", "", "Read the password from standard input"},
};
constexpr std::array mailbox_password_arguments{
    Argument{ArgumentKind::positional, "ADDRESS", "", "The mailbox, such as anna@example.com", true},
    Argument{ArgumentKind::flag, "--password-stdin", "", "Read the password from standard input"},
};
constexpr std::array probe_arguments{
    Argument{ArgumentKind::positional, "NAME", "", "The probe to run in this process", true},
};
constexpr std::array mail_recover_arguments{
    Argument{ArgumentKind::flag, "--stopped", "", "Dovecot has stopped: note that all is on the disk"},
};
constexpr std::array learn_arguments{
    Argument{ArgumentKind::positional, "KIND", "", "spam or ham", true},
};
constexpr std::array webmail_arguments{
    Argument{ArgumentKind::flag, "--test", "", "Let PHP read the configuration and run nothing"},
};
constexpr std::array completion_arguments{
    Argument{ArgumentKind::positional, "SHELL", "", "bash", true},
};

constexpr std::array table{
    CommandRow{Command::preflight, "preflight", "Check that this server can be a mail server", preflight_arguments},
    CommandRow{Command::setup, "setup", "Set the mail server up; safe to repeat", setup_arguments},
    CommandRow{Command::config_check, "config check", "Check config.yaml and list every problem",
               config_check_arguments},
    CommandRow{Command::config_show, "config show", "Show the configuration with all defaults", config_only},
    CommandRow{Command::config_get, "config get", "Print the value of one key", get_arguments},
    CommandRow{Command::config_set, "config set", "Change one key, keeping comments and order", set_arguments},
    CommandRow{Command::config_schema, "config schema", "Print the JSON Schema of config.yaml", {}},
    CommandRow{Command::config_example, "config example", "Print a commented config.yaml to start from", {}},
    CommandRow{Command::plan, "plan", "Show what apply would change: exit status 0 nothing, 2 changes, 1 error",
               plan_arguments},
    CommandRow{Command::apply, "apply", "Make the server as config.yaml says", apply_arguments},
    CommandRow{Command::generations, "generations", "List the configurations that can be gone back to", json_only},
    CommandRow{Command::rollback, "rollback", "Go back to an earlier generation", rollback_arguments},
    CommandRow{Command::status, "status", "Show services, queue, generation and certificate", json_only},
    CommandRow{Command::health, "health", "Prove that mail works: exit status 1 if a probe fails", health_arguments},
    CommandRow{Command::logs, "logs", "Show a service's journal", logs_arguments},
    CommandRow{Command::restart, "restart", "Restart one service", restart_arguments},
    CommandRow{Command::bans, "bans", "List the IP addresses that are banned", json_only},
    CommandRow{Command::ban, "ban", "Ban an IP address for a while", address_arguments},
    CommandRow{Command::unban, "unban", "Let a banned IP address in again", address_arguments},
    CommandRow{Command::dns, "dns", "Print the DNS records to publish", json_only},
    CommandRow{Command::export_yaml, "export", "Print the live configuration as YAML", {}},
    CommandRow{Command::hash_password, "hash-password", "Make a password_hash for config.yaml", password_arguments},
    CommandRow{Command::certificates_list, "certificates list", "Show each certificate, and why one could not be had",
               json_only},
    CommandRow{Command::certificates_renew, "certificates renew",
               "Ask the authority now for what is missing or soon over", json_only},
    CommandRow{
        Command::certificates_request, "certificates request", "Ask the authority (vectis-acme.service)", {}, true},
    CommandRow{Command::certificates_deploy, "certificates deploy", "Put what was issued in place", {}, true},
    CommandRow{Command::mailbox_password, "mailbox password", "Give a mailbox another password",
               mailbox_password_arguments},
    CommandRow{Command::password_service, "password-service", "Change a password, asked by webmail", {}, true},
    CommandRow{Command::supervise, "supervise", "The root process (vectis-supervisor.service)", {}, true},
    CommandRow{Command::serve, "serve", "The REST API (vectis-api.service)", {}, true},
    CommandRow{Command::directory_recover, "directory-recover", "Recover directory.db at boot", {}, true},
    CommandRow{Command::mail_recover, "mail-recover", "Remove what a power cut has left in the mail store",
               mail_recover_arguments, true},
    CommandRow{Command::learn, "learn", "Teach Rspamd the message on standard input", learn_arguments, true},
    CommandRow{Command::webmail, "webmail", "Run PHP for webmail (vectis-webmail.service)", webmail_arguments, true},
    CommandRow{Command::probe, "probe", "Run one probe here", probe_arguments, true},
    CommandRow{Command::man_page, "man-page", "Print vectis(8)", {}, true},
    CommandRow{Command::completion, "completion", "Print a shell's completion script", completion_arguments, true},
};

} // namespace

std::span<const CommandRow> commands() {
    return table;
}

std::string_view group_summary(std::string_view word) {
    return word == "config"         ? "Read, check and change config.yaml"
           : word == "certificates" ? "See and renew certificates"
                                    : "Change a mailbox";
}

} // namespace vectis::surface
