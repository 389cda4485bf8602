"""Mail that leads out of here again arrives where SPF is checked, sealed, and what comes back finds its sender."""

import base64
import contextlib
import hashlib
import hmac
import re
import time

import mail
from machine import wait_until

CARL = "carl@elsewhere.test"        # his host refuses whom SPF refuses
ANNA = "anna@outside.test"


def test_an_alias_forwards_with_srs_and_a_seal_and_local_copies_keep_their_sender(lab):
    server = forwarding(lab)
    note = mail.note(ANNA, f"both@{mail.domain(server)}")
    assert mail.deliver(lab, server, f"both@{mail.domain(server)}", note)["code"] == 250
    raw = mail.received(lab, CARL, note["subject"])
    assert_forwarded(lab, server, raw)
    assert mail.essence(mail.parsed(raw)) == mail.essence(note)
    local = mail.wait_for(lab, server, "alice", note["subject"])
    assert local["Return-Path"] == f"<{ANNA}>" and not local["ARC-Seal"], local.as_string()

    # Once more, now with our own seal from before: the chain grows.
    sealed = raw[raw.index(b"ARC-"):]
    assert mail.deliver(lab, server, f"away@{mail.domain(server)}", sealed)["code"] == 250
    chain = wait_until(lambda: next((seen for seen in map(verdict(lab), arrived(lab, note["subject"]))
                                     if len(seen["by"]) == 2), None), 30, "a message with two seals")
    assert chain["result"] == "pass" and chain["by"] == [server.hostname] * 2, chain


def test_mail_of_our_own_senders_is_forwarded_as_it_is(lab):
    server = forwarding(lab)
    note = mail.note(mail.address(server, "alice"), f"away@{mail.domain(server)}")
    assert mail.submit(lab, server, "alice", f"away@{mail.domain(server)}", note)["code"] == 250
    seen = mail.parsed(mail.received(lab, CARL, note["subject"]))
    assert seen["Return-Path"] == f"<{mail.address(server, 'alice')}>" and not seen["ARC-Seal"], seen.as_string()


def test_a_sieve_filter_redirects_with_srs_and_a_seal(lab):
    server = forwarding(lab)
    alice, bob = mail.address(server, "alice"), mail.address(server, "bob")
    with filtered(server, alice, f'redirect "{CARL}"; redirect "{bob}"; keep;'):
        note = mail.note(ANNA, alice)
        assert mail.deliver(lab, server, alice, note)["code"] == 250
        assert_forwarded(lab, server, mail.received(lab, CARL, note["subject"]))
        assert mail.wait_for(lab, server, "bob", note["subject"])["Return-Path"] == f"<{ANNA}>"
        assert mail.wait_for(lab, server, "alice", note["subject"])


def test_bounces_of_forwarded_mail_reach_the_sender_and_forged_ones_nobody(lab):
    server = forwarding(lab)
    home = mail.domain(server)
    note = mail.note(ANNA, f"lost@{home}")
    assert mail.deliver(lab, server, f"lost@{home}", note)["code"] == 250
    wait_until(lambda: any(note["subject"] in one.original.decode() for one in bounces(lab)), 60, "the bounce")

    note = mail.note(ANNA, f"away@{home}")
    assert mail.deliver(lab, server, f"away@{home}", note)["code"] == 250
    way_back = mail.parsed(mail.received(lab, CARL, note["subject"]))["Return-Path"].strip("<>")
    # Hosts that bounce later send to what they were told; some write it in lower case.
    for recipient in (way_back, way_back.lower()):
        bounce = mail.note("mailer-daemon@elsewhere.test", recipient)
        assert mail.deliver(lab, server, recipient, bounce, sender="")["code"] == 250, recipient
        mail.received(lab, ANNA, bounce["subject"])
    # Case does not count in what comes back, so the forged letter is another one in either case.
    head, mac, rest = re.fullmatch(r"(SRS0=)([^=]+)(=.*)", way_back).groups()
    for recipient in (head + ("b" if mac[0] in "Aa" else "a") + mac[1:] + rest, head + mac[:4] + rest,
                      way_back.replace("anna", "bert"), srs(server, ANNA, days_ago=40), f"srs0@{server.hostname}",
                      f"srs0=x=y=outside.test=anna@{server.hostname}"):
        refused = mail.deliver(lab, server, recipient, sender="")
        assert (refused["step"], refused["code"]) == ("rcpt", 550), (recipient, refused)
    assert mail.deliver(lab, server, srs(server, ANNA, days_ago=3), sender="")["code"] == 250, "not expired"


def test_no_program_of_the_host_can_make_a_return_address(lab):
    server = forwarding(lab)
    for user in ("nobody", "www-data", "root"):
        for port in (10001, 10002):
            done = server.exec("runuser", "-u", user, "--", "bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{port}", check=False)
            assert done.returncode != 0, (user, port)
    asked = "import socket; socket.socket(socket.AF_UNIX).connect('/run/postsrsd/socket')"
    for user in ("nobody", "www-data", "vmail"):
        done = server.exec("runuser", "-u", user, "--", "python3", "-c", asked, check=False)
        assert "PermissionError" in done.stderr, (user, done.stderr)


def test_what_a_sender_asks_of_delivery_status_is_kept_on_the_way(lab):
    server = forwarding(lab)
    home = mail.domain(server)
    envelope = f"trip-{time.time_ns()}"
    assert mail.deliver(lab, server, f"lost@{home}", mail_options=[f"ENVID={envelope}", "RET=HDRS"],
                        rcpt_options=["NOTIFY=FAILURE", f"ORCPT=rfc822;lost@{home}"])["code"] == 250
    report = wait_until(lambda: next((one for one in bounces(lab) if envelope in one.original.decode()), None), 60,
                        "the bounce")
    text = report.original.decode()
    assert f"Original-Recipient: rfc822;lost@{home}" in text and "text/rfc822-headers" in text, text
    before = len(bounces(lab))
    note = mail.note(ANNA, f"lost@{home}")
    assert mail.deliver(lab, server, f"lost@{home}", note, rcpt_options=["NOTIFY=NEVER"])["code"] == 250
    wait_until(lambda: not server.out("postqueue", "-j"), 30, "an empty queue")
    assert len(bounces(lab)) == before, "nobody wanted a bounce"


def test_without_postsrsd_only_what_is_forwarded_waits(lab):
    server = forwarding(lab)
    home = mail.domain(server)
    server.exec("systemctl", "mask", "--runtime", "--now", "postsrsd.service")
    try:
        note = mail.note(ANNA, f"both@{home}")
        assert mail.deliver(lab, server, f"both@{home}", note)["code"] == 250
        mail.wait_for(lab, server, "alice", note["subject"])
        later = mail.deliver(lab, server, srs(server, ANNA, days_ago=1), sender="")
        assert (later["step"], later["code"]) == ("rcpt", 451), later
        wait_until(lambda: '"queue_name": "deferred"' in server.out("postqueue", "-j"), 30, "a deferred message")
    finally:
        server.exec("systemctl", "unmask", "--runtime", "postsrsd.service")
        server.exec("systemctl", "start", "postsrsd.service")
    server.exec("postqueue", "-f")
    assert_forwarded(lab, server, mail.received(lab, CARL, note["subject"]))


def test_forwarded_mail_goes_through_the_relay_host_too(lab):
    server = lab.vectis()
    # Nobody but the relay could take it.
    lab.dns.set("elsewhere.test", "MX", ["10 nowhere.outside.test."])
    try:
        forwarding(lab, "network:\n  relay_host: {host: mx.outside.test, port: 25}\n")
        note = mail.note(ANNA, f"away@{mail.domain(server)}")
        assert mail.deliver(lab, server, f"away@{mail.domain(server)}", note)["code"] == 250
        assert_forwarded(lab, server, mail.received(lab, CARL, note["subject"]))
    finally:
        lab.dns.set("elsewhere.test", "MX", ["10 mx.outside.test."])
        mail.configured(lab)


# What the tests share

def forwarding(lab, more=""):
    """The server with aliases that lead out of it."""
    server = lab.vectis()
    home = mail.domain(server)
    return mail.configured(lab, server.read("/root/config.yaml") + f"""      - name: away
        to: {CARL}
      - name: both
        to: [alice@{home}, {CARL}]
      - name: lost
        to: refused@outside.test
""" + more)


@contextlib.contextmanager
def filtered(server, user, script):
    server.exec("doveadm", "sieve", "put", "-u", user, "-a", "test", input=f'require ["copy"];\n{script}\n')
    try:
        yield
    finally:
        server.exec("doveadm", "sieve", "deactivate", "-u", user)


def assert_forwarded(lab, server, raw):
    """It came with a sender of this host, which SPF allows, and under this host's valid seal."""
    seen = mail.parsed(raw)
    assert re.fullmatch(rf"<SRS0=[^=]+=[^=]+=outside\.test=anna@{re.escape(server.hostname)}>", seen["Return-Path"]), seen
    assert seen["Received-SPF"] == "pass", seen["Received-SPF"]
    assert (found := verdict(lab)(raw))["result"] == "pass" and found["by"] == [server.hostname], found
    assert "spf=pass" in seen["ARC-Authentication-Results"] and ANNA in seen["ARC-Authentication-Results"], seen


def verdict(lab):
    return lambda raw: mail.call(lab.outside, "arc", content=mail.packed(raw))


def arrived(lab, subject):
    """The bytes of every message with this subject that came to Carl."""
    return [one.original.replace(b"\n", b"\r\n") for one in lab.outside.mailbox(CARL) if one["subject"] == subject]


def bounces(lab):
    """The delivery reports that came to Anna."""
    return [one for one in lab.outside.mailbox(ANNA) if one.get_content_type() == "multipart/report"]


def srs(server, sender, days_ago):
    """The sender that this server gave to a forwarded message then (SRS0 as libsrs2 makes it)."""
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    day = int(time.time() / 86400 - days_ago) % 1024
    stamp = digits[day >> 5] + digits[day & 31]
    local, _, domain = sender.partition("@")
    key = server.read("/etc/postsrsd.secret").split()[0].encode()
    mac = base64.b64encode(hmac.digest(key, (stamp + domain + local).lower().encode(), hashlib.sha1)).decode()[:8]
    return f"SRS0={mac}={stamp}={domain}={local}@{server.hostname}"
