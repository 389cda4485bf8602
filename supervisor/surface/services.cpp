#include "surface/services.hpp"

#include <algorithm>
#include <array>

namespace vectis::surface {

namespace {

using Names = std::string_view;

constexpr std::array<Names, 1> unbound_units{"unbound.service"};
constexpr std::array<Names, 2> unbound_packages{"unbound", "dns-root-data"};
// An instance of our own: a Redis that the administrator runs for something else stays as it is.
constexpr std::array<Names, 1> redis_units{"redis-server@vectis.service"};
constexpr std::array<Names, 1> redis_packages{"redis-server"};
constexpr std::array<Names, 1> rspamd_units{"rspamd.service"};
constexpr std::array<Names, 1> rspamd_packages{"rspamd"};
constexpr std::array<Names, 1> dovecot_units{"dovecot.service"};
constexpr std::array<Names, 7> dovecot_packages{"dovecot-core",  "dovecot-imapd", "dovecot-pop3d",
                                                "dovecot-lmtpd", "dovecot-sieve", "dovecot-managesieved",
                                                "dovecot-sqlite"};
constexpr std::array<Names, 1> postsrsd_units{"postsrsd.service"};
constexpr std::array<Names, 1> postsrsd_packages{"postsrsd"};
constexpr std::array<Names, 1> mta_sts_units{"postfix-mta-sts-resolver.service"};
constexpr std::array<Names, 1> mta_sts_packages{"postfix-mta-sts-resolver"};
// Where postfix.service does nothing, an instance beside it runs Postfix.
constexpr std::array<Names, 2> postfix_units{"postfix.service", "postfix@-.service"};
constexpr std::array<Names, 2> postfix_packages{"postfix", "postfix-sqlite"};

constexpr std::array<Names, 1> webmail_units{"vectis-webmail.service"};
constexpr std::array<Names, 4> webmail_packages{"php-fpm", "roundcube-core", "roundcube-plugins", "roundcube-sqlite3"};
constexpr std::array<Names, 1> nginx_units{"nginx.service"};
constexpr std::array<Names, 1> nginx_packages{"nginx"};

constexpr std::array<Names, 1> webhooks_units{"vectis-webhooks.service"};
// A timer: what it starts is vectis-acme.service.
constexpr std::array<Names, 1> acme_units{"vectis-acme.timer"};
constexpr std::array<Names, 1> acme_packages{"certbot"};
constexpr std::array<Names, 1> fail2ban_units{"fail2ban.service"};
constexpr std::array<Names, 3> fail2ban_packages{"fail2ban", "nftables", "python3-systemd"};

// clang-format off
constexpr std::array service_table{
    Service{"unbound", unbound_units, unbound_packages},
    Service{"redis", redis_units, redis_packages},
    Service{"rspamd", rspamd_units, rspamd_packages},
    Service{"dovecot", dovecot_units, dovecot_packages},
    Service{"postsrsd", postsrsd_units, postsrsd_packages},
    Service{"mta-sts", mta_sts_units, mta_sts_packages},
    Service{"postfix", postfix_units, postfix_packages},
    Service{"webmail", webmail_units, webmail_packages},
    Service{"nginx", nginx_units, nginx_packages},
    Service{"fail2ban", fail2ban_units, fail2ban_packages},
    Service{"webhooks", webhooks_units, {}}, // this package's own
    Service{"acme", acme_units, acme_packages},
};
// clang-format on

} // namespace

std::span<const Service> services() {
    return service_table;
}

const Service* find_service(std::string_view name) {
    const auto* found = std::find_if(service_table.begin(), service_table.end(),
                                     [&](const Service& each) { return each.name == name; });
    return found == service_table.end() ? nullptr : found;
}

} // namespace vectis::surface
