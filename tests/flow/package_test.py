"""The Debian package: what installing, removing, purging and upgrading leave behind, compared file by file.

One stock server lives through all of it in the order of these tests.
"""

import hashlib
import os
import pathlib
import stat

import server

NAME = "package"
EXIM = ("exim4-daemon-light", "bsd-mailx")
LINKS = ("/etc/postfix/main.cf", "/etc/postfix/master.cf", "/etc/rspamd/local.d", "/etc/redis/redis-vectis.conf")
SUITE = ("dovecot.service", "rspamd.service", "unbound.service", "redis-server@vectis.service")
# Packages whose newer version changes a file that an administrator may edit: kept by ucf, by dpkg, and by its own scripts.
UPGRADES = {
    "dovecot-core": "usr/share/dovecot/dovecot.conf",
    "postfix": "etc/postfix/postfix-files",
    "rspamd": "etc/rspamd/actions.conf",
}
CONFIGURED = ("/etc/postfix", "/etc/dovecot", "/etc/rspamd", "/etc/redis", "/etc/unbound", "/etc/systemd")
FOLDERS = ("etc", "usr", "opt", "srv", "root", "var/lib", "var/vmail", "var/mail")
# What changes with time or with every run of dpkg, whoever is installed.
VOLATILE = (
    "etc/group-", "etc/gshadow-", "etc/ld.so.cache", "etc/passwd-", "etc/shadow-", "etc/mailname.new", "root/", "srv/debian",
    "usr/share/dns/", "var/lib/apt/", "var/lib/dpkg/", "var/lib/logrotate/", "var/lib/private/", "var/lib/redis/dump.rdb",
    "var/lib/rspamd/", "var/lib/systemd/catalog/", "var/lib/systemd/random-seed", "var/lib/systemd/timers/",
    "var/lib/unbound/root.key", "var/lib/postfix/", "var/lib/ucf/", "var/mail/joe", "var/lib/dovecot/", "var/lib/vim/",
    "var/lib/mta-sts/",
    "var/lib/fail2ban/fail2ban.sqlite3",    # written by fail2ban for as long as it runs
)

before = {}     # snapshots that a later test compares with


def test_install_replaces_exim_and_asks_nothing(lab):
    machine = lab.bare(NAME, stock=True)
    machine.exec("apt-get", "install", "-q", "-y", *EXIM)
    # The daemons alone first, so that what Vectis itself changes shows.
    machine.exec("apt-get", "install", "-q", "-y", "-f", *depends(lab.deb(), machine))
    exim = machine.exec("dpkg-query", "-W", "-f", "${db:Status-Status}", EXIM[0], check=False).stdout
    assert exim != "installed", "exim4 was not replaced"
    machine.exec("useradd", "--create-home", "joe")
    settle(machine)
    before["install"] = snapshot(machine)
    before["daemons"] = daemon_pids(machine)

    machine.push(lab.deb(), "/root/vectis.deb")
    assert_no_prompt(on_terminal(machine, "apt-get", "install", "-y", "/root/vectis.deb"))

    assert_whole(machine)


def test_after_mere_installation_mail_is_as_before(lab):
    machine = lab.machine(NAME)
    new = difference(before["install"], snapshot(machine))
    owned = {path.replace("/lib/", "/usr/lib/", 1) if path.startswith("/lib/") else path
             for path in machine.out("dpkg", "-L", "vectis").splitlines()}
    foreign = [path for path in new if "/" + path not in owned and not path.startswith(OURS)]
    assert not foreign, f"installing changed what is not ours: {foreign}"
    assert daemon_pids(machine) == before["daemons"], "installing restarted a daemon"
    assert diversions(machine) == []
    assert machine.out("systemctl", "is-active", "vectis-supervisor.service") == "active"
    assert machine.out("systemctl", "is-enabled", "vectis-supervisor.service") == "enabled"
    assert machine.exec("systemctl", "is-enabled", "vectis.target", check=False).stdout.strip() == "disabled"

    machine.exec("systemctl", "restart", "postfix", "dovecot", "rspamd", "unbound")
    machine.exec("sendmail", "joe", input="Subject: local\n\nstill delivered\n")
    machine.wait("grep", "-q", "still delivered", "/var/mail/joe", what="local mail to a system user")
    machine.exec("rm", "-f", "/var/mail/joe")


def test_purge_of_a_mere_installation_leaves_nothing(lab):
    machine = lab.machine(NAME)
    machine.exec("apt-get", "purge", "-q", "-y", "vectis")
    assert_same(before["install"], snapshot(machine))
    assert_whole(machine)
    machine.exec("apt-get", "install", "-q", "-y", "/root/vectis.deb")


def test_setup_then_mail_flows(lab):
    machine = lab.machine(NAME)
    machine.write("/root/config.yaml", server.example_config(machine))
    shown = machine.exec("vectis", "setup", "--unattended", "--config", "/root/config.yaml").stdout
    lab.dns.publish(shown)
    assert_linked(machine)
    assert "/etc/dovecot/dovecot.conf" in diversions(machine)
    assert_mail_flows(lab, machine, "after setup")


def test_an_upgrade_of_a_daemon_asks_nothing_and_keeps_our_configuration(lab):
    machine = lab.machine(NAME)
    upgraded = [repack(machine, *row) for row in UPGRADES.items()] + [repack(machine, name) for name in bound_to(machine, UPGRADES)]
    shown = on_terminal(machine, "dpkg", "-i", *upgraded)
    assert_no_prompt(shown)
    assert_whole(machine)
    changed = machine.exec("dpkg", "-V", "postfix", "rspamd", "unbound", "redis-server", check=False).stdout
    # What a package ships in a folder that is ours now is not there, as if an administrator had removed it.
    ours = tuple(f"{link}/" for link in LINKS)
    changed = [line for line in changed.splitlines() if not (line.startswith("missing") and line.split()[-1].startswith(ours))]
    assert not changed, f"dpkg -V: {changed}"
    machine.exec("vectis", "apply", "--yes")
    assert_linked(machine)
    assert machine.exec("vectis", "plan", check=False).returncode == 0, machine.out("vectis plan; true")
    assert_mail_flows(lab, machine, "after upgrades")


def test_an_upgrade_of_vectis_restarts_the_supervisor_and_no_daemon(lab):
    machine = lab.machine(NAME)
    daemons, supervisor = daemon_pids(machine), main_pid(machine, "vectis-supervisor.service")
    newer = repack(machine, "vectis", source="/root/vectis.deb")
    assert_no_prompt(on_terminal(machine, "dpkg", "-i", newer))
    assert main_pid(machine, "vectis-supervisor.service") not in ("0", supervisor)
    assert daemon_pids(machine) == daemons
    assert_whole(machine)
    assert_mail_flows(lab, machine, "after an upgrade of vectis")


def test_removal_keeps_mail_flowing_and_reinstallation_takes_over(lab):
    machine = lab.machine(NAME)
    machine.exec("apt-get", "remove", "-q", "-y", "vectis")
    assert_linked(machine)
    assert "vectis-probe" not in machine.out("ip", "link"), "the probes' network is still there"
    assert_mail_flows(lab, machine, "after removal")
    machine.reboot()
    assert_mail_flows(lab, machine, "after removal and a boot")
    # Outward too: who asks other domains' TLS policies is no program of the package.
    machine.exec("sendmail", "carol@outside.test", input="Subject: outward after removal\n\nhello\n")
    lab.outside.wait_mail("carol@outside.test", "outward after removal")
    machine.exec("apt-get", "install", "-q", "-y", "/root/vectis.deb")
    machine.wait("vectis", "status", what="the supervisor's answer")
    assert machine.exec("vectis", "plan", check=False).returncode == 0, machine.out("vectis plan; true")
    assert_whole(machine)


def test_purge_puts_the_originals_back_and_keeps_the_data(lab):
    machine = lab.machine(NAME)
    shown = machine.exec("apt-get", "purge", "-q", "-y", "vectis")
    assert "/var/vmail is kept" in shown.stdout + shown.stderr
    now = snapshot(machine)
    kept = [path for path in difference(before["install"], now) if not path.startswith(DATA)]
    expected = {"etc/passwd", "etc/shadow", "etc/group", "etc/gshadow", "etc/dovecot/dovecot.conf",
                "etc/aliases.db", "etc/postfix/dynamicmaps.cf",     # written anew by Postfix's own scripts
                *UPGRADES.values()}
    assert set(kept) <= expected, f"purge left: {sorted(set(kept) - expected)}"
    assert_stock(machine)
    assert machine.exec("test", "-s", "/var/lib/vectis/directory/directory.db", check=False).returncode == 0
    assert machine.exec("test", "-d", "/var/lib/vectis/generations", check=False).returncode != 0
    machine.exec("sendmail", "joe", input="Subject: local\n\nagain as Debian has it\n")
    machine.wait("grep", "-q", "again as Debian", "/var/mail/joe", what="local mail to a system user")


def test_setup_works_again_after_a_purge_and_finds_its_mail(lab):
    machine = lab.machine(NAME)
    machine.exec("apt-get", "install", "-q", "-y", "/root/vectis.deb")
    machine.exec("vectis", "setup", "--unattended", "--config", "/root/config.yaml")
    assert int(machine.out("doveadm", "search", "-u", address(machine), "ALL").count("\n")) >= 2
    assert_mail_flows(lab, machine, "after a purge")


def test_purge_removes_the_directory_and_the_keys_when_told_so(lab):
    machine = lab.machine(NAME)
    machine.exec("debconf-set-selections", input="vectis vectis/purge_data boolean true\n")
    machine.exec("apt-get", "purge", "-q", "-y", "vectis")
    assert machine.exec("test", "-e", "/var/lib/vectis", check=False).returncode != 0
    assert machine.out("find", "/var/vmail", "-type", "f"), "purge removed mail"
    for user in ("vectis", "vectis-webmail"):
        assert machine.exec("getent", "passwd", user, check=False).stdout == "", user
    assert machine.exec("getent", "passwd", "vmail", check=False).stdout != ""
    assert_stock(machine)


# What is looked at

OURS = ("etc/vectis", "var/lib/vectis", "var/vmail", "etc/passwd", "etc/shadow", "etc/group", "etc/gshadow",
        "etc/systemd/system/multi-user.target.wants/vectis-", "var/lib/systemd/deb-systemd-helper-enabled/")
DATA = ("var/lib/vectis", "var/vmail", "var/lib/redis/vectis.rdb")


def snapshot(machine):
    """Every file below FOLDERS with type, mode, owner and contents."""
    root = pathlib.Path(machine.root)
    found = {}
    for top in FOLDERS:
        for folder, folders, files in os.walk(root / top):
            for name in [*folders, *files]:
                path = pathlib.Path(folder, name)
                inside = str(path.relative_to(root))
                if not (inside + "/").startswith(VOLATILE) and not inside.startswith(VOLATILE) and "__pycache__" not in inside:
                    found[inside] = describe(path)
    return found


def describe(path):
    status = path.lstat()
    row = (oct(status.st_mode), status.st_uid, status.st_gid)
    if stat.S_ISLNK(status.st_mode):
        return (*row, os.readlink(path))
    if stat.S_ISREG(status.st_mode):
        return (*row, hashlib.sha256(path.read_bytes()).hexdigest())
    return row


def difference(old, new):
    return sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path))


def assert_same(old, new):
    changed = [f"{path}: {old.get(path)} -> {new.get(path)}" for path in difference(old, new)]
    assert not changed, "not as before:\n" + "\n".join(changed[:30])


def assert_whole(machine, but=()):
    """dpkg has nothing to say, and no unit has failed."""
    assert machine.out("dpkg", "--audit") == ""
    machine.exec("apt-get", "check")
    failed = machine.out("systemctl", "list-units", "--failed", "--plain", "--no-legend")
    assert {line.split()[0] for line in failed.splitlines()} <= set(but), failed


def assert_linked(machine):
    for path in LINKS:
        assert machine.out("readlink", path).startswith("/var/lib/vectis/current/"), f"{path} is not our link"


def assert_stock(machine):
    """Debian's own configuration, and daemons that run with it."""
    assert diversions(machine) == []
    assert machine.out("find", "/etc", "-lname", "*/vectis/*") == ""
    assert machine.out("find", *CONFIGURED, "-name", "*.dpkg-old", "-o", "-name", "*.distrib*", "-o", "-name", "*.ucf-*") == ""
    assert machine.exec("systemctl", "list-unit-files", "vectis*", "--no-legend", check=False).stdout.strip() == ""
    machine.exec("postfix", "check")
    machine.exec("doveconf", "-n")
    machine.exec("rspamadm", "configtest")
    machine.exec("unbound-checkconf")
    for unit in (machine.postfix, "dovecot.service", "rspamd.service", "unbound.service", "redis-server.service"):
        assert machine.out("systemctl", "is-active", unit) == "active"
    # As Debian 12 has it, fail2ban does not start where no syslog daemon writes a log.
    assert_whole(machine, but=("fail2ban.service",))


def assert_mail_flows(lab, machine, subject):
    """From a foreign mail server through Postfix, Rspamd and LMTP into a mailbox."""
    lab.outside.send("carol@outside.test", address(machine),
                     f"From: carol@outside.test\nTo: {address(machine)}\nSubject: {subject}\n\nhello\n")
    machine.wait("/bin/bash", "-c", f"doveadm search -u {address(machine)} subject '{subject}' | grep -q .", timeout=60,
                 what=f"mail with subject '{subject}'")


def address(machine):
    return "alice@" + machine.hostname.partition(".")[2]


def diversions(machine):
    rows = machine.out("env", "LC_ALL=C", "dpkg-divert", "--list").splitlines()
    return [row.split()[2] for row in rows if row.endswith(" by vectis")]


def main_pid(machine, unit):
    return machine.out("systemctl", "show", "--property=MainPID", "--value", unit)


def daemon_pids(machine):
    return {unit: main_pid(machine, unit) for unit in (machine.postfix, *SUITE)}


def settle(machine):
    machine.wait("systemctl", "is-active", machine.postfix, "dovecot.service", "rspamd.service", "unbound.service")


# Packages

def depends(package, machine):
    """The daemons that the package names in Depends, installable without it."""
    machine.push(package, "/root/vectis.deb")
    fields = machine.out("dpkg-deb", "--field", "/root/vectis.deb", "Depends")
    names = [entry.split("|")[0].split("(")[0].strip() for entry in fields.split(",")]
    return [name for name in names if name != "default-dbus-system-bus"]


def bound_to(machine, packages):
    """The installed packages that need exactly this version of one of these."""
    rows = machine.out("dpkg-query", "-W", "-f", "${Package}\\t${Depends}\\n").splitlines()
    return [name for name, needed in (row.split("\t") for row in rows) if any(f"{package} (= " in needed for package in packages)]


def repack(machine, package, changed=None, source=None):
    """Builds a newer version of a Debian package, one of its files with a new line; returns the .deb's path there."""
    source = source or f"/srv/debian/{package}_*.deb"
    change = f"echo '# changed in a newer release' >>tree/{changed}" if changed else "true"
    machine.exec("/bin/bash", "-ec", f"""
        cd /root && rm -rf tree && dpkg-deb -R {source} tree
        sed -i 's/^Version: .*/&+lab1/; s/(= \\([^)]*\\))/(= \\1+lab1)/g' tree/DEBIAN/control
        {change}
        (cd tree && find * -path DEBIAN -prune -o -type f -print0 | xargs -0 md5sum >DEBIAN/md5sums)
        dpkg-deb --root-owner-group -b tree /root/{package}-newer.deb""")
    return f"/root/{package}-newer.deb"


def on_terminal(machine, *command):
    """Runs a command as somebody at a terminal would, who answers nothing; returns what it showed."""
    line = "DEBIAN_FRONTEND=readline TERM=xterm " + " ".join(command)
    return machine.exec("/usr/bin/script", "--quiet", "--return", "--command", line, "/dev/null", timeout=300).stdout


def assert_no_prompt(shown):
    for sign in ("What do you want to do", "*** ", "[default=", "Do you want to continue", "General type of mail"):
        assert sign not in shown, f"it asked:\n{shown[-3000:]}"
