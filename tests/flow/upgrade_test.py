"""A server that becomes one of the next release of Debian in place: apt full-upgrade, then `vectis apply`. What people have stays:
mail and its numbers, flags, folders, filters and passwords."""

import json

import build
import mail
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

    upgrade(server)

    server.exec("vectis", "apply", "--yes")
    assert server.exec("vectis", "plan", check=False).returncode == 0
    assert server.exec("vectis", "health", "--all", check=False).returncode == 0
    assert everything(lab, server) == before
    assert mail.login(lab, server, "carol") and mail.login(lab, server, "bob")
    assert mail.deliver(lab, server, alice, mail.note("anna@outside.test", alice, "invoice after"))["code"] == 250
    mail.wait_for(lab, server, "alice", "invoice after", folder="Bills")
    failed = json.loads(server.out("systemctl", "list-units", "--failed", "-o", "json"))
    # With the release's PHP comes a web server that finds its ports taken.
    assert {unit["unit"] for unit in failed} <= {"apache2.service"}, failed


def upgrade(server):
    """What the release notes of Debian ask for, with this source's package of the next release among the others."""
    server.save(repository=str(roots.upgrade_repository(server.suite, NEXT)), suite=NEXT)
    server.reboot()
    server.push(build.deb(NEXT), "/root/vectis.deb")
    server.exec("apt-get", "update")
    server.exec("apt-get", "-q", "-y", "-o", "Dpkg::Use-Pty=0", "full-upgrade", "/root/vectis.deb", timeout=1800)
    assert server.out("dpkg", "--audit") == ""


def everything(lab, server):
    asked = [server.ip, mail.address(server, "alice"), PASSWORD]
    return json.loads(lab.outside.out("python3", "-c", EVERYTHING, input=json.dumps(asked)))
