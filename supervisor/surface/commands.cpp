#include "surface/commands.hpp"

#include <algorithm>
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

constexpr std::array list_arguments{json};
constexpr Argument force{ArgumentKind::flag, "--yes", "", "Do not ask for confirmation"};

constexpr Argument which_admin{ArgumentKind::positional, "ADMIN", "", "An administrator's address, or id", true};
constexpr Argument admin_name{ArgumentKind::option, "--name", "NAME", "What they are called"};
constexpr Argument admin_role{ArgumentKind::option, "--role", "ROLE", "super_admin, admin or domain_admin"};
constexpr Argument admin_domains{ArgumentKind::option, "--domains", "DOMAIN,...", "The domains of a domain_admin"};
constexpr Argument password_stdin{ArgumentKind::flag, "--password-stdin", "",
                                  "Read the password from standard input; otherwise one is made"};
constexpr std::array admin_show_arguments{which_admin, json};
constexpr std::array admin_add_arguments{
    Argument{ArgumentKind::positional, "EMAIL", "", "The address by which they log in", true},
    Argument{ArgumentKind::option, "--role", "ROLE", "super_admin, admin or domain_admin", true},
    admin_name,
    admin_domains,
    password_stdin,
    dry_run,
    json,
};
constexpr std::array admin_change_arguments{
    which_admin,   Argument{ArgumentKind::option, "--email", "EMAIL", "The address by which they log in"},
    admin_name,    admin_role,
    admin_domains, Argument{ArgumentKind::option, "--suspended", "true|false", "Whether they are kept out"},
    dry_run,       json,
};
constexpr std::array admin_remove_arguments{which_admin, force, dry_run, json};
constexpr std::array admin_totp_arguments{which_admin};
constexpr std::array admin_password_arguments{which_admin, password_stdin, dry_run, json};

constexpr Argument which_key{ArgumentKind::positional, "KEY", "", "A key's name, or id", true};
constexpr Argument key_scopes{ArgumentKind::option, "--scopes", "SCOPE,...", "What it is for"};
constexpr Argument key_domains{ArgumentKind::option, "--domains", "DOMAIN,...",
                               "The domains that it is for; '' is every one"};
constexpr Argument key_networks{ArgumentKind::option, "--networks", "NETWORK,...",
                                "The networks from which it is taken; '' is from everywhere"};
constexpr Argument key_rate{ArgumentKind::option, "--rate", "N", "How many requests it may make in a minute"};
constexpr Argument key_recipients{ArgumentKind::option, "--recipients", "N",
                                  "To how many recipients it may send in an hour; '' is as limits.key says"};
constexpr Argument key_expiry{ArgumentKind::option, "--expires-at", "TIME",
                              "From when on it is not taken; '' is never"};
constexpr std::array key_show_arguments{which_key, json};
constexpr std::array key_add_arguments{
    Argument{ArgumentKind::positional, "NAME", "", "What it is called", true},
    Argument{ArgumentKind::option, "--scopes", "SCOPE,...", "What it is for", true},
    Argument{ArgumentKind::option, "--role", "ROLE", "What it may do at most; all that you may if left out"},
    key_domains,
    key_networks,
    key_rate,
    key_recipients,
    key_expiry,
    dry_run,
    json,
};
constexpr std::array key_change_arguments{
    which_key,      Argument{ArgumentKind::option, "--name", "NAME", "What it is called"},
    key_scopes,     key_domains,
    key_networks,   key_rate,
    key_recipients, key_expiry,
    dry_run,        json,
};
constexpr std::array key_remove_arguments{which_key, force, dry_run, json};
constexpr std::array key_rotate_arguments{
    which_key,
    Argument{ArgumentKind::option, "--overlap-seconds", "N",
             "How long the secret of before is still taken; a day if left out"},
    dry_run,
    json,
};
constexpr std::array audit_list_arguments{
    Argument{ArgumentKind::option, "--limit", "N", "How many, the newest first; all if left out"},
    Argument{ArgumentKind::option, "--actor", "NAME", "Only what they did"},
    Argument{ArgumentKind::option, "--action", "ACTION", "Only this, such as admin.create"},
    Argument{ArgumentKind::option, "--target", "NAME", "Only what was done to it"},
    json,
};
constexpr std::array audit_export_arguments{
    Argument{ArgumentKind::option, "--format", "FORMAT", "jsonl or csv"},
};

constexpr Argument which_domain{ArgumentKind::positional, "DOMAIN", "", "A domain, or its id", true};
constexpr Argument domain_catch_all{ArgumentKind::option, "--catch-all", "ADDRESS",
                                    "Who gets what is addressed to nobody; '' refuses it"};
constexpr std::array domain_list_arguments{
    Argument{ArgumentKind::option, "--managed-by", "WHO", "Only those of config, or of api"},
    json,
};
constexpr std::array domain_show_arguments{which_domain, json};
constexpr std::array domain_add_arguments{
    Argument{ArgumentKind::positional, "DOMAIN", "", "The domain; international ones in their xn-- form", true},
    Argument{ArgumentKind::option, "--alias-of", "DOMAIN", "It repeats the addresses of this one"},
    domain_catch_all,
    dry_run,
    json,
};
constexpr std::array domain_change_arguments{
    which_domain,
    domain_catch_all,
    Argument{ArgumentKind::option, "--active", "true|false", "Whether it takes mail, and lets anybody log in"},
    dry_run,
    json,
};
constexpr std::array domain_remove_arguments{which_domain, force, dry_run, json};

constexpr std::array domain_rotate_arguments{which_domain, dry_run, json};
constexpr std::array domain_import_key_arguments{
    which_domain,
    Argument{ArgumentKind::option, "--selector", "SELECTOR", "The one that its record has in DNS", true},
    Argument{ArgumentKind::option, "--file", "FILE", "The private key in PEM; from standard input if left out"},
    dry_run,
    json,
};
constexpr std::array domain_remove_key_arguments{
    which_domain, Argument{ArgumentKind::option, "--selector", "SELECTOR", "Which of its keys", true}, force, dry_run,
    json,
};
constexpr std::array<std::string_view, 5> dkim_key_columns{"selector", "algorithm", "state", "created_at",
                                                           "retired_at"};

constexpr Argument which_message{ArgumentKind::positional, "ID", "", "A message's id, as 'vectis queue list' shows it",
                                 true};
constexpr std::array queue_list_arguments{
    Argument{ArgumentKind::option, "--limit", "N", "How many; all if left out"},
    Argument{ArgumentKind::option, "--queue", "NAME", "Only those in it: active, deferred, hold, ..."},
    Argument{ArgumentKind::option, "--sender", "ADDRESS", "Only those from there"},
    json,
};
constexpr std::array queue_act_arguments{which_message, dry_run, json};
constexpr std::array queue_remove_arguments{which_message, force, dry_run, json};
constexpr std::array<std::string_view, 5> queue_columns{"id", "queue", "arrived_at", "size", "sender"};

constexpr Argument of_domain{ArgumentKind::option, "--domain", "DOMAIN", "Only those of this domain"};
constexpr std::array address_list_arguments{
    of_domain,
    Argument{ArgumentKind::option, "--managed-by", "WHO", "Only those of config, or of api"},
    json,
};
constexpr Argument which_mailbox{ArgumentKind::positional, "ADDRESS", "", "A mailbox's address, or id", true};
constexpr Argument mailbox_name{ArgumentKind::option, "--display-name", "NAME", "What its owner is called"};
constexpr Argument mailbox_quota{ArgumentKind::option, "--quota", "BYTES",
                                 "How much it may hold; 0 is without a limit"};
constexpr Argument mailbox_hash{ArgumentKind::option, "--password-hash", "HASH",
                                "A password as Dovecot knows it: {SCHEME}..."};
constexpr std::array mailbox_show_arguments{which_mailbox, json};
constexpr std::array mailbox_add_arguments{
    Argument{ArgumentKind::positional, "ADDRESS", "", "Its address", true},
    mailbox_name,
    mailbox_quota,
    mailbox_hash,
    password_stdin,
    dry_run,
    json,
};
constexpr std::array mailbox_change_arguments{
    which_mailbox, mailbox_name, mailbox_quota, mailbox_hash, dry_run, json,
};
constexpr std::array mailbox_remove_arguments{which_mailbox, force, dry_run, json};

constexpr Argument app_password_name{ArgumentKind::option, "--name", "NAME",
                                     "What it is for: the program, or the device", true};
constexpr std::array app_password_add_arguments{
    which_mailbox,
    app_password_name,
    Argument{ArgumentKind::option, "--protocols", "imap,...",
             "imap, pop3, sieve, smtp: what it lets in by; all if left out"},
    dry_run,
    json,
};
constexpr std::array app_password_remove_arguments{which_mailbox, app_password_name, force, dry_run, json};
constexpr std::array<std::string_view, 3> app_password_columns{"name", "protocols", "created_at"};

constexpr Argument which_alias{ArgumentKind::positional, "ADDRESS", "", "An alias's address, or id", true};
constexpr Argument alias_destinations{ArgumentKind::option, "--destinations", "ADDRESS,...",
                                      "Who gets what is addressed to it"};
constexpr std::array alias_show_arguments{which_alias, json};
constexpr std::array alias_add_arguments{
    Argument{ArgumentKind::positional, "ADDRESS", "", "The address", true},
    Argument{ArgumentKind::option, "--destinations", "ADDRESS,...", "Who gets what is addressed to it", true},
    dry_run,
    json,
};
constexpr std::array import_arguments{
    Argument{ArgumentKind::positional, "FILE", "", "A .csv or .yaml file; docs/api.md says what it may hold", true},
    Argument{ArgumentKind::flag, "--row-by-row", "", "Make what can be made, and tell the rest; else all or nothing"},
    dry_run,
    json,
};
constexpr std::array alias_change_arguments{
    which_alias,
    alias_destinations,
    Argument{ArgumentKind::option, "--active", "true|false", "Whether it takes mail"},
    dry_run,
    json,
};
constexpr std::array alias_remove_arguments{which_alias, force, dry_run, json};

constexpr Argument which_suppression{ArgumentKind::positional, "ADDRESS", "",
                                     "The address, if one domain alone is concerned, or its id", true};
constexpr Argument sending_domain{ArgumentKind::option, "--domain", "DOMAIN", "The domain that sends nothing more"};
constexpr std::array suppression_list_arguments{
    sending_domain,
    Argument{ArgumentKind::option, "--address", "ADDRESS", "To this address"},
    Argument{ArgumentKind::option, "--reason", "REASON", "bounce, complaint, unsubscribe or manual"},
    json,
};
constexpr std::array suppression_show_arguments{which_suppression, json};
constexpr std::array suppression_add_arguments{
    Argument{ArgumentKind::positional, "ADDRESS", "", "To this address", true},
    Argument{ArgumentKind::option, "--domain", "DOMAIN", "The domain that sends nothing more", true},
    Argument{ArgumentKind::option, "--reason", "REASON", "bounce, complaint, unsubscribe or manual"},
    Argument{ArgumentKind::option, "--expires-at", "TIME", "Until when, such as 2027-01-31T00:00:00.000Z"},
    dry_run,
    json,
};
constexpr std::array suppression_remove_arguments{which_suppression, force, dry_run, json};

constexpr Argument which_hold{ArgumentKind::positional, "SENDER", "",
                              "The mailbox's address, the API key's name, or the hold's id", true};
constexpr std::array hold_list_arguments{
    Argument{ArgumentKind::option, "--kind", "KIND", "key or mailbox"},
    Argument{ArgumentKind::option, "--reason", "REASON", "spike, bounces, complaints or manual"},
    json,
};
constexpr std::array hold_show_arguments{which_hold, json};
constexpr std::array hold_add_arguments{
    Argument{ArgumentKind::positional, "SENDER", "", "A mailbox's address, or an API key's name or id", true},
    Argument{ArgumentKind::option, "--detail", "TEXT", "Why, for those who look at it later"},
    dry_run,
    json,
};
constexpr std::array hold_release_arguments{which_hold, dry_run, json};
constexpr std::array hold_discard_arguments{which_hold, force, dry_run, json};

constexpr Argument which_template{ArgumentKind::positional, "NAME", "",
                                  "A template's name, if no other has it, or its id", true};
constexpr Argument template_subject{ArgumentKind::option, "--subject", "TEXT", "What a message is about"};
constexpr Argument template_text_file{ArgumentKind::option, "--text-file", "FILE",
                                      "What it says, as plain text; - is standard input, an empty FILE: nothing"};
constexpr Argument template_html_file{ArgumentKind::option, "--html-file", "FILE",
                                      "The same as HTML; - is standard input, an empty FILE: nothing"};
constexpr Argument template_description{ArgumentKind::option, "--description", "TEXT", "What it is for"};
constexpr std::array template_list_arguments{of_domain, json};
constexpr std::array template_show_arguments{which_template, json};
constexpr std::array template_add_arguments{
    Argument{ArgumentKind::positional, "NAME", "", "What it is called", true},
    Argument{ArgumentKind::option, "--domain", "DOMAIN",
             "The only domain that sends by it; every domain may, if left out"},
    Argument{ArgumentKind::option, "--subject", "TEXT", "What a message is about", true},
    template_text_file,
    template_html_file,
    template_description,
    dry_run,
    json,
};
constexpr std::array template_set_arguments{
    which_template,
    Argument{ArgumentKind::option, "--name", "NAME", "What it is called from now on"},
    template_subject,
    template_text_file,
    template_html_file,
    template_description,
    dry_run,
    json,
};
constexpr std::array template_remove_arguments{which_template, force, dry_run, json};
constexpr std::array template_render_arguments{
    which_template,
    Argument{ArgumentKind::option, "--variables-file", "FILE",
             "What it writes in place of its tags, a JSON object; - is standard input"},
    dry_run,
    json,
};

constexpr Argument which_webhook{ArgumentKind::positional, "URL", "", "A webhook's URL, if no other has it, or its id",
                                 true};
constexpr Argument webhook_events{ArgumentKind::option, "--events", "TYPE,...",
                                  "Which types it is told, such as message.bounced; '*' is all"};
constexpr Argument webhook_origins{ArgumentKind::option, "--origins", "ORIGIN,...",
                                   "Of which messages: api (programs'), submission (people's); api if never said"};
constexpr Argument webhook_description{ArgumentKind::option, "--description", "TEXT", "What it is for"};
constexpr std::array webhook_list_arguments{of_domain, json};
constexpr std::array webhook_show_arguments{which_webhook, json};
constexpr std::array webhook_add_arguments{
    Argument{ArgumentKind::positional, "URL", "", "Where events are posted to", true},
    Argument{ArgumentKind::option, "--domain", "DOMAIN",
             "Whose events; every domain's, and the server's own, if left out"},
    webhook_events,
    webhook_origins,
    webhook_description,
    dry_run,
    json,
};
constexpr std::array webhook_change_arguments{
    which_webhook,
    Argument{ArgumentKind::option, "--url", "URL", "Where events are posted to from now on"},
    webhook_events,
    webhook_origins,
    webhook_description,
    Argument{ArgumentKind::option, "--enabled", "true|false", "Whether it is told of events"},
    dry_run,
    json,
};
constexpr std::array webhook_remove_arguments{which_webhook, force, dry_run, json};
constexpr std::array webhook_act_arguments{which_webhook, dry_run, json};
constexpr std::array webhook_deliveries_arguments{
    which_webhook,
    Argument{ArgumentKind::option, "--limit", "N", "How many; all if left out"},
    Argument{ArgumentKind::option, "--order", "ORDER", "desc: the newest first; asc if left out"},
    Argument{ArgumentKind::option, "--status", "STATUS", "pending, delivered or dead"},
    Argument{ArgumentKind::option, "--type", "TYPE", "Only of this type, such as message.bounced"},
    json,
};
constexpr std::array webhook_replay_arguments{
    which_webhook,
    Argument{ArgumentKind::option, "--since", "TIME", "All from then on, such as 2026-11-24T10:00:00.000Z"},
    Argument{ArgumentKind::option, "--until", "TIME", "Until then; until now if left out"},
    Argument{ArgumentKind::option, "--status", "dead", "In place of a time: all that is dead"},
    dry_run,
    json,
};
constexpr Argument which_delivery{ArgumentKind::positional, "ID", "",
                                  "A delivery's id, as 'vectis webhook deliveries' shows it", true};
constexpr std::array delivery_show_arguments{which_delivery, json};
constexpr std::array delivery_act_arguments{which_delivery, dry_run, json};

constexpr Argument which_sent_message{ArgumentKind::positional, "ID", "",
                                      "A message's id, as 'vectis message list' shows it", true};
constexpr std::array message_list_arguments{
    Argument{ArgumentKind::option, "--recipient", "ADDRESS", "Only those to this address"},
    Argument{ArgumentKind::option, "--sender", "ADDRESS", "Only those from this address"},
    Argument{ArgumentKind::option, "--domain", "DOMAIN", "Only those that this domain sent"},
    Argument{ArgumentKind::option, "--subject", "WORDS", "Only those whose subject has all of these words"},
    Argument{ArgumentKind::option, "--tag", "TAG", "Only those with this tag"},
    Argument{ArgumentKind::option, "--origin", "api|submission", "Only those of programs, or only those of people"},
    Argument{ArgumentKind::option, "--status", "STATUS", "Only those of which this became: bounced, deferred, ..."},
    Argument{ArgumentKind::option, "--since", "TIME", "Only from then on, such as 2026-11-24T10:00:00.000Z"},
    Argument{ArgumentKind::option, "--until", "TIME", "Only before then"},
    Argument{ArgumentKind::option, "--limit", "N", "How many at most; all if left out"},
    Argument{ArgumentKind::option, "--order", "ORDER", "desc: the newest first; asc if left out"},
    json,
};
constexpr std::array message_show_arguments{which_sent_message, json};
constexpr std::array message_act_arguments{which_sent_message, dry_run, json};
constexpr std::array analytics_arguments{
    Argument{ArgumentKind::option, "--since", "TIME", "From then on; the last 30 days if left out"},
    Argument{ArgumentKind::option, "--until", "TIME", "Until then; until now if left out"},
    Argument{ArgumentKind::option, "--granularity", "SPAN", "hour or day; day if left out"},
    Argument{ArgumentKind::option, "--by", "WHAT", "all, provider (who received it) or tag; all if left out"},
    Argument{ArgumentKind::option, "--domain", "DOMAIN", "Only what this domain sent"},
};
constexpr Argument which_inbound_route{ArgumentKind::positional, "NAME", "", "Its address or domain, or its id", true};
constexpr Argument inbound_copy{ArgumentKind::option, "--keep-copy", "true|false",
                                "Whether the mail is delivered here as well"};
constexpr Argument inbound_format{ArgumentKind::option, "--format", "FORMAT", "native or postmark"};
constexpr Argument inbound_webhook{ArgumentKind::option, "--webhook", "ID",
                                   "The one webhook that is told; '' is those of the domain that ask for it"};
constexpr std::array inbound_route_list_arguments{of_domain, json};
constexpr std::array inbound_route_show_arguments{which_inbound_route, json};
constexpr std::array inbound_route_add_arguments{
    Argument{ArgumentKind::positional, "NAME", "", "An address, or a domain", true},
    Argument{ArgumentKind::option, "--match", "MATCH",
             "Of a domain: 'domain' for what nobody else there gets, the default, or 'all'"},
    inbound_copy,
    inbound_format,
    inbound_webhook,
    dry_run,
    json,
};
constexpr std::array inbound_route_set_arguments{which_inbound_route, inbound_copy, inbound_format,
                                                 inbound_webhook,     dry_run,      json};
constexpr std::array inbound_route_remove_arguments{which_inbound_route, force, dry_run, json};
constexpr std::array inbound_list_arguments{
    of_domain,
    Argument{ArgumentKind::option, "--route", "ID", "Only what came in by this route"},
    Argument{ArgumentKind::option, "--recipient", "ADDRESS", "Only what came to this address"},
    Argument{ArgumentKind::option, "--limit", "N", "How many; all if left out"},
    Argument{ArgumentKind::option, "--order", "ORDER", "desc: the newest first; asc if left out"},
    json,
};
constexpr Argument which_inbound{ArgumentKind::positional, "ID", "",
                                 "A message's id, as 'vectis inbound list' shows it", true};
constexpr std::array inbound_show_arguments{which_inbound, json};
constexpr std::array inbound_act_arguments{which_inbound, dry_run, json};

constexpr std::array<std::string_view, 5> domain_columns{"name", "alias_of", "catch_all", "active", "managed_by"};
constexpr std::array<std::string_view, 5> mailbox_columns{"address", "display_name", "quota", "active", "managed_by"};
constexpr std::array<std::string_view, 4> alias_columns{"address", "destinations", "active", "managed_by"};
constexpr std::array<std::string_view, 6> message_columns{"id", "created_at", "origin", "sender", "subject", "tags"};
constexpr std::array<std::string_view, 2> story_columns{"at", "told"};
constexpr std::array<std::string_view, 5> suppression_columns{"address", "domain", "reason", "created_at",
                                                              "expires_at"};
constexpr std::array<std::string_view, 6> hold_columns{"sender", "kind", "reason", "waiting", "created_at", "ending"};
constexpr std::array<std::string_view, 4> template_columns{"name", "domain", "subject", "description"};
constexpr std::array<std::string_view, 5> inbound_route_columns{"name", "match", "keep_copy", "format", "webhook"};
constexpr std::array<std::string_view, 6> inbound_columns{"id",     "received_at", "recipient",
                                                          "sender", "subject",     "spam"};
constexpr std::array<std::string_view, 5> webhook_columns{"url", "domain", "events", "enabled", "disabled_because"};
constexpr std::array<std::string_view, 7> delivery_columns{"id",   "type",  "status", "attempts",
                                                           "code", "fault", "due_at"};
constexpr std::array<std::string_view, 5> attempt_columns{"at", "code", "fault", "milliseconds", "detail"};
constexpr std::array<std::string_view, 4> admin_columns{"email", "name", "role", "suspended"};
constexpr std::array<std::string_view, 5> key_columns{"name", "role", "scopes", "rate", "expires_at"};
constexpr std::array<std::string_view, 5> audit_columns{"seq", "at", "actor", "action", "target"};

constexpr std::array command_table{
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
    CommandRow{Command::api, "admin list", "List the administrators", list_arguments, false, Operation::admins_list,
               admin_columns},
    CommandRow{
        Command::api, "admin show", "Show an administrator", admin_show_arguments, false, Operation::admins_get, {}},
    CommandRow{
        Command::api, "admin add", "Make an administrator", admin_add_arguments, false, Operation::admins_create, {}},
    CommandRow{Command::api,
               "admin change",
               "Change an administrator",
               admin_change_arguments,
               false,
               Operation::admins_update,
               {}},
    CommandRow{Command::api,
               "admin remove",
               "Remove an administrator, and the keys they made",
               admin_remove_arguments,
               false,
               Operation::admins_delete,
               {}},
    CommandRow{Command::api,
               "admin reset-password",
               "Give an administrator another password",
               admin_password_arguments,
               false,
               Operation::admins_reset_password,
               {}},
    CommandRow{Command::admin_totp,
               "admin totp",
               "Give an administrator a second factor",
               admin_totp_arguments,
               false,
               Operation::admins_setup_totp,
               {}},
    CommandRow{Command::api,
               "admin remove-totp",
               "Take an administrator's second factor away",
               admin_show_arguments,
               false,
               Operation::admins_remove_totp,
               {}},
    CommandRow{Command::api, "key list", "List the API keys", list_arguments, false, Operation::api_keys_list,
               key_columns},
    CommandRow{Command::api, "key show", "Show an API key", key_show_arguments, false, Operation::api_keys_get, {}},
    CommandRow{Command::api, "key add", "Make an API key", key_add_arguments, false, Operation::api_keys_create, {}},
    CommandRow{
        Command::api, "key change", "Change an API key", key_change_arguments, false, Operation::api_keys_update, {}},
    CommandRow{
        Command::api, "key remove", "Remove an API key", key_remove_arguments, false, Operation::api_keys_delete, {}},
    CommandRow{Command::api,
               "key rotate",
               "Give an API key another secret",
               key_rotate_arguments,
               false,
               Operation::api_keys_rotate,
               {}},
    CommandRow{Command::api, "domain list", "List the domains", domain_list_arguments, false, Operation::domains_list,
               domain_columns},
    CommandRow{Command::api, "domain show", "Show a domain", domain_show_arguments, false, Operation::domains_get, {}},
    CommandRow{Command::api, "domain add", "Make a domain", domain_add_arguments, false, Operation::domains_create, {}},
    CommandRow{Command::api,
               "domain dns",
               "List the DNS records to publish for a domain",
               domain_show_arguments,
               false,
               Operation::domains_dns,
               {}},
    CommandRow{Command::api,
               "domain verify",
               "Ask DNS for each record of a domain, and say what to do",
               domain_show_arguments,
               false,
               Operation::domains_verify,
               {}},
    CommandRow{Command::api, "domain keys", "List the DKIM keys of a domain", domain_show_arguments, false,
               Operation::domains_dkim, dkim_key_columns},
    CommandRow{Command::api, "domain rotate-keys",
               "Make the next DKIM keys of a domain; each signs once DNS has had it for an hour",
               domain_rotate_arguments, false, Operation::domains_dkim_rotate, dkim_key_columns},
    CommandRow{Command::api, "domain import-key",
               "Bring a DKIM key of a domain that is published already; it signs once DNS has had it for an hour",
               domain_import_key_arguments, false, Operation::domains_dkim_import, dkim_key_columns},
    CommandRow{Command::api, "domain activate-keys", "Have the waiting DKIM keys that DNS has now sign at once",
               domain_rotate_arguments, false, Operation::domains_dkim_activate, dkim_key_columns},
    CommandRow{Command::api, "domain remove-key", "Remove a DKIM key that is needed no more",
               domain_remove_key_arguments, false, Operation::domains_dkim_delete, dkim_key_columns},
    CommandRow{Command::api,
               "domain change",
               "Change a domain",
               domain_change_arguments,
               false,
               Operation::domains_update,
               {}},
    CommandRow{Command::api,
               "domain remove",
               "Remove a domain that has no addresses any more",
               domain_remove_arguments,
               false,
               Operation::domains_delete,
               {}},
    CommandRow{Command::api, "mailbox list", "List the mailboxes", address_list_arguments, false,
               Operation::mailboxes_list, mailbox_columns},
    CommandRow{
        Command::api, "mailbox show", "Show a mailbox", mailbox_show_arguments, false, Operation::mailboxes_get, {}},
    CommandRow{
        Command::api, "mailbox add", "Make a mailbox", mailbox_add_arguments, false, Operation::mailboxes_create, {}},
    CommandRow{Command::api,
               "mailbox change",
               "Change a mailbox",
               mailbox_change_arguments,
               false,
               Operation::mailboxes_update,
               {}},
    CommandRow{Command::api,
               "mailbox suspend",
               "Take no mail for a mailbox, and let nobody log in",
               mailbox_show_arguments,
               false,
               Operation::mailboxes_suspend,
               {}},
    CommandRow{Command::api, "mailbox app-passwords", "List the passwords of single programs of a mailbox's owner",
               mailbox_show_arguments, false, Operation::app_passwords_list, app_password_columns},
    CommandRow{Command::api,
               "mailbox add-app-password",
               "Make a password for one program; it is shown this once",
               app_password_add_arguments,
               false,
               Operation::app_passwords_create,
               {}},
    CommandRow{Command::api,
               "mailbox remove-app-password",
               "Remove the password of one program; the mailbox's sessions end",
               app_password_remove_arguments,
               false,
               Operation::app_passwords_delete,
               {}},
    CommandRow{Command::api,
               "mailbox resume",
               "End the suspension of a mailbox",
               mailbox_show_arguments,
               false,
               Operation::mailboxes_resume,
               {}},
    CommandRow{Command::api,
               "mailbox remove",
               "Remove a mailbox; its mail is archived",
               mailbox_remove_arguments,
               false,
               Operation::mailboxes_delete,
               {}},
    CommandRow{Command::api, "alias list", "List the aliases", address_list_arguments, false, Operation::aliases_list,
               alias_columns},
    CommandRow{Command::api, "alias show", "Show an alias", alias_show_arguments, false, Operation::aliases_get, {}},
    CommandRow{Command::api, "alias add", "Make an alias", alias_add_arguments, false, Operation::aliases_create, {}},
    CommandRow{
        Command::api, "alias change", "Change an alias", alias_change_arguments, false, Operation::aliases_update, {}},
    CommandRow{
        Command::api, "alias remove", "Remove an alias", alias_remove_arguments, false, Operation::aliases_delete, {}},
    CommandRow{Command::api, "message list", "List the messages that programs and people sent", message_list_arguments,
               false, Operation::messages_list, message_columns},
    CommandRow{Command::api,
               "message show",
               "Show one, and what became of it for each recipient",
               message_show_arguments,
               false,
               Operation::messages_get,
               {}},
    CommandRow{Command::api, "message story", "Tell what happened to one, step by step", message_show_arguments, false,
               Operation::messages_events, story_columns},
    CommandRow{Command::api,
               "message cancel",
               "Do not send one to whom it has not been sent yet",
               message_act_arguments,
               false,
               Operation::messages_cancel,
               {}},
    CommandRow{Command::api,
               "analytics",
               "Print how often what happened, as CSV",
               analytics_arguments,
               false,
               Operation::analytics_export,
               {}},
    CommandRow{Command::api, "suppression list", "List to whom domains send nothing more", suppression_list_arguments,
               false, Operation::suppressions_list, suppression_columns},
    CommandRow{Command::api,
               "suppression show",
               "Show one of them, and why",
               suppression_show_arguments,
               false,
               Operation::suppressions_get,
               {}},
    CommandRow{Command::api,
               "suppression add",
               "Send nothing more from a domain to an address",
               suppression_add_arguments,
               false,
               Operation::suppressions_create,
               {}},
    CommandRow{Command::api,
               "suppression remove",
               "Send to an address again",
               suppression_remove_arguments,
               false,
               Operation::suppressions_delete,
               {}},
    CommandRow{Command::api, "hold list", "List whose mail is kept back", hold_list_arguments, false,
               Operation::holds_list, hold_columns},
    CommandRow{
        Command::api, "hold show", "Show one of them, and why", hold_show_arguments, false, Operation::holds_get, {}},
    CommandRow{Command::api,
               "hold add",
               "Keep back what a mailbox or an API key sends",
               hold_add_arguments,
               false,
               Operation::holds_create,
               {}},
    CommandRow{
        Command::api, "hold release", "Let its mail go", hold_release_arguments, false, Operation::holds_release, {}},
    CommandRow{Command::api,
               "hold discard",
               "Throw away what waits of it",
               hold_discard_arguments,
               false,
               Operation::holds_discard,
               {}},
    CommandRow{Command::api, "template list", "List what messages can be made of", template_list_arguments, false,
               Operation::templates_list, template_columns},
    CommandRow{
        Command::api, "template show", "Show a template", template_show_arguments, false, Operation::templates_get, {}},
    CommandRow{Command::api,
               "template add",
               "Make a template",
               template_add_arguments,
               false,
               Operation::templates_create,
               {}},
    CommandRow{Command::api,
               "template set",
               "Change a template",
               template_set_arguments,
               false,
               Operation::templates_update,
               {}},
    CommandRow{Command::api,
               "template remove",
               "Remove a template",
               template_remove_arguments,
               false,
               Operation::templates_delete,
               {}},
    CommandRow{Command::api,
               "template render",
               "Show what a message by it would say",
               template_render_arguments,
               false,
               Operation::templates_render,
               {}},
    CommandRow{Command::api, "webhook list", "List who is told of events", webhook_list_arguments, false,
               Operation::webhooks_list, webhook_columns},
    CommandRow{
        Command::api, "webhook show", "Show a webhook", webhook_show_arguments, false, Operation::webhooks_get, {}},
    CommandRow{Command::api,
               "webhook add",
               "Tell a URL of events; the secret is shown this once",
               webhook_add_arguments,
               false,
               Operation::webhooks_create,
               {}},
    CommandRow{Command::api,
               "webhook change",
               "Change a webhook",
               webhook_change_arguments,
               false,
               Operation::webhooks_update,
               {}},
    CommandRow{Command::api,
               "webhook remove",
               "Remove a webhook, and the log of its deliveries",
               webhook_remove_arguments,
               false,
               Operation::webhooks_delete,
               {}},
    CommandRow{Command::api,
               "webhook rotate-secret",
               "Give a webhook another secret; the one of before signs a day longer",
               webhook_act_arguments,
               false,
               Operation::webhooks_rotate_secret,
               {}},
    CommandRow{Command::api,
               "webhook test",
               "Tell a webhook an event that is a test",
               webhook_act_arguments,
               false,
               Operation::webhooks_test,
               {}},
    CommandRow{Command::api, "webhook deliveries", "List what became of each event that a webhook was to be told",
               webhook_deliveries_arguments, false, Operation::webhooks_deliveries, delivery_columns},
    CommandRow{Command::api, "webhook delivery", "Show one of them, with every attempt", delivery_show_arguments, false,
               Operation::webhook_deliveries_get, attempt_columns},
    CommandRow{Command::api,
               "webhook replay",
               "Deliver again what is dead, or all of a stretch of time",
               webhook_replay_arguments,
               false,
               Operation::webhooks_replay,
               {}},
    CommandRow{Command::api,
               "webhook replay-delivery",
               "Deliver one event again",
               delivery_act_arguments,
               false,
               Operation::webhook_deliveries_replay,
               {}},
    CommandRow{Command::api, "inbound-route list", "List which mail is told to webhooks", inbound_route_list_arguments,
               false, Operation::inbound_routes_list, inbound_route_columns},
    CommandRow{Command::api,
               "inbound-route show",
               "Show an inbound route",
               inbound_route_show_arguments,
               false,
               Operation::inbound_routes_get,
               {}},
    CommandRow{Command::api,
               "inbound-route add",
               "Tell webhooks of the mail to an address, or to a domain",
               inbound_route_add_arguments,
               false,
               Operation::inbound_routes_create,
               {}},
    CommandRow{Command::api,
               "inbound-route set",
               "Change an inbound route",
               inbound_route_set_arguments,
               false,
               Operation::inbound_routes_update,
               {}},
    CommandRow{Command::api,
               "inbound-route remove",
               "Remove an inbound route",
               inbound_route_remove_arguments,
               false,
               Operation::inbound_routes_delete,
               {}},
    CommandRow{Command::api, "inbound list", "List the messages that came in by a route", inbound_list_arguments, false,
               Operation::inbound_list, inbound_columns},
    CommandRow{Command::api,
               "inbound show",
               "Show one of them, and what was read of it",
               inbound_show_arguments,
               false,
               Operation::inbound_get,
               {}},
    CommandRow{Command::api,
               "inbound replay",
               "Tell webhooks of one again",
               inbound_act_arguments,
               false,
               Operation::inbound_replay,
               {}},
    CommandRow{Command::import,
               "import",
               "Make the domains, mailboxes and aliases of a file",
               import_arguments,
               false,
               Operation::import_accounts,
               {}},
    CommandRow{Command::api, "queue list", "List the mail that is not delivered yet", queue_list_arguments, false,
               Operation::queue_list, queue_columns},
    CommandRow{Command::api,
               "queue flush",
               "Try to deliver a message now",
               queue_act_arguments,
               false,
               Operation::queue_flush,
               {}},
    CommandRow{Command::api,
               "queue hold",
               "Do not deliver a message until it is released",
               queue_act_arguments,
               false,
               Operation::queue_hold,
               {}},
    CommandRow{Command::api,
               "queue release",
               "Deliver a message that was held",
               queue_act_arguments,
               false,
               Operation::queue_release,
               {}},
    CommandRow{Command::api,
               "queue remove",
               "Remove a message: nobody gets it, and nobody is told",
               queue_remove_arguments,
               false,
               Operation::queue_delete,
               {}},
    CommandRow{Command::api, "audit list", "List who changed what through the API", audit_list_arguments, false,
               Operation::audit_list, audit_columns},
    CommandRow{Command::api,
               "audit verify",
               "Check that the audit log is whole",
               list_arguments,
               false,
               Operation::audit_verify,
               {}},
    CommandRow{Command::api,
               "audit export",
               "Print the whole audit log",
               audit_export_arguments,
               false,
               Operation::audit_export,
               {}},
    CommandRow{Command::supervise, "supervise", "The root process (vectis-supervisor.service)", {}, true},
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
    return command_table;
}

std::string_view group_summary(std::string_view word) {
    struct Row {
        std::string_view word;
        std::string_view summary;
    };
    constexpr std::array rows{
        Row{"alias", "Lead addresses to others"},
        Row{"admin", "Say who may administer this server through the API"},
        Row{"audit", "See who changed what through the API"},
        Row{"certificates", "See and renew certificates"},
        Row{"config", "Read, check and change config.yaml"},
        Row{"domain", "Say which domains have mail here"},
        Row{"hold", "Keep back the mail of a mailbox or an API key, and let it go"},
        Row{"inbound", "See what came in by an inbound route"},
        Row{"inbound-route", "Say which mail is told to webhooks"},
        Row{"key", "Give programs access to the API"},
        Row{"mailbox", "Say whose mail is here"},
        Row{"message", "See what programs sent, and what became of it"},
        Row{"queue", "See and handle the mail that is not delivered yet"},
        Row{"suppression", "Say to whom programs send nothing more"},
        Row{"template", "Say what messages are made of again and again"},
        Row{"webhook", "Say who is told of events, and see what became of it"},
    };
    const auto* found = std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return row.word == word; });
    return found == rows.end() ? std::string_view() : found->summary;
}

} // namespace vectis::surface
