#include "render/files.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

namespace vectis::render {

namespace {

using config::Config;

constexpr Row postfix_map(std::string_view path) {
    return {.path = path, .service = "postfix"};
}

constexpr Row nginx(std::string_view path) {
    return {.path = path, .service = "nginx", .quoting = Quoting::quoted};
}

constexpr Row webmail(std::string_view path) {
    return {.path = path, .service = "webmail", .quoting = Quoting::quoted};
}

constexpr Row rspamd(std::string_view path) {
    return {.path = path, .service = "rspamd", .quoting = Quoting::quoted};
}

constexpr Row fail2ban(std::string_view path, std::string_view where) {
    return {.path = path, .service = "fail2ban", .where = where};
}

/// A drop-in for a daemon's unit. No link: systemd reads it before /var may be there.
constexpr Row drop_in(std::string_view path, std::string_view service, std::string_view where,
                      std::string_view versioned_by = {}) {
    return {.path = path,
            .service = service,
            .versioned_by = versioned_by,
            .where = where,
            .placed = Placed::copy,
            .uptake = Uptake::restart};
}

constexpr Row dovecot_sieve(std::string_view path, bool (*wanted)(const Config&) = nullptr) {
    return {.path = path, .service = "dovecot", .quoting = Quoting::quoted, .wanted = wanted};
}

constexpr std::array table{
    // The timer runs soon after it is started again.
    Row{.path = "acme/request.json",
        .service = "acme",
        .quoting = Quoting::quoted,
        .uptake = Uptake::restart,
        .wanted = [](const Config& config) { return config.tls.mode == config::TlsMode::acme; }},
    // They are read anew when they are used: no service has to be told.
    Row{.path = "api/abuse.json", .service = "", .quoting = Quoting::quoted},
    Row{.path = "api/limits.json", .service = "", .quoting = Quoting::quoted},
    Row{.path = "api/retention.json", .service = "", .quoting = Quoting::quoted},
    Row{.path = "dovecot/directory.conf",
        .service = "dovecot",
        .versioned_by = "dovecot-core",
        .quoting = Quoting::dovecot},
    // No link: ucf, which may keep it, would follow it into a generation at the package's next upgrade.
    Row{.path = "dovecot/dovecot.conf",
        .service = "dovecot",
        .versioned_by = "dovecot-core",
        .quoting = Quoting::dovecot,
        .where = "/etc/dovecot/dovecot.conf",
        .placed = Placed::copy},
    drop_in("dovecot/dovecot.service.d/vectis.conf", "dovecot", "/etc/systemd/system/dovecot.service.d/vectis.conf"),
    drop_in("dovecot/dovecot.service.d/version.conf", "dovecot",
            "/etc/systemd/system/dovecot.service.d/vectis-version.conf", "dovecot-core"),
    dovecot_sieve("dovecot/sieve/learn_ham.sieve"),
    dovecot_sieve("dovecot/sieve/learn_spam.sieve"),
    dovecot_sieve("dovecot/sieve/spam_to_junk.sieve", [](const Config& config) { return config.rspamd.junk_filing; }),
    fail2ban("fail2ban/fail2ban.d/vectis.conf", "/etc/fail2ban/fail2ban.d/vectis.conf"),
    drop_in("fail2ban/fail2ban.service.d/vectis.conf", "fail2ban",
            "/etc/systemd/system/fail2ban.service.d/vectis.conf"),
    fail2ban("fail2ban/filter.d/vectis-dovecot.conf", "/etc/fail2ban/filter.d/vectis-dovecot.conf"),
    fail2ban("fail2ban/filter.d/vectis-smtp.conf", "/etc/fail2ban/filter.d/vectis-smtp.conf"),
    fail2ban("fail2ban/filter.d/vectis-webmail.conf", "/etc/fail2ban/filter.d/vectis-webmail.conf"),
    fail2ban("fail2ban/jail.d/vectis.conf", "/etc/fail2ban/jail.d/vectis.conf"),
    Row{.path = "mta-sts/dane_first.py", .service = "mta-sts", .uptake = Uptake::restart},
    Row{.path = "mta-sts/mta-sts-daemon.yml", .service = "mta-sts", .uptake = Uptake::restart},
    drop_in("mta-sts/postfix-mta-sts-resolver.service.d/vectis.conf", "mta-sts",
            "/etc/systemd/system/postfix-mta-sts-resolver.service.d/vectis.conf"),
    nginx("nginx/clients.conf"),
    nginx("nginx/config-v1.1.xml"),
    Row{.path = "nginx/listen_tls.conf", .service = "nginx", .versioned_by = "nginx", .quoting = Quoting::quoted},
    drop_in("nginx/nginx.service.d/vectis.conf", "nginx", "/etc/systemd/system/nginx.service.d/vectis.conf"),
    Row{.path = "nginx/vectis.conf",
        .service = "nginx",
        .quoting = Quoting::quoted,
        .where = "/etc/nginx/conf.d/vectis.conf"},
    postfix_map("postfix/aliases.cf"),
    postfix_map("postfix/bounces.cf"),
    postfix_map("postfix/catch_all.cf"),
    postfix_map("postfix/domains.cf"),
    postfix_map("postfix/inbound.cf"),
    // What the API reads of it is Postfix's.
    Row{.path = "postfix/inbound.json", .service = "postfix", .quoting = Quoting::quoted},
    postfix_map("postfix/inbound_addresses.cf"),
    postfix_map("postfix/inbound_copies.cf"),
    postfix_map("postfix/mailboxes.cf"),
    Row{.path = "postfix/main.cf",
        .service = "postfix",
        .quoting = Quoting::main_cf,
        .where = "/etc/postfix/main.cf",
        .uptake = Uptake::parameters},
    Row{.path = "postfix/master.cf",
        .service = "postfix",
        .quoting = Quoting::main_cf,
        .where = "/etc/postfix/master.cf"},
    postfix_map("postfix/own_senders.cf"),
    drop_in("postfix/postfix.service.d/vectis.conf", "postfix", "/etc/systemd/system/postfix.service.d/vectis.conf",
            "postfix"),
    drop_in("postfix/postfix@-.service.d/vectis.conf", "postfix", "/etc/systemd/system/postfix@-.service.d/vectis.conf",
            "postfix"),
    postfix_map("postfix/recipients.cf"),
    // smtp(8) opens it before it gives up root.
    Row{.path = "postfix/relay_credentials",
        .service = "postfix",
        .mode = 0600,
        .wanted = [](const Config& config) { return !config.network.relay_host.username.empty(); }},
    postfix_map("postfix/sender_logins.cf"),
    drop_in("postsrsd/postsrsd.service.d/vectis.conf", "postsrsd",
            "/etc/systemd/system/postsrsd.service.d/vectis.conf"),
    Row{.path = "postsrsd/socketmap.py", .service = "postsrsd", .uptake = Uptake::restart},
    drop_in("redis/redis-server@vectis.service.d/vectis.conf", "redis",
            "/etc/systemd/system/redis-server@vectis.service.d/vectis.conf"),
    Row{.path = "redis/redis-vectis.conf",
        .service = "redis",
        .where = "/etc/redis/redis-vectis.conf",
        .uptake = Uptake::restart},
    rspamd("rspamd/local.d/actions.conf"),
    Row{.path = "rspamd/local.d/antivirus.conf",
        .service = "rspamd",
        .quoting = Quoting::quoted,
        .wanted = [](const Config& config) { return config.clamav.enabled; }},
    rspamd("rspamd/local.d/arc.conf"),
    rspamd("rspamd/local.d/classifier-bayes.conf"),
    rspamd("rspamd/local.d/dkim_signing.conf"),
    rspamd("rspamd/local.d/greylist.conf"),
    rspamd("rspamd/local.d/logging.inc"),
    rspamd("rspamd/local.d/milter_headers.conf"),
    rspamd("rspamd/local.d/options.inc"),
    rspamd("rspamd/local.d/redis.conf"),
    rspamd("rspamd/local.d/rspamd.lua"),
    rspamd("rspamd/local.d/settings.conf"),
    rspamd("rspamd/local.d/worker-controller.inc"),
    rspamd("rspamd/local.d/worker-normal.inc"),
    rspamd("rspamd/local.d/worker-proxy.inc"),
    drop_in("rspamd/rspamd.service.d/vectis.conf", "rspamd", "/etc/systemd/system/rspamd.service.d/vectis.conf"),
    drop_in("unbound/unbound.service.d/vectis.conf", "unbound", "/etc/systemd/system/unbound.service.d/vectis.conf"),
    Row{.path = "unbound/vectis.conf",
        .service = "unbound",
        .where = "/etc/unbound/unbound.conf.d/vectis.conf",
        .placed = Placed::copy},
    Row{.path = "webhooks/networks.json", .service = "webhooks", .quoting = Quoting::quoted, .uptake = Uptake::restart},
    webmail("webmail/autodiscover.php"),
    Row{.path = "webmail/config.inc.php",
        .service = "webmail",
        .quoting = Quoting::quoted,
        .wanted = [](const Config& config) { return config.webmail.enabled; }},
    webmail("webmail/mobileconfig.php"),
    webmail("webmail/php-fpm.conf"),
};
static_assert(std::is_sorted(table.begin(), table.end(), [](const Row& a, const Row& b) { return a.path < b.path; }));

/// Folders that stand in place of a daemon's own folder as a whole.
constexpr std::array<std::array<std::string_view, 2>, 1> folders{{{"rspamd/local.d", "/etc/rspamd/local.d"}}};

constexpr std::array<std::string_view, 2> restarting{"inet_interfaces", "inet_protocols"};

const Row* row_of(std::string_view path) {
    const auto* row = std::find_if(table.begin(), table.end(), [&](const Row& each) { return each.path == path; });
    return row == table.end() ? nullptr : row;
}

/// The value of a parameter in a main.cf: logical lines, of which a line with leading white space continues the one
/// before (postconf(5)).
std::optional<std::string> parameter(std::string_view main_cf, std::string_view name) {
    std::optional<std::string> value;
    bool ours = false;
    for (const auto& line : split(main_cf, '\n')) {
        if (trim(line).empty() || trim(line).starts_with('#'))
            continue;
        if (line.front() == ' ' || line.front() == '\t') {
            if (ours)
                *value += " " + std::string(trim(line));
            continue;
        }
        const auto equals = line.find('=');
        ours = equals != std::string::npos && trim(std::string_view(line).substr(0, equals)) == name;
        if (ours)
            value = trim(std::string_view(line).substr(equals + 1));
    }
    return value;
}

} // namespace

std::span<const Row> rows() {
    return table;
}

std::span<const std::string_view> restarting_parameters() {
    return restarting;
}

std::vector<Placement> placements(const std::vector<File>& files) {
    const auto rendered = [&](std::string_view prefix) {
        return std::any_of(files.begin(), files.end(), [&](const File& file) {
            return file.path == prefix || (file.path.starts_with(prefix) && file.path.size() > prefix.size() &&
                                           file.path[prefix.size()] == '/');
        });
    };
    std::vector<Placement> all;
    for (const auto& row : table) {
        if (!row.where.empty() && rendered(row.path))
            all.push_back({std::string(row.path), std::string(row.where), row.placed});
    }
    for (const auto& [path, where] : folders) {
        if (rendered(path))
            all.push_back({std::string(path), std::string(where), Placed::link});
    }
    return all;
}

std::string_view service_of(std::string_view path) {
    const auto* row = row_of(path);
    return row == nullptr ? std::string_view() : row->service;
}

bool needs_restart(const std::string& path, std::string_view before, std::string_view after) {
    const auto* row = row_of(path);
    if (row == nullptr || before == after)
        return false;
    switch (row->uptake) {
    case Uptake::reload:
        return false;
    case Uptake::restart:
        return true;
    case Uptake::parameters:
        return std::any_of(restarting.begin(), restarting.end(),
                           [&](std::string_view name) { return parameter(before, name) != parameter(after, name); });
    }
    return false;
}

} // namespace vectis::render
