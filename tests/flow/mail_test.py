"""Mail flows both ways and unharmed, and nobody sends or reads what is not theirs. The mail programs and the verifiers are
Python's smtplib and imaplib, dkimpy, pyspf and authheaders, on the outside machine."""

import contextlib
import uuid

import api
import mail
from machine import wait_until
from server import PASSWORD

GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
LOCAL_USERS = ("root", "nobody", "www-data")
MIB = 1 << 20


def test_mail_from_outside_is_read_by_imap_as_it_was_sent(lab):
    server = mail.configured(lab)
    sent = mail.rich("anna@outside.test", mail.address(server, "alice"))
    assert mail.deliver(lab, server, mail.address(server, "alice"), sent)["code"] == 250
    assert mail.essence(mail.wait_for(lab, server, "alice", sent["subject"])) == mail.essence(sent)


def test_submitted_mail_arrives_elsewhere_as_it_was_sent_with_valid_dkim_spf_and_dmarc(lab):
    server = mail.configured(lab)
    sender = mail.address(server, "alice")
    for port in (587, 465):
        sent = mail.rich(sender, "anna@outside.test")
        assert mail.submit(lab, server, "alice", "anna@outside.test", sent, port)["code"] == 250
        raw = mail.received(lab, "anna@outside.test", sent["subject"])
        assert mail.essence(mail.parsed(raw)) == mail.essence(sent)
        found = verify(lab, raw, server.ip, sender, server.hostname)
        assert sorted((one["algorithm"], one["domain"], one["valid"]) for one in found["dkim"]) == [
            ("ed25519-sha256", mail.domain(server), True), ("rsa-sha256", mail.domain(server), True)], found
        assert verify(lab, raw, server.ip6, sender, server.hostname)["spf"] == found["spf"] == "pass", found
        assert found["dmarc"], found
    forged = verify(lab, raw.replace(b"Message-ID: <", b"Message-ID: <x"), mail.CLIENT_ADDRESS, sender, "client.outside.test")
    assert not any(one["valid"] for one in forged["dkim"]) and forged["spf"] == "fail" and not forged["dmarc"], forged


def test_nobody_outside_can_relay(lab):
    server = mail.configured(lab)
    home = mail.domain(server)
    for recipient in ("anna@elsewhere.test", f"anna%elsewhere.test@{home}", f"@{home}:anna@elsewhere.test",
                      f'"anna@elsewhere.test"@{home}', f"elsewhere.test!anna@{home}", "anna@[198.51.100.25]"):
        for sender in ("anna@outside.test", mail.address(server, "alice"), f"root@{server.hostname}", ""):
            assert_refused(mail.deliver(lab, server, recipient, mail.note("anna@outside.test", "anna@elsewhere.test"), sender),
                           "rcpt", recipient, sender)


def test_no_local_user_can_relay(lab):
    server = mail.configured(lab)
    message = mail.packed(mail.note(mail.address(server, "alice"), "anna@outside.test"))
    for user in LOCAL_USERS:
        for host in ("127.0.0.1", "::1", server.ip, server.ip6):
            assert_refused(mail.call(server, "send", run_as=user, host=host, port=25, sender=mail.address(server, "alice"),
                                     recipient="anna@outside.test", content=message), "rcpt", user, host)
    for user in LOCAL_USERS[1:]:
        sent = server.exec("runuser", "-u", user, "--", "sendmail", "anna@outside.test", input="Subject: no\n\nno\n", check=False)
        assert sent.returncode != 0, user


def test_wrong_passwords_are_refused(lab):
    server = mail.configured(lab)
    attempts = [("wrong", 587), ("wrong", 465), ("", 587), (PASSWORD.upper(), 465)]
    for number, (password, port) in enumerate(attempts):    # Dovecot lets an address wait longer after each failure
        refused = mail.submit(lab, server, "alice", "anna@outside.test", port=port, password=password,
                              source=f"198.51.100.{150 + number}")
        assert (refused["step"], refused["code"]) == ("auth", 535), (refused, password, port)
    assert not mail.login(lab, server, "alice", "wrong")
    assert not mail.login(lab, server, "nobody")
    assert mail.login(lab, server, "alice")


def test_no_password_is_asked_for_without_tls_nor_on_port_25(lab):
    server = mail.configured(lab)
    for port, tls, offered in ((25, False, False), (25, True, False), (587, False, False), (587, True, True)):
        extensions = mail.call(lab.outside, "offers", host=server.ip, port=port, tls=tls)
        assert ("auth" in extensions) == offered, (port, tls, extensions)
        assert ("starttls" in extensions) != tls, (port, tls, extensions)


def test_nobody_sends_as_someone_else(lab):
    server = mail.configured(lab)
    alice, bob, info = (mail.address(server, name) for name in ("alice", "bob", "info"))
    for forged in (bob, "anna@outside.test", f"nobody@{mail.domain(server)}", f"vectis-probe@{server.hostname}"):
        assert_refused(mail.submit(lab, server, "alice", "anna@outside.test", sender=forged), "rcpt", forged)
        for envelope in (alice, ""):
            assert_refused(mail.submit(lab, server, "alice", "anna@outside.test", mail.note(forged, "anna@outside.test"),
                                       sender=envelope), "data", forged, envelope)
    for own in (alice, info, f"alice+tag@{mail.domain(server)}"):
        message = mail.note(own, "anna@outside.test")
        assert mail.submit(lab, server, "alice", "anna@outside.test", message, sender=own)["code"] == 250, own
    assert_refused(mail.submit(lab, server, "bob", "anna@outside.test", sender=info), "rcpt", info)


def test_spam_is_refused_while_its_sender_is_there(lab):
    server = mail.configured(lab)
    alice = mail.address(server, "alice")
    spam = mail.note("anna@outside.test", alice, text=GTUBE + "\n")
    assert_refused(mail.deliver(lab, server, alice, spam), "data")
    spam = mail.note(alice, "anna@outside.test", text=GTUBE + "\n")
    assert_refused(mail.submit(lab, server, "alice", "anna@outside.test", spam), "data")


def test_unknown_recipients_are_refused(lab):
    server = mail.configured(lab)
    for recipient in (mail.address(server, "nobody"), f"nobody@{server.hostname}", f"alice@{server.hostname}"):
        refused = mail.deliver(lab, server, recipient)
        assert (refused["step"], refused["code"]) == ("rcpt", 550) and refused["text"].startswith("5.1.1 "), refused
    assert mail.submit(lab, server, "alice", mail.address(server, "nobody"))["code"] == 550


def test_every_address_leads_where_the_configuration_says(lab):
    server = with_every_kind_of_address(lab)
    home = mail.domain(server)
    ways = {f"team@{home}": {"alice", "bob"}, f"alice+tag@{home}": {"alice"}, f"ALICE@{home.upper()}": {"alice"},
            "bob@shop.test": {"bob"}, "team@shop.test": {"alice", "bob"}, "bob+tag@shop.test": {"bob"},
            "anything@catch.test": {"bob"}, "carol@catch.test": {"carol@catch.test"}, f"postmaster@{home}": {"alice"},
            f"root@{server.hostname}": {"alice"}, f"postmaster@{server.hostname}": {"alice"}}
    notes = {recipient: mail.note("anna@outside.test", recipient) for recipient in ways}
    for recipient, note in notes.items():
        assert mail.deliver(lab, server, recipient, note)["code"] == 250, recipient
    for recipient, mailboxes in ways.items():
        for mailbox in mailboxes:
            mail.wait_for(lab, server, mailbox, notes[recipient]["subject"])
    for mailbox in ("alice", "bob", "carol@catch.test"):
        there = [message["subject"] for message in mail.fetch(lab, server, mailbox)]
        for recipient, note in notes.items():
            assert there.count(note["subject"]) == (mailbox in ways[recipient]), (recipient, mailbox)


def test_mail_of_the_system_reaches_the_administrator(lab):
    server = mail.configured(lab)
    subject = f"cron says hello {uuid.uuid4().hex[:8]}"
    server.exec("sendmail", "root", input=f"Subject: {subject}\n\nhello\n")
    assert mail.wait_for(lab, server, "alice", subject)


def test_a_message_that_is_too_large_is_refused(lab):
    server = with_every_kind_of_address(lab)
    alice = mail.address(server, "alice")
    large = mail.note("anna@outside.test", alice, text="x" * 70 + "\n")
    large.add_attachment(bytes(4 * MIB), maintype="application", subtype="octet-stream")
    for announce, step in ((True, "mail"), (False, "data")):
        refused = mail.deliver(lab, server, alice, large, announce=announce)
        assert (refused["step"], refused["code"]) == (step, 552), refused


def test_a_mailbox_and_a_key_send_to_so_many_recipients_in_an_hour(lab):
    server = mail.configured(lab)       # in which bob has sent nothing yet
    for kind, limit in (("mailbox", 3), ("domain", 8)):
        server.exec("vectis", "config", "set", f"limits.{kind}", str(limit))
    server.exec("vectis", "apply", "--yes")
    try:
        def sent(count):
            to = [f"limit{number}@outside.test" for number in range(count)]
            return mail.submit(lab, server, "bob", to, mail.note(mail.address(server, "bob"), to[0]))
        assert sent(2)["code"] == 250
        too_many = sent(2)
        assert (too_many["step"], too_many["code"]) == ("data", 450), too_many
        assert "may send to 3 recipients in an hour and has sent to 2; it may send to 2 more in " in too_many["text"]
        never = sent(4)
        assert (never["step"], never["code"]) == ("data", 550) and "send it in parts" in never["text"], never
        assert sent(1)["code"] == 250      # what was refused does not count

        sender = {"from": {"email": mail.address(server, "alice")}, "subject": "limits", "text": "x"}
        with contextlib.closing(api.Api(lab, server, "send", "--recipients", "4", name="limited")) as key:
            def to(count):
                return sender | {"to": [{"email": f"limit{number}@outside.test"} for number in range(count)]}
            key.post("/send", to(3), 202)
            more = key.answer("POST", "/send", to(2))
            assert more["status"] == 429 and "key limited may send to 4" in more["json"]["detail"], more
            assert 3000 < int(more["fields"]["retry-after"]) <= 3660, more
            batch = key.answer("POST", "/send/batch", {"messages": [to(1), to(1)]})
            assert batch["status"] == 429, batch    # all of it, or nothing
            key.post("/send", to(1), 202)
        with contextlib.closing(api.Api(lab, server, "send", name="unlimited")) as key:
            domain = key.answer("POST", "/send", to(2))
            assert domain["status"] == 429 and f"domain {mail.domain(server)} may send to 8" in domain["json"]["detail"]
            key.post("/send", to(1), 202)

        # A limit is nothing to lose mail for: while nobody counts, it goes on.
        server.exec("systemctl", "stop", *api.UNITS)
        assert sent(3)["code"] == 250
    finally:
        server.exec("systemctl", "start", *api.UNITS)


def test_moving_mail_into_and_out_of_junk_teaches_rspamd(lab):
    server = mail.configured(lab)
    note = mail.note("anna@outside.test", mail.address(server, "alice"), text="Cheap watches, only today, and a lottery too. " * 5)
    assert mail.deliver(lab, server, mail.address(server, "alice"), note)["code"] == 250
    mail.wait_for(lab, server, "alice", note["subject"])
    spam, ham = mail.learned(server)
    mail.move(lab, server, "alice", note["subject"], "INBOX", "Junk")
    wait_until(lambda: mail.learned(server) == (spam + 1, ham), 20, "spam to be learned")
    # Thrown away it stays spam; brought back it is none, and was a mistake.
    mail.move(lab, server, "alice", note["subject"], "Junk", "Trash")
    mail.move(lab, server, "alice", note["subject"], "Trash", "Junk")
    mail.move(lab, server, "alice", note["subject"], "Junk", "INBOX")
    wait_until(lambda: mail.learned(server) == (spam, ham + 1), 20, "ham to be learned")
    assert mail.with_subject(mail.fetch(lab, server, "alice"), note["subject"])

    # Without Rspamd mail can be moved all the same, and the journal says what was not learned.
    told = lambda: server.out("journalctl", "-q", "--no-pager", "-o", "cat", "-u", "dovecot", "-n", "60")
    faults = [line for line in told().splitlines() if "cannot learn" in line or ("alice@" in line and "Error" in line)]
    assert not faults, faults       # of her sessions: the probes run beside them
    server.exec("systemctl", "stop", "rspamd")
    try:
        mail.move(lab, server, "alice", note["subject"], "INBOX", "Junk")
        wait_until(lambda: "cannot learn a message as spam" in told(), 20, "the journal to say so")
    finally:
        server.exec("systemctl", "start", "rspamd")
    assert mail.learned(server) == (spam, ham + 1)


def test_a_full_mailbox_asks_the_sender_to_try_again(lab):
    server = with_every_kind_of_address(lab)
    small = mail.address(server, "small")
    mail.empty(server, "small")
    half = mail.note("anna@outside.test", small)
    half.add_attachment(bytes(MIB // 2), maintype="application", subtype="octet-stream")
    assert mail.deliver(lab, server, small, half)["code"] == 250
    mail.wait_for(lab, server, "small", half["subject"])
    for recipient in (small, small.replace("@", "+notes@")):
        refused = mail.deliver(lab, server, recipient, half)
        assert (refused["step"], refused["code"]) == ("rcpt", 452), (recipient, refused)
    assert mail.deliver(lab, server, small)["code"] == 250, "a small one still fits"
    # Who has a mailbox here is not held up: the queue tries again for him.
    own = mail.note(mail.address(server, "alice"), small)
    own.add_attachment(bytes(MIB // 2), maintype="application", subtype="octet-stream")
    try:
        assert mail.submit(lab, server, "alice", small, own)["code"] == 250
    finally:
        server.exec("postsuper", "-d", "ALL")


def test_a_mailbox_that_left_the_configuration_is_suspended_and_keeps_its_mail(lab):
    server = with_every_kind_of_address(lab)
    gone = mail.address(server, "gone")
    note = mail.note("anna@outside.test", gone)
    assert mail.deliver(lab, server, gone, note)["code"] == 250
    mail.wait_for(lab, server, "gone", note["subject"])
    with_every_kind_of_address(lab, without="gone")
    refused = mail.deliver(lab, server, gone)
    assert (refused["step"], refused["code"]) == ("rcpt", 550), refused
    assert not mail.login(lab, server, "gone")
    assert mail.submit(lab, server, "gone", "anna@outside.test")["code"] == 535
    assert_refused(mail.deliver(lab, server, f"old@{mail.domain(server)}"), "rcpt", "an alias to it alone")
    with_every_kind_of_address(lab)
    assert mail.with_subject(mail.fetch(lab, server, "gone"), note["subject"])


def test_a_domain_that_left_the_configuration_leaves_those_below_it_alone(lab):
    server = mail.configured(lab)
    home, below = mail.domain(server), f"office.{mail.domain(server)}"
    # The hostname, where the probes have their mailbox, is below it as well.
    mail.configured(lab, server.read("/root/config.yaml").replace(home, below).replace(f"mail.{below}", server.hostname))
    assert_refused(mail.deliver(lab, server, f"alice@{home}"), "rcpt")
    assert mail.deliver(lab, server, f"alice@{below}")["code"] == 250
    mail.configured(lab)
    assert mail.deliver(lab, server, f"alice@{home}")["code"] == 250


# What the tests share

def assert_refused(answer, step, *about):
    assert answer["step"] == step and 500 <= answer["code"] < 600, (answer, *about)


def verify(lab, raw, ip, sender, hello):
    return mail.call(lab.outside, "verify", content=mail.packed(raw), ip=ip, sender=sender, hello=hello)


def with_every_kind_of_address(lab, without=None):
    """The server with a configuration that has one of everything that an address can be."""
    server = lab.vectis()
    hashed = server.read("/root/config.yaml").split('password_hash: "')[1].split('"')[0]
    home = mail.domain(server)
    boxes = {name: f'      - name: {name}\n        password_hash: "{hashed}"\n' for name in ("alice", "bob", "small", "gone")}
    boxes["small"] += "        quota: 1 MiB\n"
    old = f"      - name: old\n        to: gone@{home}\n"
    if without:
        del boxes[without]
        old = ""
    return mail.configured(lab, f"""hostname: {server.hostname}
admin: alice@{home}
message_size: 2 MiB
domains:
  - name: {home}
    alias_domains: [shop.test]
    mailboxes:
{''.join(boxes.values())}    aliases:
      - name: info
        to: alice@{home}
      - name: team
        to: [alice@{home}, bob@{home}]
{old}  - name: catch.test
    catch_all: bob@{home}
    mailboxes:
      - name: carol
        password_hash: "{hashed}"
""")
