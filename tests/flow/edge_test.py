"""The edge: who may talk on port 25, and what becomes of doubtful mail there."""

import json
import re
import time

import mail
from machine import wait_until

WAIT = 3        # postscreen_greet_wait
REDIS = "redis-cli -s /run/redis-vectis/redis-server.sock"


def test_a_new_client_waits_once_and_one_that_talks_first_is_refused(lab):
    server = mail.configured(lab)
    alice = mail.address(server, "alice")
    took = []
    for _ in range(2):
        start = time.monotonic()
        assert mail.deliver(lab, server, alice, source="198.51.100.201")["code"] == 250
        took.append(time.monotonic() - start)
    assert took[0] >= WAIT > took[1], took

    commands = ["EHLO client.outside.test", "MAIL FROM:<anna@outside.test>", f"RCPT TO:<{alice}>", "DATA", "QUIT"]
    for source in ("198.51.100.202", "2001:db8:0:2::202"):
        host = server.ip6 if ":" in source else server.ip
        codes = mail.call(lab.outside, "impatient", host=host, source=source, commands=commands)
        assert 550 in codes and 354 not in codes, codes
        seen = screened(server)
        assert "PREGREET" in seen and f"[{source}]" in seen and f"to=<{alice}>" in seen, seen
        # It is asked to wait again the next time, and may then send.
        assert mail.deliver(lab, server, alice, host=host, source=source)["code"] == 250


def test_the_probes_and_the_host_itself_do_not_wait(lab):
    server = mail.configured(lab)
    done = json.loads(server.out("vectis", "health", "--all", "--json"))
    assert done["failed"] == 0, done
    assert mail.call(server, "offers", host="127.0.0.1", port=25, tls=False)
    seen = screened(server)
    assert re.search(r"ALLOWLISTED \[198\.18\.25\.2\]", seen) and "ALLOWLISTED [127.0.0.1]" in seen, seen
    assert not re.search(r"PASS NEW \[(127\.|198\.18\.|2001:2:|2001:db8:[89a-f]|::1)", seen), seen


def test_a_client_that_enough_block_lists_name_is_refused(lab):
    server = lab.vectis()
    mail.configured(lab, server.read("/root/config.yaml") + """postfix:
  dnsbl: [zen.spamhaus.org, bl.spamcop.net]
  dnsbl_threshold: 2
""")
    alice = mail.address(server, "alice")
    known, doubtful, blocked, unanswered = (f"198.51.100.{last}" for last in range(211, 215))
    for address, zone, answer in ((doubtful, "zen.spamhaus.org", "127.0.0.4"), (blocked, "zen.spamhaus.org", "127.0.0.4"),
                                  (blocked, "bl.spamcop.net", "127.0.0.2"),
                                  # Not "listed" but "your resolver is refused".
                                  (unanswered, "zen.spamhaus.org", "127.255.255.254"),
                                  (unanswered, "bl.spamcop.net", "127.255.255.254")):
        lab.dns.list_address(address, zone, answer)
    for address in (known, doubtful, unanswered):
        assert mail.deliver(lab, server, alice, source=address)["code"] == 250, address
    refused = mail.deliver(lab, server, alice, source=blocked)
    assert (refused["step"], refused["code"]) == ("rcpt", 550) and "blocked using" in refused["text"], refused
    mail.configured(lab)
    assert mail.deliver(lab, server, alice, source=blocked)["code"] == 250, "without block lists"


def test_greylisting_lets_a_doubtful_message_in_at_the_second_attempt(lab):
    server = lab.vectis()
    text = server.read("/root/config.yaml") + "rspamd:\n  greylisting: true\n  greylist: 2\n"
    mail.configured(lab, text)
    alice = mail.address(server, "alice")
    note, good = doubtful(alice), mail.note("anna@outside.test", alice)
    assert mail.deliver(lab, server, alice, good)["code"] == 250, "nothing about it is doubtful"
    for _ in range(2):
        later = mail.deliver(lab, server, alice, note)
        assert (later["step"], later["code"]) == ("data", 451), later
    make_greylisting_older(server, 400)
    assert mail.deliver(lab, server, alice, note)["code"] == 250
    mail.wait_for(lab, server, "alice", note["subject"])
    mail.configured(lab)
    assert mail.deliver(lab, server, alice, doubtful(alice))["code"] == 250, "without greylisting"


def test_each_domain_has_its_own_thresholds(lab):
    server = lab.vectis()
    hashed = server.read("/root/config.yaml").split('password_hash: "')[1].split('"')[0]
    box = f'    mailboxes: [{{name: carol, password_hash: "{hashed}"}}]\n'
    mail.configured(lab, server.read("/root/config.yaml")
                    + "  - name: wary.test\n    spam: {junk: 1.5, greylist: 1}\n" + box
                    + "  - name: strict.test\n    spam: {reject: 2, junk: 1.5, greylist: 1}\n" + box)
    ways = {mail.address(server, "alice"): "INBOX", "carol@wary.test": "Junk"}
    for recipient, folder in ways.items():
        note = doubtful(recipient)
        assert mail.deliver(lab, server, recipient, note)["code"] == 250, recipient
        mail.wait_for(lab, server, recipient, note["subject"], folder)
    refused = mail.deliver(lab, server, "carol@strict.test", doubtful("carol@strict.test"))
    assert (refused["step"], refused["code"]) == ("data", 554), refused
    assert mail.deliver(lab, server, "carol@strict.test")["code"] == 250, "ordinary mail"


def test_mta_sts_keeps_mail_from_a_host_with_the_wrong_certificate(lab):
    server = mail.configured(lab)
    zone(lab, "sts.test", "mx.outside.test")
    policy(lab, "sts.test", "mx.outside.test")
    note = submitted(lab, server, "anna@sts.test")
    mail.received(lab, "anna@sts.test", note["subject"])
    assert "Verified TLS connection established to mx.outside.test" in smtp_log(server)

    # The policy's host is there, and shows the certificate of another.
    zone(lab, "sts-wrong.test", "mail.sts-wrong.test")
    policy(lab, "sts-wrong.test", "mail.sts-wrong.test")
    note = submitted(lab, server, "anna@sts-wrong.test")
    assert "certificate not verified" in deferred(server, "anna@sts-wrong.test")
    # A domain's policy stands while it is not taken back, whatever its DNS says in the meantime (RFC 8461 section 5.1).
    lab.dns.set("sts-wrong.test", "MX", ["10 mx.outside.test."])
    server.exec("postqueue", "-f")
    assert "certificate not verified" in deferred(server, "anna@sts-wrong.test")
    server.exec("postsuper", "-d", "ALL")


def test_dane_keeps_mail_from_a_host_with_the_wrong_certificate(lab):
    server = mail.configured(lab)
    zone(lab, "dane.test", "mail.dane.test")
    lab.dns.set("_25._tcp.mail.dane.test", "TLSA", [f"3 1 1 {'00' * 32}"])
    note = submitted(lab, server, "anna@dane.test")
    assert "certificate not verified" in deferred(server, "anna@dane.test")
    lab.dns.set("_25._tcp.mail.dane.test", "TLSA", [f"3 1 1 {key_digest(lab)}"])
    flushed(server)
    mail.received(lab, "anna@dane.test", note["subject"])
    assert "Verified TLS connection established to mail.dane.test" in smtp_log(server)


def test_dane_decides_where_a_domain_has_mta_sts_as_well(lab):
    server = mail.configured(lab)
    zone(lab, "both.test", "mail.both.test")
    policy(lab, "both.test", "mx.outside.test")     # the name in the certificate: MTA-STS alone would let it pass
    lab.dns.set("_25._tcp.mail.both.test", "TLSA", [f"3 1 1 {'00' * 32}"])
    note = submitted(lab, server, "anna@both.test")
    assert "certificate not verified" in deferred(server, "anna@both.test")
    lab.dns.set("_25._tcp.mail.both.test", "TLSA", [f"3 1 1 {key_digest(lab)}"])
    flushed(server)
    mail.received(lab, "anna@both.test", note["subject"])


# What the tests share

def zone(lab, name, host):
    """A signed zone whose mail goes to a host; one within the zone is the foreign mail server under another name."""
    lab.dns.add_zone(name)
    lab.dns.set(name, "MX", [f"10 {host}."])
    if host.endswith("." + name):
        lab.dns.set(host, "A", ["198.51.100.25"])


def policy(lab, name, host):
    """An MTA-STS policy in force: mail for the domain only to this host, with a certificate of that name."""
    lab.dns.set(f"_mta-sts.{name}", "TXT", ['"v=STSv1; id=1"'])
    lab.outside.serve_https(f"mta-sts.{name}")
    lab.outside.http_answer(f"mta-sts.{name}/.well-known/mta-sts.txt", headers={"Content-Type": "text/plain"},
                            body=f"version: STSv1\r\nmode: enforce\r\nmx: {host}\r\nmax_age: 86400\r\n")


def key_digest(lab):
    """What a TLSA record 3 1 1 says of the foreign mail server's certificate."""
    return lab.outside.out("sh", "-c", "openssl x509 -in /etc/lab/outside.crt -noout -pubkey | openssl pkey -pubin -outform der"
                                       " | sha256sum").split()[0]


def submitted(lab, server, recipient):
    note = mail.note(mail.address(server, "alice"), recipient)
    assert mail.submit(lab, server, "alice", recipient, note)["code"] == 250
    return note


def deferred(server, recipient):
    """Why a message to this recipient waits."""
    def reason():
        for line in server.out("postqueue", "-j").splitlines():
            message = json.loads(line)
            for row in message["recipients"]:
                if row["address"] == recipient and message["queue_name"] == "deferred":
                    return row["delay_reason"]
        return None
    return wait_until(reason, 30, f"a deferred message to {recipient}")


def flushed(server):
    time.sleep(4)       # every record lives a second, in the resolver and, rounded up, in smtp(8)
    server.exec("postqueue", "-f")


def smtp_log(server):
    server.exec("journalctl", "--sync")
    return server.out("journalctl", "-q", "--no-pager", "-o", "cat", "-t", "postfix/smtp")


def screened(server):
    server.exec("journalctl", "--sync")
    return server.out("journalctl", "-q", "--no-pager", "-o", "cat", "-t", "postfix/postscreen")


def doubtful(recipient):
    """A message that Rspamd finds fault with: no Message-ID, no Date; between 2 and 6 points."""
    note = mail.note("anna@outside.test", recipient)
    del note["Message-ID"], note["Date"]
    return note


def make_greylisting_older(server, seconds):
    """As if what is greylisted had come so long ago: Rspamd keeps the time of the first attempt in Redis."""
    server.exec("sh", "-c", f"""
        for key in $({REDIS} --scan --pattern 'rg*'); do
            {REDIS} set "$key" $(($({REDIS} get "$key" | cut -d. -f1) - {seconds})) keepttl
        done""")
