"""A server that becomes one of the next release of Debian in place, by the steps that `vectis preflight --upgrade-to` tells. What
people have stays: mail and its numbers, flags, folders, filters and passwords."""

import json
import re

import build
import mail
import packages
import roots
from server import PASSWORD

# From this release to the next.
SUITES = ("bookworm",)
NEXT = "trixie"

# Every message of every folder: {folder: [UIDVALIDITY, UIDNEXT, {uid: [flags, digest]}]}.
EVERYTHING = """
import hashlib, imaplib, json, re, ssl, sys
host, user, password = json.load(sys.stdin)
connection = imaplib.IMAP4_SSL(host, 993, ssl_context=ssl._create_unverified_context(), timeout=120)
connection.login(user, password)
told = {}
for row in connection.list()[1]:
    folder = row.decode().rpartition(' "/" ')[2].strip('"')
    numbers = connection.status(f'"{folder}"', "(UIDVALIDITY UIDNEXT)")[1][0].decode()
    connection.select(f'"{folder}"', readonly=True)
    rows = [row for row in connection.uid("fetch", "1:*", "(FLAGS BODY.PEEK[])")[1] if isinstance(row, tuple)]
    told[folder] = [re.search(r"UIDVALIDITY (\\d+)", numbers)[1], re.search(r"UIDNEXT (\\d+)", numbers)[1],
                    {re.search(rb"UID (\\d+)", head)[1].decode(): [sorted(set(imaplib.ParseFlags(head)) - {b"\\\\Recent"}, key=bytes).__repr__(),
                     hashlib.sha256(body).hexdigest()] for head, body in rows}]
print(json.dumps(told))
"""
FILTER = 'require ["fileinto", "mailbox"];\nif header :contains "subject" "invoice" { fileinto :create "Bills"; }\n'


def test_an_upgrade_in_place_keeps_mail_flags_filters_and_passwords(lab):
    server = mail.configured(lab)
    text = server.read("/root/config.yaml")
    old_scheme = server.out("doveadm", "pw", "-s", "BLF-CRYPT", "-p", PASSWORD)
    server.write("/etc/vectis/config.yaml", text.replace("      - name: bob\n", f'      - name: carol\n        password_hash: "{old_scheme}"\n      - name: bob\n'))
    server.exec("vectis", "apply", "--yes")
    alice = mail.address(server, "alice")
    server.exec("doveadm", "sieve", "put", "-u", alice, "-a", "bills", input=FILTER)
    for number in range(30):
        note = mail.note("anna@outside.test", alice, f"invoice{number:02d}" if number % 3 == 0 else f"letter{number:02d}", f"Text {number}\n" * (number + 1))
        assert mail.deliver(lab, server, alice, note)["code"] == 250
    mail.wait_for(lab, server, "alice", "letter29")
    server.exec("doveadm", "flags", "add", "-u", alice, "\\Seen \\Flagged $Label1", "mailbox", "INBOX", "subject", "letter02")
    server.exec("doveadm", "flags", "add", "-u", alice, "\\Answered", "mailbox", "Bills", "all")
    server.exec("doveadm", "expunge", "-u", alice, "mailbox", "INBOX", "subject", "letter04")
    before = everything(lab, server)
    assert len(before["Bills"][2]) == 10 and len(before["INBOX"][2]) == 19, before

    told = announced(server)
    assert told["failed"] == told["warned"] == 0, told["checks"]
    steps = [step["command"] for step in told["upgrade"]["steps"]]
    apply = steps.index("vectis apply")
    prepare(server)
    for command in steps[:apply]:
        follow(server, command)
    assert server.out("dpkg", "--audit") == ""
    follow(server, "vectis apply")
    for package in told["upgrade"]["packages"]:
        version = server.out("dpkg-query", "-W", "-f", "${source:Upstream-Version}", package["name"])
        coming = package["coming"].split(".")
        assert re.split(r"[.+~]", version)[:len(coming)] == coming, (package, version)
    assert server.out("find", "/etc/systemd/system", "-name", "postfix@*") == "", "what the old daemon was given stays"
    for command in steps[apply + 1:]:
        follow(server, command)
    assert server.exec("vectis", "plan", check=False).returncode == 0
    assert server.exec("vectis", "health", "--all", check=False).returncode == 0
    php = server.out("sh", "-c", "readlink /proc/$(systemctl show -P MainPID vectis-webmail)/exe")
    assert server.exec("dpkg-query", "--search", php, check=False).returncode == 0, f"webmail runs {php}"
    assert everything(lab, server) == before
    assert mail.login(lab, server, "carol") and mail.login(lab, server, "bob")
    assert mail.deliver(lab, server, alice, mail.note("anna@outside.test", alice, "invoice after"))["code"] == 250
    mail.wait_for(lab, server, "alice", "invoice after", folder="Bills")
    failed = json.loads(server.out("systemctl", "list-units", "--failed", "-o", "json"))
    assert failed == [], failed


def test_what_stands_in_the_way_of_an_upgrade_is_told_and_nothing_is_changed(lab):
    server = lab.vectis("early", fresh=True)
    server.exec("apt-mark", "hold", "rspamd")
    server.exec("vectis", "config", "set", "rspamd.reject", "13")
    told = announced(server, status=1)
    verdicts = {check["name"]: check["verdict"] for check in told["checks"]}
    assert verdicts.pop("holds") == "fail" and verdicts.pop("changes") == "warn" and set(verdicts.values()) == {"pass"}, told
    refused = server.exec("vectis", "preflight", "--upgrade-to", "14", check=False)
    assert refused.returncode == 1 and "'vectis preflight --upgrade-to 13'" in refused.stdout, refused


def announced(server, status=0):
    done = server.exec("vectis", "preflight", "--upgrade-to", packages.SUITES[NEXT], "--json", check=False)
    assert done.returncode == status, done
    return json.loads(done.stdout)


def prepare(server):
    """The next release's packages where apt looks, this source's package of that release, and nobody to ask."""
    server.save(repository=str(roots.upgrade_repository(server.suite, NEXT)), suite=NEXT)
    server.reboot()
    package = build.deb(NEXT)
    server.push(package, f"/root/{package.name}")
    server.write("/etc/apt/apt.conf.d/90unattended", 'APT::Get::Assume-Yes "true";\nDpkg::Use-Pty "0";\n')


def follow(server, command):
    """What preflight says is to be done."""
    if command == "systemctl reboot":
        server.reboot()
    elif command:
        unattended = command.replace("vectis apply", "vectis apply --yes")
        server.exec("sh", "-c", f"cd /root && DEBIAN_FRONTEND=noninteractive {unattended}", timeout=1800)


def everything(lab, server):
    asked = [server.ip, mail.address(server, "alice"), PASSWORD]
    return json.loads(lab.outside.out("python3", "-c", EVERYTHING, input=json.dumps(asked)))
