"""What is installed where. The cache is rebuilt when a list changes."""

# Debian's code names, and the numbers that tell their packages apart.
SUITES = {"bookworm": 12, "trixie": 13}
# The one that servers have unless told otherwise: what most users install.
DEFAULT_SUITE = "trixie"

# What the unit tests of `./dev test` are built with: between them the releases see both.
SANITIZER = {"bookworm": "address", "trixie": "thread"}

# Dovecot's version, as the folder of its templates says it.
DOVECOT = {"bookworm": "2.3", "trixie": "2.4"}
# The unit that runs Postfix.
POSTFIX_UNIT = {"bookworm": "postfix@-.service", "trixie": "postfix.service"}

# A minimal Debian server, before Vectis.
STOCK = """systemd systemd-sysv dbus udev iproute2 ca-certificates procps netbase iputils-ping
    less curl""".split()

# What the vectis package brings: installed ahead so that installing it takes seconds.
SERVER = """postfix postfix-sqlite dovecot-core dovecot-imapd dovecot-pop3d dovecot-lmtpd
    dovecot-managesieved dovecot-sieve dovecot-sqlite dovecot-auth-lua rspamd redis-server unbound
    dns-root-data openssl sqlite3 btrfs-progs libc6 libstdc++6 libsystemd0
    libsqlite3-0 libsodium23 libcap2-bin nginx php-fpm roundcube-core roundcube-plugins
    roundcube-sqlite3 certbot fail2ban python3-systemd nftables postsrsd
    postfix-mta-sts-resolver libsasl2-modules""".split()
SERVER_BY_SUITE = {
    "bookworm": "dovecot-fts-xapian libssl3 libyaml-cpp0.7 libsdbus-c++1 libfmt9 libunbound8 libgmime-3.0-0 libcpp-httplib0.11 libcurl4 liboath0 libqrencode4 libprometheus-cpp-core1.0 libcsv3".split(),
    "trixie": "dovecot-flatcurve libssl3t64 libyaml-cpp0.8 libsdbus-c++2 libfmt10 libunbound8 libgmime-3.0-0t64 libcpp-httplib0.18 libcurl4t64 liboath0t64 libqrencode4 libprometheus-cpp-core1.0 libcsv3".split(),
}

# Only kept in the local repository, each group downloaded by itself (some conflict).
EXTRA = ("exim4-daemon-light bsd-mailx", "apache2", "strace", "curl", "python3-minimal")

# The machine that plays the internet; always Debian 12.
OUTSIDE_SUITE = "bookworm"
OUTSIDE = """knot unbound dns-root-data postfix pebble python3
    python3-dkim python3-nacl python3-spf python3-dnspython python3-authheaders curl openssl swaks
    bind9-dnsutils nodejs libnet-ssleay-perl libio-socket-ssl-perl zbar-tools httpie python3-prometheus-client""".split()

# On the host, besides the build dependencies of debian/control.
BUILD = "build-essential ninja-build ccache git".split()
LINT = "clang-format clang-tidy shellcheck lintian git".split()
CLANG = ["clang"]
