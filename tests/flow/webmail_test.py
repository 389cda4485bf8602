"""Webmail as people use it, in a real browser, and what its PHP can reach if somebody takes it over."""

import json

import browser
import mail
from server import PASSWORD

NEW_PASSWORD = "another battery for the horse"


def test_a_person_reads_answers_filters_goes_away_and_changes_the_password(lab):
    server = mail.configured(lab)
    alice = mail.address(server, "alice")
    mail.empty(server, "alice")
    assert mail.deliver(lab, server, alice, mail.note("anna@outside.test", alice, "From outside", "Hello from far away.\n"))["code"] == 250
    server.wait("sh", "-c", f"doveadm search -u {alice} mailbox INBOX all | grep -q .", what="the message")
    seen = json.loads(browser.drive(
        lab.outside, "webmail.mjs", {server.hostname: server.ip}, url=f"https://{server.hostname}", address=alice,
        password=PASSWORD, new_password=NEW_PASSWORD, subject="From outside", reply="An answer from webmail.",
        filter_word="invoice", vacation="I am away until Monday."))
    assert "Hello from far away." in seen["text"], seen
    assert seen["faults"] == [], seen["faults"]

    answer = lab.outside.wait_mail("anna@outside.test", "Re: From outside")
    assert "An answer from webmail." in answer.get_content(), answer.original
    assert answer.original.count(b"DKIM-Signature:") == 2, answer.original

    assert mail.login(lab, server, "alice", NEW_PASSWORD) and not mail.login(lab, server, "alice")

    assert mail.deliver(lab, server, alice, mail.note("bert@outside.test", alice, "Your invoice 17"), sender="bert@outside.test")["code"] == 250
    server.wait("sh", "-c", f"doveadm search -u {alice} mailbox Archive subject invoice | grep -q .", what="the filter to file it")
    away = lab.outside.wait_mail("bert@outside.test")
    assert "I am away until Monday." in away.get_content(), away.original


def test_a_wrong_password_is_refused_and_logged_with_the_visitors_address(lab):
    server = mail.configured(lab)
    # What the client says of where it comes from counts for nothing.
    assert mail.webmail_login(lab, server, "alice", "wrong", "-H", "X-Forwarded-For: 192.0.2.99", "-H", "X-Real-IP: 192.0.2.98") == 401
    server.wait("sh", "-c", "journalctl -u vectis-webmail | grep -q 'Failed login for alice.* from 198.51.100.77 in session'",
                what="the failed login in the journal")


def test_php_that_was_taken_over_reads_no_mail_no_key_and_no_database(lab):
    """What the unit's own process sees, asked as its own user in its own namespaces."""
    server = mail.configured(lab)
    pid = server.out("systemctl", "show", "-P", "MainPID", "vectis-webmail.service")
    inside = ["nsenter", "-t", pid, "-m", "-n", "-p", "setpriv", "--reuid=vectis-webmail", "--regid=vectis-webmail", "--init-groups"]
    assert server.exec(*inside, "cat", "/var/lib/vectis/current/webmail/php-fpm.conf").stdout
    for path in ("/var/vmail", "/var/lib/vectis/directory/directory.db", f"/var/lib/vectis/dkim/{server.hostname}/r1.key",
                 "/var/lib/vectis/tls/self_signed.key", "/var/lib/vectis/supervisor.db", "/var/lib/vectis/probe.secret",
                 "/var/lib/vectis/api/vectis.db", "/etc/vectis/config.yaml", "/etc/shadow", "/var/spool/postfix/private/auth",
                 "/var/lib/vectis/generations/1/config.yaml"):
        done = server.exec(*inside, "sh", "-c", 'if [ -d "$0" ]; then ls "$0"; else cat "$0"; fi', path, check=False)
        assert done.returncode != 0 and not done.stdout, (path, done.stdout[:100])
    for path in ("/etc", "/usr/share/roundcube", "/var/lib/vectis", "/var/lib/roundcube", "/var/spool/postfix"):
        assert server.exec(*inside, "touch", f"{path}/written", check=False).returncode != 0, path
