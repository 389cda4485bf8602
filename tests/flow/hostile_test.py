"""Mail that was written to do harm. Each attack is refused or contained, and other users notice nothing: while it runs and
after it, a stranger's message arrives and alice can read it."""

import base64
import contextlib
import json
import pathlib
import subprocess
import uuid

import mail
from host import LabError
from machine import wait_until
from server import PASSWORD

CLIENT = pathlib.Path(__file__).with_name("hostile_client.py").read_text()
ATTACKER = "198.51.100.66"
MIB = 1 << 20
# What a server might take for the end of a message, other than <CR><LF>.<CR><LF> (RFC 5321 section 4.1.1.4).
ENDS = {"LF.LF": "\n.\n", "LF.CRLF": "\n.\r\n", "CR.CR": "\r.\r", "CR.CRLF": "\r.\r\n", "CRLF.CR": "\r\n.\r", "CRLF.LF": "\r\n.\n",
        "LF.CR": "\n.\r", "CR.LF": "\r.\n", "CRCRLF.CRCRLF": "\r\r\n.\r\r\n", "CRLF.NUL": "\r\n.\0\r\n", "CRLFNUL.CRLF": "\r\n\0.\r\n"}


def test_no_variant_of_the_end_of_data_lets_a_second_message_in(lab):
    with attacked(lab) as server:
        alice, bob = (mail.address(server, name) for name in ("alice", "bob"))
        messages = []
        for name, end in ENDS.items():
            inner = f"MAIL FROM:<root@{server.hostname}>\r\nRCPT TO:<{bob}>\r\nDATA\r\n{head('Smuggled ' + name)}smuggled\r\n.\r\n"
            messages.append({"content": packed(head(f"Carrier {name}") + "carrier"), "end": packed(end), "after": packed(inner)})
        answers = attack(lab, "put_many", messages=messages, host=server.ip, sender="anna@outside.test", recipient=alice, source=ATTACKER)
        for name, lines in zip(ENDS, answers):
            assert sum(line.startswith("250") for line in lines) <= 1, (name, lines)
        settled(server)
        assert not subjects_with(lab, server, "bob", "Smuggled")
        carriers = subjects_with(lab, server, "alice", "Carrier")
        assert len(carriers) == len(set(carriers)), carriers
        # The harmless end is taken as ever.
        assert attack(lab, "put", host=server.ip, sender="anna@outside.test", recipient=alice, source=ATTACKER,
                      content=packed(head("Carrier CRLF.CRLF") + "x\r\n..dot\r\n.\r\n"[:-5]))[0].startswith("250")


def test_nothing_is_smuggled_out_through_us(lab):
    with attacked(lab) as server:
        alice = mail.address(server, "alice")
        tag = uuid.uuid4().hex[:8]
        messages = []
        for name, end in ENDS.items():
            inner = f"MAIL FROM:<admin@{mail.domain(server)}>\r\nRCPT TO:<anna@outside.test>\r\nDATA\r\n{head(f'Smuggled {tag}')}x\r\n.\r\n"
            messages.append({"content": packed(head(f"Out {tag} {name}", alice) + "carrier"), "end": packed(end), "after": packed(inner)})
        attack(lab, "put_many", messages=messages, host=server.ip, sender=alice, recipient="anna@outside.test", port=465,
               user=alice, password=PASSWORD)
        settled(server)
        stored = [path.read_bytes() for path in (lab.outside.root / "var/mail/lab/outside.test/anna/new").glob("*")]
        ours = [mail.parsed(raw) for raw in stored if tag.encode() in raw]
        assert ours and all(one["subject"].startswith("Out ") for one in ours), [one["subject"] for one in ours]
        assert not any(b"\r" in raw.replace(b"\r\n", b"") for raw in stored if tag.encode() in raw)


def test_bare_cr_bare_lf_and_nul_do_no_harm(lab):
    with attacked(lab) as server:
        alice = mail.address(server, "alice")
        bodies = {"bare CR": b"one\rtwo\r\n", "bare LF": b"one\ntwo\r\n", "NUL": b"one\0two\r\n", "8 bit": bytes(range(128, 256)) + b"\r\n"}
        messages = [{"content": packed(head(f"Body {name}").encode() + body)} for name, body in bodies.items()]
        lines = {"bare CR": b"X-A: one\rX-B: two\r\n", "bare LF": b"X-A: one\nX-B: two\r\n", "NUL": b"X-A: one\0two\r\n",
                 "8 bit": b"X-A: " + bytes(range(128, 256)) + b"\r\n", "no colon": b"this is no header\r\n", "empty name": b": x\r\n"}
        messages += [{"content": packed(value + head(f"Header {name}").encode() + b"body\r\n")} for name, value in lines.items()]
        answers = attack(lab, "put_many", messages=messages, host=server.ip, sender="anna@outside.test", recipient=alice, source=ATTACKER,
                         end=packed("\r\n.\r\n"))
        for answer in answers:
            assert len(answer) == 1 and answer[0][:1] in "25", answer
        settled(server)
        raws = mail.call(lab.outside, "fetch", host=server.ip, user=alice, password=PASSWORD)
        for raw in map(base64.b64decode, raws):
            assert b"\r" not in raw.replace(b"\r\n", b"") and b"\n" not in raw.replace(b"\r\n", b"") and b"\0" not in raw, raw[:2000]


def test_commands_before_starttls_are_forgotten(lab):
    with attacked(lab) as server:
        for port in (25, 587):
            told = attack(lab, "inject_before_tls", host=server.ip, port=port, sender="anna@outside.test",
                          recipient=mail.address(server, "alice"), source=ATTACKER)
            assert not told["unasked"], (port, told)
            assert not any(line.startswith("354") for line in told["after"]), (port, told)


def test_ten_thousand_recipients_are_cut_off(lab):
    with attacked(lab) as server:
        told = attack(lab, "recipients", host=server.ip, sender="anna@outside.test", number=10_000, source=ATTACKER,
                      pattern=f"alice+{{}}@{mail.domain(server)}")
        print(told)
        assert told["codes"]["250"] == 1000 and told["codes"]["452"] >= 1, told
        assert sum(told["codes"].values()) < 2000, told


def test_a_dictionary_of_recipients_is_cut_off(lab):
    with attacked(lab) as server:
        told = attack(lab, "recipients", host=server.ip, sender="anna@outside.test", number=500, source=ATTACKER,
                      pattern=f"guess{{}}@{mail.domain(server)}")
        print(told)
        assert sum(told["codes"].values()) <= 16 and "250" not in told["codes"], told


def test_heavy_messages_are_contained(lab):
    with attacked(lab) as server:
        alice = mail.address(server, "alice")
        rspamd = main_pid(server, "rspamd")
        for name, content in heavy().items():
            answer = attack(lab, "put", host=server.ip, sender="anna@outside.test", recipient=alice, source=ATTACKER, content=packed(content))
            print(f"{name}: {len(content)} octets: {answer}")
            assert len(answer) == 1 and answer[0][:3] in ("250", "550", "552", "554"), (name, answer)
        settled(server)
        assert main_pid(server, "rspamd") == rspamd
        told = server.out("journalctl", "-q", "--no-pager", "-o", "cat", "-u", "rspamd", "-u", "dovecot", "--since", "-5min", "-p", "crit")
        assert not told, told
        # Whatever of it was taken can be read.
        mail.fetch(lab, server, "alice", part="BODYSTRUCTURE")
        mail.fetch(lab, server, "alice", part="BODY.PEEK[HEADER]")


def test_a_hundred_megabytes_are_refused_by_size_and_while_they_come(lab):
    with attacked(lab) as server:
        shared = {"host": server.ip, "sender": "anna@outside.test", "recipient": mail.address(server, "alice"), "source": ATTACKER}
        announced = attack(lab, "stream", megabytes=100, announce=True, **shared)
        assert announced["step"] == "mail" and announced["answer"].startswith("552"), announced
        silent = attack(lab, "stream", megabytes=100, **shared)
        assert silent["step"] == "data" and silent["answer"][:3] in ("", "552"), silent
        assert int(server.out("sh", "-c", "du -sm /var/spool/postfix | cut -f1")) < 60


def test_odd_commands_are_refused(lab):
    with attacked(lab) as server:
        home = mail.domain(server)
        for command, codes in ((f"VRFY alice@{home}", ("502", "252")), (f"EXPN info@{home}", ("500", "502")), ("DEBUG", ("502", "500")),
                               ("GET / HTTP/1.1", ("", "221", "502", "500")), ("EHLO " + "x" * 100_000, ("250", "500", "501", "554", "")),
                               ("\0" * 1000, ("500", "502")), ("\xff" * 5000, ("500", "502", "221", ""))):
            replies = attack(lab, "commands", host=server.ip, source=ATTACKER, lines=[packed("EHLO attack.outside.test\r\n"), packed(command + "\r\n")])
            assert (replies[2][:3] if len(replies) > 2 else "") in codes, (command[:50], replies)
        # Nobody guesses which names exist by VRFY.
        ours, nobody = (attack(lab, "commands", host=server.ip, source=ATTACKER, lines=[packed(f"VRFY {name}@{home}\r\n")])[1][:3]
                        for name in ("alice", "nobody"))
        assert ours == nobody
        for number, path in enumerate((f"@outside.test:alice@{home}", f"alice@{home}@outside.test", "alice@[127.0.0.1]", f"alice%outside.test@{home}",
                                       f"@{home},@outside.test:anna@outside.test", f"outside.test!anna@{home}", "alice", "", "x" * 5000 + f"@{home}",
                                       f"alice@{home}\0", f"alice@{home}> SIZE=1 <", "anna@[198.51.100.25]", f'"alice\\"@{home}"@{home}')):
            replies = attack(lab, "commands", host=server.ip, source=f"198.51.100.{150 + number}",
                             lines=[packed(line + "\r\n") for line in ("EHLO attack.outside.test", "MAIL FROM:<anna@outside.test>", f"RCPT TO:<{path}>")])
            answer = replies[3] if len(replies) > 3 else ""
            # A source route to a mailbox of ours is ignored (RFC 5321 appendix C); nothing else leads anywhere.
            assert answer[:1] in ("5", "") or (path == f"@outside.test:alice@{home}" and answer.startswith("250")), (path[:60], replies[2:])


def test_loops_end(lab):
    server = mail.configured(lab, lab.vectis().read("/root/config.yaml") + "      - name: round\n        to: round@elsewhere.test\n")
    # Fifty servers have seen it.
    many = "".join(f"Received: from a by b{n}.outside.test; Wed, 25 Nov 2026 10:00:00 +0000\r\n" for n in range(51))
    answer = attack(lab, "put", host=server.ip, sender="anna@outside.test", recipient=mail.address(server, "alice"), content=packed(many + head("Hops")))
    assert answer[0][:1] == "5", answer
    # Two servers send it to each other.
    lab.outside.exec("postconf", "-e", f"virtual_alias_maps=inline:{{round@elsewhere.test=round@{mail.domain(server)}}}")
    lab.outside.exec("postfix", "reload")
    try:
        note = mail.note("looper@outside.test", f"round@{mail.domain(server)}")
        assert mail.deliver(lab, server, f"round@{mail.domain(server)}", note, sender="looper@outside.test")["code"] == 250
        folder = lab.outside.root / "var/mail/lab/outside.test/looper/new"
        there = lambda: [raw for raw in (path.read_bytes() for path in folder.glob("*")) if note["subject"].encode() in raw]
        wait_until(there, 120, "the loop to end in a bounce")
        settled(server)
        wait_until(lambda: "is empty" in lab.outside.out("postqueue", "-p"), 60, "the other side's queue to be empty")
        assert len(there()) == 1, len(there())
    finally:
        lab.outside.exec("postconf", "-X", "virtual_alias_maps")
        lab.outside.exec("postfix", "reload")
    # A loop within the configuration is no configuration.
    server.write("/etc/vectis/config.yaml", server.read("/root/config.yaml") + f"      - name: a\n        to: b@{mail.domain(server)}\n"
                 f"      - name: b\n        to: a@{mail.domain(server)}\n")
    assert "leads back to itself" in server.exec("vectis", "config", "check", check=False).stderr
    mail.configured(lab)


def test_nobody_gets_mail_for_what_somebody_else_was_refused(lab):
    with attacked(lab) as server:
        victim = f"victim-{uuid.uuid4().hex[:8]}@elsewhere.test"
        refused = [mail.deliver(lab, server, recipient, sender=victim, source=ATTACKER)
                   for recipient in (mail.address(server, "nobody"), f"nobody@{server.hostname}", "anna@elsewhere.test")]
        spam = mail.note(victim, mail.address(server, "alice"), text="XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\n")
        refused.append(mail.deliver(lab, server, mail.address(server, "alice"), spam, sender=victim, source=ATTACKER))
        large = mail.deliver(lab, server, mail.address(server, "alice"), mail.note(victim, "x@example.test", text=("x" * 76 + "\n") * 750_000),
                             sender=victim, source=ATTACKER, announce=False)
        assert all(500 <= answer["code"] < 600 for answer in [*refused, large]), (refused, large)
        settled(server)
        assert not (lab.outside.root / f"var/mail/lab/elsewhere.test/{victim.partition('@')[0]}").exists(), "a bounce to a forged sender"
        # What we do bounce has no sender, so that it is never bounced itself.
        note = mail.note(mail.address(server, "bob"), "anna@nowhere.test")
        assert mail.submit(lab, server, "bob", "anna@nowhere.test", note, source="198.51.100.90")["code"] == 250
        bounce = wait_until(lambda: next((one for one in mail.fetch(lab, server, "bob") if note["subject"] in one.as_string()), None), 60, "the bounce")
        assert bounce["return-path"] == "<>" and "MAILER-DAEMON" in bounce["from"], bounce.as_string()[:1000]


def test_a_forged_sender_of_ours_is_judged(lab):
    with attacked(lab) as server:
        alice, bob = (mail.address(server, name) for name in ("alice", "bob"))
        note = mail.note(alice, bob)
        # From an address that our SPF record does not name, without our DKIM signature.
        answer = mail.deliver(lab, server, bob, note, sender=alice, source=ATTACKER)
        print(answer)
        if answer["code"] == 250:
            told = mail.wait_for(lab, server, "bob", note["subject"], "Junk")
            assert "dmarc=fail" in told["authentication-results"], told["authentication-results"]
        assert not mail.with_subject(mail.fetch(lab, server, "bob"), note["subject"])


def test_clients_that_say_nothing_or_one_octet_a_second_take_nothing_from_others(lab):
    with attacked(lab) as server:
        alone = attack(lab, "silent", host=server.ip, sources=[ATTACKER], number=120, seconds=60, until_answered=True)
        print(alone)
        assert alone["greeted"] <= 20 and alone["turned_away"] >= 100, alone
    # Half of what answers on port 25, then more than all of it; each of them has waited for postscreen before.
    for last, seconds, drip in ((175, 40, ""), (175, 40, "EHLO " + "x" * 1000), (185, 100, "NOOP " + "x" * 1000)):
        sources = [f"198.51.100.{number}" for number in range(170, last)]
        held = hold(lab, server, sources=sources, number=20, seconds=seconds, drip=drip)
        try:
            wait_until(lambda: smtpd_processes(server) >= min(200, 20 * len(sources)), 60, "every connection to be answered")
            with attacked(lab):
                pass
        finally:
            told = json.loads(held.communicate(timeout=150)[0])
        print(told)
    # The last ones were hung up on within a minute, although each of them had sent something a second before.
    assert told["closed"] >= 200, told


def test_imap_clients_that_say_nothing_take_nothing_from_others(lab):
    server = lab.vectis()
    held = hold(lab, server, port=993, sources=["198.51.100.170", "198.51.100.171"], number=150, seconds=20)
    try:
        wait_until(lambda: int(server.out("pgrep", "-c", "imap-login", check=False) or 0) >= 90, 30, "Dovecot to be busy")
        assert mail.login(lab, server, "alice")
    finally:
        print(held.communicate(timeout=60))


# What the tests share

def hold(lab, server, **arguments):
    """hostile_client.silent, in the background."""
    held = lab.outside.spawn("python3", "-c", CLIENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    held.stdin.write(json.dumps({"call": "silent", "host": server.ip, **arguments}))
    held.stdin.close()
    held.stdin = None
    return held


@contextlib.contextmanager
def attacked(lab):
    """A server to attack; other users notice nothing: mail of a stranger arrives before and after, and alice reads it."""
    server = lab.vectis()
    if not server.state.get("hostile"):
        server = mail.configured(lab)
        server.save(hostile=True)
    server.exec("fail2ban-client", "unban", "--all")
    for name in ("alice", "bob"):
        mail.empty(server, name)
    yield server
    note = mail.note("anna@outside.test", mail.address(server, "alice"))
    wait_until(lambda: taken(lab, server, note), 150, "a stranger's mail to be taken")
    assert mail.wait_for(lab, server, "alice", note["subject"])
    states = server.out("systemctl", "is-active", server.postfix, "dovecot", "rspamd", "unbound", "redis-server@vectis", check=False)
    assert states.split() == ["active"] * 5, states


def taken(lab, server, note):
    """Whether it was taken; a mail server tries again after a 4xx and a connection that nobody answers."""
    try:
        code = mail.deliver(lab, server, mail.address(server, "alice"), note)["code"]
    except LabError:
        return False
    assert code < 500, code
    return code == 250


def smtpd_processes(server):
    return int(server.out("sh", "-c", "pgrep -c -f 'smtpd .*-t pass'", check=False) or 0)


def attack(lab, function, **arguments):
    return mail.call(lab.outside, function, program=CLIENT, **arguments)


def packed(content):
    return base64.b64encode(content if isinstance(content, bytes) else content.encode("latin-1")).decode()


def head(subject, sender="anna@outside.test"):
    return (f"From: <{sender}>\r\nTo: <alice@example.test>\r\nSubject: {subject}\r\nDate: Wed, 25 Nov 2026 10:00:00 +0000\r\n"
            f"Message-ID: <{uuid.uuid4().hex}@outside.test>\r\n\r\n")


def heavy():
    """name -> a message that costs much to look at."""
    fields = head("").replace("Subject: \r\n\r\n", "").rstrip("\r\n") + "\r\n"
    nested = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n" for n in range(1000))
    wide = "".join("--w\r\nContent-Type: text/plain\r\n\r\nx\r\n" for _ in range(20_000))
    rfc822 = "Content-Type: message/rfc822\r\n\r\n" * 1000
    return {
        "1,000 nested parts": fields + "Subject: nested\r\nMIME-Version: 1.0\r\n" + nested + "Content-Type: text/plain\r\n\r\nx\r\n",
        "1,000 nested messages": fields + "Subject: messages\r\nMIME-Version: 1.0\r\n" + rfc822 + "x\r\n",
        "20,000 parts side by side": fields + "Subject: wide\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=w\r\n\r\n" + wide + "--w--\r\n",
        "a header of 1 MB": fields + "Subject: long\r\nX-Long: " + "x" * MIB + "\r\n\r\nx\r\n",
        "a folded header of 1 MB": fields + "Subject: folded\r\nX-Long: x\r\n" + (" " + "y" * 70 + "\r\n") * (MIB // 73) + "\r\nx\r\n",
        "100,000 header lines": fields + "Subject: many\r\n" + "".join(f"X-{n}: y\r\n" for n in range(100_000)) + "\r\nx\r\n",
        "10,000 addresses": fields + "Subject: addresses\r\nCc: " + ",\r\n ".join(f"<a{n}@outside.test>" for n in range(10_000)) + "\r\n\r\nx\r\n",
        "8 bit everywhere": (fields + "Subject: ").encode() + bytes(range(128, 256)) * 20 + b"\r\nX-\xff\xfe: \xff\r\n\r\n" + bytes(range(128, 256)) * 1000 + b"\r\n",
    }


def subjects_with(lab, server, local_part, word):
    return [one["subject"] for folder in ("INBOX", "Junk") for one in mail.fetch(lab, server, local_part, folder) if word in (one["subject"] or "")]


def settled(server):
    wait_until(lambda: not server.out("postqueue", "-j"), 90, "an empty queue")


def main_pid(server, unit):
    return server.out("systemctl", "show", "-P", "MainPID", unit)
